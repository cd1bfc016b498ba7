"""The ledger and the requests, as people and outsiders read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from strongroom.access.accounts import ACCOUNTS, Account, AccountState
from strongroom.access.factors import has_factor
from strongroom.access.gate import Wish
from strongroom.access.people import ROOM
from strongroom.access.policy import Allow
from strongroom.access.quorum import Tally
from strongroom.access.request import REQUESTS, Request
from strongroom.access.separations import missing_separations
from strongroom.access.sessions import Actor, verify_actor
from strongroom.client.declined import why_declined
from strongroom.client.room import Room
from strongroom.client.verifying import LedgerReport, verify_ledger
from strongroom.errors import StrongroomError, UnavailableError
from strongroom.ledger import export
from strongroom.ledger.cosigned import WitnessReport
from strongroom.ledger.failures import record_failure
from strongroom.ledger.log import Entry, Reading
from strongroom.ledger.private_texts import private_of
from strongroom.ledger.proof import Proof
from strongroom.permits.exposures import ExposureReport, Exposures
from strongroom.types import AccountKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest:
    """A request, who asked, and where the answers leave it.

    Attributes:
        reason: Why it was declined, if somebody said so.
    """

    request: Request
    asker: str
    tally: Tally
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account as people list it; a service or an agent too."""

    account: Account
    team: str
    has_factor: bool


class Records:
    """Reads the ledger for one actor."""

    def __init__(self, room: Room, actor: Callable[[], Actor]) -> None:
        """Bind to a room and to whoever acts."""
        self._room = room
        self._actor = actor

    @contextmanager
    def _allowed(self) -> Iterator[Reading]:
        """Give a consistent state to whoever may read the ledger, else record it.

        Raises:
            DeniedError: The actor may not read the ledger.
        """
        room, actor = self._room, self._actor()
        with (
            room.gate.recording_refusals(actor, "ledger:read", "room"),
            room.ledger.reading() as reading,
        ):
            room.gate.require(reading, actor, "ledger:read", ROOM)
            yield reading

    def tail(self, count: int = 20) -> list[Entry]:
        """Return the newest entries, oldest first.

        Raises:
            DeniedError: The actor may not read the ledger.
        """
        room = self._room
        with self._allowed() as reading:
            checkpoint = room.ledger.checkpoint(reading)
            size = checkpoint.size if checkpoint else 0
            return list(room.ledger.entries(reading, max(0, size - count)))

    def show(self, position: int) -> tuple[Entry, dict[str, str] | None]:
        """Return one entry, and its private fields if they were not erased.

        Raises:
            DeniedError: The actor may not read the ledger.
            MissingError: There is no such entry.
        """
        with self._allowed() as reading:
            entry = self._room.ledger.entry(reading, position)
            return entry, private_of(reading, entry)

    def prove(self, position: int) -> tuple[Entry, Proof]:
        """Return one entry and a proof of it that outsiders verify.

        Raises:
            DeniedError: The actor may not read the ledger.
            MissingError: There is no such entry.
        """
        with self._allowed() as reading:
            entry = self._room.ledger.entry(reading, position)
            return entry, export.proof_of(self._room.ledger, reading, position)

    def export(self, folder: Path, *, private: bool = False) -> int:
        """Write the whole ledger for outsiders; return how many entries it has.

        Args:
            folder: Where to; new or empty.
            private: Whether names and free text go with it.

        Raises:
            DeniedError: The actor may not export it.
            ConflictError: The folder has something in it.
            UnavailableError: The files cannot be written.
        """
        room, actor = self._room, self._actor()
        with (
            room.gate.recording_refusals(actor, "ledger:export", "room"),
            room.ledger.transaction() as writing,
        ):
            room.gate.require(writing, actor, "ledger:export", ROOM)
            checkpoint = room.ledger.checkpoint(writing)
            writing.append(
                actor.event(
                    "ledger.exported",
                    {
                        "size": checkpoint.size if checkpoint else 0,
                        "private": private,
                    },
                )
            )
        room.ask_witnesses()
        with room.ledger.reading() as reading:
            return export.export_ledger(
                room.ledger,
                reading,
                folder,
                private=private,
                witnesses=room.witnesses.policy if room.witnesses else None,
            )

    def witnessed(self) -> WitnessReport | None:
        """Return what independent witnesses signed; ``None`` if there are none."""
        witnesses = self._room.witnesses
        return witnesses.report() if witnesses is not None else None

    def people(self) -> list[Person]:
        """Return every account, its team, and whether it has a second factor."""
        found = self._room.people.everybody(self._actor())
        found.sort(key=lambda pair: pair[0].name)
        with self._room.ledger.reading() as reading:
            return [
                Person(
                    account=account,
                    team=team.name,
                    has_factor=has_factor(reading, account.id),
                )
                for account, team in found
            ]

    def verify(self) -> LedgerReport:
        """Check every entry, every guarded row, and every custodian's anchor.

        Rows that differ are recorded as an entry, once for each result.  What is
        wrong is in the report.

        Raises:
            UnavailableError: The database does not answer.
        """
        room = self._room
        report = verify_ledger(room.ledger, rows=True, witnesses=room.witnesses)
        problems, unchecked = list(report.findings), list(report.unchecked)
        try:
            record_failure(room.ledger, report.row_findings)
        except StrongroomError as error:
            unchecked.append(f"what was found could not be recorded: {error}")
        for domain in self._room.domains.values():
            try:
                self._room.anchors.advance(domain.custodian)
            except UnavailableError as error:  # locked, or elsewhere and not running
                unchecked.append(f"what {domain.name} saw of the ledger: {error}")
            except StrongroomError as error:
                problems.append(f"custodian {domain.name}: {error}")
        return replace(
            report,
            findings=tuple(problems),
            unchecked=tuple(unchecked),
            separations=tuple(separations(self._room)),
        )

    def exposure(self, target: str) -> ExposureReport:
        """Return who holds how much of a version.

        Raises:
            MissingError: There is no such version.
            DeniedError: The actor may not read it.
        """
        reader = Exposures(self._room.gate, self._room.keys)
        return reader.report(self._actor(), target)

    def requests(self, *, every: bool = False) -> list[PendingRequest]:
        """Return the requests that wait, or all; newest first.

        Whoever policy lets read them sees everybody's, others their own:
        a request says what somebody works on.

        Raises:
            DeniedError: The session ended, or the account may not act.
            IntegrityError: A row is not what was written.
        """
        room = self._room
        with room.ledger.reading() as reading:
            account = verify_actor(reading, self._actor(), now=reading.now)
            wish = Wish("requests:read", ROOM, {})
            decision = room.gate.decide(reading, account, self._actor(), wish)
            theirs = (
                sa.true()
                if isinstance(decision, Allow)
                else REQUESTS.columns.asker == account.id
            )
            where = (
                sa.true()
                if every
                else sa.and_(
                    REQUESTS.columns.state == "pending",
                    REQUESTS.columns.expires_at > reading.now,
                )
            )
            found = [
                PendingRequest(
                    request=request,
                    asker=ACCOUNTS.get(reading, request.asker).name,
                    tally=room.gate.tally(reading, request),
                    reason=why_declined(reading, request),
                )
                for request in REQUESTS.find(reading, where, theirs)
            ]
        return sorted(found, key=lambda p: p.request.created_at, reverse=True)


def separations(room: Room) -> list[str]:
    """Return one sentence for each separation that a room does not have.

    Raises:
        IntegrityError: A second factor was deleted, forged, altered or restored.
    """
    with room.ledger.reading() as reading:
        people = [
            account
            for account in ACCOUNTS.find(reading)
            if account.kind is AccountKind.PERSON
            and account.state is AccountState.ACTIVE
        ]
        without = [p for p in people if not has_factor(reading, p.id)]
    return missing_separations(
        room.settings.profile,
        domains=len(room.settings.domains),
        embedded=True,
        witness=room.witnesses is not None and room.witnesses.any_signed(),
        without_factor=len(without),
        apart=[d.name for d in room.domains.values() if not d.custodian.gives_shares],
    )
