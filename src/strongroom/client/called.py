"""How people speak of something that came in from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.access.sessions import Actor
from strongroom.client.room import Room
from strongroom.intake.intakes import Intake
from strongroom.intake.labels import UNKNOWN, labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """How an intake is called.

    Attributes:
        model: ``NAME@NUMBER`` of what it became; empty if nothing.
        name: Of the model that it was to become, as ``Label`` has it.
        origin: Where it is from, likewise.
    """

    model: str
    name: str
    origin: str


def called(room: Room, actor: Actor, intakes: Sequence[Intake]) -> list[Called]:
    """Return how each intake is called.

    Raises:
        DeniedError: The actor may not read them.
        IntegrityError: A name is not what its entry commits to.
    """
    versions = {one.version for one in intakes if one.version}
    models = room.catalogue.called(actor, versions)
    with room.gate.reading(actor, "intake:read", "room") as reading:
        given = labels(reading, [one.id for one in intakes])
    found = []
    for one in intakes:
        label = given.get(one.id, UNKNOWN)
        model = models.get(one.version or "", "")
        found.append(Called(model=model, name=label.name, origin=label.origin))
    return found
