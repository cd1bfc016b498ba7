"""A small file is read whole, or one byte past its limit."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom.errors import SetupError, UnavailableError
from strongroom.settings.small_files import read_small


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=40), limit=st.integers(0, 50))
def test_what_is_read_tells_whether_the_file_is_too_long(
    tmp_path: Path, data: bytes, limit: int
) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)

    assert read_small(path, limit) == data[: limit + 1]


def test_one_that_is_not_there_is_none_and_others_are_errors(tmp_path: Path) -> None:
    assert read_small(tmp_path / "absent", 10) is None
    with pytest.raises(UnavailableError, match="cannot be read: Is a directory"):
        read_small(tmp_path, 10)
    with pytest.raises(SetupError):
        read_small(tmp_path, 10, error=SetupError)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_private_file_that_others_may_read_is_refused(
    tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"secret")
    path.chmod(mode)
    with pytest.raises(SetupError, match="others than its owner") as refused:
        read_small(path, 10, private=True)
    assert refused.value.hint == f"chmod 600 {path}"
    path.chmod(0o600)
    assert read_small(path, 10, private=True) == b"secret"


def test_a_file_of_the_package_is_read_too() -> None:
    path = resources.files("strongroom.access") / "policies" / "terms.toml"
    assert read_small(path, 10)
