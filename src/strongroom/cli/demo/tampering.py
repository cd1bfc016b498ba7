"""What every attack on a copy of the room has in common."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from strongroom.cli.demo.copies import copy_room
from strongroom.cli.demo.house import MODEL, House
from strongroom.cli.demo.steps import Outcome, Refusal, judge
from strongroom.errors import IntegrityError
from strongroom.vault.manifest_segment import ManifestSegment

SEGMENT = "blocks.3"
OTHER_SEGMENT = "blocks.4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What attackers of a house know and want.

    Attributes:
        pending: A request by noor that nobody has answered.
        held: A request whose permit lets noor open ``SEGMENT``.
        revoked: A request whose permit was revoked before noor used it.
        yesterday: A copy of the database file from before.
        segments: Segments of the newest version, by name.
        old_segments: Those of the version before.
    """

    pending: str
    held: str
    revoked: str
    yesterday: Path
    segments: Mapping[str, ManifestSegment]
    old_segments: Mapping[str, ManifestSegment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tampering:
    """One attack on a copy of the room, and the act that has to notice it.

    Attributes:
        tamper: Changes files below the folder of the copy.
        use: What somebody then does in good faith, or the attacker with what
            the change should have brought.
        expected: How that has to fail.
    """

    step: str
    tamper: Callable[[Path, Target], None]
    use: Callable[[House, Target], object]
    expected: Refusal


def attack(
    house: House, target: Target, tampering: Tampering, *, attacked: bool = True
) -> Outcome:
    """Return whether an attack on a copy of the room fails as it should.

    Args:
        house: A healthy one; it stays so.
        target: What is attacked.
        tampering: How.
        attacked: Without it nothing is changed, so that nothing may be refused:
            the control that shows that this can fail.
    """
    with tempfile.TemporaryDirectory(dir=house.folder.parent) as name:
        copy = Path(name) / "room"
        copy_room(house.folder, copy)
        if attacked:
            tampering.tamper(copy, target)

        def use() -> None:
            with house.opened_at(copy) as opened:
                tampering.use(opened, target)

        return judge(tampering.step, tampering.expected, use)


def open_held(house: House, target: Target) -> None:
    """Open what noor may open."""
    _open(house, target.held)


def open_revoked(house: House, target: Target) -> None:
    """Open what noor may not open any more."""
    _open(house, target.revoked)


def replay(house: House, target: Target) -> None:
    """Compare every guarded row with the ledger, as ``ledger verify`` does.

    Raises:
        IntegrityError: Something differs; the sentence is the first finding.
    """
    for finding in house.room.records.verify().findings:
        raise IntegrityError(finding)


def segments_of(house: House, version: int) -> dict[str, ManifestSegment]:
    """Return the segments of a version by name."""
    mia = house.acting_as("mia")
    described = mia.room.catalogue.show(mia.actor, f"{MODEL}@{version}")
    return {segment.name: segment for segment in described.manifest.segments}


def _open(house: House, permit: str) -> None:
    with house.acting_as("noor").open(permit) as opened:
        opened.check()
