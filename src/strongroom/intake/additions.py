"""What somebody wants to take in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from strongroom.errors import InputError
from strongroom.intake.intakes import Intake, IntakeState
from strongroom.intake.rewriting import Options
from strongroom.intake.signatures import Claim

_SHA256: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


def parse_digest(text: str) -> str:
    """Return the hexadecimal SHA-256 that somebody wrote down.

    Args:
        text: 64 hexadecimal digits, with or without ``sha256:``.

    Raises:
        InputError: It is none.
    """
    found = _SHA256.fullmatch(text.strip().lower())
    if found is None:
        raise InputError(
            f"{text[:80]!a} is no SHA-256 digest",
            hint="it has 64 hexadecimal digits: --expect sha256:HEX",
        )
    return found[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """What somebody wants to take in.

    Attributes:
        path: A file or a folder.
        project: Name of the project it is for.
        origin: Where they got it, in their words or as ``hf://ORG/NAME@COMMIT``.
        expect: Hexadecimal SHA-256 that a single file, or the list of files, has.
        signature: That came with it, and by whom it has to be.
        options: For its readers.
        again: Examine it although it is known already.
    """

    path: Path
    project: str
    origin: str = ""
    expect: str | None = None
    signature: Claim | None = None
    options: Options = field(default_factory=Options)
    again: bool = False


def suffices(latest: Intake, addition: Addition) -> bool:
    """Return whether what is known of the same bytes answers an addition.

    Args:
        latest: The last intake of the same bytes.
        addition: What somebody wants now.
    """
    if addition.again:
        return False
    refused_by_readers = latest.state is IntakeState.REFUSED and latest.version is None
    return not (addition.options.salvage and refused_by_readers)
