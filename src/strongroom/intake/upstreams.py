"""How what was admitted from a hub stands to what the hub has now.

A pure comparison; what the hub did not tell stays an error, and is never ``same``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from strongroom.errors import StrongroomError
from strongroom.intake.hub_changes import Admitted, HubChanges, changes_between
from strongroom.intake.hub_newest import Asked, Snapshot, Told
from strongroom.intake.intakes import Intake
from strongroom.intake.listed_sources import ListedSource
from strongroom.intake.origins import NOWHERE, Origin
from strongroom.types import IntakeId


class Standing(StrEnum):
    """How what was admitted stands to what the hub has."""

    SAME = "same"
    NEWER = "newer"
    ALTERED = "altered"  # other files under the commit that was admitted
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class FromHub:
    """What was admitted from a repository.

    Attributes:
        model: ``NAME@NUMBER`` that it became; may be empty.
        origin: Where it is from; the commit is empty where a source vouched by keys.
        rebuild: Names of the models that descend from it, sorted.
    """

    intake: Intake
    model: str
    origin: Origin
    files: Mapping[str, Admitted]
    rebuild: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """What a hub says of something that was admitted.

    Attributes:
        came: What it is about.
        newest: What the hub has now, or why that is not known.
        changes: How that differs; ``None`` where it is not known.
        gone: Whether the hub has the commit no more that was admitted.
        admitted_as: Id of the intake by which the newest commit was admitted, if any.
        sources: Names of those on the allow-list that speak of the newest commit.
    """

    came: FromHub
    newest: Snapshot | StrongroomError
    changes: HubChanges | None
    gone: bool = False
    admitted_as: str = ""
    sources: tuple[str, ...] = ()

    @property
    def standing(self) -> Standing:
        """How both stand to each other."""
        if self.changes is None or isinstance(self.newest, StrongroomError):
            return Standing.UNKNOWN
        if self.came.origin.commit != self.newest.place.commit and (
            self.came.origin.commit or not self.changes.files.nothing
        ):
            return Standing.NEWER
        if self.changes.files.changed or self.changes.files.removed:
            return Standing.ALTERED
        return Standing.SAME

    @property
    def rebuild(self) -> tuple[str, ...]:
        """Names of models that would have to be built again."""
        changed = self.changes is not None and not self.changes.files.nothing
        return self.came.rebuild if changed else ()


def asked_of(came: Sequence[FromHub]) -> list[Asked]:
    """Return what to ask: each repository once, with every commit of it."""
    commits: dict[str, list[str]] = {}
    for one in came:
        wanted = commits.setdefault(one.origin.full_name, [])
        if one.origin.commit and one.origin.commit not in wanted:
            wanted.append(one.origin.commit)
    return [
        Asked(repository=name, commits=tuple(wanted))
        for name, wanted in commits.items()
    ]


def stand(
    came: FromHub,
    told: Told,
    admitted: Mapping[Origin, IntakeId],
    sources: Sequence[ListedSource],
) -> Upstream:
    """Return how one of those that were admitted stands to what a hub told.

    Args:
        came: What was admitted.
        told: Of its repository.
        admitted: Ids of intakes by where they are from.
        sources: On the allow-list.
    """
    if isinstance(told.newest, StrongroomError):
        return Upstream(came=came, newest=told.newest, changes=None)
    place = told.newest.place
    before = told.before.get(came.origin.commit)
    return Upstream(
        came=came,
        newest=told.newest,
        changes=changes_between(came.files, told.newest, before),
        gone=came.origin.commit in told.gone,
        admitted_as=admitted.get(place, ""),
        sources=tuple(
            sorted(
                source.name
                for source in sources
                if source.origin != NOWHERE and source.origin.covers(place)
            )
        ),
    )
