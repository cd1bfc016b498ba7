"""A signature says who, what for, and over what, and none of it can be changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom import canonical
from strongroom.crypto.signing import Signature, Signed, SigningKey, VerifyKey
from strongroom.errors import InputError, IntegrityError
from strongroom.types import Secret
from tests.crypto.sealed import flipped

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "signatures.json").read_text()
)

KEY = SigningKey(Secret(bytes(range(32))))
OTHER = SigningKey(Secret(bytes(32)))
ENVELOPE = KEY.sign("test", b'{"entry":9}').to_bytes()


@pytest.mark.parametrize("vector", VECTORS["raw"])
def test_raw_signatures_match_the_published_ones(vector: dict[str, str]) -> None:
    key = SigningKey(Secret(bytes.fromhex(vector["seed"])))
    message = bytes.fromhex(vector["message"])

    assert key.public.raw.hex() == vector["public"]
    assert key.sign_bytes(message).hex() == vector["signature"]
    key.public.verify_bytes(bytes.fromhex(vector["signature"]), message)


@pytest.mark.parametrize("vector", VECTORS["envelopes"])
def test_envelopes_match_the_vectors(vector: dict[str, str]) -> None:
    key = SigningKey(Secret(bytes.fromhex(vector["seed"])))
    payload = bytes.fromhex(vector["payload"])

    assert key.public.key_id == vector["key_id"]
    assert (
        key.sign(vector["purpose"], payload).to_bytes() == vector["envelope"].encode()
    )


@given(st.binary(max_size=300), st.text(max_size=20))
def test_what_was_signed_comes_back(payload: bytes, purpose: str) -> None:
    envelope = KEY.sign(purpose, payload).to_bytes()

    assert Signed.from_bytes(envelope, 10_000).verify(purpose, KEY.public) == payload


@given(st.integers(0, 8 * len(ENVELOPE) - 1))
def test_a_flipped_bit_anywhere_is_refused(bit: int) -> None:
    with pytest.raises(IntegrityError):
        Signed.from_bytes(flipped(ENVELOPE, bit), 10_000).verify("test", KEY.public)


def test_a_signature_for_one_purpose_is_refused_for_another() -> None:
    with pytest.raises(IntegrityError, match="not by key"):
        Signed.from_bytes(ENVELOPE, 10_000).verify("manifest", KEY.public)


def test_a_signature_by_somebody_else_is_refused() -> None:
    with pytest.raises(IntegrityError, match="no signature by key"):
        Signed.from_bytes(ENVELOPE, 10_000).verify("test", OTHER.public)


def test_a_signature_of_a_later_algorithm_is_carried_and_not_believed() -> None:
    later = Signature(algorithm="ml-dsa-65", key_id="0" * 16, value=bytes(3309))
    signed = KEY.sign("test", b"payload")
    both = Signed(payload=b"payload", signatures=(later, *signed.signatures))
    alone = Signed(payload=b"payload", signatures=(later,))

    again = Signed.from_bytes(both.to_bytes(), 10_000)

    assert again == both
    assert again.verify("test", KEY.public) == b"payload"
    with pytest.raises(IntegrityError):
        alone.verify("test", KEY.public)


def test_a_raw_signature_never_passes_for_an_envelope() -> None:
    """A note that we sign raw cannot be the preimage of an envelope."""
    raw = Signature(
        algorithm="ed25519",
        key_id=KEY.public.key_id,
        value=KEY.sign_bytes(b"payload"),
    )

    with pytest.raises(IntegrityError):
        Signed(payload=b"payload", signatures=(raw,)).verify("test", KEY.public)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"payload": "", "signatures": [], "v": 2},
        {"payload": "", "signatures": [], "v": 1, "x": 1},
        {"payload": "*", "signatures": [], "v": 1},
        {"payload": 1, "signatures": [], "v": 1},
        {"payload": "YR==", "signatures": [], "v": 1},
        {"payload": "", "signatures": {}, "v": 1},
        {"payload": "", "signatures": [1], "v": 1},
        {"payload": "", "signatures": [{}] * 9, "v": 1},
        {
            "payload": "",
            "signatures": [{"algorithm": "rsa", "key_id": "0" * 16, "value": ""}],
            "v": 1,
        },
        {
            "payload": "",
            "signatures": [{"algorithm": 1, "key_id": "0" * 16, "value": ""}],
            "v": 1,
        },
        {
            "payload": "",
            "signatures": [{"algorithm": "ed25519", "key_id": "0" * 16, "value": ""}],
            "v": 1,
        },
    ],
)
def test_a_malformed_envelope_is_refused(document: canonical.Json) -> None:
    with pytest.raises(IntegrityError):
        Signed.from_bytes(canonical.to_json(document), 10_000)


def test_a_long_envelope_is_refused_unread() -> None:
    with pytest.raises(IntegrityError, match="bytes"):
        Signed.from_bytes(ENVELOPE, len(ENVELOPE) - 1)


def test_keys_of_a_wrong_length_are_refused() -> None:
    with pytest.raises(InputError):
        SigningKey(Secret(b"short"))
    with pytest.raises(InputError):
        VerifyKey(b"short")


def test_eight_signatures_are_read_and_a_ninth_is_refused() -> None:
    (one,) = KEY.sign("test", b"payload").signatures
    eight, nine = (Signed(payload=b"payload", signatures=(one,) * n) for n in (8, 9))

    assert Signed.from_bytes(eight.to_bytes(), 10_000) == eight
    with pytest.raises(IntegrityError, match="at most 8"):
        Signed.from_bytes(nine.to_bytes(), 10_000)


@pytest.mark.parametrize("key_id", ["", "0" * 15, "0" * 17, "g" * 16, "A" * 16, "0\n"])
def test_a_key_id_is_sixteen_hexadecimal_digits(key_id: str) -> None:
    assert Signature(algorithm="ed25519", key_id="0f" * 8, value=bytes(64))
    with pytest.raises(IntegrityError, match="sixteen hexadecimal digits"):
        Signature(algorithm="ed25519", key_id=key_id, value=bytes(64))
