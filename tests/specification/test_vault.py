"""A second reader of manifests and maps agrees with every vector."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

from tests.specification import vault
from tests.specification.pages import Document, RefusedError, vector

MANIFESTS = vector("manifest")
KEY = bytes.fromhex(MANIFESTS["public_key"])
MAPS = vector("maps")
BOTH = vector("second_signatures")
ALGORITHMS = ("ed25519", "ml_dsa_65")


def named(case: Document) -> str:
    return str(case["what"])


@pytest.mark.parametrize("form", ["", "two_custodians", "one_rekeyed"])
def test_a_manifest_of_each_form_is_read(form: str) -> None:
    case = MANIFESTS[form] if form else MANIFESTS

    digest, found = vault.manifest(case["signed"].encode(), KEY)

    assert digest == case["digest"]
    assert found == json.loads(case["payload"])


def second_keys() -> tuple[bytes, bytes]:
    """Return the public keys of the fourth form, from their published seeds."""
    first, second = (bytes.fromhex(BOTH["manifest"][f"{x}_seed"]) for x in ALGORITHMS)
    ed25519 = Ed25519PrivateKey.from_private_bytes(first).public_key()
    ml_dsa = MLDSA65PrivateKey.from_seed_bytes(second).public_key()
    return ed25519.public_bytes_raw(), ml_dsa.public_bytes_raw()


def test_the_fourth_form_carries_two_signatures() -> None:
    case = BOTH["manifest"]

    digest, found = vault.manifest(case["signed"].encode(), *second_keys())

    assert digest == case["digest"]
    assert found == json.loads(case["payload"])


@pytest.mark.parametrize(
    "case", [case for case in BOTH["refused"] if "signed" in case], ids=named
)
def test_a_second_signature_that_must_be_refused_is(case: Document) -> None:
    with pytest.raises(RefusedError):
        vault.manifest(case["signed"].encode(), *second_keys())


@pytest.mark.parametrize("case", MANIFESTS["refused"], ids=named)
def test_a_manifest_that_must_be_refused_is(case: Document) -> None:
    with pytest.raises(RefusedError):
        vault.manifest(case["signed"].encode(), KEY)


@pytest.mark.parametrize("case", MANIFESTS["refused_payloads"], ids=named)
def test_a_field_that_must_be_refused_is(case: Document) -> None:
    with pytest.raises(RefusedError):
        vault.manifest_payload(case["payload"].encode())


def test_the_published_map_is_read() -> None:
    assert vault.read_map(MAPS["map"].encode()) == MAPS["files"]


@pytest.mark.parametrize("case", MAPS["refused"], ids=named)
def test_a_map_that_must_be_refused_is(case: Document) -> None:
    with pytest.raises(RefusedError):
        vault.read_map(case["text"].encode())
