"""A second reader of wraps and custody files, from their pages alone."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from urllib.parse import unquote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from tests.specification.pages import (
    Document,
    RefusedError,
    encode,
    exactly,
    hexadecimal,
    identifier,
    mac,
    must,
    read,
    write,
)

NONCE, TAG, KEY = 12, 16, 32
MOST_SECRET = 65536
MOST_FILE, MOST_NAME, MOST_PASSPHRASE, SALT = 4096, 64, 1024, 16
COSTS = {"memory_kib": (19456, 1048576), "passes": (2, 16), "lanes": (1, 16)}
SLOT, MOST_NOTE = 12288, 8192

# --- wraps.md ---------------------------------------------------------------------


def unwrap(key: bytes, wrapped: bytes, place: bytes) -> bytes:
    """Return the secret of a wrap.

    Raises:
        RefusedError: It was altered, or made for another place or key.
    """
    must(len(key) == KEY, "a key has 32 bytes")
    must(NONCE + TAG <= len(wrapped) <= NONCE + MOST_SECRET + TAG, "its length")
    try:
        return AESGCM(key).decrypt(wrapped[:NONCE], wrapped[NONCE:], place)
    except InvalidTag:
        raise RefusedError("altered, or of another place or key") from None


def share_place(place: Document) -> bytes:
    """Return where one share of one segment belongs."""
    artifact, segment = identifier(place["artifact"]), identifier(place["segment"])
    numbers = place["version"], place["generation"]
    end = place["share"], place["root_key_id"]
    fields = (place["room"], artifact, *numbers, segment, *end)
    return encode("strongroom/v1/wrap/segment", *fields)


# --- custody-file.md --------------------------------------------------------------


def root_key(data: bytes, passphrase: bytes) -> bytes:
    """Return the root key of a custody file.

    Raises:
        RefusedError: It is no custody file, or the passphrase is another one.
    """
    names = ("format", "name", "root_key_id", "wrapped")
    file = exactly(read(data, MOST_FILE), kdf=dict, **dict.fromkeys(names, str))
    kdf = exactly(file["kdf"], algorithm=str, salt=str, **dict.fromkeys(COSTS, int))
    must(file["format"] == "strongroom/custody/v1", "another format")
    must(kdf["algorithm"] == "argon2id", "another algorithm")
    for name, (least, most) in COSTS.items():
        must(least <= kdf[name] <= most, f"{name} is out of range")
    must(1 <= len(file["name"]) <= MOST_NAME, "the name")
    must(file["name"].isprintable(), "the name")
    must(1 <= len(passphrase) <= MOST_PASSPHRASE, "the passphrase")
    wrapped = bytes.fromhex(file.pop("wrapped"))
    key = Argon2id(
        salt=hexadecimal(kdf["salt"], SALT),
        length=KEY,
        iterations=kdf["passes"],
        lanes=kdf["lanes"],
        memory_cost=kdf["memory_kib"],
    ).derive(passphrase)
    return unwrap(key, wrapped, encode("strongroom/v1/custody-file", write(file)))


@dataclass(frozen=True)
class Anchor:
    """The newest ledger that a custodian has seen."""

    sequence: int
    size: int
    root: bytes
    note: bytes


def anchor_key(root: bytes) -> bytes:
    """Return the key of the anchor's HMAC."""
    info = encode("strongroom/v1/anchor-key")
    return HKDFExpand(algorithm=SHA256(), length=KEY, info=info).derive(root)


def anchor(data: bytes, key: bytes) -> Anchor:
    """Return the anchor in a file of two slots.

    Raises:
        RefusedError: No slot counts.
    """
    must(len(data) == 2 * SLOT, "an anchor has two slots")
    found = [slot(number, data[number * SLOT :][:SLOT], key) for number in (0, 1)]
    valid = [one for one in found if one]
    must(valid, "no slot counts")
    return max(valid, key=lambda one: one.sequence)


def slot(number: int, data: bytes, key: bytes) -> Anchor | None:
    """Return what a slot says, or nothing if it does not count."""
    body, own = data[:-32], data[-32:]
    sequence = int.from_bytes(body[:8], "big")
    length = int.from_bytes(body[48:52], "big")
    expected = mac(key, encode("strongroom/v1/anchor", body))
    if sequence % 2 != number or length > MOST_NOTE:
        return None
    if not hmac.compare_digest(own, expected):
        return None
    size = int.from_bytes(body[8:16], "big")
    return Anchor(sequence, size, body[16:48], body[52 : 52 + length])


# --- custody-token.md ---------------------------------------------------------------

URI = re.compile(
    "pkcs11:token=(?P<token>{0}+)(?:;serial=(?P<serial>{0}+))?;object=(?P<object>{0}+)"
    "[?]module-path=(?P<module>/(?:{0}|/)*)".format(
        "(?:[A-Za-z0-9._~-]|%(?!3[0-9]|4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A]|2[DE]|5F|7E)"
        "[0-9A-F]{2})"
    )
)
"""In its one form: what needs no escape has none, and the others are in capitals."""

MOST_URI = 2048


def token_file(data: bytes) -> Document:
    """Return what lies beside a token; the URI taken apart.

    Raises:
        RefusedError: It is no such file.
    """
    names = ("anchor_key", "format", "name", "root_key_id", "uri")
    found = exactly(read(data, MOST_FILE), **dict.fromkeys(names, str))
    must(found["format"] == "strongroom/custody-token/v1", "another format")
    must(1 <= len(found["name"]) <= MOST_NAME, "the name")
    must(found["name"].isprintable(), "the name")
    must(re.fullmatch("([0-9a-f]{2})*", found["anchor_key"]), "hexadecimal")
    uri = URI.fullmatch(found["uri"])
    must(uri and len(found["uri"]) <= MOST_URI, "the URI")
    assert uri is not None
    return found | {"uri": {k: unquote(v or "") for k, v in uri.groupdict().items()}}
