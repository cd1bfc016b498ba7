"""What descends from an artifact: by the parents of versions, not by what rows say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from strongroom.types import ArtifactId
from strongroom.vault.versions import Version


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
