"""What arrives is held against the digest and the signature that were named."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from strongroom.errors import InputError
from strongroom.intake.additions import Addition
from strongroom.intake.expectations import check_addition, verify_expected
from strongroom.intake.receiving import Received, ReceivedFile
from strongroom.intake.signatures import UNSIGNED
from strongroom.types import Classification

NOW = datetime(2026, 11, 26, tzinfo=UTC)
RECEIVED = Received(
    files=(ReceivedFile(path="a.pt", offset=0, length=3, sha256="11" * 32),)
)


@pytest.mark.parametrize(
    ("expect", "rules"),
    [
        (None, []),
        (RECEIVED.digest, []),
        ("sha256:" + "11" * 32, []),
        ("SHA256:" + "11" * 32, []),
        ("12" * 32, ["source/digest"]),
    ],
)
def test_an_original_has_the_digest_that_was_expected(
    expect: str | None, rules: list[str]
) -> None:
    addition = Addition(path=Path("a.pt"), project="default", expect=expect)

    checked = check_addition(addition, RECEIVED, at=NOW)

    assert [finding.rule for finding in checked.findings] == rules


@pytest.mark.parametrize(
    ("classification", "rules"),
    [
        (None, []),
        (Classification.OPEN, []),
        (Classification.INTERNAL, []),
        (Classification.RESTRICTED, ["source/unknown"]),
    ],
)
def test_what_becomes_restricted_needs_somebody_who_vouches_for_it(
    classification: Classification | None, rules: list[str]
) -> None:
    addition = Addition(
        path=Path("a.pt"), project="default", classification=classification
    )

    checked = check_addition(addition, RECEIVED, at=NOW)

    assert [finding.rule for finding in checked.findings] == rules
    verify_expected(checked)


def test_only_errors_refuse_what_is_known() -> None:
    addition = Addition(path=Path("a.pt"), project="default", expect="12" * 32)

    verify_expected(UNSIGNED)
    with pytest.raises(InputError, match="not the one that was expected"):
        verify_expected(check_addition(addition, RECEIVED, at=NOW))
