"""What is expected from outside: who may say so, and who has to agree.

Whoever names a source at ``add`` has what they bring checked against it, and what a
source vouches for waits for nobody only because it is of an unknown origin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from strongroom.access.accounts import Account
from strongroom.access.approvals import Approvals
from strongroom.access.gate import Gate
from strongroom.access.people import ROOM
from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.access.teams import checked_name
from strongroom.canonical import Json
from strongroom.crypto.ecdsa import EcKey
from strongroom.errors import ConflictError, InputError
from strongroom.intake.additions import Addition, parse_digest
from strongroom.intake.listed_sources import (
    SOURCES,
    ListedSource,
    SourceState,
    find_source,
    listed_as,
)
from strongroom.intake.origins import NOWHERE, Origin
from strongroom.intake.signatures import Claim
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import Random, SourceId, new_id

ACTION: Final = "intake:source"
_MOST: Final = 100
"""Digests, and keys, of one source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """What a source is to vouch for, and by what.

    Attributes:
        origin: The part of a hub that it speaks of; nothing for any.
        digests: SHA-256 of models, one of which it has, as for ``--expect``.
        sums: ``HEX  PATH`` of every file, from ``parse_sums``.
        keys: Of which one signs.
    """

    origin: Origin = NOWHERE
    digests: Sequence[str] = ()
    sums: Sequence[str] = ()
    keys: Sequence[EcKey] = ()

    def to_json(self) -> dict[str, Json]:
        """Return it as a request freezes it.

        Raises:
            InputError: It vouches by nothing, by too much, or a digest is none.
        """
        if not self.digests and not self.sums and not self.keys:
            raise InputError(
                "a source that has no key and no digest vouches for nothing",
                hint="--key FILE, --expect sha256:HEX, or --sums FILE",
            )
        if max(len(self.digests), len(self.keys)) > _MOST:
            raise InputError(f"a source has at most {_MOST} digests and {_MOST} keys")
        return {
            **self.origin.to_json(),
            "digests": sorted({parse_digest(digest) for digest in self.digests}),
            "sums": list(self.sums),
            "keys": sorted({key.der.hex() for key in self.keys}),
        }


class AllowList:
    """What is expected from outside."""

    def __init__(self, gate: Gate, approvals: Approvals, *, random: Random) -> None:
        """Wire the shell; approved requests are carried out here.

        Args:
            gate: Asks policy.
            approvals: Where requests wait.
            random: Source of ids.
        """
        self._gate = gate
        self._ledger = gate.ledger
        self._approvals = approvals
        self._random = random
        approvals.executors[ACTION] = self._list

    def ask(self, actor: Actor, name: str, voucher: Voucher) -> Request:
        """Ask to list a source; carried out at once if nobody has to agree.

        Args:
            actor: Who asks.
            name: As people will name it.
            voucher: What it vouches for.

        Raises:
            InputError: The name cannot be used, or it vouches by nothing.
            ConflictError: The name is taken.
            DeniedError: The actor may not list sources.
        """
        payload = {"name": checked_name(name, what="a source"), **voucher.to_json()}
        with self._changing(actor, name) as (writing, asker):
            _verify_free(writing, name)
            return self._approvals.ask(
                writing,
                actor,
                asker,
                ACTION,
                payload,
                terms=self._gate.terms.of_action(ACTION),
            )

    def remove(self, actor: Actor, name: str) -> ListedSource:
        """Take a source off the list, at once; what came from it stays.

        Raises:
            MissingError: None of this name is listed.
            DeniedError: The actor may not.
        """
        with self._changing(actor, name) as (writing, _):
            row = find_source(writing, name)
            row = SOURCES.replace(writing, row, state=SourceState.REMOVED)
            writing.append(actor.event("source.removed", {"vouched": row.id}))
        return row

    def all(self, actor: Actor) -> list[ListedSource]:
        """Return the sources that are listed, by name.

        Raises:
            DeniedError: The actor may not read them.
        """
        with self._gate.reading(actor, "intake:read", "room") as reading:
            found = SOURCES.find(reading, SOURCES.columns.state == SourceState.LISTED)
        return sorted(found, key=lambda source: source.name)

    def expected(self, addition: Addition, name: str, bundle: bytes | None) -> Addition:
        """Return an addition that has to be what a source vouches for.

        Args:
            addition: As it was asked for.
            name: Of the source.
            bundle: The signature that came with it.

        Raises:
            MissingError: There is no such source.
            InputError: It signs what it gives, and there is no signature; or the
                other way round.
        """
        with self._ledger.reading() as reading:
            source = find_source(reading, name)
        if bool(source.keys) != (bundle is not None):
            what = "signs what it gives" if source.keys else "signs nothing"
            raise InputError(
                f"the source {name} {what}",
                hint="name the signature that came with it: --signature FILE"
                if source.keys
                else "leave out --signature",
            )
        claim = None
        if bundle is not None:
            claim = Claim(bundle=bundle, trust=source.signers)
        return replace(addition, source=source, signature=claim)

    def _list(self, writing: Writing, request: Request) -> None:
        """List a source that was agreed to.

        Raises:
            ConflictError: The name was taken meanwhile.
        """
        payload = request.payload()
        name = str(payload["name"])
        _verify_free(writing, name)
        row = SOURCES.insert(
            writing,
            ListedSource(
                id=SourceId(new_id("source", self._random)),
                name=name,
                state=SourceState.LISTED,
                publisher=str(payload["publisher"]),
                repository=str(payload["repository"]),
                commit=str(payload["commit"]),
                digests=_strings(payload["digests"]),
                sums=_strings(payload["sums"]),
                keys=_strings(payload["keys"]),
                listed_by=request.asker,
                listed_at=writing.now,
            ),
        )
        writing.append(_listing(row, request))

    @contextmanager
    def _changing(self, actor: Actor, name: str) -> Iterator[tuple[Writing, Account]]:
        with (
            self._gate.recording_refusals(actor, ACTION, name),
            self._ledger.transaction() as writing,
        ):
            yield writing, self._gate.require(writing, actor, ACTION, ROOM)


def _verify_free(writing: Writing, name: str) -> None:
    if listed_as(writing, name):
        raise ConflictError(f"the source {name} is listed", hint="choose another name")


def _strings(value: Json) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def _listing(row: ListedSource, request: Request) -> Event:
    return Event(
        kind="source.listed",
        actor=request.asker,
        facts={
            "vouched": row.id,
            "publisher": row.publisher,
            "repository": row.repository,
            "commit": row.commit,
            "digests": list(row.digests),
            "sums": list(row.sums),
            "signers": [key.fingerprint for key in row.signers],
            "request": request.id,
        },
        private={"name": row.name},
    )
