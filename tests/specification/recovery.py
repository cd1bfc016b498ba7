"""A second reader of recovery keys and their shares, from the page and SLIP-0039."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from tests.specification.pages import (
    ROOT,
    base32,
    digest,
    encode,
    mac,
    must,
)
from tests.specification.permits import private, unseal

WORDS = (ROOT / "src/strongroom/crypto/slip39_words.txt").read_text().split()
"""The list of the standard; it is data, and the only thing taken from there."""

SHARE_WORDS, SEED = 33, 32
GENERATORS = (
    0xE0E040, 0x1C1C080, 0x3838100, 0x7070200, 0xE0E0009,
    0x1C0C2412, 0x38086C24, 0x3090FC48, 0x21B1F890, 0x3F3F120,
)  # fmt: skip
LABEL = b"shamir_extendable"
SECRET, CHECK = 255, 254
ROUNDS, ITERATIONS = (3, 2, 1, 0), 2500  # iteration exponent 0: 10000 for the four


@dataclass(frozen=True)
class Share:
    """One paper."""

    set_id: int
    number: int
    threshold: int
    value: bytes


def share(text: str) -> Share:
    """Return what the words of a share say.

    Raises:
        RefusedError: They are no share of a set as the page has it.
    """
    words = text.split()
    must(len(words) == SHARE_WORDS, "a share has 33 words")
    must(set(words) <= set(WORDS), "a word is none of the list")
    numbers = [WORDS.index(word) for word in words]
    must(code([*LABEL, *numbers]) == 1, "a word is wrong")
    bits = "".join(f"{number:010b}" for number in numbers)
    widths = (15, 1, 4, 4, 4, 4, 4, 4, 4, 256)
    fields = []
    for width in widths:
        fields.append(int(bits[:width], 2))
        bits = bits[width:]
    set_id, extendable, exponent, *group, number, least, zeros, value = fields
    must((extendable, exponent, group, zeros) == (1, 0, [0, 0, 0], 0), "other fields")
    return Share(set_id, number, least + 1, value.to_bytes(SEED, "big"))


def code(values: list[int]) -> int:
    """Return the RS1024 checksum; 1 if the values carry the right one."""
    state = 1
    for value in values:
        top = state >> 20
        state = (state & 0xFFFFF) << 10 ^ value
        for n, generator in enumerate(GENERATORS):
            state ^= generator if top >> n & 1 else 0
    return state


def seed_of(texts: list[str]) -> bytes:
    """Return the seed that the shares restore.

    Raises:
        RefusedError: They are too few, of several sets, or do not fit.
    """
    shares = [share(text) for text in texts]
    must(shares, "no share")
    first = shares[0]
    kinds = {(one.set_id, one.threshold) for one in shares}
    numbers = [one.number for one in shares]
    must(len(kinds) == 1, "shares of several sets")
    must(len(set(numbers)) == len(numbers), "a share twice")
    must(len(shares) >= first.threshold, "too few shares")
    points = {one.number: one.value for one in shares[: first.threshold]}
    hidden = value_at(points, SECRET)
    if first.threshold > 1:
        check = value_at(points, CHECK)
        must(mac(check[4:], hidden)[:4] == check[:4], "they are not of one secret")
    for one in shares[first.threshold :]:
        must(value_at(points, one.number) == one.value, "a share that does not fit")
    return deciphered(hidden)


def value_at(points: dict[int, bytes], x: int) -> bytes:
    """Return the value at ``x`` of the polynomials through the points."""
    if len(points) == 1:
        return next(iter(points.values()))
    found = bytes(SEED)
    for here, value in points.items():
        factor = 1
        for other in points:
            if other != here:
                factor = times(factor, times(x ^ other, inverse(here ^ other)))
        found = bytes(a ^ times(factor, b) for a, b in zip(found, value, strict=True))
    return found


def times(a: int, b: int) -> int:
    """Return a product in GF(256) with Rijndael's polynomial."""
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a = a << 1 ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def inverse(a: int) -> int:
    """Return what times ``a`` is 1."""
    return next(b for b in range(1, 256) if times(a, b) == 1)


def deciphered(hidden: bytes) -> bytes:
    """Return the seed before the four Feistel rounds; no passphrase, no salt."""
    left, right = hidden[: SEED // 2], hidden[SEED // 2 :]
    for number in ROUNDS:
        key = hashlib.pbkdf2_hmac(
            "sha256", bytes([number]), right, ITERATIONS, SEED // 2
        )
        left, right = right, bytes(a ^ b for a, b in zip(left, key, strict=True))
    return right + left


def reader_seed(seed: bytes) -> bytes:
    """Return the 96 bytes of a recovery key's private half."""
    must(len(seed) == SEED, "a seed has 32 bytes")
    info = encode("strongroom/v1/recovery-key")
    return HKDFExpand(algorithm=SHA256(), length=96, info=info).derive(seed)


def key_id(public: bytes) -> str:
    """Return the id of a recovery key."""
    return "recovery-" + base32(digest("strongroom/v1/recovery-key-id", public)[:16])


def public_of(seed: bytes) -> bytes:
    """Return the public half of a recovery key."""
    return private(reader_seed(seed))[1]


def unwrap(seed: bytes, wrapped: bytes, place: bytes) -> bytes:
    """Return the secret that was wrapped for exactly this place.

    Raises:
        RefusedError: It was not.
    """
    return unseal(reader_seed(seed), wrapped, place)
