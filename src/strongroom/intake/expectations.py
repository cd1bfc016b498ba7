"""Whether what arrived is what somebody said it would be, and who vouches for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from strongroom.errors import InputError
from strongroom.intake.additions import Addition, parse_digest
from strongroom.intake.findings import Finding, Level
from strongroom.intake.listed_sources import check_source
from strongroom.intake.listing import empty_folders
from strongroom.intake.origins import parse_origin
from strongroom.intake.receiving import Received
from strongroom.intake.signatures import UNSIGNED, Arrived, Checked, check_claim
from strongroom.intake.signing import named
from strongroom.types import Classification


def check_addition(addition: Addition, received: Received, *, at: datetime) -> Checked:
    """Return what holding an addition against what is said of it led to.

    Args:
        addition: Whose folder still lies there; only its empty folders are read again.
        received: What was copied.
        at: When certificates have to be valid, aware UTC.

    Raises:
        InputError: What was expected is no digest, or a folder cannot be read any more.
        UnavailableError: The disk did not answer.
    """
    checked = UNSIGNED
    if addition.signature is not None:
        arrived = Arrived(
            name=named(addition.path),
            files={file.path: file.sha256 for file in received.files},
            empty_folders=empty_folders(addition.path),
        )
        checked = check_claim(addition.signature, arrived, at=at)
    findings = (
        *_unexpected(received, addition.expect),
        *_vouched(addition, received),
        *checked.findings,
    )
    return Checked(signer=checked.signer, findings=findings)


def verify_expected(checked: Checked) -> None:
    """Check that what is known already is what somebody expects of it now.

    Raises:
        InputError: It has another digest, or is not signed so.
    """
    for finding in checked.findings:
        if finding.level is Level.ERROR:
            raise InputError(
                finding.message, hint="get it again from where its digest is from"
            )


def _vouched(addition: Addition, received: Received) -> Iterator[Finding]:
    """Yield what its source says of an addition, or that it has none."""
    if addition.source is not None:
        yield from check_source(
            addition.source, received, parse_origin(addition.origin)
        )
    elif addition.classification is Classification.RESTRICTED:
        yield Finding(
            rule="source/unknown",
            level=Level.WARNING,
            message="no source on the list vouches for it, and it becomes restricted",
        )


def _unexpected(received: Received, expect: str | None) -> Iterator[Finding]:
    if expect is not None and parse_digest(expect) not in received.digests:
        yield Finding(
            rule="source/digest",
            level=Level.ERROR,
            message=f"the original has the digest {received.digest}, not the one"
            " that was expected",
        )
