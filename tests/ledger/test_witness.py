"""A witness signs growth that is proven, and nothing else."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import IntegrityError
from strongroom.ledger.checkpoint import Checkpoint
from strongroom.ledger.note import AT_MOST_NOTE_BYTES
from strongroom.ledger.tiles import node_reader
from strongroom.ledger.tree import EMPTY_ROOT, consistency_proof, root_hash
from strongroom.ledger.trust import Trust
from strongroom.ledger.witness import (
    AT_MOST_REQUEST_BYTES,
    Cosigns,
    Refuses,
    WitnessDecision,
    WitnessRequest,
    decide_cosigning,
)
from tests.ledger import naive
from tests.ledger.exports import ORIGIN, SmallLedger, ledger_of, signing_key

LEDGER = ledger_of(40)
EXAMPLE = """old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\N{EM DASH} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""  # noqa: E501  (from the specification, tlog-witness v1.0.0)


def checkpoint(size: int, ledger: SmallLedger = LEDGER) -> Checkpoint:
    root = root_hash(ledger.leaves[:size])
    return Checkpoint(origin=ORIGIN, size=size, root=root)


def request(
    older: int, newer: int, ledger: SmallLedger = LEDGER, *, note: str = ""
) -> WitnessRequest:
    nodes = node_reader(ledger.tiles())
    proof = consistency_proof(nodes, older=older, newer=max(older, newer))
    note = note or ledger.note(newer)
    return WitnessRequest(older=older, proof=tuple(proof), note=note)


def decide(
    asked: WitnessRequest, seen: int, ledger: SmallLedger = LEDGER
) -> WitnessDecision:
    return decide_cosigning(
        asked,
        seen=checkpoint(seen),
        trust=Trust(verifier=LEDGER.key),
    )


def test_the_published_example_is_read_and_written_to_the_letter() -> None:
    read = WitnessRequest.from_bytes(EXAMPLE.encode())

    assert (read.older, len(read.proof)) == (20852014, 4)
    assert read.origin() == "example.com/behind-the-sofa"
    assert read.to_text() == EXAMPLE


@given(st.integers(0, 40), st.integers(0, 40))
def test_proven_growth_is_cosigned_and_a_wrong_start_is_told(
    first: int, second: int
) -> None:
    older, newer = sorted((first, second))

    assert decide(request(older, newer), older) == Cosigns(checkpoint=checkpoint(newer))
    if older != newer:
        refused = decide(request(older, newer), newer)
        assert isinstance(refused, Refuses)
        assert refused.status == HTTPStatus.CONFLICT
        assert not refused.forks


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_request_is_read_as_it_was_written(first: int, second: int) -> None:
    older, newer = sorted((first, second))
    asked = request(older, newer)

    assert WitnessRequest.from_bytes(asked.to_text().encode()) == asked


def test_the_longest_request_is_read_and_no_longer_one() -> None:
    longest = WitnessRequest(
        older=2**63 - 1, proof=(bytes(32),) * 63, note="x" * AT_MOST_NOTE_BYTES
    )
    data = longest.to_text().encode()

    assert WitnessRequest.from_bytes(data) == longest
    with pytest.raises(IntegrityError, match="bytes"):
        WitnessRequest.from_bytes(data + b"x" * 64)


@given(st.data())
def test_a_flipped_bit_anywhere_is_never_cosigned(data: st.DataObject) -> None:
    whole = request(17, 40).to_text().encode()
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    try:
        asked = WitnessRequest.from_bytes(naive.flipped(whole, bit))
    except IntegrityError:
        return

    assert isinstance(decide(asked, 17), Refuses)


def test_two_roots_for_one_size_are_a_fork() -> None:
    other = ledger_of(40)
    other.entries[5] = b'{"v":1}'

    refused = decide(request(20, 40, other), 40)

    assert isinstance(refused, Refuses)
    assert (refused.status, refused.forks) == (HTTPStatus.CONFLICT, True)
    again = decide(WitnessRequest(older=40, proof=(), note=other.note(40)), 40)
    assert again == refused


def test_another_history_is_not_cosigned() -> None:
    other = ledger_of(40)
    other.entries[5] = b'{"v":1}'

    refused = decide(request(20, 40, other), 20)

    assert isinstance(refused, Refuses)
    assert refused.status == HTTPStatus.UNPROCESSABLE_ENTITY


def test_a_ledger_that_shrank_is_not_cosigned() -> None:
    for older in (0, 20, 40):
        refused = decide(request(min(older, 20), 20), 40)
        assert isinstance(refused, Refuses)
        assert refused.status == HTTPStatus.CONFLICT


def test_a_checkpoint_under_another_key_is_not_cosigned() -> None:
    forger = ledger_of(40)
    forger.signer = signing_key(8)

    refused = decide(request(20, 40, forger), 20)

    assert isinstance(refused, Refuses)
    assert refused.status == HTTPStatus.FORBIDDEN


def test_growth_downwards_is_no_request() -> None:
    refused = decide(WitnessRequest(older=40, proof=(), note=LEDGER.note(20)), 40)

    assert isinstance(refused, Refuses)
    assert refused.status == HTTPStatus.BAD_REQUEST


def test_a_proof_from_nothing_is_empty() -> None:
    extra = WitnessRequest(older=0, proof=(EMPTY_ROOT,), note=LEDGER.note(5))

    refused = decide(extra, 0)

    assert isinstance(refused, Refuses)
    assert refused.status == HTTPStatus.UNPROCESSABLE_ENTITY


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 1",
        b"old 1\n",
        b"old 01\n\nnote",
        b"old -1\n\nnote",
        b"new 1\n\nnote",
        b"old 1 \n\nnote",
        b"old 9223372036854775808\n\nnote",
        b"old 1\nnot base64!\n\nnote",
        b"old 1\nAAAA=\n\nnote",
        b"old 1\n" + b"A" * 44 + b"\n\nnote",
        b"\xff\n\nnote",
        b"old 1\n" + (b"A" * 43 + b"=\n") * 64 + b"\nnote",
        b"old 1\n\n" + b"x" * AT_MOST_REQUEST_BYTES,
    ],
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(IntegrityError):
        WitnessRequest.from_bytes(body)


def test_a_refusal_says_with_which_status_and_whether_the_ledger_lied() -> None:
    seen = LEDGER.note(7)
    other = ledger_of(9)
    other.entries[2] = b'{"v":1}'
    forger = ledger_of(9)
    forger.signer = signing_key(8)
    cases = (
        (decided(0, 9, ledger=forger, seen=seen), HTTPStatus.FORBIDDEN, False),
        (decided(9, 8, seen=seen, proof=()), HTTPStatus.BAD_REQUEST, False),
        (decided(7, 7, ledger=other, seen=seen), HTTPStatus.CONFLICT, True),
        (decided(0, 7, ledger=other, seen=seen), HTTPStatus.CONFLICT, True),
        (decided(6, 9, seen=seen), HTTPStatus.CONFLICT, False),
        (decided(8, 8, seen=seen), HTTPStatus.CONFLICT, False),
        (
            decided(7, 9, ledger=other, seen=seen),
            HTTPStatus.UNPROCESSABLE_ENTITY,
            False,
        ),
    )
    for decision, status, forks in cases:
        assert isinstance(decision, Refuses)
        assert (decision.status, decision.forks) == (status, forks)
    for older, newer in ((7, 7), (7, 8), (7, 40)):
        decision = decided(older, newer, seen=seen)
        assert isinstance(decision, Cosigns)
        assert decision.checkpoint.size == newer


def decided(
    older: int,
    newer: int,
    *,
    seen: str,
    ledger: SmallLedger = LEDGER,
    proof: tuple[bytes, ...] | None = None,
) -> WitnessDecision:
    """Return what a witness that saw the note ``seen`` decides."""
    if proof is None:
        read = node_reader(ledger.tiles())
        proof = tuple(consistency_proof(read, older=older, newer=newer))
    trust = Trust(verifier=LEDGER.key)
    request = WitnessRequest(older=older, proof=proof, note=ledger.note(newer))
    return decide_cosigning(request, seen=trust.open(seen), trust=trust)


def test_a_request_has_at_most_63_hashes_and_one_form() -> None:
    longest = WitnessRequest(older=2**63 - 1, proof=(bytes(32),) * 63, note="n")
    assert WitnessRequest.from_bytes(longest.to_text().encode()) == longest
    more = WitnessRequest(older=1, proof=(bytes(32),) * 64, note="n")
    with pytest.raises(IntegrityError, match="a proof of growth has 64 hashes"):
        WitnessRequest.from_bytes(more.to_text().encode())
    assert AT_MOST_REQUEST_BYTES == 131_072 + 45 * 63 + 64
    for body, said in (
        (b"old 1\n", "begins with an old size"),
        (b"new 1\n\nn", "begins with an old size"),
        (b"\n\nn", "begins with an old size"),
        (b"old 1\n\n\xff", "is not text"),
        (b"x" * (AT_MOST_REQUEST_BYTES + 1), f"has {AT_MOST_REQUEST_BYTES + 1} bytes"),
    ):
        with pytest.raises(IntegrityError, match=said):
            WitnessRequest.from_bytes(body)
