"""The outsider's program takes what was signed, and names what was not."""

from __future__ import annotations

import base64
import contextlib
import copy
import io
import json
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access import verify_approvals
from strongroom.access.assertions import (
    Assertion,
    approval_challenge,
    plain_key,
    verify_assertion,
)
from strongroom.access.quorum import Decision
from strongroom.access.verify_approvals import Approvals, ProblemError
from strongroom.errors import DeniedError
from strongroom.settings import RelyingParty
from strongroom.types import AccountId, RequestId

Case: TypeAlias = dict[str, Any]
VECTORS = Path(__file__).parents[1] / "vectors"
APPROVAL: Case = json.loads((VECTORS / "approval.json").read_text())
RFC_8032 = json.loads((VECTORS / "checkpoint.json").read_text())["ed25519"]
APPROVER = APPROVAL["approver"]
PARTY = RelyingParty(domain=APPROVAL["domain"], origins=tuple(APPROVAL["origins"]))

algorithms = pytest.mark.parametrize(
    "case", APPROVAL["approvals"], ids=lambda case: str(case["public_key"][0])
)
refused = pytest.mark.parametrize(
    "case", APPROVAL["refused"], ids=lambda case: str(case["what"])
)


def entries(case: Case) -> list[Case]:
    """Return a passkey, an approval by it, and the permit that rests on it."""
    parts = [
        bytes.fromhex(case["authenticator_data"]),
        case["client_data"].encode(),
        bytes.fromhex(case["signature"]),
    ]
    texts = [base64.b64encode(part).decode() for part in parts]
    key = {"account": APPROVER, "passkey": "k", "public_key": case["public_key"]}
    approved = {
        "request": APPROVAL["request"],
        "digest": APPROVAL["digest"],
        "assertion": ["k", *texts],
    }
    issued = {"request": APPROVAL["request"], "permit": "p"}
    return [
        {"kind": "passkey.added", "actor": APPROVER, "facts": key},
        {"kind": "request.approved", "actor": APPROVER, "facts": approved},
        {"kind": "permit.issued", "actor": None, "facts": issued},
    ]


def checked(found: list[Case], *, every: bool = True) -> Approvals:
    approvals = Approvals(PARTY.domain, list(PARTY.origins), every=every)
    for index, entry in enumerate(found):
        approvals.entry(index, entry)
    return approvals


def the_product_says(case: Case, challenge: str = APPROVAL["challenge"]) -> int:
    return verify_assertion(
        Assertion(
            credential=b"k",
            authenticator_data=bytes.fromhex(case["authenticator_data"]),
            client_data=case["client_data"].encode(),
            signature=bytes.fromhex(case["signature"]),
        ),
        public_key=bytes.fromhex(case["cose"]),
        challenge=bytes.fromhex(challenge),
        party=PARTY,
    )


def test_the_challenge_is_the_one_of_the_vectors() -> None:
    words = (APPROVAL["request"], APPROVAL["digest"], "approve", APPROVER)
    ours = approval_challenge(
        RequestId(APPROVAL["request"]),
        APPROVAL["digest"],
        Decision.APPROVE,
        AccountId(APPROVER),
    )

    assert ours.hex() == APPROVAL["challenge"]
    assert verify_approvals.challenge_of(*words) == ours


@pytest.mark.parametrize("vector", RFC_8032, ids=lambda vector: str(vector["name"]))
def test_signatures_of_rfc_8032_are_accepted(vector: dict[str, str]) -> None:
    names = ("public", "signature", "message")
    public, signature, message = (bytes.fromhex(vector[name]) for name in names)

    verify_approvals.verify(["EdDSA", public.hex()], signature, message)

    with pytest.raises(ProblemError):
        verify_approvals.verify(["EdDSA", public.hex()], signature, message + b"!")


@algorithms
def test_what_was_signed_holds_for_the_product_and_the_program(case: Case) -> None:
    found = checked(entries(case))

    assert found.problems == []
    assert found.facts == {
        "signed": 1,
        "unsigned": 0,
        "permits": 1,
        "permits_signed": 1,
        "past_approvals": 0,
        "past_approvals_signed": 0,
    }
    assert the_product_says(case) == case["count"]
    assert plain_key(bytes.fromhex(case["cose"])) == case["public_key"]


@refused
def test_what_must_be_refused_is_refused_by_both(case: Case) -> None:
    found = checked(entries(case))

    assert len(found.problems) == 1
    assert found.facts["permits_signed"] == 0
    with pytest.raises(DeniedError):
        the_product_says(case)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((0, "facts", "account"), "account-dddddddddddddddddddddddddd"),
        ((1, "actor"), "account-dddddddddddddddddddddddddd"),
        ((1, "facts", "request"), "request-cccccccccccccccccccccccccc"),
        ((1, "facts", "digest"), "5f" * 32),
        ((1, "facts", "assertion"), ["another", "YQ==", "YQ==", "YQ=="]),
        ((1, "facts", "assertion"), ["k", "YQ==", "YQ==", "YQ=="]),
        ((1, "facts", "assertion"), ["k"]),
        ((1, "facts", "assertion"), 7),
        ((0, "facts", "public_key"), ["ES512", "00"]),
        ((0, "facts", "public_key"), ["ES256", "00", "00"]),
        ((0, "facts", "public_key"), ["RS256", "0f", "03"]),
        ((0, "facts", "public_key"), ["EdDSA", "ff" * 32]),
    ],
)
def test_an_entry_that_says_something_else_is_named(
    path: tuple[Any, ...], value: object
) -> None:
    found = copy.deepcopy(entries(APPROVAL["approvals"][0]))
    place: Any = found
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    assert checked(found).problems


@pytest.mark.parametrize("kind", ["passkey.removed", "passkey.suspended"])
def test_a_passkey_that_was_given_up_signs_nothing_after_that(kind: str) -> None:
    added, approved, issued = entries(APPROVAL["approvals"][0])
    ended = {"kind": kind, "actor": APPROVER, "facts": {"passkey": "k"}}

    assert checked([added, ended, approved, issued]).problems
    assert checked([added, approved, ended, issued]).problems == []


def test_an_approval_that_nobody_signed_is_counted_or_a_problem() -> None:
    found = entries(APPROVAL["approvals"][0])
    found[1]["facts"]["assertion"] = None

    assert checked(found, every=False).facts["unsigned"] == 1
    assert checked(found, every=False).problems == []
    assert len(checked(found).problems) == 1


def opened(case: Case = APPROVAL["break_glass"]) -> list[Case]:
    """Return a passkey, and an opening past the approvals that it signed."""
    added, approved, _ = entries(case)
    return [added, {**approved, "kind": "breakglass.opened"}]


def test_the_challenge_of_break_glass_is_the_one_of_the_vectors() -> None:
    case, account = APPROVAL["break_glass"], AccountId(APPROVER)
    request, digest = RequestId(APPROVAL["request"]), APPROVAL["digest"]
    ours = approval_challenge(request, digest, "break-glass", account)

    assert ours.hex() == case["challenge"]
    assert (
        verify_approvals.challenge_of(request, digest, "break-glass", account) == ours
    )


def test_an_opening_past_the_approvals_is_signed_by_whoever_asked() -> None:
    found = checked(opened())

    assert found.problems == []
    assert found.facts["past_approvals"] == found.facts["past_approvals_signed"] == 1
    assert (found.facts["signed"], found.signed) == (0, {})
    challenge = APPROVAL["break_glass"]["challenge"]
    assert the_product_says(APPROVAL["break_glass"], challenge) == 1


def test_a_signed_approval_is_no_opening_past_them() -> None:
    found = checked(opened(APPROVAL["approvals"][0]))

    assert len(found.problems) == 1
    assert found.facts["past_approvals_signed"] == 0


def test_an_opening_that_nobody_signed_is_counted_or_a_problem() -> None:
    """Rooms of before wrote neither digest nor assertion into these entries."""
    found = opened()
    for name in ("assertion", "digest"):
        del found[1]["facts"][name]

    assert checked(found, every=False).problems == []
    assert checked(found, every=False).facts["past_approvals"] == 1
    assert checked(found, every=False).facts["past_approvals_signed"] == 0
    assert len(checked(found).problems) == 1


@given(index=st.integers(0, 2), position=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_one_flipped_bit_of_a_signature_is_named(
    index: int, position: int, bit: int
) -> None:
    case = APPROVAL["approvals"][index]
    signature = bytearray.fromhex(case["signature"])
    signature[position % len(signature)] ^= 1 << bit
    signed = bytes.fromhex(case["authenticator_data"])
    signed += sha256(case["client_data"].encode()).digest()

    with pytest.raises(ValueError):  # noqa: PT011  as main takes it
        verify_approvals.verify(case["public_key"], bytes(signature), signed)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_signature_or_a_problem(data: bytes) -> None:
    for case in APPROVAL["approvals"]:
        with pytest.raises(ValueError):  # noqa: PT011  as main takes it
            verify_approvals.verify(case["public_key"], data, b"message")


def report(folder: Path) -> dict[str, Any]:
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        status = verify_approvals.main([str(folder), "--domain", "x", "--json"])
    found: dict[str, Any] = json.loads(shown.getvalue())
    assert status == (0 if found["ok"] else 65)
    return found


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"checkpoint": b""},
        {"checkpoint": b"room\n1\nroot\n"},
        {"checkpoint": b"room\n1\nroot\n", "tile/entries/000.p/1": b"\x00"},
        {"checkpoint": b"room\n1\nroot\n", "tile/entries/000.p/1": b"\x00\x09{}"},
        {"checkpoint": b"room\n1\nroot\n", "tile/entries/000.p/1": b"\x00\x02{}"},
        {"checkpoint": b"room\nmany\nroot\n"},
    ],
)
def test_a_folder_that_is_no_export_is_a_problem(
    tmp_path: Path, files: dict[str, bytes]
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)

    assert report(tmp_path)["problems"]


def test_a_sum_at_infinity_is_no_signature() -> None:
    """Made for a key that its maker chose by the message."""
    message, r, s = b"message", 5, 7
    z = int.from_bytes(sha256(message).digest(), "big")
    private = -z * pow(r, -1, verify_approvals.N) % verify_approvals.N
    point = verify_approvals.times(private, verify_approvals.G)
    assert point is not None
    x, y = (number.to_bytes(32, "big") for number in point)
    signature = bytes([48, 6, 2, 1, r, 2, 1, s])

    assert not verify_approvals.es256(x, y, signature, message)


@pytest.mark.parametrize("bits", [1024, 2040, 8200])
def test_an_rsa_key_of_another_size_is_refused(bits: int) -> None:
    modulus = ((1 << bits) - 1).to_bytes((bits + 7) // 8, "big")
    with pytest.raises(ProblemError, match="another size"):
        verify_approvals.rs256(modulus, b"\x01\x00\x01", modulus, b"message")
