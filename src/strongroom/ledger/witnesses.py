"""The room's side: asks witnesses, keeps what they sign, and believes only proof.

A witness proves that a room is older than it was by showing a larger checkpoint
that the room itself signed.  Its word alone, a size or a refusal, is told to
people and stops nothing.

Source: C2SP tlog-witness and tlog-policy; ``docs/specification/witness.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus

from strongroom.errors import (
    ForkError,
    IntegrityError,
    MissingError,
    StrongroomError,
    UnavailableError,
)
from strongroom.ledger import cosigned
from strongroom.ledger.checkpoint import Checkpoint, canonical_decimal
from strongroom.ledger.cosignature import (
    Cosignature,
    verified_cosignatures,
    with_lines,
)
from strongroom.ledger.cosigned import WitnessReport
from strongroom.ledger.frontier import frontier_at
from strongroom.ledger.log import Ledger, Reading
from strongroom.ledger.policy_file import KnownWitness, WitnessPolicy
from strongroom.ledger.port import Trouble, WitnessLink
from strongroom.ledger.sequencer import newest_note
from strongroom.ledger.tree import consistency_proof
from strongroom.ledger.witness import Answer, WitnessRequest

_CLOCKS_DIFFER = 300  # seconds that two honest clocks may be apart
_TRIES = 3
"""The size that a witness has seen may move between its answer and our question."""


class Witnesses:
    """The witnesses of one ledger.

    Args:
        ledger: Whose checkpoints they sign; it may be locked.
        policy: Which of them count.
        links: How to ask them, by their names in the policy; who has none is
            asked by hand.
        releases_wait: Whether keys leave only when the quorum signed.
        every: They are asked at most this often by ``ask_seldom``.
        now: The clock, aware UTC.
    """

    def __init__(
        self,
        ledger: Ledger,
        policy: WitnessPolicy,
        links: Mapping[str, WitnessLink],
        *,
        releases_wait: bool = False,
        every: timedelta = timedelta(seconds=1),
        now: Callable[[], datetime],
    ) -> None:
        self.policy = policy
        self.releases_wait = releases_wait
        self._ledger = ledger
        self._links = links
        self._every = every
        self._now = now
        self._asked_at: datetime | None = None
        self._met_size = -1

    def compare(self) -> list[Trouble]:
        """Compare the ledger with what each witness saw.

        Raises:
            ForkError: One shows a checkpoint of this room that the ledger does not
                continue.
        """
        return [trouble for item in self._linked() for trouble in self._compare(*item)]

    def ask(self, *, renew: bool = False) -> list[Trouble]:
        """Have every witness that can be asked sign the newest checkpoint.

        Args:
            renew: Ask those too that signed it before, for a later time.

        Raises:
            ForkError: One shows a checkpoint of this room that the ledger does not
                continue.
        """
        self._asked_at = self._now()
        return [
            trouble
            for known, link in self._linked()
            if renew or not self._has_signed(known)
            for trouble in self._ask(known, link)
        ]

    def ask_seldom(self) -> list[Trouble]:
        """Do the same, unless they were asked a moment ago."""
        last = self._asked_at
        return [] if last and self._now() - last < self._every else self.ask()

    def before_release(self, size: int) -> None:
        """Wait for the quorum where the room asks for it.

        Args:
            size: Of the checkpoint that covers the entry of the release.

        Raises:
            UnavailableError: The quorum did not sign.
            ForkError: A witness shows that the ledger was put back or rewritten.
        """
        if not self.releases_wait or self._is_met(size):
            return
        troubles = self.ask()
        if not self._is_met(size):
            why = "; ".join(map(str, troubles)) or "some are asked by hand only"
            raise UnavailableError(
                f"keys leave when the witnesses signed, and they did not: {why}",
                hint="strongroom ledger witness ask",
            )

    def request_for(self, known: KnownWitness) -> bytes:
        """Return what to ask a witness, from the size that it signed last.

        Raises:
            MissingError: The ledger is empty.
        """
        return self._request(self._stored_size(known)).to_text().encode()

    def accept(self, known: KnownWitness, request: bytes, answer: str) -> Cosignature:
        """Keep what a witness answered to a request, and return it.

        Raises:
            IntegrityError: The request is not of this ledger, or the answer is no
                signature of this witness over it.
        """
        return self._take(known, WitnessRequest.from_bytes(request), answer)

    def report(self) -> WitnessReport:
        """Return who signed what, all of it verified.

        Raises:
            IntegrityError: A stored cosignature is not what its witness signed.
        """
        with self._ledger.reading() as reading:
            return cosigned.report(reading.connection, self.policy)

    def any_signed(self) -> bool:
        """Return whether a witness signed anything that verifies."""
        try:
            return bool(self.report().statements)
        except IntegrityError:  # a verification names it
            return False

    def _linked(self) -> Iterator[tuple[KnownWitness, WitnessLink]]:
        for name, known in self.policy.witnesses.items():
            if name in self._links:
                yield known, self._links[name]

    def _has_signed(self, known: KnownWitness) -> bool:
        """Return whether it signed the newest checkpoint, or there is none."""
        with self._ledger.reading() as reading:
            newest = self._ledger.checkpoint(reading)
            signed = cosigned.newest_size(reading.connection, known.key)
        return newest is None or signed == newest.size

    def _compare(self, known: KnownWitness, link: WitnessLink) -> Iterator[Trouble]:
        """Judge the newest note that the witness shows, and keep its signature."""
        try:
            note = link.newest(self._ledger.verifier.origin)
            shown = self._ledger.notes.open(note)
            signed = verified_cosignatures(note, [known.key])
        except MissingError:
            if stored := self._stored_size(known):
                yield Trouble(known.name, _forgot(stored, 0))
            return
        except StrongroomError as error:
            yield Trouble(known.name, str(error))
            return
        # Read after the question: what it signed was committed here before.
        with self._ledger.reading() as reading:
            self._judge(known, shown, reading)
        stored = self._stored_size(known)
        if shown.size < stored:
            yield Trouble(known.name, _forgot(stored, shown.size))
        if signed and shown.size > stored:
            self._keep(shown, signed[-1])
        if signed and signed[-1].seconds > self._now().timestamp() + _CLOCKS_DIFFER:
            yield Trouble(known.name, "it signed at a time that has not come yet")

    def _stored_size(self, known: KnownWitness) -> int:
        with self._ledger.reading() as reading:
            return cosigned.newest_size(reading.connection, known.key)

    def _judge(self, known: KnownWitness, shown: Checkpoint, reading: Reading) -> None:
        """Compare a checkpoint that this room signed with its tree.

        Raises:
            ForkError: The ledger does not continue it.
        """
        newest = self._ledger.checkpoint(reading)
        size = newest.size if newest else 0
        if shown.size > size:
            raise ForkError(
                f"witness {known.name} shows {shown.size} entries that this room"
                f" signed, and the database has {size}: an older room was put back",
                hint="restore the newest backup; the proof is the witness's checkpoint",
            )
        if frontier_at(self._ledger.nodes(reading), shown.size).root() != shown.root:
            raise ForkError(
                f"witness {known.name} shows another root for {shown.size} entries,"
                " and this room signed it: the ledger was rewritten",
                hint="keep both; the proof is the witness's checkpoint",
            )

    def _ask(self, known: KnownWitness, link: WitnessLink) -> Iterator[Trouble]:
        try:
            answer, request = self._answer(known, link)
            if answer.status is HTTPStatus.OK:
                self._take(known, request, answer.body)
                return
        except MissingError:
            return  # nothing to sign yet
        except (IntegrityError, UnavailableError) as error:
            yield Trouble(known.name, str(error))
            return
        yield from self._compare(known, link)
        body = answer.body.strip()[:200]
        yield Trouble(known.name, f"it does not sign ({answer.status.value}): {body}")

    def _answer(
        self, known: KnownWitness, link: WitnessLink
    ) -> tuple[Answer, WitnessRequest]:
        """Ask, and ask again from the size that the witness says it has seen."""
        older = self._stored_size(known)
        for _ in range(_TRIES):
            request = self._request(older)
            answer = link.add_checkpoint(request.to_text().encode())
            if answer.status is not HTTPStatus.CONFLICT:
                break
            size = canonical_decimal(answer.body.removesuffix("\n"))
            if size == older or size > self._ledger.notes.open(request.note).size:
                break
            older = size
        return answer, request

    def _request(self, older: int) -> WitnessRequest:
        with self._ledger.reading() as reading:
            note = newest_note(reading.connection)
            if note is None:
                raise MissingError("the ledger is empty")
            size = self._ledger.notes.open(note).size
            older = min(older, size)
            nodes = self._ledger.nodes(reading)
            proof = consistency_proof(nodes, older=older, newer=size)
        return WitnessRequest(older=older, proof=tuple(proof), note=note)

    def _take(
        self, known: KnownWitness, request: WitnessRequest, answer: str
    ) -> Cosignature:
        checkpoint = self._ledger.notes.open(request.note)
        both = with_lines(request.note, answer)
        signed = verified_cosignatures(both, [known.key])
        if not signed:
            raise IntegrityError("it answers with a signature of somebody else")
        self._keep(checkpoint, signed[-1])
        return signed[-1]

    def _keep(self, checkpoint: Checkpoint, cosignature: Cosignature) -> None:
        with self._ledger.database.writing() as connection:
            cosigned.store(connection, checkpoint, cosignature)

    def _is_met(self, size: int) -> bool:
        """Return whether the quorum signed one checkpoint of at least this size."""
        if size <= self._met_size:
            return True
        with self._ledger.reading() as reading:
            found = cosigned.newest_met(reading.connection, self.policy, at_least=size)
            if found is None:
                return False
            # The row could hold a checkpoint of another history of this room.
            signed = self._ledger.notes.open(found.note)
            nodes = self._ledger.nodes(reading)
            if frontier_at(nodes, signed.size).root() != signed.root:
                raise ForkError(
                    f"witnesses signed another history of {signed.size} entries",
                    hint="strongroom ledger verify",
                )
        self._met_size = found.size
        return True


def _forgot(signed: int, remembers: int) -> str:
    return f"it signed {signed} entries and now remembers {remembers}"
