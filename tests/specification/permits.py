"""A second reader of permits and answers, from their pages alone."""

from __future__ import annotations

from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    Suite,
)

from tests.specification.pages import (
    TIME,
    Document,
    RefusedError,
    base64_bytes,
    digest,
    envelope,
    exactly,
    hexadecimal,
    must,
    read,
)
from tests.specification.sealer import context, derive
from tests.specification.vault import manifest

MOST_PERMIT, MOST_ANSWER = 256 << 10, 64 << 20
SEED, KEY, LATTICE = 96, 32, 64
IDS = ("id", "room", "request", "account", "counts_as", "artifact")
TIMES = ("requested_at", "not_before", "expires_at")
LISTS = ("roots", "segments", "segment_ids", "footprints")
ASKED = ("permit", "request", "account", "session")
RELEASE_TEXTS = (
    "room",
    *ASKED,
    "artifact",
    "manifest",
    "opening",
    "expires_at",
    "entry",
)

# --- permit.md --------------------------------------------------------------------


def permit(signed: bytes, key: bytes) -> Document:
    """Return a signed permit.

    Raises:
        RefusedError: It is not signed by this key, or breaks a rule.
    """
    payload = envelope(signed, "permit", key, 2 * MOST_PERMIT)
    parsed = read(payload, MOST_PERMIT)
    must(isinstance(parsed, dict) and "version" in parsed, "no permit")
    version = type(parsed["version"])
    must(version in (int, type(None)), "version is of another kind")
    kinds: dict[str, type] = dict.fromkeys((*IDS, *TIMES, "policy"), str)
    kinds |= dict.fromkeys(LISTS, list) | {"version": version}
    found = exactly(parsed, v=int, at_most_bytes=int, purpose_stated=bool, **kinds)
    must(found["v"] == 1, "another version")
    must(all(TIME.fullmatch(found[name]) for name in TIMES), "a time has one form")
    for name in LISTS:
        must(all(isinstance(x, str) for x in found[name]), f"{name} are text")
    return found


# --- release.md -------------------------------------------------------------------


def private(seed: bytes) -> tuple[MLKEM768X25519PrivateKey, bytes]:
    """Return a reader's key from its 96 bytes, and its public half."""
    must(len(seed) == SEED, "a reader's key has 96 bytes")
    lattice = MLKEM768PrivateKey.from_seed_bytes(seed[:LATTICE])
    curve = X25519PrivateKey.from_private_bytes(seed[LATTICE:])
    public = (
        lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
    )
    return MLKEM768X25519PrivateKey(lattice, curve), public


def unseal(seed: bytes, sealed: bytes, info: bytes) -> bytes:
    """Return what was sealed to a reader for exactly this.

    Raises:
        RefusedError: It was not.
    """
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    try:
        return suite.decrypt(sealed, private(seed)[0], info)
    except (InvalidTag, ValueError):
        raise RefusedError("sealed to another reader, or for another release") from None


def opening_digest(asked: Document, reader: bytes) -> str:
    """Return the digest of what a reader asked for."""
    segments, nonce = asked["segments"], bytes.fromhex(asked["nonce"])
    first = (asked["permit"], asked["artifact"], asked["version"])
    fields = (*first, len(segments), *segments, reader, nonce)
    return digest("strongroom/v1/opening", *fields).hex()


def info_of(release: Document, reader: bytes, nonce: bytes) -> bytes:
    """Return what the keys of a release are bound to."""
    asked = [release[name] for name in ASKED]
    version = (release["artifact"], release["version"], release["generation"])
    segments = (len(release["segments"]), *release["segments"])
    end = (release["expires_at"], release["entry"])
    manifest_digest = release["manifest"]
    fields = (release["room"], *asked, reader, nonce, manifest_digest, *version)
    return digest("strongroom/v1/release", *fields, *segments, *end)


def answer(data: bytes, case: Document) -> dict[str, bytes]:
    """Return the keys in an answer, by the id of their segment.

    Args:
        data: The signed answer.
        case: The reader's seed, what was asked, the room and the pinned keys.

    Raises:
        RefusedError: It is of another desk, or for another question.
    """
    seed, asked = bytes.fromhex(case["reader_seed"]), case["opening"]
    desk, signer = (bytes.fromhex(case[f"{x}_key"]) for x in ("answer", "manifest"))
    payload = envelope(data, "answer", desk, 2 * MOST_ANSWER)
    found = parsed_answer(payload)
    release = found["release"]
    public = private(seed)[1]
    for name in ("permit", "artifact", "version"):
        must(release[name] == asked[name], f"another {name} was asked for")
    must(release["room"] == case["room"], "another room")
    must(release["opening"] == opening_digest(asked, public), "another question")
    name, listed = manifest(base64_bytes(found["manifest"]), signer)
    must(name == release["manifest"], "another manifest")
    for field in ("room", "artifact", "version", "generation"):
        must(listed[field] == release[field], f"a manifest of another {field}")
    wanted = [one for one in listed["segments"] if one["name"] in asked["segments"]]
    must([one["id"] for one in wanted] == release["segments"], "other segments")
    info = info_of(release, public, bytes.fromhex(asked["nonce"]))
    return keys_of(found, wanted, listed, (seed, info))


def parsed_answer(payload: bytes) -> Document:
    """Return an answer that has its fields."""
    parsed = read(payload, MOST_ANSWER)
    must(isinstance(parsed, dict) and parsed.get("v") in (1, 2), "another version")
    more: dict[str, type] = {"parts": list} if parsed["v"] > 1 else {}
    texts = {"manifest": str, "sealed_keys": str}
    found = exactly(parsed, v=int, release=dict, **texts, **more)
    found.setdefault("parts", [])
    kinds: dict[str, type] = dict.fromkeys(RELEASE_TEXTS, str)
    kinds |= {"version": int, "generation": int, "segments": list}
    exactly(found["release"], **kinds)
    must(TIME.fullmatch(found["release"]["expires_at"]), "a time has one form")
    must(found["v"] == 1 or found["parts"], "the second form without parts")
    for one in found["parts"]:
        exactly(one, segment=str, share=int, sealed=str)
    return found


def keys_of(
    found: Document, wanted: list[Document], whole: Document, ours: tuple[bytes, bytes]
) -> dict[str, bytes]:
    """Return the keys, whole or made of their parts, each checked."""
    parts = {(x["segment"], x["share"]): x["sealed"] for x in found["parts"]}
    in_parts = {
        one["id"] for one in wanted if one["shares"] > 1 or (one["id"], 0) in parts
    }
    expected = [
        (one["id"], share)
        for one in wanted
        if one["id"] in in_parts
        for share in range(one["shares"])
    ]
    carried = [(x["segment"], x["share"]) for x in found["parts"]]
    must(carried == expected, "parts that are missing, strange or out of order")
    seed, info = ours
    sealed = base64_bytes(found["sealed_keys"])
    others = [one for one in wanted if one["id"] not in in_parts]
    joined = unseal(seed, sealed, info) if others or sealed else b""
    must(len(joined) == KEY * len(others), "another number of keys")
    keys = {one["id"]: joined[n * KEY :][:KEY] for n, one in enumerate(others)}
    entry = hexadecimal(found["release"]["entry"], 32)
    for one in wanted:
        if one["id"] in in_parts:
            sealed_parts = [parts[one["id"], n] for n in range(one["shares"])]
            keys[one["id"]] = combined(one, whole, sealed_parts, (seed, info, entry))
    return keys


def combined(
    one: Document,
    whole: Document,
    sealed: list[str],
    ours: tuple[bytes, bytes, bytes],
) -> bytes:
    """Return the key that the parts of a segment make, compared with its commitment."""
    fields, salt = fields_of(one, whole), bytes.fromhex(one["salt"])
    parts = [
        part(base64_bytes(text), number, fields, ours)
        for number, text in enumerate(sealed)
    ]
    key = derive(b"".join(parts), salt, "key", fields)
    own = derive(key, salt, "commit", fields)
    must(own.hex() == one["commitment"], "the parts make another key")
    return key


def part(
    sealed: bytes, number: int, fields: bytes, ours: tuple[bytes, bytes, bytes]
) -> bytes:
    """Return K_i that a custodian sealed to this reader for this release."""
    seed, info, entry = ours
    bound = digest("strongroom/v1/release-part", info, entry, fields, number)
    found = unseal(seed, sealed, bound)
    must(len(found) == KEY, "a part has 32 bytes")
    return found


def fields_of(one: Document, whole: Document) -> bytes:
    """Return the context of a segment's key."""
    named: dict[str, Any] = {name: whole[name] for name in ("artifact", "version")}
    named |= {"suite": one["suite"], "segment": one["id"]}
    generation = one.get("generation", whole["generation"])
    return context(named | {"generation": generation}, one["shares"])
