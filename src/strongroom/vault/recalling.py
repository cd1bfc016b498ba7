"""Takes back what turned out to be bad, with everything that descends from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.intake.intakes import Intake
from strongroom.ledger.log import Writing
from strongroom.types import ArtifactId
from strongroom.vault.admission import Admission
from strongroom.vault.descendants import lock_children, with_descendants
from strongroom.vault.versions import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Why something that was admitted is taken back.

    Attributes:
        by: Id of an advisory, or name and version of readers.
        reason: For whoever has to look at it again.
    """

    intake: Intake
    by: str
    reason: str


def take_back(
    writing: Writing, admission: Admission, grounds: Sequence[Ground]
) -> list[Version]:
    """Put into quarantine what there are grounds for, and return those versions.

    Args:
        writing: The open transaction, in which no version or intake is locked yet.
        admission: Takes versions back.
        grounds: In the order in which they are recorded.

    Raises:
        IntegrityError: A version was deleted or altered.
    """
    if not grounds:
        return []
    recalled: list[Version] = []
    bad = [ArtifactId(str(one.intake.version).partition("/")[0]) for one in grounds]
    children = lock_children(writing)
    for artifact, ground in zip(bad, grounds, strict=True):
        recalled += admission.recall(
            writing,
            with_descendants(artifact, children),
            advisory=ground.by,
            reason=ground.reason,
        )
    return recalled
