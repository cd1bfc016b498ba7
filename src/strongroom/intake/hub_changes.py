"""How the files that a hub lists now differ from those that were admitted.

Nothing is fetched for it, so what a file is compared by depends on what the hub says:
the SHA-256 of large files, against the one that was taken when it came in; of small
files the SHA-1 of git, against what the hub lists at the commit that was admitted; else
their length, which tells that a file is another one, never that it is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from strongroom.canonical import Json
from strongroom.errors import IntegrityError
from strongroom.intake.hub_files import HubFile
from strongroom.intake.hub_newest import Snapshot
from strongroom.intake.origins import Origin
from strongroom.intake.outdated import Change


class Basis(StrEnum):
    """By what a file was compared."""

    SHA256 = "sha256"
    GIT = "git"
    LENGTH = "length"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A file as it came in.

    Attributes:
        sha256: Hexadecimal.
    """

    length: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HubChanges:
    """How a list of a hub differs from what was admitted.

    Attributes:
        files: By path; ``same`` are those of which a digest says so.
        basis: By what each file was compared that is on both sides, by path.
        unsure: Paths of files of which only the length is known, and is as before.
    """

    files: Change
    basis: Mapping[str, Basis]
    unsure: tuple[str, ...]


def admitted_files(report: Json) -> dict[str, Admitted]:
    """Return the files that a stored report is about, by path.

    Raises:
        IntegrityError: It has another form.
    """
    match report:
        case {"files": [*files]}:
            return dict(_admitted(file) for file in files)
    raise IntegrityError("a stored report has another form")


def admitted_from(report: Json) -> Origin:
    """Return where a stored report says that files are from, as far as it does."""
    match report:
        case {
            "origin": {
                "publisher": str(publisher),
                "repository": str(name),
                "commit": str(commit),
            }
        }:
            repository = name.rpartition("/")[2]
            return Origin(publisher=publisher, repository=repository, commit=commit)
    return Origin()  # from before origins were kept


def changes_between(
    admitted: Mapping[str, Admitted], newest: Snapshot, before: Snapshot | None
) -> HubChanges:
    """Return how what a hub lists now differs from what was admitted.

    Args:
        admitted: Files that came in, by path.
        newest: What the hub has now.
        before: What it had at the commit that was admitted, if it says.  A file that
            it had then, and nobody took in, is not new.
    """
    known = before.files if before else {}
    compared = {
        path: _compared(file, newest.files[path], known.get(path))
        for path, file in admitted.items()
        if path in newest.files
    }
    basis = {path: by for path, (by, _) in compared.items()}
    changed = {path for path, (_, same) in compared.items() if not same}
    unsure = {path for path, by in basis.items() if by is Basis.LENGTH} - changed
    return HubChanges(
        files=Change(
            added=tuple(sorted(newest.files.keys() - admitted.keys() - known.keys())),
            removed=tuple(sorted(admitted.keys() - newest.files.keys())),
            changed=tuple(sorted(changed)),
            same=len(compared) - len(changed) - len(unsure),
        ),
        basis=basis,
        unsure=tuple(sorted(unsure)),
    )


def _compared(
    came: Admitted, now: HubFile, before: HubFile | None
) -> tuple[Basis, bool]:
    """Return by what a file is compared, and whether it is as before by that."""
    if now.sha256:
        return Basis.SHA256, now.sha256.lower() == came.sha256
    if before and now.blob and before.blob and before.length == came.length:
        return Basis.GIT, now.blob == before.blob
    return Basis.LENGTH, now.length == came.length


def _admitted(file: Json) -> tuple[str, Admitted]:
    match file:
        case {"path": str(path), "bytes": int(length), "sha256": str(sha256)}:
            return path, Admitted(length=length, sha256=sha256)
    raise IntegrityError("a stored report has another form")
