"""Cosignatures say who saw what, and when, and cannot be bent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError, IntegrityError
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey, parse_text
from strongroom.ledger.cosignature import (
    WitnessKey,
    cosign,
    verified_cosignatures,
    with_lines,
)
from strongroom.ledger.note import Note, SignatureLine, key_id, split_note
from tests.ledger import naive
from tests.ledger.exports import LEDGER_OF_FIVE, cosigned, signing_key, witness_key
from tests.ledger.naive import LEAVES

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "cosignature.json").read_text()
)
OURS = VECTORS["cosignature"]
NOTE = LEDGER_OF_FIVE.note()
WITNESS = witness_key(1)


def test_the_published_example_has_the_form_that_is_read() -> None:
    """Its key is not published; name, key id, time and length are what they say."""
    example = VECTORS["example"]

    (line,) = (
        line
        for line in split_note(example["note"]).lines
        if line.name == "witness.example.com/w1"
    )

    assert line.key_id.hex() == example["key_id"]
    assert int.from_bytes(line.signature[:8], "big") == example["seconds"]
    assert len(line.signature) == 8 + 64


def test_our_vector_is_written_and_read_to_the_letter() -> None:
    signer = signing_key(OURS["seed_byte"])
    witness = WitnessKey.from_text(OURS["key"])
    root = bytes.fromhex(OURS["root_hex"])
    seen = Checkpoint(origin=OURS["origin"], size=OURS["size"], root=root)

    made = cosign(
        seen, witness=witness, sign=signer.sign_bytes, seconds=OURS["seconds"]
    )

    assert made.line().text() == OURS["line"]
    assert witness.public == signer.public.raw
    assert verified_cosignatures(OURS["note"], [witness]) == (made,)


@given(st.integers(0, 2**63 - 1), st.integers(1, 255))
def test_a_cosignature_is_read_as_it_was_made(seconds: int, seed: int) -> None:
    note = cosigned(NOTE, seed, seconds=seconds)

    (found,) = verified_cosignatures(note, [witness_key(seed)])

    assert (found.witness, found.seconds) == (witness_key(seed), seconds)


def test_every_witness_is_found_and_strangers_are_ignored() -> None:
    note = cosigned(cosigned(cosigned(NOTE, 3, seconds=30), 1, seconds=40), 2)

    found = verified_cosignatures(note, [witness_key(1), witness_key(3)])

    assert [c.witness for c in found] == [witness_key(3), witness_key(1)]
    assert verified_cosignatures(NOTE, [WITNESS]) == ()


@given(st.data())
def test_a_flipped_bit_anywhere_is_refused_or_no_cosignature(
    data: st.DataObject,
) -> None:
    """A bit of its name or key id makes the line one of a stranger."""
    note = cosigned(NOTE, 1).encode()
    text = NOTE.partition("\n\n")[0].encode()
    bit = data.draw(st.integers(0, 8 * len(note) - 1))
    changed = naive.flipped(note, bit).decode(errors="surrogateescape")

    try:
        found = verified_cosignatures(changed, [WITNESS])
    except IntegrityError:
        return

    inside = changed.encode(errors="surrogateescape").startswith(text)
    assert found == () or (inside and changed.startswith(NOTE[: len(text) + 2]))
    if found:  # the bit is in the line of the ledger, which others check
        with pytest.raises(IntegrityError):
            Checkpoint.open(
                changed,
                key=LEDGER_OF_FIVE.key,
                verify=LEDGER_OF_FIVE.signer.public.verify_bytes,
            )


def test_another_time_is_refused() -> None:
    note = cosigned(NOTE, 1, seconds=1000)
    line = split_note(note).lines[-1]
    for later in (b"\x00" * 7 + b"\x01", b"\xff" * 8):
        other = type(line)(
            name=line.name, key_id=line.key_id, signature=later + line.signature[8:]
        )
        with pytest.raises(IntegrityError):
            verified_cosignatures(NOTE + other.text(), [WITNESS])


@pytest.mark.parametrize("cut", [slice(0, 7), slice(0, 71), slice(0, 0)])
def test_a_cosignature_of_another_length_is_malformed(cut: slice) -> None:
    line = split_note(cosigned(NOTE, 1)).lines[-1]
    for signature in (line.signature[cut], line.signature + b"\0"):
        other = type(line)(name=line.name, key_id=line.key_id, signature=signature)
        with pytest.raises(IntegrityError, match="is malformed"):
            verified_cosignatures(NOTE + other.text(), [WITNESS])


def test_a_cosignature_of_another_checkpoint_is_refused() -> None:
    line = cosigned(LEDGER_OF_FIVE.note(4), 1).rpartition("\n\n")[2].split("\n")[1]

    with pytest.raises(IntegrityError, match="did not sign this checkpoint"):
        verified_cosignatures(NOTE + line + "\n", [WITNESS])


def test_a_ledgers_signature_is_none_of_a_witness() -> None:
    """One key used for both: the kind of signature is part of the key id."""
    signer = LEDGER_OF_FIVE.signer
    same = WitnessKey(name=LEDGER_OF_FIVE.key.origin, public=signer.public.raw)

    assert verified_cosignatures(NOTE, [same]) == ()
    assert same.key_id != LEDGER_OF_FIVE.key.key_id
    with pytest.raises(InputError):
        VerifierKey.from_text(same.text())
    with pytest.raises(InputError):
        WitnessKey.from_text(LEDGER_OF_FIVE.key.text())


def test_a_ledger_signature_moved_under_a_witness_name_is_refused() -> None:
    """The header keeps a signature over bare text from passing for a cosignature."""
    signer = LEDGER_OF_FIVE.signer
    same = WitnessKey(name="w", public=signer.public.raw)
    own = split_note(NOTE).lines[0]
    forged = type(own)(name="w", key_id=same.key_id, signature=bytes(8) + own.signature)

    with pytest.raises(IntegrityError):
        verified_cosignatures(NOTE + forged.text(), [same])


@given(st.data())
def test_a_flipped_bit_in_a_witness_key_is_refused(data: st.DataObject) -> None:
    text = WITNESS.text().encode()
    bit = data.draw(st.integers(0, 8 * len(text) - 1))

    with pytest.raises(InputError):
        WitnessKey.from_text(naive.flipped(text, bit).decode(errors="replace"))


@pytest.mark.parametrize("seconds", [-1, 2**63])
def test_an_impossible_time_is_not_signed(seconds: int) -> None:
    seen = Checkpoint(origin="o", size=1, root=LEAVES[0])

    with pytest.raises(InputError):
        cosign(
            seen,
            witness=WITNESS,
            sign=signing_key(1).sign_bytes,
            seconds=seconds,
        )
    with pytest.raises(InputError):
        cosign(seen, witness=WITNESS, sign=lambda message: b"short", seconds=1)


def test_key_ids_follow_the_specification() -> None:
    name, public = WITNESS.name, WITNESS.public

    assert WITNESS.key_id == key_id(name, b"\x04", public)
    assert Note("", ()).signed_by(name, WITNESS.key_id) == ()


def test_a_time_is_signed_from_1970_to_the_last_of_63_bits() -> None:
    seen = parse_text(split_note(NOTE).text)
    for seconds in (0, 1, 2**63 - 1):
        made = cosign(
            seen, witness=WITNESS, sign=signing_key(1).sign_bytes, seconds=seconds
        )
        assert verified_cosignatures(NOTE + made.line().text(), [WITNESS]) == (made,)
    for seconds in (-1, 2**63):
        with pytest.raises(InputError, match=f"{seconds} is no time"):
            cosign(
                seen, witness=WITNESS, sign=signing_key(1).sign_bytes, seconds=seconds
            )


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_of_another_length_is_no_cosignature(length: int) -> None:
    seen = parse_text(split_note(NOTE).text)
    with pytest.raises(InputError, match="an Ed25519 signature is 64 bytes"):
        cosign(seen, witness=WITNESS, sign=lambda _: bytes(length), seconds=1)


@pytest.mark.parametrize(
    ("seconds", "more"), [(2**63, b""), (2**64 - 1, b""), (1, b"x")]
)
def test_a_line_of_no_time_or_another_length_is_malformed(
    seconds: int, more: bytes
) -> None:
    text = split_note(NOTE).text
    signed = f"cosignature/v1\ntime {seconds}\n{text}".encode()
    line = SignatureLine(
        name=WITNESS.name,
        key_id=WITNESS.key_id,
        signature=seconds.to_bytes(8, "big") + signing_key(1).sign_bytes(signed) + more,
    )
    with pytest.raises(IntegrityError, match="is malformed"):
        verified_cosignatures(NOTE + line.text(), [WITNESS])


def test_statements_are_given_the_oldest_first_and_then_by_name() -> None:
    note = NOTE
    for number, seconds in ((2, 5), (1, 9), (1, 5), (3, 1)):
        note = cosigned(note, number, seconds=seconds)
    found = verified_cosignatures(note, [witness_key(n) for n in (1, 2, 3)])
    said = [(each.seconds, each.witness.name[-2:]) for each in found]
    assert said == [(1, "w3"), (5, "w1"), (5, "w2"), (9, "w1")]


def test_lines_that_are_answered_are_added_and_nothing_else() -> None:
    line = cosigned(NOTE, 1)[len(NOTE) :]
    assert with_lines(NOTE, line) == NOTE + line
    assert with_lines(NOTE, line * 2) == NOTE + line * 2
    for wrong in ("\n" + line, line + "\n" + line, "text\n\n" + line, "x"):
        with pytest.raises(IntegrityError):
            with_lines(NOTE, wrong)
