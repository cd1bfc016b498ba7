"""What authenticators say is checked: who signed, what, where, with whom there."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access import assertions, verify_approvals
from strongroom.access.assertions import (
    Assertion,
    Registered,
    approval_challenge,
    parse_assertion,
    plain_key,
    verify_assertion,
    verify_registration,
)
from strongroom.access.quorum import Decision
from strongroom.errors import DeniedError, InputError
from strongroom.settings import RelyingParty
from strongroom.types import AccountId, RequestId
from tests.authenticator import (
    EDDSA,
    ES256,
    RS256,
    SoftAuthenticator,
    bytes_of,
    read_cbor,
    text_of,
    write_cbor,
)

VECTORS = Path(__file__).parents[1] / "vectors"
W3C = json.loads((VECTORS / "webauthn.json").read_text())
PARTY = RelyingParty.at("rooms.example")
CHALLENGE = bytes(range(32))
ALGORITHMS = {"ES256": ES256, "EdDSA": EDDSA, "RS256": RS256}


def creation(challenge: bytes = CHALLENGE) -> str:
    return json.dumps({"rp": {"id": PARTY.domain}, "challenge": text_of(challenge)})


def registered(key: SoftAuthenticator) -> Registered:
    return verify_registration(key.create(creation()), challenge=CHALLENGE, party=PARTY)


def signed(
    key: SoftAuthenticator, known: Registered, challenge: bytes = CHALLENGE
) -> Assertion:
    answer = key.sign(
        key.credentials[known.credential],
        challenge=text_of(challenge),
        domain=PARTY.domain,
    )
    return parse_assertion(answer)


def verify(
    assertion: Assertion, known: Registered, other: Mapping[str, Any] | None = None
) -> int:
    wanted: dict[str, Any] = {
        "public_key": known.public_key,
        "challenge": CHALLENGE,
        "party": PARTY,
    }
    return verify_assertion(assertion, **{**wanted, **(other or {})})


@cache
def a_key() -> SoftAuthenticator:
    return SoftAuthenticator()


@cache
def known() -> Registered:
    return registered(a_key())


@cache
def good() -> Assertion:
    return signed(a_key(), known())


def test_the_published_registration_would_be_taken_but_for_user_verification() -> None:
    """Flags of the standard's example say that nobody checked who was there."""
    part = W3C["registration"]
    response = {
        "clientDataJSON": text_of(bytes.fromhex(part["client_data"])),
        "attestationObject": text_of(bytes.fromhex(part["attestation"])),
    }
    name = text_of(bytes.fromhex(part["credential"]))
    answer = {"id": name, "rawId": name, "type": "public-key", "response": response}

    with pytest.raises(DeniedError, match="user was not verified"):
        verify_registration(
            json.dumps(answer),
            challenge=bytes.fromhex(part["challenge"]),
            party=RelyingParty.at(W3C["domain"]),
        )


def test_the_published_assertion_lacks_user_verification_alone() -> None:
    part, attested = W3C["assertion"], W3C["registration"]["attestation"]
    auth_data = read_cbor(bytes.fromhex(attested))["authData"]
    credential = bytes.fromhex(W3C["registration"]["credential"])
    public_key = auth_data[auth_data.index(credential) + len(credential) :]
    assertion = Assertion(
        credential=credential,
        authenticator_data=bytes.fromhex(part["authenticator_data"]),
        client_data=bytes.fromhex(part["client_data"]),
        signature=bytes.fromhex(part["signature"]),
    )

    with pytest.raises(DeniedError, match="user was not verified"):
        verify_assertion(
            assertion,
            public_key=public_key,
            challenge=bytes.fromhex(part["challenge"]),
            party=RelyingParty.at(W3C["domain"]),
        )
    signed = assertion.authenticator_data + sha256(assertion.client_data).digest()
    verify_approvals.verify(plain_key(public_key), assertion.signature, signed)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_passkey_of_each_algorithm_signs(algorithm: str) -> None:
    key = SoftAuthenticator(algorithm=ALGORITHMS[algorithm])
    known = registered(key)

    assert verify(signed(key, known), known) == 2
    assert plain_key(known.public_key)[0] == algorithm


def test_what_is_known_of_a_new_passkey() -> None:
    assert known().device == "bound"
    assert known().sign_count == 1
    assert read_cbor(known().attestation)["fmt"] == "none"


def test_another_kind_of_key_is_not_taken() -> None:
    key = SoftAuthenticator()
    answer = json.loads(key.create(creation()))
    attested = read_cbor(bytes_of(answer["response"]["attestationObject"]))
    attested["authData"] = attested["authData"].replace(  # alg: -7 becomes -47
        write_cbor(3) + write_cbor(-7), write_cbor(3) + write_cbor(-24)
    )
    answer["response"]["attestationObject"] = text_of(write_cbor(attested))

    with pytest.raises((DeniedError, InputError)):
        verify_registration(json.dumps(answer), challenge=CHALLENGE, party=PARTY)


def test_a_kind_of_key_that_the_library_alone_knows_has_no_words() -> None:
    """It reads ML-DSA too, which an export's ``verify_approvals.py`` does not."""
    key = write_cbor({1: 7, 3: -49, -1: bytes(1952)})

    with pytest.raises(InputError, match="kind of key that is not taken"):
        plain_key(key)


def test_an_attestation_is_neither_asked_for_nor_taken() -> None:
    answer = json.loads(SoftAuthenticator().create(creation()))
    attested = read_cbor(bytes_of(answer["response"]["attestationObject"]))
    attested |= {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"sig"}}
    answer["response"]["attestationObject"] = text_of(write_cbor(attested))

    with pytest.raises((DeniedError, InputError)):
        verify_registration(json.dumps(answer), challenge=CHALLENGE, party=PARTY)


@pytest.mark.parametrize(
    "bent",
    [
        {"origin": "https://rooms.example.evil"},
        {"origin": "http://rooms.example"},
        {"origin": "https://other.rooms.example"},
        {"verifies": False},
    ],
    ids=["another origin", "not secure", "a subdomain not named", "nobody verified"],
)
def test_registering_from_elsewhere_or_unverified_is_refused(
    bent: dict[str, Any],
) -> None:
    answer = SoftAuthenticator(**bent).create(creation())

    with pytest.raises(DeniedError, match="does not verify"):
        verify_registration(answer, challenge=CHALLENGE, party=PARTY)


def test_registering_for_another_question_is_refused() -> None:
    answer = SoftAuthenticator().create(creation(os.urandom(32)))

    with pytest.raises(DeniedError, match="challenge"):
        verify_registration(answer, challenge=CHALLENGE, party=PARTY)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"challenge": bytes(32)}, "challenge"),
        ({"party": RelyingParty.at("rooms.test")}, "origin"),
        ({"party": replace(PARTY, domain="example")}, "RP ID"),
        ({"public_key": b"\xa0"}, "understood|verify"),
        ({"public_key": b""}, "understood|verify"),
    ],
)
def test_an_assertion_for_something_else_is_refused(
    other: dict[str, Any], why: str
) -> None:
    with pytest.raises(DeniedError, match=why):
        verify(good(), known(), other)


def test_an_assertion_by_another_key_is_refused() -> None:
    other = registered(SoftAuthenticator())

    with pytest.raises(DeniedError, match="signature"):
        verify(good(), other)


def test_an_assertion_inside_somebody_elses_page_is_refused() -> None:
    key = replace(a_key(), client_data={"crossOrigin": True})

    with pytest.raises(DeniedError, match="somebody else's page"):
        verify(signed(key, known()), known())


def test_an_assertion_is_not_taken_for_a_registration_nor_the_other_way() -> None:
    answer = json.loads(a_key().create(creation()))
    client_data = bytes_of(answer["response"]["clientDataJSON"])

    with pytest.raises(DeniedError, match="type"):
        verify(replace(good(), client_data=client_data), known())


@pytest.mark.parametrize("client_data", [b"[]", b"7", b'"a"', b"null", b"{}"])
def test_signed_words_that_are_no_client_data_are_refused(client_data: bytes) -> None:
    with pytest.raises(DeniedError):
        verify(replace(good(), client_data=client_data), known())


@given(
    part=st.sampled_from(["authenticator_data", "client_data", "signature"]),
    position=st.integers(0, 10_000),
    bit=st.integers(0, 7),
)
def test_one_flipped_bit_is_refused(part: str, position: int, bit: int) -> None:
    data = bytearray(getattr(good(), part))
    data[position % len(data)] ^= 1 << bit

    with pytest.raises(DeniedError):
        verify(replace(good(), **{part: bytes(data)}), known())


@given(position=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_bent_public_key_never_verifies(position: int, bit: int) -> None:
    key = bytearray(known().public_key)
    key[position % len(key)] ^= 1 << bit
    try:
        verify(good(), known(), {"public_key": bytes(key)})
    except DeniedError:
        return
    # Only bits that say nothing about the point may change, such as the order
    # of members; there are none in ours.
    pytest.fail(f"bit {bit} of byte {position % len(key)} changed nothing")


@given(position=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_only_our_errors_leave_a_bent_registration(position: int, bit: int) -> None:
    """Nothing is signed in it; another name of the key is nobody's gain."""
    answer = json.loads(a_key().create(creation()))
    data = bytearray(bytes_of(answer["response"]["attestationObject"]))
    data[position % len(data)] ^= 1 << bit
    answer["response"]["attestationObject"] = text_of(bytes(data))
    with contextlib.suppress(DeniedError, InputError):
        verify_registration(json.dumps(answer), challenge=CHALLENGE, party=PARTY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "[" * 10_000,
        '{"id": 1}',
        '{"id": "YQ", "rawId": "YQ", "type": "public-key", "response": {}}',
        "x" * (assertions.MAX_RESPONSE_BYTES + 1),
    ],
)
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_assertion(text)
    with pytest.raises((InputError, DeniedError)) as caught:
        verify_registration(text, challenge=CHALLENGE, party=PARTY)
    assert ("32768" in str(caught.value)) == (len(text) > 2**15)


def test_a_part_that_is_too_long_is_refused() -> None:
    assert replace(good(), signature=bytes(2048), credential=bytes(1023))
    assert replace(good(), client_data=b"{", credential=b"c")
    with pytest.raises(InputError, match="not understood"):
        parse_assertion(" " * (32 * 1024))
    for part in ("authenticator_data", "client_data", "signature", "credential"):
        with pytest.raises(InputError, match="empty or too long"):
            replace(good(), **{part: b""})
    with pytest.raises(InputError, match="over 32768 bytes"):
        parse_assertion(" " * (32 * 1024 + 1))
    with pytest.raises(InputError):
        replace(good(), client_data=b"{" * (assertions.MAX_PART_BYTES + 1))
    with pytest.raises(InputError):
        replace(good(), signature=b"")
    with pytest.raises(InputError):
        replace(good(), credential=bytes(assertions.MAX_CREDENTIAL_BYTES + 1))


def test_the_challenge_of_an_approval_is_the_published_one() -> None:
    vector = json.loads((VECTORS / "approval.json").read_text())
    request, who = RequestId(vector["request"]), AccountId(vector["approver"])
    made = approval_challenge(request, vector["digest"], Decision.APPROVE, who)

    assert made.hex() == vector["challenge"]


def test_the_challenge_of_an_approval_names_all_that_is_approved() -> None:
    request, digest = RequestId("request-a"), "ab" * 32
    who, other = AccountId("account-a"), AccountId("account-b")
    challenges = {
        approval_challenge(request, digest, Decision.APPROVE, who),
        approval_challenge(request, digest, Decision.DECLINE, who),
        approval_challenge(request, digest, Decision.APPROVE, other),
        approval_challenge(request, "cd" * 32, Decision.APPROVE, who),
        approval_challenge(RequestId("request-b"), digest, Decision.APPROVE, who),
    }

    assert len(challenges) == 5
    assert {len(challenge) for challenge in challenges} == {32}


@pytest.mark.parametrize(
    ("flags", "device"), [(0, "bound"), (0x08, "synced"), (0x18, "synced")]
)
def test_a_passkey_that_may_be_copied_is_called_so(flags: int, device: str) -> None:
    """Flags 3 and 4: eligible for backup, and backed up; WebAuthn section 6.1."""
    answer = json.loads(SoftAuthenticator().create(creation()))
    attested = read_cbor(bytes_of(answer["response"]["attestationObject"]))
    data = bytearray(attested["authData"])
    data[32] |= flags
    attested["authData"] = bytes(data)
    answer["response"]["attestationObject"] = text_of(write_cbor(attested))

    made = verify_registration(json.dumps(answer), challenge=CHALLENGE, party=PARTY)

    assert made.device == device
    assert made.attestation == write_cbor(attested)


@pytest.mark.parametrize("length", [1023, 1024])
def test_a_passkey_has_a_name_of_1023_bytes_at_most(length: int) -> None:
    """Source: WebAuthn Level 3, section 4, "Credential ID"."""
    answer = SoftAuthenticator(imitated=bytes(length)).create(creation())
    if length == 1023:
        made = verify_registration(answer, challenge=CHALLENGE, party=PARTY)
        assert made.credential == bytes(length)
        return

    with pytest.raises(InputError, match="empty or too long"):
        verify_registration(answer, challenge=CHALLENGE, party=PARTY)


@pytest.mark.parametrize(
    ("said", "inside"), [(False, False), (True, True), (None, True), ("", True)]
)
def test_only_no_and_silence_say_that_it_was_our_own_page(
    said: object, *, inside: bool
) -> None:
    key = replace(a_key(), client_data={"crossOrigin": said})
    assertion = signed(key, known())
    if not inside:
        assert verify(assertion, known())
        return

    with pytest.raises(DeniedError, match="somebody else's page"):
        verify(assertion, known())


def test_a_refusal_goes_on_in_lower_case() -> None:
    with pytest.raises(DeniedError) as refused:
        verify(good(), known(), {"challenge": bytes(32)})

    said = str(refused.value)
    assert said.startswith("the passkey's answer does not verify: client data")


def test_no_refusal_is_longer_than_a_screen() -> None:
    said = str(assertions._refused(ValueError("X" + "y" * 300)))

    assert said == f"the passkey's answer does not verify: x{'y' * 199}"


def test_the_longest_answer_and_the_longest_parts_are_the_published_ones() -> None:
    assert assertions.MAX_RESPONSE_BYTES == 32768
    assert assertions.MAX_PART_BYTES == 2048
    with pytest.raises(InputError):
        replace(good(), signature=bytes(2049))
