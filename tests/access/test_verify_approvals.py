"""The outsider's program takes what was signed, and names what was not."""

from __future__ import annotations

import base64
import contextlib
import copy
import io
import json
from collections.abc import Callable
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

NOT_SIGNED = "the signature is not the passkey's"
NOT_THERE = "the passkey did not check who was there"

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


# --- each problem has its own sentence ---------------------------------------


def bent(place: tuple[Any, ...], value: object, number: int = 0) -> list[str]:
    """Return the problems where one thing in the entries is something else."""
    found = copy.deepcopy(entries(APPROVAL["approvals"][number]))
    inside: Any = found
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = value
    return checked(found).problems


def said(**changes: object) -> str:
    """Return client data with changes, as a fact has it; it is signed no more."""
    client_data = json.loads(APPROVAL["approvals"][0]["client_data"])
    return text({**client_data, **changes})


def text(document: object) -> str:
    return base64.b64encode(json.dumps(document).encode()).decode()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"type": "webauthn.create"}, "the passkey signed something else"),
        ({"challenge": "AAAA"}, "the passkey signed another request"),
        ({"origin": "https://evil.example"}, "the passkey signed somewhere else"),
        ({"crossOrigin": True}, "in somebody else's page"),
        ({"crossOrigin": None}, "in somebody else's page"),
        ({"extra": 1}, "the signature is not the passkey's"),
    ],
)
def test_what_else_was_signed_is_said(changes: Case, sentence: str) -> None:
    problems = bent((1, "facts", "assertion", 2), said(**changes))

    assert problems == [f"entry 1: {sentence}"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: data[:36], "the authenticator's data is cut off"),
        (lambda data: bytes(32) + data[32:], "the passkey is for another domain"),
        (lambda data: data[:32] + b"\x04" + data[33:], NOT_THERE),
        (lambda data: data[:32] + b"\x01" + data[33:], NOT_THERE),
        (lambda data: data[:32] + b"\xfa" + data[33:], NOT_THERE),
        (lambda data: data[:32] + b"\x45" + data[33:], NOT_SIGNED),
        (lambda data: data + b"more", NOT_SIGNED),
    ],
)
def test_what_else_the_authenticator_said_is_said(
    change: Callable[[bytes], bytes], sentence: str
) -> None:
    data = bytes.fromhex(APPROVAL["approvals"][0]["authenticator_data"])
    assert len(data) == 37
    fact = base64.b64encode(change(data)).decode()

    assert bent((1, "facts", "assertion", 1), fact) == [f"entry 1: {sentence}"]


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (["ES512" + "x" * 30, "00"], f"a passkey has keys of the kind ES512{'x' * 15}"),
        (["ES256", "00", "01"], NOT_SIGNED),
        (["RS256", "0f", "03"], "an RSA key has another size"),
        (["EdDSA", "ff" * 32], "a key is no point of the curve"),
    ],
)
def test_what_kind_of_key_it_is_is_said(key: list[str], sentence: str) -> None:
    assert bent((0, "facts", "public_key"), key) == [f"entry 1: {sentence}"]


def test_whose_passkey_and_whose_word_it_is_is_said() -> None:
    assert bent((1, "actor"), "account-x") == [
        "entry 1: the passkey is not the signer's"
    ]
    assert bent((1, "facts", "assertion"), None) == [
        "entry 1: the approval is the desk's word; nobody signed it"
    ]
    unsigned = opened()
    unsigned[1]["facts"]["assertion"] = None
    assert checked(unsigned).problems == [
        "entry 1: the opening past the approvals is the desk's word; nobody signed it"
    ]


def test_every_word_is_counted_once_and_a_permit_rests_on_its_own_request() -> None:
    added, approved, issued = entries(APPROVAL["approvals"][0])
    nobody = {**approved, "facts": {**approved["facts"], "assertion": None}}
    other = {**issued, "facts": {**issued["facts"], "request": "request-x"}}

    found = checked([added, approved, nobody, nobody, issued, other], every=False)
    assert found.problems == []
    assert found.facts == {
        "signed": 1,
        "unsigned": 2,
        "permits": 2,
        "permits_signed": 1,
        "past_approvals": 0,
        "past_approvals_signed": 0,
    }
    assert found.signed == {APPROVAL["request"]: {APPROVER}}


# --- a whole export ------------------------------------------------------------


def exported(folder: Path, bodies: list[Case], attached: dict[int, Case]) -> Path:
    """Write entries as an export has them, and no more than is read here."""
    encoded = [json.dumps(body).encode() for body in bodies]
    for number, at in enumerate(range(0, len(encoded), 256)):
        part = encoded[at : at + 256]
        name = folder / verify_approvals.bundle(number, len(part))
        name.parent.mkdir(parents=True, exist_ok=True)
        name.write_bytes(b"".join(len(b).to_bytes(2, "big") + b for b in part))
    for index, more in attached.items():
        name = folder / "attached" / f"{index}.json"
        name.parent.mkdir(exist_ok=True)
        name.write_text(json.dumps(more))
    (folder / "checkpoint").write_text(f"room\n{len(bodies)}\nroot\n")
    return folder


def ran(folder: Path, *words: str) -> tuple[int, list[str]]:
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        status = verify_approvals.main([str(folder), *words])
    return status, shown.getvalue().splitlines()


HOME = ("--domain", "rooms.example")
COUNTS = [
    *("signed: 1", "unsigned: 0", "permits: 1", "permits signed: 1"),
    *("past approvals: 0", "past approvals signed: 0"),
]


def test_an_export_is_read_over_all_its_bundles(tmp_path: Path) -> None:
    other = {"kind": "project.created", "actor": None, "facts": {"project": "p"}}
    folder = exported(
        tmp_path, [other] * 255 + entries(APPROVAL["approvals"][1]), attached={}
    )

    assert ran(folder, *HOME, "--all") == (0, [*COUNTS, "everything holds"])
    assert (folder / "tile/entries/000").is_file()
    assert (folder / "tile/entries/001.p/2").is_file()


def test_what_is_attached_belongs_to_its_entry(tmp_path: Path) -> None:
    added, approved, issued = entries(APPROVAL["approvals"][1])
    more = {"facts": {"assertion": approved["facts"].pop("assertion")}}
    approved["attached"] = "00" * 32
    folder = exported(tmp_path, [added, approved, issued], attached={1: more})

    assert ran(folder, *HOME) == (0, [*COUNTS, "everything holds"])


def test_what_does_not_hold_is_named_with_its_entry(tmp_path: Path) -> None:
    added, approved, issued = entries(APPROVAL["approvals"][1])
    folder = exported(tmp_path, [added, {**approved, "actor": "x"}, issued], {})

    status, lines = ran(folder, *HOME)
    assert status == 65
    assert lines[:4] == ["signed: 0", "unsigned: 0", "permits: 1", "permits signed: 0"]
    assert lines[6:] == ["entry 1: the passkey is not the signer's"]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (HOME, 0),
        ((*HOME, "--origin", "https://rooms.example"), 0),
        (
            (
                *HOME,
                "--origin",
                "https://a.example",
                "--origin",
                "https://rooms.example",
            ),
            0,
        ),
        ((*HOME, "--origin", "https://a.example"), 65),
        (("--domain", "localhost"), 65),
        (("--domain", "localhost", "--origin", "https://rooms.example"), 65),
    ],
)
def test_an_approval_holds_where_it_was_signed(
    tmp_path: Path, words: tuple[str, ...], status: int
) -> None:
    folder = exported(tmp_path, entries(APPROVAL["approvals"][1]), attached={})

    assert ran(folder, *words)[0] == status


def test_on_the_own_machine_a_passkey_is_asked_without_tls(tmp_path: Path) -> None:
    added, approved, issued = entries(APPROVAL["approvals"][1])
    approved["facts"]["assertion"][2] = said(origin="http://localhost")
    folder = exported(tmp_path, [added, approved, issued], attached={})

    assert ran(folder, "--domain", "localhost")[1][6:] == [
        "entry 1: the passkey is for another domain"
    ]


def test_an_unsigned_approval_is_a_problem_only_where_all_are_signed(
    tmp_path: Path,
) -> None:
    added, approved, issued = entries(APPROVAL["approvals"][1])
    approved["facts"]["assertion"] = None
    folder = exported(tmp_path, [added, approved, issued], attached={})

    assert ran(folder, *HOME)[0] == 0
    assert ran(folder, *HOME, "--all")[0] == 65


@pytest.mark.parametrize(
    ("number", "width", "place"),
    [
        (0, 256, "tile/entries/000"),
        (7, 3, "tile/entries/007.p/3"),
        (67, 255, "tile/entries/067.p/255"),
        (1_234_067, 256, "tile/entries/x001/x234/067"),
        (1_000, 1, "tile/entries/x001/000.p/1"),
    ],
)
def test_a_bundle_lies_where_c2sp_says(number: int, width: int, place: str) -> None:
    assert verify_approvals.bundle(number, width) == place


def test_a_file_that_is_a_link_or_endless_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with (tmp_path / "long").open("wb") as file:
        file.truncate((32 << 20) + 1)
    with (tmp_path / "longest").open("wb") as file:
        file.truncate(32 << 20)

    assert verify_approvals.read(tmp_path / "file") == b"x"
    assert len(verify_approvals.read(tmp_path / "longest")) == 32 << 20
    for name, sentence in (("link", "no plain file"), ("long", "is too long")):
        with pytest.raises(ProblemError, match=sentence):
            verify_approvals.read(tmp_path / name)


def test_an_entry_that_is_cut_off_is_said(tmp_path: Path) -> None:
    folder = exported(tmp_path, entries(APPROVAL["approvals"][1]), attached={})
    bundle = folder / "tile/entries/000.p/3"
    bundle.write_bytes(bundle.read_bytes()[:-1])

    assert ran(folder, *HOME)[1][6:] == ["entry 2: is cut off"]
