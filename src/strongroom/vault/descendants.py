"""What descends from an artifact: by the parents of versions, not by what rows say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from strongroom.database.engine import Transaction
from strongroom.ledger.log import Writing
from strongroom.types import ArtifactId
from strongroom.vault.versions import VERSIONS, Version, every_model


def children_of(versions: Iterable[Version]) -> dict[ArtifactId, set[ArtifactId]]:
    """Return for each artifact those with a version that was made from one of it.

    Args:
        versions: Every version of the room.
    """
    children: dict[ArtifactId, set[ArtifactId]] = {}
    for version in versions:
        if version.parent is not None:
            parent = ArtifactId(version.parent.partition("/")[0])
            children.setdefault(parent, set()).add(version.artifact)
    return children


def with_descendants(
    artifact: ArtifactId, children: Mapping[ArtifactId, Set[ArtifactId]]
) -> set[ArtifactId]:
    """Return an artifact with everything that descends from it.

    Args:
        artifact: Where to begin.
        children: From ``children_of``.
    """
    found = {artifact}
    waiting = [artifact]
    while waiting:
        further = children.get(waiting.pop(), frozenset()) - found
        found |= further
        waiting.extend(further)
    return found


def lock_children(writing: Writing) -> dict[ArtifactId, set[ArtifactId]]:
    """Return who descends from whom, and let nobody change it until the commit.

    Args:
        writing: The open transaction, in which no version or intake is locked yet.

    Returns:
        For each artifact those made from it, as ``children_of`` has it.

    Raises:
        IntegrityError: A version was deleted or altered.
    """
    VERSIONS.lock_all(writing)
    return children_of(VERSIONS.find_all(writing, prefix=""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Families:
    """Who descends from whom, by names.

    Attributes:
        children: From ``children_of``.
        names: Of every model.
    """

    children: Mapping[ArtifactId, Set[ArtifactId]]
    names: Mapping[ArtifactId, str]

    @classmethod
    def of(cls, transaction: Transaction) -> Families:
        """Return those of a room.

        Raises:
            IntegrityError: A version or a model was altered.
        """
        return cls(
            children=children_of(VERSIONS.find(transaction)),
            names={one.id: one.name for one in every_model(transaction)},
        )

    def below(self, version: str | None) -> tuple[str, ...]:
        """Return the names of models that descend from one, without itself, sorted.

        Args:
            version: Id of a version of it; ``None`` if there is none.
        """
        if version is None:
            return ()
        artifact = ArtifactId(version.partition("/")[0])
        concerned = with_descendants(artifact, self.children) - {artifact}
        return tuple(sorted(self.names[one] for one in concerned if one in self.names))

    def called(self, version: str | None) -> str:
        """Return ``NAME@NUMBER`` of a version; empty if there is none."""
        artifact, _, number = (version or "").partition("/")
        name = self.names.get(ArtifactId(artifact), "")
        return f"{name}@{number}" if name else ""
