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
