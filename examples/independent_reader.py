"""Read a manifest, a proof, a sealed object with nothing of Strongroom but its pages.

manifest SIGNED KEY [K2] | proof ENTRY PROOF KEY | object OBJECT SIGNED KEY SECRETS [K2]
"""

import json
import struct
import sys
from base64 import b32decode, b64decode, b64encode
from hashlib import sha256
from hmac import digest
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

Fields = dict[Any, Any]
MALFORMED = (OSError, ValueError, TypeError, LookupError, ArithmeticError, struct.error)
REFUSED = (*MALFORMED, RecursionError, InvalidSignature, InvalidTag)
HEADER = ">8sHHI32s16sQQ16sQB7x32s112x"
MANIFEST = """v room artifact version generation classification project parent roots
    sealed_by sealed_at plain_bytes segments"""
SEGMENT = """id name part domain footprint object suite record_bytes shares salt
    commitment records length plain_bytes sha256"""
MORE = {1: "", 2: " custodians"} | dict.fromkeys((3, 4), " custodians generation")
KEYS: Any = {"ed25519": ed25519.Ed25519PublicKey, "ml-dsa-65": mldsa.MLDSA65PublicKey}


def _must(holds: object, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def _encode(*fields: bytes | int) -> bytes:
    raw = [f.to_bytes(8, "big") if isinstance(f, int) else f for f in fields]
    return b"".join(len(f).to_bytes(4, "big") + f for f in raw)


def _document(data: bytes, at_most: int, names: str) -> Fields:
    value = json.loads(data.decode(), parse_float=int, parse_constant=int)  # no floats
    again = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    _must(again.encode() == data and len(data) <= at_most, "it is not canonical JSON")
    _must(sorted(value) == sorted(names.split()), "it has other fields")
    return dict(value)


def manifest(signed: bytes, key: bytes, second: bytes = b"") -> Fields:
    """Return a manifest, its "digest", and which signatures were "checked"."""
    outer = _document(signed, 32 << 20, "payload signatures v")
    payload, made = b64decode(outer["payload"], validate=True), outer["signatures"]
    named = [*KEYS][: 2 if b',"v":4,' in payload else 1]  # only form 4 has both
    found = _document(payload, 16 << 20, MANIFEST + " signatures" * (len(named) - 1))
    _must((outer["v"], found.get("signatures", named)) == (1, named), "its version")
    for name, text in zip(named, (key, second)[: 1 + bool(second)], strict=False):
        algorithm, public = name.encode(), bytes.fromhex(text.decode())
        own = sha256(_encode(b"strongroom/v1/key-id", algorithm, public)).hexdigest()
        value, *_ = (b64decode(x["value"]) for x in made if x["key_id"] == own[:16])
        message = _encode(b"strongroom/v1/signature", b"manifest", algorithm, payload)
        KEYS[name].from_public_bytes(public).verify(value, message)
    fields, segments = sorted((SEGMENT + MORE[found["v"]]).split()), found["segments"]
    _must(all(sorted(x) == fields for x in segments), "a segment has other fields")
    names, ids = {x["name"] for x in segments}, {x["id"] for x in segments}
    _must(found["version"] > 0 < len(names) == len(ids) == len(segments), "its names")
    known = sha256(_encode(b"strongroom/v1/manifest", payload)).hexdigest()
    return found | {"digest": known, "checked": named[: 1 + bool(second)]}


def proof(entry: bytes, text: bytes, verifier_key: bytes) -> Fields:
    """Return the index of an entry, and size and root of the ledger that has it."""
    origin, key_id, encoded = verifier_key.decode().strip().split("+", 2)
    key = b64decode(encoded, validate=True)
    head, _, note = text.decode().partition("\n\n")
    form, place, *path = [line for line in head.split("\n") if line[:6] != "extra "]
    body, _, signatures = note.rpartition("\n\n")
    values = [x.split(" ")[2] for x in signatures.split("\n") if f" {origin} " in x]
    own = [x[4:] for x in map(b64decode, values) if x[:4].hex() == key_id]
    _must(key[:1] == b"\1" and own, "this ledger did not sign it")
    KEYS["ed25519"].from_public_bytes(key[1:]).verify(own[0], f"{body}\n".encode())
    name, size, root = body.split("\n")
    index, last = int(place.removeprefix("index ")), int(size) - 1
    known = ["c2sp.org/tlog-proof@v1", origin, f"index {index}", f"{last + 1}"]
    _must([form, name, place, size] == known and 0 <= index <= last, "its form")
    node, forks = sha256(b"\0" + entry).digest(), (index ^ last).bit_length()
    _must(len(path) == forks + (index >> forks).bit_count(), "its number of siblings")
    for level, sibling in enumerate(map(b64decode, path)):
        _must(len(sibling) == len(node), "a sibling has another length")
        left = level >= forks or index >> level & 1
        node = sha256(b"\1" + (sibling + node if left else node + sibling)).digest()
    _must(b64encode(node).decode() == root, "the entry is not there")
    return {"index": index, "size": int(size), "root": root}


def contents(blob: bytes, signed: bytes, key: bytes, *more: bytes) -> list[Fields]:
    """Return the items in an object with their bytes; more: its key or shares, K2."""
    whole, salt = manifest(signed, key, *more[1:]), blob[16:48]
    (facts,) = [whole | x for x in whole["segments"] if x["salt"] == salt.hex()]
    names = facts["artifact"][-26:].upper(), facts["id"][-26:].upper()
    artifact, segment = (b32decode(name + "======") for name in names)
    place = (artifact, facts["version"], facts["generation"], segment)
    suite, shares, stride = facts["suite"], facts["shares"], 1 << 20
    context = _encode(b"strongroom/v1/segment", suite, *place, stride, shares)

    def derive(secret: bytes, label: bytes, *more: int) -> bytes:  # HKDF, RFC 5869
        info = _encode(b"strongroom/v1/" + label, context, *more) + b"\1"
        return digest(digest(salt, secret, "sha256"), info, "sha256")

    given = [bytes.fromhex(line) for line in more[0].decode().split()]
    joined = b"".join(derive(x, b"share", i) for i, x in enumerate(given))
    both = given[0], derive(joined, b"key")
    keys = [x for x in both if derive(x, b"commit").hex() == facts["commitment"]]
    _must(keys, "it is another key")
    header = (b"STRMSEAL", 1, suite, stride, salt, *place, facts["records"], shares)
    start = struct.pack(HEADER, *header, derive(keys[0], b"commit"))
    _must(start == blob[:256] and len(blob) == facts["length"], "it is another object")
    _must(sha256(blob).hexdigest() == facts["sha256"], "it was written anew")
    cipher: Any = {1: AESGCM, 2: ChaCha20Poly1305}[suite](keys[0])
    begins = range(16384 - stride, len(blob), stride)  # of records; a header is first
    records = [blob[max(256, at) : at + stride] for at in begins]
    nonces = [struct.pack(">3xQ?", n, x == begins[-1]) for n, x in enumerate(begins)]
    plain = b"".join(map(cipher.decrypt, nonces, records, [None] * len(records)))
    ahead, size = struct.unpack(">QQ", plain[:16])
    rest = max(0, ahead - 16096)  # of the index, behind the data; Padmé pads the two
    unit = 1 << max(0, (e := max(1, size + rest).bit_length() - 1) - e.bit_length())
    _must(len(plain) == 16112 - -(size + rest) // unit * unit, "its lengths are wrong")
    first, data, end = plain[16:16112], plain[16112:][:size], plain[16112 + size :]
    index = _document(first[:ahead] + end[:rest], 64 << 20, "items segment v")
    padding, position, total = first[ahead:] + end[rest:], 0, 0
    for item in index["items"]:
        _must(sorted(item) == ["dtype", "file", "name", "ranges", "shape"], "an item")
        after, item["held"] = 0, b""
        for offset, length in item["ranges"]:
            _must(length > 0 and offset >= after, "ranges overlap")
            begin, after = position + -position % 64, offset + length
            padding += data[position:begin]
            position, total = begin + length, total + length
            item["held"] += data[begin:position]
    held = (position, total, index["v"], index["segment"], padding.strip(b"\0"))
    _must(held == (size, facts["plain_bytes"], 1, facts["name"], b""), "its index")
    return list(index["items"])


if __name__ == "__main__":
    known: Fields = {"manifest": manifest, "proof": proof, "object": contents}
    try:
        found = known[sys.argv[1]](*(Path(name).read_bytes() for name in sys.argv[2:]))
    except REFUSED as error:
        sys.exit(f"refused: {error or type(error).__name__}")
    print(json.dumps(found, default=lambda held: sha256(held).hexdigest()))
