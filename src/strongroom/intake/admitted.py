"""What a stored report says of an original: which files it has, and how it was read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from strongroom.canonical import Json
from strongroom.errors import IntegrityError
from strongroom.intake.facts import flat, listed, strings
from strongroom.intake.intakes import Intake
from strongroom.intake.listed_types import still_let_in
from strongroom.intake.private_folders import quarantine_disk
from strongroom.intake.receiving import Received, ReceivedFile
from strongroom.intake.rewriting import Options

_PIECE_BYTES = 1 << 20


def files_of(report: Json) -> list[Mapping[str, Json]]:
    """Return what a report says of each file, in the order of the original.

    Raises:
        IntegrityError: It is no report.
    """
    match report:
        case {"files": [*files]}:
            return [file for file in files if isinstance(file, Mapping)]
    raise IntegrityError("a stored report has another form")


def received_of(report: Json, intake: Intake) -> Received:
    """Return the files of an original, as they lie in it one after the other.

    Raises:
        IntegrityError: The report is not on this intake.
    """
    files, offset = [], 0
    for file in files_of(report):
        length = int(str(file["bytes"]))
        files.append(
            ReceivedFile(
                path=str(file["path"]),
                offset=offset,
                length=length,
                sha256=str(file["sha256"]),
            )
        )
        offset += length
    received = Received(files=tuple(files))
    if (received.digest, received.length) != (intake.digest, intake.plain_bytes):
        raise IntegrityError(f"the report on {intake.id} names other files")
    return received


def options_of(report: Json, *, types: tuple[str, ...] = ()) -> Options:
    """Return what readers were given when a report was made.

    One from before that was kept has stubs in it where it made a difference.  Facts
    name the types that were let in, too, but by the word of the sandbox alone: a file
    that took its reader over would have listed its own.

    Args:
        report: Of the first time.
        types: That the house lists today, for a report that does not say it.

    Raises:
        IntegrityError: It is no report.
    """
    match report:
        case {"options": {"salvage": bool(salvage), "types": [*given], **more}}:
            return Options(
                salvage=salvage,
                types=still_let_in(strings(given)),
                left_out=tuple(strings(more.get("left_out"))),
            )
    has_stubs = any(_has_stubs(file) for file in files_of(report))
    return Options(salvage=has_stubs, types=types)


def _has_stubs(file: Mapping[str, Json]) -> bool:
    facts = file["facts"]
    if not isinstance(facts, Mapping):
        return False
    return any(listed(each.get("stubs")) for _, each in flat(str(file["path"]), facts))


def verify_copy(copy: Path, received: Received) -> None:
    """Check that a private copy holds an original, byte for byte.

    Args:
        copy: The file with all of it.
        received: What it should hold.

    Raises:
        IntegrityError: It holds something else.
        UnavailableError: The disk does not do what it should.
    """
    with quarantine_disk(), copy.open("rb", buffering=0) as file:
        for one in received.files:
            digest, left = hashlib.sha256(), one.length
            while left:
                piece = file.read(min(left, _PIECE_BYTES))
                if not piece:
                    raise IntegrityError(f"the original ends within {one.path!a}")
                digest.update(piece)
                left -= len(piece)
            if digest.hexdigest() != one.sha256:
                raise IntegrityError(f"{one.path!a} is not what was received")
        if file.read(1):
            raise IntegrityError("the original has more bytes than were received")
