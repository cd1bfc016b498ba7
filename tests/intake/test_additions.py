"""What is written down of an addition is read before anything is copied."""

from __future__ import annotations

import pytest

from strongroom.errors import InputError
from strongroom.intake.additions import parse_digest


@pytest.mark.parametrize("text", ["{}", "sha256:{}", " SHA256:{}\n"])
def test_a_digest_is_read_with_and_without_its_prefix(text: str) -> None:
    assert parse_digest(text.format("1a" * 32)) == "1a" * 32


@pytest.mark.parametrize("text", ["", "11" * 31, "sha512:" + "11" * 32, "\udcff"])
def test_what_is_no_digest_is_named(text: str) -> None:
    with pytest.raises(InputError, match="is no SHA-256 digest") as raised:
        parse_digest(text)
    assert "--expect sha256:HEX" in (raised.value.hint or "")
