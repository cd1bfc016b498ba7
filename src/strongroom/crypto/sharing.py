"""A secret in several shares: some of them restore it, fewer are of no use.

Shamir's scheme over GF(256), byte by byte, in the form of SLIP-0039: the secret
is the value at 255 of polynomials, a digest of it the value at 254, so that
shares that do not belong together are noticed.  One share too few thereby rules
out all but 2^-32 of the secrets: of 2^256, 2^224 are left.  Before it is split the
secret passes a four-round Feistel cipher; without a passphrase that only costs a
moment.

Multiplication takes the same steps for all bytes and looks nothing up by them;
Python promises no more than that.

Source: SLIP-0039; A. Shamir, "How to share a secret", 1979.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from strongroom.crypto.slip39 import MOST_SHARES, SET_IDS, Share
from strongroom.errors import InputError, IntegrityError
from strongroom.types import Random, Secret

_SECRET_AT = 255
_DIGEST_AT = 254
_DIGEST_BYTES = 4
_ROUNDS = 4
_ITERATIONS = 10_000 // _ROUNDS  # of each round, times 2**cost
_NO_PASSPHRASE = Secret(b"")


def new_set_id(random: Random) -> int:
    """Return the number of a new set."""
    return int.from_bytes(random(2), "big") % SET_IDS


def split(
    secret: Secret, *, shares: int, threshold: int, set_id: int, random: Random
) -> tuple[Share, ...]:
    """Return the secret as ``shares`` shares, ``threshold`` of which restore it.

    Args:
        secret: 16 to 64 bytes, an even number.
        shares: How many to make: 1 to 16.
        threshold: How many are needed: 2 to ``shares``, or 1 of 1.
        set_id: From ``new_set_id``.
        random: Source of everything but the secret.

    Raises:
        InputError: Such a set cannot be made.
    """
    if not 1 <= threshold <= shares <= MOST_SHARES:
        raise InputError(
            f"{threshold} of {shares} shares cannot be",
            hint=f"2 to {MOST_SHARES} shares, and not more needed than there are",
        )
    if threshold == 1 and shares > 1:
        raise InputError(
            "one share alone would restore the secret",
            hint="ask for two or more, or make a single share",
        )
    hidden = _cipher(secret, _NO_PASSPHRASE, b"", cost=0, backwards=False)
    points = _points(hidden, threshold, random)
    values = [_value_at(points, x) for x in range(shares)]
    return tuple(
        Share(set_id=set_id, threshold=threshold, number=x + 1, value=Secret(value))
        for x, value in enumerate(values)
    )


def combine(shares: Sequence[Share], passphrase: Secret = _NO_PASSPHRASE) -> Secret:
    """Return the secret that the shares restore.

    Args:
        shares: Of one set, as many as are needed or more.
        passphrase: SLIP-0039 allows one; Strongroom's own sets have none.

    Raises:
        InputError: They are of different sets, one stands twice, or there are
            too few.
        IntegrityError: They are not what one secret was split into.
    """
    first = _verify_set(shares)
    needed = shares[: first.threshold]
    points = {s.number - 1: s.value.reveal() for s in needed}
    hidden = _value_at(points, _SECRET_AT)
    if first.threshold > 1:
        _verify_digest(hidden, _value_at(points, _DIGEST_AT))
    for further in shares[first.threshold :]:
        if _value_at(points, further.number - 1) != further.value.reveal():
            raise IntegrityError(
                f"paper {further.number} does not fit the other ones",
                hint="leave it out",
            )
    salt = b"" if first.extendable else b"shamir" + first.set_id.to_bytes(2, "big")
    return _cipher(Secret(hidden), passphrase, salt, cost=first.cost, backwards=True)


def _verify_set(shares: Sequence[Share]) -> Share:
    """Return the first of shares that belong together and suffice.

    Raises:
        InputError: They do not.
    """
    if not shares:
        raise InputError("no paper was given", hint="--paper FILE, once for each")
    first = shares[0]
    for share in shares[1:]:
        if share.set_id != first.set_id:
            raise InputError(
                f"paper {share.number} is of set {share.set_id},"
                f" paper {first.number} of set {first.set_id}",
                hint="papers of different sets restore nothing; bring those of one",
            )
        if _kind(share) != _kind(first):
            raise InputError(
                f"papers {first.number} and {share.number} say different things"
                " about their set"
            )
    numbers = [share.number for share in shares]
    for number in numbers:
        if numbers.count(number) > 1:
            raise InputError(
                f"paper {number} was given twice", hint="bring another one of the set"
            )
    if len(shares) < first.threshold:
        lacking = first.threshold - len(shares)
        raise InputError(
            f"{len(shares)} of {first.threshold} papers were given",
            hint=f"bring {lacking} more of set {first.set_id}",
        )
    return first


def _kind(share: Share) -> tuple[int, int, bool, int]:
    return share.threshold, share.cost, share.extendable, len(share.value)


def _points(hidden: Secret, threshold: int, random: Random) -> Mapping[int, bytes]:
    """Return as many points of the polynomials as determine them."""
    value = hidden.reveal()
    if threshold == 1:
        return {_SECRET_AT: value}
    filling = random(len(value) - _DIGEST_BYTES)
    points = {x: random(len(value)) for x in range(threshold - 2)}
    points[_DIGEST_AT] = _digest(filling, value) + filling
    points[_SECRET_AT] = value
    return points


def _verify_digest(secret: bytes, found: bytes) -> None:
    filling = found[_DIGEST_BYTES:]
    if not hmac.compare_digest(_digest(filling, secret), found[:_DIGEST_BYTES]):
        raise IntegrityError(
            "the papers do not belong together",
            hint="they say they are of one set: one was made or altered elsewhere",
        )


def _digest(filling: bytes, secret: bytes) -> bytes:
    return hmac.digest(filling, secret, "sha256")[:_DIGEST_BYTES]


def _value_at(points: Mapping[int, bytes], x: int) -> bytes:
    """Return the polynomials' values at ``x``, through all ``points`` (Lagrange)."""
    if x in points:
        return points[x]
    result = bytes(len(next(iter(points.values()))))
    for own, value in points.items():
        weight = 1
        for other in points:
            if other != own:
                weight = _times(weight, _times(x ^ other, _inverse(own ^ other)))
        result = bytes(
            r ^ _times(v, weight) for r, v in zip(result, value, strict=True)
        )
    return result


def _times(a: int, b: int) -> int:
    """Return the product in GF(256) modulo x^8 + x^4 + x^3 + x + 1."""
    product = 0
    for _ in range(8):
        product ^= -(a & 1) & b
        b = (b << 1) ^ (-(b >> 7) & 0x11B)
        a >>= 1
    return product


def _inverse(a: int) -> int:
    """Return ``a`` to the power 254 = 2 + 4 + ... + 128, which times ``a`` is 1."""
    power = 1
    for _ in range(7):
        a = _times(a, a)
        power = _times(power, a)
    return power


def _cipher(
    secret: Secret, passphrase: Secret, salt: bytes, *, cost: int, backwards: bool
) -> Secret:
    """Return the secret through the Feistel cipher of SLIP-0039."""
    value = secret.reveal()
    half = len(value) // 2
    left, right = value[:half], value[half:]
    rounds = range(_ROUNDS)
    for number in reversed(rounds) if backwards else rounds:
        mask = hashlib.pbkdf2_hmac(
            "sha256",
            bytes([number]) + passphrase.reveal(),
            salt + right,
            _ITERATIONS << cost,
            dklen=half,
        )
        left, right = right, bytes(a ^ b for a, b in zip(left, mask, strict=True))
    return Secret(right + left)
