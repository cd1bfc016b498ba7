"""Whether each act's own promises were kept, and whether it can be gone on with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol, TypeAlias

from campaigns._acts import ACTS, DOMAIN, LEFT, MODEL, SHREDDED
from campaigns._desk import Desk, admit
from campaigns._promises import Promises
from strongroom.access.accounts import find_account
from strongroom.access.erasure import is_erased
from strongroom.app import open_strongroom
from strongroom.cli.demo.house import PASSPHRASE
from strongroom.client.client import Strongroom
from strongroom.errors import DeniedError, MissingError, StrongroomError
from strongroom.ledger.witness_folder import WitnessFolder
from strongroom.settings import FILE_NAME, load_settings


class Inside(Protocol):
    """An opened room with people who act in it: a ``House`` or a ``Desk``."""

    room: Strongroom

    def acting_as(self, name: str) -> Strongroom:
        """Return the room bound to a person."""


Check: TypeAlias = Callable[[Inside, Mapping[str, str], str], str]
"""Gives what is wrong, or nothing, from what was said after the first word."""


def broken_promises(
    desk: Inside, facts: Mapping[str, str], others: Mapping[str, str]
) -> Iterator[str]:
    """Name what was said and does not hold."""
    for word, said in others.items():
        if word in _CHECKS:
            wrong = _CHECKS[word](desk, facts, said)
            if wrong:
                yield f"{word} {said} was said, and {wrong}"
        elif word == "error":
            yield f"it ended by itself: {said}"


def problems_going_on(act: str, ticket: str, facts: Mapping[str, str]) -> Iterator[str]:
    """Do the act once more, and name what stands in its way."""
    promises = Promises()
    try:
        with _opened(ticket) as desk:
            if act == "init":
                _open_made(desk)
                return
            ACTS[act](desk, facts, promises.note)
        with _opened(ticket) as desk:  # as a rotation asks for
            for finding in desk.acting_as("ada").records.verify().findings:
                yield f"going on: {finding}"
            yield from broken_promises(desk, facts, promises.others)
            if act not in ("revoke", "shred"):
                with desk.acting_as("rosa").open(facts["held"]) as opened:
                    opened.check()
    except StrongroomError as error:
        yield f"it cannot be gone on with: {type(error).__name__}: {error}"


@contextmanager
def _opened(ticket: str) -> Iterator[Desk]:
    desk = admit(ticket)
    try:
        yield desk
    finally:
        desk.room.close()


def _open_made(desk: Inside) -> None:
    """Open the room that was being made; what is no room is in nobody's way."""
    folder = desk.room.room.settings.folder.parent / "fresh"
    if not (folder / FILE_NAME).exists():
        return
    now = desk.room.room.now
    with open_strongroom(folder, passphrases={"*": PASSPHRASE}, now=now) as room:
        ledger = room.room.ledger
        with ledger.reading() as reading:
            find_account(reading, "ada")


def _created(desk: Inside, _: Mapping[str, str], __: str) -> str:
    folder = desk.room.room.settings.folder.parent / "fresh"
    return "" if (folder / FILE_NAME).exists() else "there is no room"


def _rotated(desk: Inside, _: Mapping[str, str], __: str) -> str:
    settings = load_settings(desk.room.room.settings.folder)
    (uri,) = [d.custodian for d in settings.domains if d.name == DOMAIN]
    return "" if uri != f"file:custodians/{DOMAIN}" else "the former is named"


def _destroyed(desk: Inside, _: Mapping[str, str], __: str) -> str:
    former = desk.room.room.settings.folder / "custodians" / DOMAIN
    return "the former custodian's file is there" if former.exists() else ""


def _rekeyed(desk: Inside, _: Mapping[str, str], said: str) -> str:
    mia = desk.acting_as("mia")
    found = {v.number: v for v in mia.room.catalogue.versions(mia.actor, MODEL)}
    generation = found[1].generation
    return f"it is generation {generation}" if generation < int(said) else ""


def _shredded(desk: Inside, _: Mapping[str, str], __: str) -> str:
    kim = desk.acting_as("kim")
    with suppress(MissingError):
        kim.room.upkeep.shredding.look(kim.actor, f"{MODEL}@1", (SHREDDED,))
        return "its key is there"
    return ""


def _revoked(desk: Inside, facts: Mapping[str, str], _: str) -> str:
    with suppress(DeniedError), desk.acting_as("rosa").open(facts["held"]):
        return "it opens"
    return ""


def _erased(desk: Inside, facts: Mapping[str, str], _: str) -> str:
    with desk.room.room.ledger.reading() as reading:
        gone = is_erased(find_account(reading, facts["leaver"]))
    return "" if gone else "the name is there"


def _scrubbed(desk: Inside, _: Mapping[str, str], __: str) -> str:
    folder = desk.room.room.settings.folder
    files = [path for path in folder.glob("room.db*") if LEFT in _bytes_of(path)]
    return f"the text is in {files[0].name}" if files else ""


def _bytes_of(path: Path) -> bytes:
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return b""


def _answered(desk: Inside, _: Mapping[str, str], said: str) -> str:
    room = desk.room.room
    folder = WitnessFolder(room.settings.folder.parent / "witness", random=os.urandom)
    size = folder.seen(room.ledger.verifier).checkpoint.size
    return f"the witness remembers {size}" if size < int(said) else ""


def _signed(desk: Inside, _: Mapping[str, str], __: str) -> str:
    report = desk.acting_as("ada").records.witnessed()
    return "" if report is not None and report.statements else "nobody signed"


def _cleaned(desk: Inside, _: Mapping[str, str], __: str) -> str:
    stores = [domain.store for domain in desk.room.room.domains.values()]
    left = [name for store in stores for name in store.names("killed/")]
    return f"{left[0]} is there" if left else ""


def _verified(_: Inside, __: Mapping[str, str], said: str) -> str:
    return "" if said.endswith(" 0") else "something was found"


_CHECKS: Mapping[str, Check] = {
    "answered": _answered,
    "cleaned": _cleaned,
    "created": _created,
    "destroyed": _destroyed,
    "erased": _erased,
    "rekeyed": _rekeyed,
    "revoked": _revoked,
    "rotated": _rotated,
    "scrubbed": _scrubbed,
    "shredded": _shredded,
    "signed": _signed,
    "verified": _verified,
}
