"""What every second reader needs, written from ``docs/specification`` alone.

Nothing here, nor in the readers of this folder, imports Strongroom: what they need
has to stand on the pages.  Whoever mends a page because a reader had to guess mends
it for the next implementation too.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "tests" / "vectors"
READER = ROOT / "examples" / "independent_reader.py"
ENVELOPE_FIELDS = {"algorithm", "key_id", "value"}
ED25519, ML_DSA = "ed25519", "ml-dsa-65"
SIGNATURE_BYTES = {ED25519: 64, ML_DSA: 3309}
MOST_SIGNATURES = 8
MOST_DEPTH = 64
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")

Document = dict[str, Any]


class RefusedError(ValueError):
    """The page says to refuse this."""


def must(holds: object, otherwise: str) -> None:
    """Refuse unless it holds.

    Raises:
        RefusedError: It does not.
    """
    if not holds:
        raise RefusedError(otherwise)


def vector(name: str) -> Document:
    """Return a file of vectors."""
    found: Document = json.loads((VECTORS / f"{name}.json").read_text())
    return found


def independent_reader() -> ModuleType:
    """Return the program in ``examples``, loaded as it stands."""
    spec = spec_from_file_location("independent_reader", READER)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- encoding.md ----------------------------------------------------------------


def encode(tag: str, *fields: bytes | str | int) -> bytes:
    """Return the tag and every field, each after its length."""
    return b"".join(len(x).to_bytes(4, "big") + x for x in map(field, (tag, *fields)))


def field(value: bytes | str | int) -> bytes:
    """Return the bytes of one field."""
    if isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else value.to_bytes(8, "big")


def digest(tag: str, *fields: bytes | str | int) -> bytes:
    """Return the SHA-256 of a context."""
    return hashlib.sha256(encode(tag, *fields)).digest()


def write(value: Any) -> bytes:  # noqa: ANN401  any document
    """Return canonical JSON."""
    form: Any = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False}
    return json.dumps(value, **form).encode()


def read(data: bytes, at_most: int) -> Any:  # noqa: ANN401  any document
    """Return a document that is in its one form.

    Raises:
        RefusedError: It is longer, or in another form.
    """
    must(len(data) <= at_most, "a document is too long")
    try:
        value = json.loads(data.decode(), parse_float=refuse, parse_constant=refuse)
        again = write(value)
    except (ValueError, RecursionError):
        raise RefusedError("a document is not JSON") from None
    must(again == data, "a document is not in its one form")
    for depth, part in parts(value):
        must(depth <= MOST_DEPTH, "a document is nested too deep")
        must(not isinstance(part, int) or abs(part) < 1 << 53, "a number is too large")
        keys = part if isinstance(part, dict) else ()
        must(all(max(key, default="") < "\U00010000" for key in keys), "a key")
    return value


def refuse(number: str) -> NoReturn:
    """Refuse a number with a point, an exponent, or none of them."""
    raise RefusedError(f"{number} is no whole number")


def parts(value: Any, depth: int = 0) -> Iterator[tuple[int, Any]]:  # noqa: ANN401
    """Yield everything in a document and how deep it lies."""
    yield depth, value
    inside = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for part in inside:
            yield from parts(part, depth + 1)


def exactly(value: Any, /, **kinds: type) -> Document:  # noqa: ANN401  any document
    """Return an object that has these fields and no other, each of its kind.

    Raises:
        RefusedError: It has not.
    """
    must(isinstance(value, dict) and value.keys() == kinds.keys(), "other fields")
    for name, kind in kinds.items():
        must(type(value[name]) is kind, f"{name} is of another kind")
    return dict(value)


def hexadecimal(text: str, size: int) -> bytes:
    """Return bytes of this number, written in lower case."""
    must(re.fullmatch("([0-9a-f]{2})*", text), "hexadecimal is in lower case")
    must(len(text) == 2 * size, f"{size} bytes are expected")
    return bytes.fromhex(text)


def identifier(text: str) -> bytes:
    """Return the 16 bytes of an id."""
    word = text.rpartition("-")[2]
    must(re.fullmatch("[a-z2-7]{26}", word), "an id has 26 characters")
    raw = base64.b32decode(word.upper() + "======")
    must(base32(raw) == word, "an id has one form")
    return raw


def base32(raw: bytes) -> str:
    """Return bytes as ids have them."""
    return base64.b32encode(raw).decode().rstrip("=").lower()


def base64_bytes(text: str) -> bytes:
    """Return the bytes of standard base64 with padding, in its one form."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise RefusedError("it is not base64") from None
    must(base64.b64encode(raw).decode() == text, "base64 has one form")
    return raw


def mac(key: bytes, message: bytes) -> bytes:
    """Return the HMAC-SHA256."""
    return hmac.digest(key, message, "sha256")


# --- signatures.md --------------------------------------------------------------


def verify(
    public: bytes, signature: bytes, message: bytes, algorithm: str = ED25519
) -> None:
    """Check a signature.

    Raises:
        RefusedError: It is not this key's over this message.
    """
    kind = Ed25519PublicKey if algorithm == ED25519 else MLDSA65PublicKey
    try:
        kind.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        raise RefusedError("a signature is wrong") from None


def envelope(
    data: bytes, purpose: str, public: bytes, at_most: int, algorithm: str = ED25519
) -> bytes:
    """Return the payload that this key signed for this purpose.

    Raises:
        RefusedError: It is no envelope, or the key did not sign it.
    """
    found = exactly(read(data, at_most), payload=str, signatures=list, v=int)
    must(found["v"] == 1, "another version of the envelope")
    must(len(found["signatures"]) <= MOST_SIGNATURES, "too many signatures")
    payload = base64_bytes(found["payload"])
    own = None
    for one in found["signatures"]:
        exactly(one, **dict.fromkeys(ENVELOPE_FIELDS, str))
        value = base64_bytes(one["value"])
        must(len(value) == SIGNATURE_BYTES.get(one["algorithm"]), "the algorithm")
        hexadecimal(one["key_id"], 8)
        if (one["algorithm"], one["key_id"]) == (algorithm, key_id(public, algorithm)):
            own = own or value
    must(own, "this key did not sign it")
    assert own is not None
    message = encode("strongroom/v1/signature", purpose, algorithm, payload)
    verify(public, own, message, algorithm)
    return payload


def sign(seed: bytes, purpose: str, payload: bytes) -> bytes:
    """Return an envelope with one signature."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    message = encode("strongroom/v1/signature", purpose, "ed25519", payload)
    signature = {
        "algorithm": "ed25519",
        "key_id": key_id(key.public_key().public_bytes_raw()),
        "value": base64.b64encode(key.sign(message)).decode(),
    }
    text = base64.b64encode(payload).decode()
    return write({"payload": text, "signatures": [signature], "v": 1})


def key_id(public: bytes, algorithm: str = ED25519) -> str:
    """Return how an envelope names a key."""
    return digest("strongroom/v1/key-id", algorithm, public)[:8].hex()
