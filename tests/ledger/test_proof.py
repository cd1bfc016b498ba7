"""A proof file shows one entry's place to somebody without the ledger."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.crypto.signing import VerifyKey
from strongroom.errors import IntegrityError
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey
from strongroom.ledger.proof import Proof
from tests.ledger import naive
from tests.ledger.exports import SmallLedger, ledger_of, signing_key

VECTOR = json.loads(
    (Path(__file__).parents[1] / "vectors" / "tlog_proof.json").read_text()
)
LEDGER = ledger_of(300)


def verified(text: str, entry: bytes, ledger: SmallLedger = LEDGER) -> Checkpoint:
    verify = ledger.signer.public.verify_bytes
    return Proof.from_text(text).verify(entry, key=ledger.key, verify=verify)


def test_the_vector_verifies_and_is_written_to_the_letter() -> None:
    key = VerifierKey.from_text(VECTOR["key"])
    proof = Proof.from_text(VECTOR["proof"])
    verify = VerifyKey(key.public).verify_bytes

    checkpoint = proof.verify(VECTOR["entry"].encode(), key=key, verify=verify)

    assert (checkpoint.size, proof.index) == (VECTOR["size"], VECTOR["index"])
    assert proof.to_text() == VECTOR["proof"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 257])
def test_every_entry_of_a_ledger_has_a_proof(size: int) -> None:
    ledger = ledger_of(size)
    for index in {0, size // 2, size - 1}:
        text = ledger.proof(index).to_text()
        assert verified(text, ledger.entries[index]).size == size


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.binary(max_size=200),
)
def test_a_proof_is_read_as_it_was_written(
    index: int, siblings: list[bytes], extra: bytes
) -> None:
    proof = Proof(
        index=index, siblings=tuple(siblings), checkpoint=LEDGER.note(), extra=extra
    )

    assert Proof.from_text(proof.to_text()) == proof


@settings(max_examples=60)
@given(st.integers(0, 299), st.data())
def test_a_flipped_bit_anywhere_is_refused(index: int, data: st.DataObject) -> None:
    text, entry = LEDGER.proof(index).to_text().encode(), LEDGER.entries[index]
    bit = data.draw(st.integers(0, 8 * len(text + entry) - 1))
    changed = naive.flipped(text + entry, bit)
    proof = changed[: len(text)].decode(errors="surrogateescape")

    with pytest.raises(IntegrityError):
        verified(proof, changed[len(text) :])


@given(st.data())
def test_a_cut_proof_is_refused(data: st.DataObject) -> None:
    text = LEDGER.proof(7).to_text()
    cut = data.draw(st.integers(0, len(text) - 1))

    with pytest.raises(IntegrityError):
        verified(text[:cut], LEDGER.entries[7])


def test_extra_data_proves_nothing_and_does_not_disturb() -> None:
    proof = replace(LEDGER.proof(7), extra=b"entry 8, really")

    assert verified(proof.to_text(), LEDGER.entries[7]).size == 300
    with pytest.raises(IntegrityError):
        verified(proof.to_text(), LEDGER.entries[8])


def test_a_proof_of_another_ledger_is_refused() -> None:
    forger = replace(LEDGER, signer=signing_key(8))

    with pytest.raises(IntegrityError, match="is not signed by"):
        verified(forger.proof(7).to_text(), LEDGER.entries[7])


def test_a_proof_file_is_bounded() -> None:
    proof = LEDGER.proof(7)
    hashes = replace(proof, siblings=(bytes(32),) * 64).to_text()
    index = proof.to_text().replace("index 7", f"index {'9' * 5000}")
    extra = replace(proof, extra=bytes(4097)).to_text()
    whole = proof.to_text() + "x" * (1 << 18)

    for text in (hashes, index, extra, whole):
        with pytest.raises(IntegrityError):
            Proof.from_text(text)


def test_a_proof_file_begins_with_its_kind_and_its_index() -> None:
    first, index, *rest = LEDGER.proof(7).to_text().split("\n")
    other = first.replace("v1", "v2")
    for lines in ([other, index, *rest], ["", index, *rest], [index, *rest]):
        with pytest.raises(IntegrityError, match="begins with"):
            Proof.from_text("\n".join(lines))
    for lines in ([first, *rest], [first, "", *rest], [first, index[1:], *rest]):
        with pytest.raises(IntegrityError, match="names no index"):
            Proof.from_text("\n".join(lines))


def test_a_proof_file_is_read_up_to_its_limits() -> None:
    longest = replace(
        LEDGER.proof(7),
        index=2**63 - 1,
        siblings=(bytes(32),) * 63,
        extra=bytes(4096),
    )
    assert Proof.from_text(longest.to_text()) == longest
    most = 131_072 + 45 * 63 + 6144
    text = LEDGER.proof(7).to_text()
    whole = text + "x" * (most - len(text))
    assert Proof.from_text(whole).to_text() == whole
    with pytest.raises(IntegrityError, match=f"has {most + 1} characters"):
        Proof.from_text(whole + "x")
    with pytest.raises(IntegrityError, match="a proof has 64 hashes"):
        Proof.from_text(replace(longest, siblings=(bytes(32),) * 64).to_text())


def test_extra_data_stands_once_before_the_index() -> None:
    lines = LEDGER.proof(7).to_text().split("\n")
    for extra in (["extra AAAA"] * 2, ["extra"], ["extra A"], ["Extra AAAA"]):
        with pytest.raises(IntegrityError):
            Proof.from_text("\n".join([lines[0], *extra, *lines[1:]]))
    behind = "\n".join([*lines[:2], "extra AAAA", *lines[2:]])
    with pytest.raises(IntegrityError):
        Proof.from_text(behind)
