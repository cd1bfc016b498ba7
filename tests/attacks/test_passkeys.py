"""Attackers who hold something that a passkey signed, or try to make it sign.

A hardened room; each takes an approval or a login that is not theirs to give.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import sqlalchemy as sa

from strongroom.access.passkeys import CounterError
from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.database import passkey_tables
from strongroom.errors import ConflictError, DeniedError, IntegrityError
from strongroom.types import Profile, Role
from tests.access.rooms import PASSWORD, Rooms, rooms_at
from tests.authenticator import Credential, SoftAuthenticator, bytes_of, text_of
from tests.conftest import Databases

DOMAIN = "rooms.example"


@dataclass
class Scene:
    """An administrator who asks, and two approvers with keys."""

    rooms: Rooms
    root: Actor
    ines: Actor
    tom: Actor
    key: SoftAuthenticator
    toms: SoftAuthenticator

    def asked(self, name: str = "eve") -> Request:
        """Return a request that one signature of another team carries out."""
        return self.rooms.people.add(self.root, name, team="alpha")

    def signed(self, request: Request, key: SoftAuthenticator | None = None) -> str:
        """Return what the key of ines signs for an approval of hers."""
        asked = self.rooms.approvals.begin_approval(self.ines, request.id)
        return (key or self.key).get(asked.options)

    def question(self, request: Request) -> dict[str, Any]:
        """Return what a key of ines is asked to sign."""
        asked = self.rooms.approvals.begin_approval(self.ines, request.id)
        found: dict[str, Any] = json.loads(asked.options)
        return found

    def submit(self, request: Request, signed: str, who: Actor | None = None) -> str:
        """Hand a signature in as an approval, by ines unless given."""
        approvals = self.rooms.approvals
        return approvals.approve(who or self.ines, request.id, signed=signed).state


@pytest.fixture
def scene(new_database: Databases) -> Iterator[Scene]:
    with rooms_at(new_database(), Profile.HARDENED) as rooms:
        root, _ = rooms.signer("root", Role.ADMINISTRATOR, team="office")
        ines, key = rooms.signer("ines", Role.APPROVER, team="safety")
        tom, toms = rooms.signer("tom", Role.APPROVER, team="review")
        yield Scene(rooms, root, ines, tom, key, toms)


def refused(scene: Scene, request: Request, signed: str, why: str) -> None:
    with pytest.raises(DeniedError, match=why):
        scene.submit(request, signed)
    assert scene.rooms.facts("request.approved") == []
    assert scene.rooms.facts("action.refused")


def test_a_signature_for_one_request_approves_no_other(scene: Scene) -> None:
    """ATT&CK T1550: what was signed for a harmless request, under another one."""
    harmless, wanted = scene.asked("harmless"), scene.asked("wanted")

    refused(scene, wanted, scene.signed(harmless), "challenge")


def test_an_approval_that_was_given_is_not_given_again(scene: Scene) -> None:
    """ATT&CK T1550: the same signature, replayed for the same request."""
    request = scene.asked()
    signed = scene.signed(request)
    scene.submit(request, signed)

    with pytest.raises(ConflictError, match="already"):
        scene.submit(request, signed)
    assert len(scene.rooms.facts("request.approved")) == 1


def test_a_decline_is_not_turned_into_an_approval(scene: Scene) -> None:
    """ATT&CK T1550: an answer held back until its giver has said no."""
    request = scene.asked()
    signed = scene.signed(request)
    scene.rooms.approvals.decline(scene.ines, request.id)

    with pytest.raises(ConflictError, match="declined already"):
        scene.submit(request, signed)


def test_a_login_that_was_seen_opens_no_second_session(scene: Scene) -> None:
    """ATT&CK T1550: the answer to a login, replayed to it and to another one."""
    proving = scene.rooms.proving
    asked = proving.begin_login("ines", PASSWORD, source="here")
    answer = scene.key.get(asked.options)
    proving.login(asked.challenge, answer)
    again = proving.begin_login("ines", PASSWORD, source="there")

    for challenge in (asked.challenge, again.challenge):
        with pytest.raises(DeniedError):
            proving.login(challenge, answer)


def test_the_answer_to_a_login_approves_nothing(scene: Scene) -> None:
    """ATT&CK T1557: whoever can have a login signed wants an approval."""
    request = scene.asked()
    asked = scene.rooms.proving.begin_login("ines", PASSWORD, source="here")

    refused(scene, request, scene.key.get(asked.options), "challenge")


def test_an_approval_signed_on_another_page_is_refused(scene: Scene) -> None:
    """ATT&CK T1566: the approver was on a page that looks like ours."""
    request = scene.asked()
    phished = replace(scene.key, origin="https://rooms-example.test")

    refused(scene, request, scene.signed(request, phished), "origin")


def test_an_approval_inside_another_page_is_refused(scene: Scene) -> None:
    """ATT&CK T1566: our page in a frame of theirs."""
    request = scene.asked()
    framed = replace(scene.key, client_data={"crossOrigin": True})

    refused(scene, request, scene.signed(request, framed), "somebody else's page")


def test_a_key_that_was_found_does_not_sign_without_its_owner(scene: Scene) -> None:
    """ATT&CK T1111: touched, and no PIN given."""
    request = scene.asked()
    found = replace(scene.key, verifies=False)

    refused(scene, request, scene.signed(request, found), "user was not verified")


def test_a_key_that_was_reported_lost_signs_nothing(scene: Scene) -> None:
    """ATT&CK T1111: the question was asked while the key still counted."""
    request = scene.asked()
    asked = scene.rooms.approvals.begin_approval(scene.ines, request.id)
    (passkey,) = scene.rooms.keyring.listed(scene.ines)
    scene.rooms.keyring.remove(scene.ines, passkey.name)

    refused(scene, request, scene.key.get(asked.options), "not one of the account's")


def test_nobody_signs_with_somebody_elses_key(scene: Scene) -> None:
    """ATT&CK T1078: tom hands in, under the name of ines, what his key signs."""
    request = scene.asked()
    asked = scene.question(request)
    (his,) = scene.toms.credentials.values()
    signed = scene.toms.sign(his, challenge=asked["challenge"], domain=DOMAIN)

    refused(scene, request, signed, "not one of the account's")


def test_nobody_calls_their_key_by_the_name_of_another_one(scene: Scene) -> None:
    """ATT&CK T1606: her credential id, his private key."""
    request = scene.asked()
    (hers,), (his,) = scene.key.credentials.values(), scene.toms.credentials.values()
    forged = Credential(id=hers.id, key=his.key, count=hers.count + 7)
    asked = scene.question(request)
    signed = scene.toms.sign(forged, challenge=asked["challenge"], domain=DOMAIN)

    refused(scene, request, signed, "signature")
    assert scene.rooms.facts("passkey.suspended") == []


def test_a_copy_of_a_key_is_seen_by_its_counter(scene: Scene) -> None:
    """ATT&CK T1649: the copy signs with a counter that the key had before."""
    request = scene.asked()
    (hers,) = scene.key.credentials.values()
    copied = Credential(id=hers.id, key=hers.key, count=0)
    asked = scene.question(request)
    signed = scene.key.sign(copied, challenge=asked["challenge"], domain=DOMAIN)
    honest = scene.key.sign(hers, challenge=asked["challenge"], domain=DOMAIN)

    with pytest.raises(CounterError):
        scene.submit(request, signed)
    assert len(scene.rooms.facts("passkey.suspended")) == 1
    refused(scene, request, honest, "not one of the account's")


def test_a_forged_counter_suspends_nobodys_key(scene: Scene) -> None:
    """ATT&CK T1499: without a signature the counter means nothing."""
    request = scene.asked()
    answer: dict[str, Any] = json.loads(scene.signed(request))
    data = bytearray(bytes_of(answer["response"]["authenticatorData"]))
    data[33:37] = bytes(4)
    answer["response"]["authenticatorData"] = text_of(bytes(data))

    refused(scene, request, json.dumps(answer), "signature")
    assert scene.rooms.facts("passkey.suspended") == []


def test_a_code_neither_logs_in_nor_approves(scene: Scene) -> None:
    """ATT&CK T1111: whoever has phished a code finds no place for it."""
    with pytest.raises(DeniedError) as caught:
        scene.rooms.people.begin_factor(scene.ines)

    assert caught.value.reasons == ("phishing-resistant-only",)


def test_the_administrator_of_the_database_forges_no_key(scene: Scene) -> None:
    """ATT&CK T1556: their own public key in the row of hers."""
    request = scene.asked()
    (his,) = scene.rooms.keyring.listed(scene.tom)
    scene.rooms.world.attack(
        sa.update(passkey_tables.passkeys)
        .where(passkey_tables.passkeys.c.account == scene.ines.account)
        .values(public_key=his.public_key)
    )

    with pytest.raises(IntegrityError, match="not written by this room"):
        scene.signed(request)
