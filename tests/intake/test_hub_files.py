"""What the program says of a file is taken only in the form in which it says it."""

from __future__ import annotations

import pytest

from strongroom.errors import InputError, IntegrityError
from strongroom.intake.hub_files import HubFile, number, parse_file


def test_a_file_may_lack_its_digests() -> None:
    found = parse_file({"path": "a", "bytes": 3, "sha256": "", "blob": None})

    assert found == HubFile(path="a", length=3, sha256="", blob="")


@pytest.mark.parametrize("path", [None, 5, ["a"], ".cache/a"])
def test_what_has_no_name_to_write_under_is_refused(path: object) -> None:
    with pytest.raises(InputError):
        parse_file({"path": path, "bytes": 3})


@pytest.mark.parametrize("value", [None, "3", 3.0, True, -1, [3], 1 << 63, 10**400])
def test_what_is_no_length_is_refused(value: object) -> None:
    with pytest.raises(IntegrityError):
        number(value)


@pytest.mark.parametrize("digest", [5, "a", "g" * 40, "a" * 41, ["a" * 40], "a" * 65])
def test_what_is_no_digest_is_refused(digest: object) -> None:
    """Texts of 64 kB each once came along, in lists of 10,000 files."""
    for name in ("sha256", "blob"):
        with pytest.raises(IntegrityError, match="digest"):
            parse_file({"path": "a", "bytes": 3, name: digest})
