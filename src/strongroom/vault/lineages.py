"""Lineages: everything that descends from one version without a parent."""

from __future__ import annotations

from dataclasses import dataclass

from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import ConflictError, IntegrityError
from strongroom.ledger.log import Writing
from strongroom.types import ArtifactId, PermitId
from strongroom.vault.versions import VERSIONS, Artifact, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Everything that descends from one root; its row serialises exposure.

    Attributes:
        first_version: Number of the version with which it began, once published.
        permits: Ids of the permits that were in force when the last was issued.
        person_cap_percent: Replaces the class's cap when it is set.
        pair_cap_percent: Likewise for any two accounts.
    """

    id: ArtifactId
    revision: int = 1
    first_version: int | None = None
    permits: tuple[PermitId, ...] = ()
    person_cap_percent: int | None = None
    pair_cap_percent: int | None = None


LINEAGES: GuardedTable[Lineage] = GuardedTable(tables.lineages, Lineage)


def first_version(transaction: Transaction, root: ArtifactId) -> Version:
    """Return the version with which a lineage began.

    The lineage says which: one found by searching could be hidden, and whoever
    began the lineage and how large it was would be forgotten.

    Raises:
        IntegrityError: Nothing of the lineage is published, or it was deleted.
    """
    number = LINEAGES.get(transaction, root).first_version
    VERSIONS.require_all(transaction, prefix=f"{root}/{number}")
    found = VERSIONS.find(transaction, VERSIONS.columns.id == f"{root}/{number}")
    if not found:
        raise IntegrityError(
            f"the first version of {root} is gone",
            hint="strongroom ledger verify names every deleted row",
        )
    return found[0]


def begin_lineage(writing: Writing, artifact: Artifact, version: Version) -> None:
    """Let a lineage begin with this version; the caller appends the entry.

    Raises:
        ConflictError: It began with another one.
    """
    lineage = LINEAGES.get(writing, artifact.id, lock=True)
    if lineage.first_version is not None:
        raise ConflictError(
            f"{artifact.name} has a first version already",
            hint="seal it again: it will descend from main",
        )
    LINEAGES.replace(writing, lineage, first_version=version.number)
