"""What is done in a life that is cut short, and how it is gone on with afterwards.

Each act says what it was promised as soon as it was, and can be done again from
wherever it stopped: nothing of what was interrupted may stand in its way.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TypeAlias

from campaigns._base import KEY_HOLDER
from campaigns._desk import Desk
from strongroom.access.accounts import AccountState, find_account
from strongroom.access.erasure import is_erased
from strongroom.access.founding import Founder
from strongroom.access.request import RequestState
from strongroom.app import create_strongroom, open_strongroom
from strongroom.app.rotating import RotationOptions, destroy_former, rotate
from strongroom.cli.demo.house import COST, PASSPHRASE, House
from strongroom.errors import IntegrityError, MissingError
from strongroom.ledger.witness_service import Witness
from strongroom.types import Classification, Profile, Secret

Say: TypeAlias = Callable[[str], object]
"""Is given each promise, the moment it was made."""

Facts: TypeAlias = Mapping[str, str]
MODEL = "killed"
DOMAIN = "weights"
SHREDDED = "blocks.5"
LEAVER = "omar"
PURPOSE = "a purpose that nobody forgets"
LEFT = b"what somebody wrote who has left"
"""Bytes that no file of the database has once they are scrubbed."""


def prepare(house: House, source: Path) -> dict[str, str]:
    """Have a version, a request that waits, one that is agreed to, and garbage."""
    mia = house.acting_as("mia")
    sealed = mia.seal(source, name=MODEL, classification=Classification.INTERNAL)
    if sealed.request is not None:
        house.acting_as("lena").approve(sealed.request.id)

    def asked(name: str, segment: str, purpose: str = PURPOSE) -> str:
        request = house.acting_as(name).request(
            f"{MODEL}@1", segments=[segment], purpose=purpose
        )
        return request.request.id

    facts = {"pending": asked("rosa", "blocks.1"), "held": asked("rosa", "blocks.2")}
    asked(LEAVER, "blocks.3", LEFT.decode())
    house.acting_as("lena").approve(facts["held"])
    people = house.room.room.people
    with house.room.room.ledger.reading() as reading:
        facts["leaver"] = find_account(reading, LEAVER).id
    people.change_state(house.acting_as("ada").actor, LEAVER, AccountState.LEFT)
    for domain in house.room.room.domains.values():
        domain.store.write("killed/garbage", [b"left by an interrupted seal"])
    return facts


def seal(desk: Desk, facts: Facts, say: Say) -> None:
    """Seal the next version."""
    sealed = desk.acting_as("mia").seal(facts["source"], name=MODEL)
    say(f"sealed {sealed.version.number}")


def request(desk: Desk, _: Facts, say: Say) -> None:
    """Ask for a segment."""
    asked = desk.acting_as("rosa").request(
        f"{MODEL}@1", segments=["blocks.0"], purpose=PURPOSE
    )
    say(f"asked {asked.request.id}")


def approve(desk: Desk, facts: Facts, say: Say) -> None:
    """Agree to the request that waits."""
    waiting = [p.request.id for p in desk.acting_as("lena").records.requests()]
    if facts["pending"] in waiting:
        desk.acting_as("lena").approve(facts["pending"])
    say(f"approved {facts['pending']}")


def open_(desk: Desk, facts: Facts, say: Say) -> None:
    """Open what was agreed to."""
    with desk.acting_as("rosa").open(facts["held"]) as opened:
        say(f"opened blocks.2 {opened.check()}")


def revoke(desk: Desk, facts: Facts, say: Say) -> None:
    """Take the permit back."""
    desk.acting_as("lena").revoke(facts["held"], reason="it is over")
    say("revoked")


def rotate_(desk: Desk, _: Facts, say: Say) -> None:
    """Rotate a root key, from the proposal to the destruction of the old one."""
    holder = desk.acting_as(KEY_HOLDER)
    options = RotationOptions(domain=DOMAIN, new=PASSPHRASE, old=PASSPHRASE, cost=COST)
    done = rotate(holder, options)
    if done.request is not None:
        say("proposed")
        desk.acting_as("lena").approve(done.request.id)
        done = rotate(holder, options)
    if done.request is not None:
        raise IntegrityError("a rotation that was agreed to asks again")
    say("rotated")
    destroy_former(holder, DOMAIN)
    say("destroyed")


def rekey(desk: Desk, _: Facts, say: Say) -> None:
    """Give every segment another key."""
    holder = desk.acting_as(KEY_HOLDER)
    done = holder.room.upkeep.rekeying.run(holder.actor, f"{MODEL}@1")
    say(f"rekeyed {done.version.generation}")


def shred(desk: Desk, _: Facts, say: Say) -> None:
    """Give the key of a segment up."""
    holder = desk.acting_as(KEY_HOLDER)
    shredding = holder.room.upkeep.shredding
    waiting = [
        p.request.id
        for p in holder.records.requests()
        if p.request.action == "key:shred"
    ]
    if not waiting:
        try:
            doomed = shredding.look(holder.actor, f"{MODEL}@1", (SHREDDED,))
        except MissingError:  # it was carried out before
            say("shredded")
            return
        waiting = [shredding.propose(holder.actor, doomed).id]
    desk.acting_as("lena").approve(waiting[0])
    say("shredded")


def witness(desk: Desk, facts: Facts, say: Say) -> None:
    """Have a witness sign the newest checkpoint, after one more entry."""
    request(desk, facts, lambda _: None)
    watching = desk.room.room.witnesses
    if watching is None:
        raise IntegrityError("the room has no witness")
    (known,) = watching.policy.witnesses.values()
    folder = desk.room.room.settings.folder.parent / "witness"
    now = desk.room.room.now
    with Witness(folder, passphrase=None, now=now, random=os.urandom) as elsewhere:
        asked = watching.request_for(known)
        answer = elsewhere.answer(asked)
        if answer.status is HTTPStatus.CONFLICT:  # it signed before we were killed
            asked = watching.request_for(known)
        if answer.status is not HTTPStatus.OK:
            say(f"refused {answer.status} {answer.body.strip()}")
            return
        say(f"answered {answer.why.split()[-2]}")
        watching.accept(known, asked, answer.body)
    say("signed")


def erase(desk: Desk, facts: Facts, say: Say) -> None:
    """Erase somebody who left, also from the database's files."""
    ada = desk.acting_as("ada")
    with ada.room.ledger.reading() as reading:
        account = find_account(reading, facts["leaver"])
    if not is_erased(account):
        waiting = [
            p.request
            for p in ada.records.requests()
            if p.request.action == "person:erase"
        ]
        asked = (
            waiting[0] if waiting else ada.room.persons.erasures.ask(ada.actor, LEAVER)
        )
        if asked.state is RequestState.PENDING:
            desk.acting_as("lena").approve(asked.id)
        say("erased")
    ada.room.persons.erasures.scrub()
    say("scrubbed")


def clean(desk: Desk, _: Facts, say: Say) -> None:
    """Remove what interrupted seals left."""
    say(f"cleaned {desk.acting_as('ada').clean().objects}")


def reconcile(desk: Desk, _: Facts, say: Say) -> None:
    """Open the room anew and compare every row with the ledger."""
    folder = desk.room.room.settings.folder
    with open_strongroom(
        folder, passphrases={"*": PASSPHRASE}, now=desk.room.room.now
    ) as again:
        report = again.resume(desk.token("ada")).records.verify()
    say(f"verified {report.size} {len(report.findings)}")


def init(desk: Desk, facts: Facts, say: Say) -> None:
    """Make another room beside this one."""
    folder = desk.room.room.settings.folder.parent / "fresh"
    owner = Founder(
        name="ada", team="platform", password=Secret(b"ada and a long sentence")
    )
    created, _ = create_strongroom(
        folder,
        profile=Profile.STANDARD,
        passphrases={"*": PASSPHRASE},
        owner=owner,
        approvers=[
            Founder(name="lena", team="safety"),
            Founder(name="sam", team="security"),
        ],
        database=facts.get("empty", "sqlite+pysqlite:///room.db"),
        cost=COST,
        now=desk.room.room.now,
    )
    created.close()
    say("created")


def cycle(desk: Desk, facts: Facts, say: Say) -> None:
    """Seal, ask, approve and open what was sealed."""
    sealed = desk.acting_as("mia").seal(facts["source"], name=MODEL)
    say(f"sealed {sealed.version.number}")
    asked = desk.acting_as("rosa").request(
        f"{MODEL}@{sealed.version.number}", segments=["blocks.4"], purpose=PURPOSE
    )
    say(f"asked {asked.request.id}")
    desk.acting_as("lena").approve(asked.request.id)
    say(f"approved {asked.request.id}")
    with desk.acting_as("rosa").open(asked.request.id) as opened:
        say(f"opened blocks.4 {opened.check()}")


ACTS: Mapping[str, Callable[[Desk, Facts, Say], None]] = {
    "approve": approve,
    "clean": clean,
    "cycle": cycle,
    "erase": erase,
    "init": init,
    "open": open_,
    "reconcile": reconcile,
    "rekey": rekey,
    "request": request,
    "revoke": revoke,
    "rotate": rotate_,
    "seal": seal,
    "shred": shred,
    "witness": witness,
}
