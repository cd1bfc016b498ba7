"""Lets another key issue advisories, once others agree.

Needed when the issuer changes, and when their key was stolen: whoever has it can sign
the highest number there is, after which no bundle by that key is taken any more.  From
the moment of the agreement on nothing by the former key is taken.  What was taken last
stays in force until the first bundle by the new key takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from strongroom.access.accounts import Account
from strongroom.access.approvals import Approvals
from strongroom.access.gate import Gate
from strongroom.access.people import ROOM
from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.errors import ConflictError, InputError
from strongroom.intake.feeds import newest_feed
from strongroom.intake.issuers import ISSUERS, Issuer, every_issuer
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing

ACTION: Final = "intake:issuer"
_KEY: Final = re.compile(r"[0-9a-f]{64}")


class Replacing:
    """Whose bundles of advisories count from now on."""

    def __init__(self, gate: Gate, approvals: Approvals) -> None:
        """Wire the shell; approved requests are carried out here.

        Args:
            gate: Asks policy.
            approvals: Where requests wait.
        """
        self._gate = gate
        self._ledger = gate.ledger
        self._approvals = approvals
        approvals.executors[ACTION] = self._replace

    def ask(self, actor: Actor, key: str) -> Request:
        """Ask for another issuer; carried out at once if nobody has to agree.

        Args:
            actor: Who asks.
            key: Ed25519 public key, 64 hexadecimal digits.

        Raises:
            InputError: It is no key.
            ConflictError: There is none yet that it could replace, or it was trusted
                before.
            DeniedError: The actor may not.
        """
        if not _KEY.fullmatch(key):
            raise InputError("the key of advisories has 64 hex digits")
        with self._changing(actor) as (writing, asker):
            former = _verify_fresh(every_issuer(writing), key)
            return self._approvals.ask(
                writing,
                actor,
                asker,
                ACTION,
                {"key": key, "former": former.id},
                terms=self._gate.terms.of_action(ACTION),
            )

    def all(self, actor: Actor) -> list[Issuer]:
        """Return every issuer, the trusted one last.

        Raises:
            DeniedError: The actor may not read them.
        """
        with self._gate.reading(actor, "intake:read", "room") as reading:
            return every_issuer(reading)

    @contextmanager
    def _changing(self, actor: Actor) -> Iterator[tuple[Writing, Account]]:
        with (
            self._gate.recording_refusals(actor, ACTION, "room"),
            self._ledger.transaction() as writing,
        ):
            yield writing, self._gate.require(writing, actor, ACTION, ROOM)

    @staticmethod
    def _replace(writing: Writing, request: Request) -> None:
        """Trust another key that was agreed to.

        Raises:
            ConflictError: Another one was agreed to meanwhile.
        """
        newest_feed(writing, lock=True)  # nobody takes a bundle meanwhile
        payload = request.payload()
        key = str(payload["key"])
        former = _verify_fresh(every_issuer(writing, locked=True), key)
        if former.id != payload["former"]:
            raise ConflictError(
                "another issuer was agreed to since this was asked for",
                hint="decline it; strongroom intake issuers list",
            )
        ISSUERS.insert(
            writing, Issuer(id=key, place=former.place + 1, number=0, since=writing.now)
        )
        writing.append(
            Event(
                kind="issuer.replaced",
                actor=request.asker,
                facts={
                    "issuer": key,
                    "former": former.id,
                    "number": former.number,
                    "request": request.id,
                },
            )
        )


def _verify_fresh(issuers: Sequence[Issuer], key: str) -> Issuer:
    """Return the trusted issuer, whom ``key`` may replace.

    Raises:
        ConflictError: There is none, or the key was trusted before.
    """
    if not issuers:
        raise ConflictError(
            "no bundle of advisories was taken yet: there is nobody to replace",
            hint="write the key under [advisories] into room.toml",
        )
    if any(issuer.id == key for issuer in issuers):
        raise ConflictError(
            "this key issues advisories, or did so before",
            hint="a key that was replaced stays so; strongroom intake issuers list",
        )
    return issuers[-1]
