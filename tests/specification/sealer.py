"""A second sealer of objects, from ``docs/specification/sealed-object.md`` alone."""

from __future__ import annotations

import hashlib
import struct
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tests.specification.pages import Document, encode, identifier, write

FIRST, STRIDE, TAG = 16112, 1 << 20, 16
ALIGNED = 64
HEADER = ">8sHHI32s16sQQ16sQB7x32s112x"
CIPHERS: dict[int, Any] = {1: AESGCM, 2: ChaCha20Poly1305}


def context(facts: Document, shares: int) -> bytes:
    """Return the fields of a segment's key."""
    ids = identifier(facts["artifact"]), identifier(facts["segment"])
    numbers = facts["version"], facts["generation"]
    suite = facts["suite"]
    fields = (suite, ids[0], *numbers, ids[1], STRIDE, shares)
    return encode("strongroom/v1/segment", *fields)


def derive(secret: bytes, salt: bytes, label: str, *fields: bytes | int) -> bytes:
    """Return K_i, K or the commitment."""
    info = encode(f"strongroom/v1/{label}", *fields)
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(secret)


def padded(length: int) -> int:
    """Return the Padmé length."""
    if length <= 1:
        return length
    exponent = length.bit_length() - 1
    unit = 1 << max(0, exponent - exponent.bit_length())
    return -(-length // unit) * unit


def stream(index: bytes, ranges: list[bytes]) -> bytes:
    """Return what is encrypted: lengths, index, data, and padding."""
    data = b""
    for held in ranges:
        data += bytes(-len(data) % ALIGNED) + held
    room = FIRST - 16
    start = struct.pack(">QQ", len(index), len(data)) + index[:room]
    rest = data + index[room:]
    return start.ljust(FIRST, b"\0") + rest.ljust(padded(len(rest)), b"\0")


def seal(facts: Document, ranges: list[bytes]) -> bytes:
    """Return the object of a vector.

    Args:
        facts: As in ``sealed_objects.json``.
        ranges: The bytes of every range, in the order of the index.
    """
    salt, shares = bytes.fromhex(facts["salt"]), facts["shares"]
    fields = context(facts, len(shares))
    parts = [
        derive(bytes.fromhex(share), salt, "share", fields, number)
        for number, share in enumerate(shares)
    ]
    key = derive(b"".join(parts), salt, "key", fields)
    plain = stream(facts["index"].encode(), ranges)
    records = [plain[:FIRST]]
    step = STRIDE - TAG
    records += [plain[at : at + step] for at in range(FIRST, len(plain), step)]
    cipher = CIPHERS[facts["suite"]](key)
    sealed = struct.pack(
        HEADER,
        b"STRMSEAL",
        1,
        facts["suite"],
        STRIDE,
        salt,
        identifier(facts["artifact"]),
        facts["version"],
        facts["generation"],
        identifier(facts["segment"]),
        len(records),
        len(shares),
        derive(key, salt, "commit", fields),
    )
    for number, record in enumerate(records):
        nonce = struct.pack(">3xQ?", number, number == len(records) - 1)
        sealed += cipher.encrypt(nonce, record, None)
    return sealed


def manifest_of(facts: Document, blob: bytes) -> bytes:
    """Return the payload of a manifest that has this one object.

    Args:
        facts: As in ``sealed_objects.json``.
        blob: The object; its digest is stated, whatever it is.
    """
    shares = len(facts["shares"])
    domains = [f"domain-{number}" for number in range(shares)]
    segment = {
        "id": facts["segment"],
        "name": facts["segment_name"],
        "part": "weights",
        "domain": domains[0],
        "footprint": "00" * 32,
        "object": "o",
        "record_bytes": STRIDE,
        "shares": shares,
        "sha256": hashlib.sha256(blob).hexdigest(),
    }
    stated = ("suite", "salt", "commitment", "records", "length", "plain_bytes")
    segment |= {name: facts[name] for name in stated}
    if shares > 1:
        segment["custodians"] = domains
    document = {
        "v": 2 if shares > 1 else 1,
        "room": "room-aeaqcaibaeaqcaibaeaqcaibae",
        "classification": "internal",
        "project": "project-aqcaibaeaqcaibaeaqcaibaeaq",
        "parent": None,
        "roots": [facts["artifact"]],
        "sealed_by": "account-ambqgaydambqgaydambqgaydam",
        "sealed_at": "2026-11-22T10:00:00.000006Z",
        "plain_bytes": facts["plain_bytes"],
        "segments": [segment],
    }
    named = ("artifact", "version", "generation")
    return write(document | {name: facts[name] for name in named})
