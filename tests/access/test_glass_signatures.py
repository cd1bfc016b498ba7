"""Why it cannot wait, signed by whoever asks: good for that request and nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.access import glass_signatures
from strongroom.access.accounts import ACCOUNTS
from strongroom.access.assertions import approval_challenge, parse_assertion
from strongroom.access.passkeys import suspending
from strongroom.access.quorum import Decision
from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.access.terms import AdministrationTerms
from strongroom.database import passkey_tables
from strongroom.errors import ConflictError, DeniedError, IntegrityError, SetupError
from strongroom.ledger.log import Writing
from strongroom.types import AccountId, Profile, RequestId, Role
from tests.access.rooms import PARTY, Rooms, rooms_at
from tests.authenticator import (
    ES256,
    Credential,
    SoftAuthenticator,
    new_key,
    text_of,
)
from tests.conftest import Databases
from tests.ledger.world import event


@dataclass
class Scene:
    """Somebody with a passkey who asks, and somebody else with one."""

    rooms: Rooms
    ana: Actor
    anas: SoftAuthenticator
    cy: Actor
    cys: SoftAuthenticator
    done: list[str] = field(default_factory=list)

    def carry_out(self, writing: Writing, request: Request) -> None:
        writing.append(event())
        self.done.append(request.id)

    def ask(self, reason: str = "it burns", *, approvals: int = 0) -> Request:
        """Ask for something that waits for the signature of whoever asks."""
        needed = self.rooms.gate.terms.administration
        terms = AdministrationTerms(
            approvals=approvals,
            distinct_teams=approvals,
            own_team_counts=False,
            second_factor_required=True,
            second_factor_max_age=needed.second_factor_max_age,
        )
        with self.rooms.world.ledger.transaction() as writing:
            asker = ACCOUNTS.get(writing, self.ana.account)
            return self.rooms.approvals.ask(
                writing,
                self.ana,
                asker,
                "test",
                {"words": {"reason": reason}},
                terms=terms,
                to_sign=True,
            )

    def answer(self, request: Request, key: SoftAuthenticator | None = None) -> str:
        """Return what the asker's key, or another, signs for a request."""
        with self.rooms.world.ledger.reading() as reading:
            asked = glass_signatures.question(reading, request, party=PARTY)
        return (key or self.anas).get(asked.options)

    def sign(self, request: Request, answer: str, who: Actor | None = None) -> str:
        """Hand a signature in, by the asker unless given; return the state."""
        assertion = parse_assertion(answer)
        ledger = self.rooms.world.ledger
        with suspending(ledger), ledger.transaction() as writing:
            return self.rooms.approvals.sign(
                writing, who or self.ana, request.id, assertion
            ).state

    def counts(self, request: Request) -> bool:
        """Return whether the signature holds now."""
        with self.rooms.world.ledger.reading() as reading:
            return glass_signatures.is_signed(reading, request, party=PARTY)


@pytest.fixture
def scene(new_database: Databases) -> Iterator[Scene]:
    with rooms_at(new_database(), Profile.HARDENED) as rooms:
        ana, anas = rooms.signer("ana", Role.RESEARCHER, team="alpha")
        cy, cys = rooms.signer("cy", Role.APPROVER, team="beta")
        made = Scene(rooms, ana, anas, cy, cys)
        rooms.approvals.executors["test"] = made.carry_out
        yield made


def test_it_is_carried_out_once_its_asker_signed(scene: Scene) -> None:
    request = scene.ask()
    assert (scene.done, scene.counts(request)) == ([], False)

    assert scene.sign(request, scene.answer(request)) == "approved"

    assert scene.done == [request.id]
    assert scene.counts(request)
    assert scene.rooms.facts("request.created")[0]["digest"] == request.digest


def test_there_are_five_minutes_to_sign(scene: Scene) -> None:
    request = scene.ask()
    scene.rooms.world.clock.pass_(minutes=5)

    with pytest.raises(ConflictError, match="has expired"):
        scene.sign(request, scene.answer(request))


def test_another_reason_is_another_signature(scene: Scene) -> None:
    """ATT&CK T1550: a desk puts another reason, or another model, under the touch."""
    signed, wanted = scene.ask("a fire drill"), scene.ask("a fire")

    with pytest.raises(DeniedError, match="does not verify"):
        scene.sign(wanted, scene.answer(signed))
    assert scene.done == []


def test_an_approval_that_was_signed_is_no_reason(scene: Scene) -> None:
    """ATT&CK T1550: the same key, the same request, another word."""
    request, (key,) = scene.ask(), scene.anas.credentials.values()
    account = scene.ana.account
    approved = approval_challenge(request.id, request.digest, Decision.APPROVE, account)
    answer = scene.anas.sign(key, challenge=text_of(approved), domain=PARTY.domain)

    with pytest.raises(DeniedError, match="does not verify"):
        scene.sign(request, answer)
    assert scene.done == []


def test_nobody_signs_for_the_asker(scene: Scene) -> None:
    """ATT&CK T1078: somebody with a session of their own, or the asker's and no key."""
    request = scene.ask()
    with pytest.raises(DeniedError, match="only the one who asked"):
        scene.sign(request, scene.answer(request), scene.cy)
    (mine,) = scene.anas.credentials
    forger = SoftAuthenticator()
    forger.credentials[mine] = Credential(mine, new_key(ES256))

    with pytest.raises(DeniedError, match="does not verify"):
        scene.sign(request, scene.answer(request, forger))
    assert scene.done == []


def test_nobody_else_lets_an_unsigned_one_through(scene: Scene) -> None:
    """ATT&CK T1548: an approver agrees to what nobody has to agree to."""
    request = scene.ask()
    with pytest.raises(ConflictError, match="waits for its asker's signature"):
        scene.rooms.sign(scene.cy, scene.cys, request.id)
    assert scene.done == []


def test_a_request_that_others_decide_is_not_signed_by_its_asker(scene: Scene) -> None:
    request = scene.ask(approvals=1)
    with pytest.raises(ConflictError, match="waits for others"):
        scene.sign(request, scene.answer(request))


def test_it_is_signed_once(scene: Scene) -> None:
    request = scene.ask()
    answer = scene.answer(request)
    scene.sign(request, answer)

    with pytest.raises(ConflictError, match="is approved already"):
        scene.sign(request, answer)
    assert scene.done == [request.id]


def test_a_key_with_a_copy_is_suspended_and_signs_nothing(scene: Scene) -> None:
    request = scene.ask()
    for credential in scene.anas.credentials.values():
        credential.count -= 2

    with pytest.raises(DeniedError, match="suspended"):
        scene.sign(request, scene.answer(request))
    assert scene.done == []


def test_what_a_removed_passkey_signed_counts_no_more(scene: Scene) -> None:
    request = scene.ask()
    scene.sign(request, scene.answer(request))
    (passkey,) = scene.rooms.keyring.listed(scene.ana)
    scene.rooms.keyring.remove(scene.ana, passkey.name)

    assert not scene.counts(request)


def test_a_deleted_signature_is_none_and_an_altered_one_is_refused(
    scene: Scene,
) -> None:
    first, second = scene.ask(), scene.ask()
    for request in (first, second):
        scene.sign(request, scene.answer(request))
    attack, columns = scene.rooms.world.attack, passkey_tables.assertions.c
    attack(sa.delete(passkey_tables.assertions).where(columns.id == first.id))
    attack("UPDATE assertions SET client_data = signature")

    assert not scene.counts(first)
    with pytest.raises(IntegrityError):
        scene.counts(second)


def test_a_room_without_passkeys_takes_no_signature(scene: Scene) -> None:
    request = scene.ask()
    answer = parse_assertion(scene.answer(request))
    with (
        pytest.raises(SetupError, match="where passkeys work"),
        scene.rooms.world.ledger.transaction() as writing,
    ):
        glass_signatures.sign(writing, request, answer, party=None)


def test_what_is_signed_is_the_published_challenge() -> None:
    path = Path(__file__).parents[1] / "vectors" / "approval.json"
    vector = json.loads(path.read_text())
    request, asker = RequestId(vector["request"]), AccountId(vector["approver"])
    made = approval_challenge(request, vector["digest"], glass_signatures.WORD, asker)

    assert made.hex() == vector["break_glass"]["challenge"]
