"""Signatures on P-256 and P-384, as ``openssl`` makes and checks them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from strongroom.crypto.ecdsa import EcKey, EcSigner
from strongroom.errors import InputError, IntegrityError
from strongroom.types import Secret
from tests.intake.signers import make_pair, openssl

HASHES = {"P-256": "-sha256", "P-384": "-sha384"}


@pytest.mark.parametrize("curve", HASHES)
def test_a_signature_is_one_that_openssl_verifies_and_the_other_way_round(
    tmp_path: Path, curve: str
) -> None:
    pair = make_pair(tmp_path, curve=curve)
    message, ours, theirs = (tmp_path / name for name in ("m", "ours", "theirs"))
    message.write_bytes(b"what is signed")

    ours.write_bytes(pair.signer.sign_bytes(b"what is signed"))
    digest = ("dgst", HASHES[curve])
    openssl(*digest, "-verify", pair.public, "-signature", ours, message)
    openssl(*digest, "-sign", pair.private, "-out", theirs, message)

    pair.key.verify_bytes(theirs.read_bytes(), b"what is signed")
    assert pair.signer.public == pair.key


def test_a_key_is_named_by_its_pem_form_as_model_signing_names_it(
    tmp_path: Path,
) -> None:
    pair = make_pair(tmp_path)

    assert pair.key.fingerprint == hashlib.sha256(pair.public.read_bytes()).hexdigest()


def test_a_signature_of_something_else_or_by_somebody_else_is_refused(
    tmp_path: Path,
) -> None:
    pair, other = make_pair(tmp_path), make_pair(tmp_path, "other")
    signature = pair.signer.sign_bytes(b"a")

    for key, value, message in (
        (pair.key, signature, b"b"),
        (other.key, signature, b"a"),
        (pair.key, signature[:-1], b"a"),
        (pair.key, b"", b"a"),
    ):
        with pytest.raises(IntegrityError, match="is not by key"):
            key.verify_bytes(value, message)


@pytest.mark.parametrize(
    ("algorithm", "option", "why"),
    [
        ("EC", "ec_paramgen_curve:secp256k1", "is on secp256k1"),
        ("RSA", "rsa_keygen_bits:2048", "not on an elliptic curve"),
    ],
)
def test_a_key_of_another_kind_is_refused(
    tmp_path: Path, algorithm: str, option: str, why: str
) -> None:
    private = tmp_path / "key"
    openssl("genpkey", "-algorithm", algorithm, "-pkeyopt", option, "-out", private)

    with pytest.raises(InputError, match=why):
        EcSigner(Secret(private.read_bytes()))
    with pytest.raises(InputError, match=why):
        EcKey.from_pem(openssl("pkey", "-in", private, "-pubout").encode())


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    pair = make_pair(tmp_path)

    for data in (b"", b"\xff" * 99, pair.private.read_bytes()):
        with pytest.raises(InputError, match="no public key"):
            EcKey.from_pem(data)
    for data in (b"", pair.public.read_bytes()):
        with pytest.raises(InputError, match="no private key"):
            EcSigner(Secret(data))
    padded = pair.public.read_bytes().ljust(16384, b"\n")
    assert EcKey.from_pem(padded) == pair.key
    with pytest.raises(InputError, match="at most"):
        EcKey.from_pem(padded + b"\n")
    with pytest.raises(InputError, match="no public key"):
        EcKey(b"\x30\x00")


def test_an_encrypted_key_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    pair, locked = make_pair(tmp_path), tmp_path / "locked"
    words = ("-aes-256-cbc", "-passout", "pass:open sesame", "-out", locked)
    openssl("pkey", "-in", pair.private, *words)
    pem = Secret(locked.read_bytes())

    assert EcSigner(pem, Secret(b"open sesame")).public == pair.key
    with pytest.raises(InputError, match="is encrypted"):
        EcSigner(pem)
    with pytest.raises(InputError, match="that this opens") as refusal:
        EcSigner(pem, Secret(b"wrong"))
    assert refusal.value.hint == "is it the passphrase of this key?"
    with pytest.raises(InputError, match="not encrypted"):
        EcSigner(Secret(pair.private.read_bytes()), Secret(b"any"))
