"""What a newer version of something changed: its files, and the tensors in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from strongroom.canonical import Json
from strongroom.errors import IntegrityError
from strongroom.intake.facts import gather
from strongroom.intake.receiving import Received
from strongroom.intake.reports import SnapshotReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How two sets of named digests differ; all names are sorted.

    Attributes:
        added: Names that are new.
        removed: Names that are gone.
        changed: Names of which the digest is another one.
        same: How many are as they were.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    same: int

    @classmethod
    def between(cls, before: Mapping[str, str], after: Mapping[str, str]) -> Change:
        """Return how digests by name differ."""
        both = before.keys() & after.keys()
        changed = {name for name in both if before[name] != after[name]}
        return cls(
            added=tuple(sorted(after.keys() - before.keys())),
            removed=tuple(sorted(before.keys() - after.keys())),
            changed=tuple(sorted(changed)),
            same=len(both) - len(changed),
        )

    @property
    def nothing(self) -> bool:
        """Whether both are the same."""
        return not (self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdated:
    """What is newer elsewhere than what was admitted.

    Attributes:
        files: By path, as they come.
        tensors: By path and name, as they are re-written.
        refused: Paths of newer files that no reader takes; their tensors count as
            removed.
    """

    files: Change
    tensors: Change
    refused: tuple[str, ...]


def compare(admitted: Json, received: Received, report: SnapshotReport) -> Outdated:
    """Return what changed from what was admitted to what is there now.

    Args:
        admitted: The stored report, as ``verdicts.Verdict.document``.
        received: The files that are there now.
        report: What was found in them.

    Raises:
        IntegrityError: The stored report has another form.
    """
    match admitted:
        case {"files": [*items]}:
            known = [item for item in items if isinstance(item, Mapping)]
        case _:
            raise IntegrityError("a stored report has another form")
    return Outdated(
        files=Change.between(
            {str(file["path"]): str(file["sha256"]) for file in known},
            {file.path: file.sha256 for file in received.files},
        ),
        tensors=Change.between(
            tensors_of((str(file["path"]), file["facts"]) for file in known),
            tensors_of((file.path, file.facts) for file in report.files),
        ),
        refused=tuple(
            sorted(
                file.path
                for file in report.files
                if any(finding.level.value == "error" for finding in file.findings)
            )
        ),
    )


def tensors_of(files: Iterable[tuple[str, Json]]) -> dict[str, str]:
    """Return the digest of every tensor of some files, by path and name.

    Args:
        files: The path of each, and its facts.
    """
    found = gather(files).tensors
    return {f"{path}: {name}": digest for path, name, digest in found}
