"""The whole demo in order: what is agreed works, and what is not agreed fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from strongroom.cli.demo import database, store, thief, weights
from strongroom.cli.demo.copies import copy_database
from strongroom.cli.demo.house import APPROVERS, MODEL, Clock, House, build_house
from strongroom.cli.demo.outsider import check_from_outside
from strongroom.cli.demo.permits import (
    attempt_approvals,
    attempt_collecting,
    attempt_ended,
    attempt_without_permit,
)
from strongroom.cli.demo.steps import Outcome, perform
from strongroom.cli.demo.tampering import (
    OTHER_SEGMENT,
    SEGMENT,
    Tampering,
    Target,
    attack,
    segments_of,
)
from strongroom.cli.demo.telling import Chapter
from strongroom.cli.demo.witness import put_everything_back
from strongroom.errors import IntegrityError
from strongroom.types import Classification

OPEN_MODEL = "minilm-internal"
"""The same weights in a class whose whole a person may open, to time it."""

_WEEK = timedelta(days=7)
_SHORT = timedelta(hours=1)
_SEGMENTS = ("biases", "blocks.0")


@dataclass(slots=True, kw_only=True)
class Story:
    """One run of the demo.

    Attributes:
        source: Folder of the real model.
        folder: Where everything is written.
    """

    source: Path
    folder: Path
    clock: Clock = field(default_factory=Clock)
    house: House = field(init=False)
    request: str = field(init=False, default="")
    target: Target = field(init=False)

    def chapters(self) -> tuple[Chapter, ...]:
        """Return the chapters in order, each with its steps."""
        return (
            ("A room, its people, a sealed model", self.seal),
            ("The disk is stolen", self.steal),
            ("What was agreed", self.open_what_was_agreed),
            ("Attempts with an account", self.attempt_as_people),
            ("Attempts by the database's administrator", self.attack_database),
            ("Attempts by the store's administrator", self.attack_store),
            ("Everything is put back at once", self.put_everything_back),
            ("Somebody who trusts none of our code", self.check_from_outside),
        )

    def seal(self) -> Iterator[Outcome]:
        """Make the room and seal the model with the one approval it needs."""
        yield perform("room", self._make_room)
        yield perform("seal", self._seal)
        self.clock.advance(_WEEK)

    def steal(self) -> Iterator[Outcome]:
        """Look at the files as a thief does."""
        yield perform("thief-looks", lambda: thief.look(self.house, self.source))
        yield from thief.attempt_opening(self.house)

    def open_what_was_agreed(self) -> Iterator[Outcome]:
        """Ask, agree twice, and open exactly that."""
        yield perform("request", self._request)
        yield perform("approve", self._approve)
        yield perform("open", self._open)

    def attempt_as_people(self) -> Iterator[Outcome]:
        """Try everything that an account allows to try."""
        yield from attempt_without_permit(self.house, self.request)
        yield from attempt_approvals(self.house)
        yield from attempt_collecting(self.house)
        yield from attempt_ended(self.house, self.request)

    def attack_database(self) -> Iterator[Outcome]:
        """Change copies of the database with plain SQL."""
        yield perform("new-version", self.prepare_attacks)
        for tampering in database.ATTACKS:
            yield attack(self.house, self.target, tampering)
        yield self._control(database.ATTACKS[-1])

    def attack_store(self) -> Iterator[Outcome]:
        """Change copies of the sealed objects."""
        for tampering in store.ATTACKS:
            yield attack(self.house, self.target, tampering)

    def put_everything_back(self) -> Iterator[Outcome]:
        """Put database and custodians back together; only somebody else can tell."""
        folder = self.folder / "witnessed"
        yield from put_everything_back(self.house, self.target, folder)

    def check_from_outside(self) -> Iterator[Outcome]:
        """Check the whole room, the exported ledger, and the speed."""
        yield perform("verify", self._verify)
        yield from check_from_outside(self.house, self.folder / "outside")
        yield perform("speed", self._time)

    def close(self) -> None:
        """Close the room if it was made."""
        if hasattr(self, "house"):
            self.house.room.close()

    def _make_room(self) -> str:
        self.house = build_house(self.folder / "room", self.clock)
        domains = ", ".join(self.house.room.room.domains)
        teams = {person.team for person in self.house.people.values()}
        return (
            f"custody domains {domains}; {len(self.house.people)} people in"
            f" {len(teams)} teams, each with a password and a phone"
        )

    def _seal(self) -> str:
        sealed = self.house.acting_as("mia").seal(
            self.source, name=MODEL, classification=Classification.RESTRICTED
        )
        if sealed.request is not None:
            self.house.acting_as("lena").approve(sealed.request.id)
        segments = sealed.manifest.segments
        return (
            f"mia seals {sealed.version.plain_bytes / 1e6:.1f} MB as"
            f" {sealed.artifact.classification}, in {len(segments)} segments with a key"
            " each; lena agrees"
        )

    def _request(self) -> str:
        asked = self.house.acting_as("rosa").request(
            MODEL, segments=_SEGMENTS, purpose="pruning study", duration=_SHORT
        )
        self.request = asked.request.id
        return (
            f"rosa asks for {' and '.join(_SEGMENTS)}: she would hold"
            f" {asked.exposure.after:,} bytes"
        )

    def _approve(self) -> str:
        for name, _ in APPROVERS:
            answered = self.house.acting_as(name).approve(self.request)
        people = " and ".join(f"{name} ({team})" for name, team in APPROVERS)
        return f"{people} agree: the request is {answered.state}"

    def _open(self) -> str:
        with self.house.acting_as("rosa").open(self.request) as opened:
            tensors = opened.tensors()
            size, count = weights.compare(tensors, self.source), len(tensors)
            del tensors
        return f"{count} tensors, {size:,} bytes, bit for bit the originals"

    def prepare_attacks(self) -> str:
        """Seal a second version, and let noor hold one permit and lose another."""
        house = self.house
        yesterday = self.folder / "yesterday.db"
        copy_database(house.folder / "room.db", yesterday)
        house.acting_as("mia").seal(self.source, name=MODEL)
        pending = house.acting_as("noor").request(
            MODEL, segments=[SEGMENT], purpose="a second look"
        )
        held = house.grant("noor", SEGMENT, purpose="evaluation")
        revoked = house.grant("noor", OTHER_SEGMENT, purpose="evaluation")
        house.acting_as("ada").revoke(revoked, reason="the laptop is gone")
        for name in ("sam", "rosa", "noor"):
            house.acting_as(name)  # logged in before the room is copied
        self.target = Target(
            pending=pending.request.id,
            held=held,
            revoked=revoked,
            yesterday=yesterday,
            segments=segments_of(house, 2),
            old_segments=segments_of(house, 1),
        )
        return "a day later main is version 2; what people hold of version 1 counts on"

    def _control(self, tampering: Tampering) -> Outcome:
        """Make the last attempt without its attack: nothing may be refused."""
        found = attack(self.house, self.target, tampering, attacked=False)
        why = "the same without an attack: it opens, so a refusal means something"
        ok = not found.refused and found.why == "it was not refused"
        return Outcome(step="control", ok=ok, why=why if ok else found.why)

    def _verify(self) -> str:
        report = self.house.acting_as("ada").records.verify()
        if report.findings:
            raise IntegrityError(report.findings[0])
        return f"{report.size} entries and every guarded row agree; no finding"

    def _time(self) -> str:
        house = self.house
        sealed = house.acting_as("mia").seal(
            self.source, name=OPEN_MODEL, classification=Classification.INTERNAL
        )
        if sealed.request is not None:
            house.acting_as("lena").approve(sealed.request.id)
        asked = house.acting_as("noor").request(OPEN_MODEL, purpose="timing")
        house.acting_as("sam").approve(asked.request.id)
        with house.acting_as("noor").open(asked.request.id) as opened:
            return weights.time_opening(opened, self.source)
