"""What somebody wants to take in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from strongroom.canonical import Json
from strongroom.errors import InputError
from strongroom.intake.admitted import files_of, options_of
from strongroom.intake.intakes import Intake, IntakeState
from strongroom.intake.jobs import MOST_FILES
from strongroom.intake.leaving_out import left_out, verify_left_out
from strongroom.intake.listed_sources import ListedSource
from strongroom.intake.listing import list_files
from strongroom.intake.origins import Origin, is_on_hub, parse_origin
from strongroom.intake.rewriting import Options
from strongroom.intake.signatures import Claim
from strongroom.types import Classification

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
        name: Of the model that it is to become.
        origin: Where they got it, in their words or as ``hf://ORG/NAME@COMMIT``.
        expect: Hexadecimal SHA-256 that a single file, or the list of files, has.
        signature: That came with it, and by whom it has to be.
        source: Of the allow-list, that it has to be from.
        classification: Of what it becomes; ``None`` where nobody knows yet.
        options: For its readers.
        again: Examine it although it is known already.
    """

    path: Path
    project: str
    name: str = ""
    origin: str = ""
    expect: str | None = None
    signature: Claim | None = None
    source: ListedSource | None = None
    classification: Classification | None = None
    options: Options = field(default_factory=Options)
    again: bool = False

    @property
    def place(self) -> Origin:
        """Where it is from on a hub, as somebody said or as its source does.

        Raises:
            InputError: What they said begins like such a place, and is none.
        """
        if self.source is not None and not is_on_hub(self.origin):
            return self.source.vouched
        return parse_origin(self.origin)


def verify_addition(addition: Addition) -> None:
    """Check what somebody wrote down, before anything is copied or recorded.

    Raises:
        InputError: What is expected is no digest, it begins like a place on a hub and
            is none, or what is to be left out is not there, or everything; or as
            ``list_files``, if something is to be left out.
        MissingError: As ``list_files``.
        UnavailableError: As ``list_files``.
    """
    if addition.expect is not None:
        parse_digest(addition.expect)
    parse_origin(addition.origin)
    patterns = addition.options.left_out
    if patterns:
        _, paths = list_files(addition.path, most=MOST_FILES)
        verify_left_out(paths, patterns)


def is_alike(report: Json, addition: Addition) -> bool:
    """Return whether an examination left out the files that an addition leaves out.

    Args:
        report: Of the same bytes; ``None`` if they were not examined.
        addition: What somebody wants now.

    Raises:
        IntegrityError: It is no report.
    """
    if report is None:
        return False
    paths = [str(file["path"]) for file in files_of(report)]
    patterns = options_of(report).left_out, addition.options.left_out
    then, now = (left_out(paths, each) for each in patterns)
    return then == now


def suffices(latest: Intake, addition: Addition) -> bool:
    """Return whether what is known of the same bytes answers an addition.

    Args:
        latest: The last intake of the same bytes that is alike.
        addition: What somebody wants now.
    """
    if addition.again:
        return False
    refused_by_readers = latest.state is IntakeState.REFUSED and latest.version is None
    return not (addition.options.salvage and refused_by_readers)
