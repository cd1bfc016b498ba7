"""Checkpoints are signed notes that cannot be bent."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto.signing import VerifyKey
from strongroom.errors import InputError, IntegrityError
from strongroom.ledger import note as notes
from strongroom.ledger.checkpoint import (
    Checkpoint,
    VerifierKey,
    canonical_decimal,
    parse_text,
)
from strongroom.ledger.tree import EMPTY_ROOT, root_hash
from tests.ledger import naive
from tests.ledger.exports import ORIGIN, SmallLedger, ledger_of, signing_key
from tests.ledger.naive import LEAVES

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "checkpoint.json").read_text()
)
OURS = VECTORS["checkpoint"]
LEDGER = SmallLedger()
WITNESS = "\N{EM DASH} witness.example/w1 AQIDBHdpdG5lc3M=\n"


def opened(note: str, ledger: SmallLedger = LEDGER) -> Checkpoint:
    verify = ledger.signer.public.verify_bytes
    return Checkpoint.open(note, key=ledger.key, verify=verify)


@pytest.mark.parametrize("text", VECTORS["verifier_keys"])
def test_published_verifier_keys_are_read(text: str) -> None:
    key = VerifierKey.from_text(text)

    assert key.text() == text
    assert key.key_id.hex() == text.split("+")[1]


def test_a_published_note_signature_verifies_over_its_text() -> None:
    """The line of the note's own author, from the documentation of Go's package."""
    note = VECTORS["note"]
    key = VerifierKey.from_text(note["key"])

    (line,) = notes.split_note(note["text"] + "\n" + note["line"] + "\n").lines

    assert (line.name, line.key_id) == (key.origin, key.key_id)
    VerifyKey(key.public).verify_bytes(line.signature, note["text"].encode())


def test_our_vector_is_written_and_read_to_the_letter() -> None:
    signer = signing_key(OURS["seed_byte"])
    root = bytes.fromhex(OURS["root_hex"])
    checkpoint = Checkpoint(origin=OURS["origin"], size=OURS["size"], root=root)

    note = checkpoint.sign(signer.sign_bytes, public=signer.public.raw)

    assert note == OURS["note"]
    key = VerifierKey.from_text(OURS["key"])
    verify = VerifyKey(key.public).verify_bytes
    assert Checkpoint.open(note, key=key, verify=verify) == checkpoint


@given(st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_is_read_as_it_was_signed(size: int, root: bytes) -> None:
    checkpoint = Checkpoint(origin=ORIGIN, size=size, root=root)
    public = LEDGER.signer.public.raw

    assert opened(checkpoint.sign(LEDGER.signer.sign_bytes, public=public)) == (
        checkpoint
    )


def test_the_empty_ledger_has_a_checkpoint() -> None:
    assert opened(LEDGER.note()) == Checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT)


@given(st.data())
def test_a_flipped_bit_anywhere_is_refused(data: st.DataObject) -> None:
    note = ledger_of(5).note().encode()
    bit = data.draw(st.integers(0, 8 * len(note) - 1))
    # What is no UTF-8 any more becomes lone surrogates, which no note may have.
    text = naive.flipped(note, bit).decode(errors="surrogateescape")

    with pytest.raises(IntegrityError):
        opened(text)


@given(st.data())
def test_a_cut_note_is_refused(data: st.DataObject) -> None:
    note = ledger_of(5).note()
    cut = data.draw(st.integers(0, len(note) - 1))

    with pytest.raises(IntegrityError):
        opened(note[:cut])


def test_lines_of_witnesses_are_kept_and_do_not_disturb() -> None:
    note = ledger_of(5).note()

    for both in (note + WITNESS, note.replace("\n\n", "\n\n" + WITNESS)):
        assert opened(both) == opened(note)
        names = {line.name for line in notes.split_note(both).lines}
        assert names == {ORIGIN, "witness.example/w1"}
        lines = "".join(line.text() for line in notes.split_note(both).lines)
        assert both.endswith(lines)


def test_a_note_without_our_signature_is_refused() -> None:
    text, _, _ = ledger_of(5).note().partition("\n\n")

    for note in (text, f"{text}\n\n", f"{text}\n\n{WITNESS}"):
        with pytest.raises(IntegrityError):
            opened(note)


def test_the_signature_of_another_key_under_our_name_is_refused() -> None:
    forger = SmallLedger(signer=signing_key(8))

    with pytest.raises(IntegrityError, match="is not signed by"):
        opened(forger.note())


def test_a_second_own_signature_that_is_wrong_spoils_the_note() -> None:
    note, other = ledger_of(5).note(), ledger_of(6).note()

    with pytest.raises(IntegrityError):
        opened(note + other.rpartition("\n\n")[2])


def signed(text: str) -> str:
    """Return any text under the ledger's genuine signature."""
    line = notes.SignatureLine(
        name=ORIGIN,
        key_id=LEDGER.key.key_id,
        signature=LEDGER.signer.sign_bytes(text.encode()),
    )
    return f"{text}\n{line.text()}"


def test_the_longest_ledger_is_the_last_that_has_a_checkpoint() -> None:
    assert canonical_decimal(str(2**63 - 1)) == 2**63 - 1
    with pytest.raises(IntegrityError):
        canonical_decimal(str(2**63))


ROOT = base64.b64encode(root_hash(LEAVES[:5])).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}/other\n5\n{ROOT}\n",
        f"{ORIGIN}\n05\n{ROOT}\n",
        f"{ORIGIN}\n-5\n{ROOT}\n",
        f"{ORIGIN}\n5 \n{ROOT}\n",
        f"{ORIGIN}\n\u0665\n{ROOT}\n",
        f"{ORIGIN}\n{2**63}\n{ROOT}\n",
        f"{ORIGIN}\n{'9' * 5000}\n{ROOT}\n",
        f"{ORIGIN}\n0\n{ROOT}\n",
        f"{ORIGIN}\n5\n{ROOT[:-4]}\n",
        f"{ORIGIN}\n5\n{ROOT[:-2]}{chr(ord(ROOT[-2]) + 1)}=\n",
        f"{ORIGIN}\n5\n",
        f"{ORIGIN}\n5\n{ROOT}\nextension\n",
        f"\n5\n{ROOT}\n",
    ],
)
def test_a_genuine_signature_does_not_excuse_a_malformed_text(text: str) -> None:
    with pytest.raises(IntegrityError):
        opened(signed(text))


def test_a_note_is_bounded() -> None:
    note = ledger_of(5).note()

    with pytest.raises(IntegrityError, match="characters"):
        opened(note + WITNESS * 4000)
    with pytest.raises(IntegrityError, match="65 signatures"):
        opened(note + WITNESS * 64)
    assert opened(note + WITNESS * 63) == opened(note)


@pytest.mark.parametrize(
    "name", ["", "two words", "a+b", "a\u00a0b", "a\nb", "a\x7fb", "a\x00", 256 * "a"]
)
def test_a_name_that_notes_cannot_carry_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        VerifierKey(origin=name, public=bytes(32))
    with pytest.raises(InputError):
        Checkpoint(origin=name, size=0, root=EMPTY_ROOT)


def test_an_impossible_checkpoint_is_not_made() -> None:
    for size, root in ((-1, LEAVES[0]), (1, b"short"), (0, LEAVES[0])):
        with pytest.raises(InputError):
            Checkpoint(origin=ORIGIN, size=size, root=root)
    checkpoint = Checkpoint(origin=ORIGIN, size=1, root=LEAVES[0])
    with pytest.raises(InputError):
        checkpoint.sign(lambda message: b"short", public=bytes(32))
    with pytest.raises(InputError):
        checkpoint.sign(LEDGER.signer.sign_bytes, public=b"short")


@given(st.data())
def test_a_flipped_bit_in_a_verifier_key_is_refused(data: st.DataObject) -> None:
    text = LEDGER.key.text().encode()
    bit = data.draw(st.integers(0, 8 * len(text) - 1))

    with pytest.raises(InputError):
        VerifierKey.from_text(naive.flipped(text, bit).decode(errors="replace"))


@pytest.mark.parametrize("text", ["", "+", "a+b", "a++", f"{ORIGIN}+00000000+AAAA"])
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        VerifierKey.from_text(text)


@pytest.mark.parametrize(
    "text",
    ["", "a", "x1", "+1", "-1", "1_0", " 1", "1 ", "01", "1.0", "\u0661", "\u00b2"],
)
def test_only_plain_digits_are_a_size(text: str) -> None:
    with pytest.raises(IntegrityError, match="is not the size or index of a ledger"):
        canonical_decimal(text)
    assert canonical_decimal("0") == 0


def test_an_origin_and_a_size_are_taken_up_to_their_limits() -> None:
    longest = Checkpoint(origin="a" * 255, size=2**63 - 1, root=LEAVES[0])
    assert (longest.origin, longest.size) == ("a" * 255, 2**63 - 1)
    for size, root in ((2**63, LEAVES[0]), (1, bytes(31)), (1, bytes(33))):
        with pytest.raises(InputError, match=f"no ledger of {size} entries"):
            Checkpoint(origin=ORIGIN, size=size, root=root)
    with pytest.raises(InputError, match="an empty ledger has another root"):
        Checkpoint(origin=ORIGIN, size=0, root=LEAVES[0])
    assert Checkpoint(origin=ORIGIN, size=1, root=EMPTY_ROOT).size == 1


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_of_another_length_is_not_put_in_a_note(length: int) -> None:
    checkpoint = Checkpoint(origin=ORIGIN, size=1, root=LEAVES[0])
    with pytest.raises(InputError, match="an Ed25519 signature is 64 bytes"):
        checkpoint.sign(lambda message: bytes(length), public=bytes(32))


def test_a_checkpoint_of_another_ledger_under_our_line_is_named() -> None:
    """The key signed both; which ledger it is stands in the text alone."""
    with pytest.raises(IntegrityError, match="the checkpoint is of 'another'"):
        opened(signed(f"another\n5\n{ROOT}\n"))


@pytest.mark.parametrize("text", ["a\n1\n", "a\n1\nr\n\n", "a\n1\nr\ne\n", "a\n1\nr"])
def test_a_checkpoint_has_three_lines(text: str) -> None:
    with pytest.raises(IntegrityError, match="is not origin, size and root"):
        parse_text(text)
