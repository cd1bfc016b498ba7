"""Verifying a signed approval beside the bare signature, and counting again.

The limit is ``cryptography``'s own verification of the same signature with a key that
is loaded already.  "again" is the same approval at the next use of a permit in one
process, which remembers what it verified; "outsider" is ``verify_approvals.py``.
Interleaved rounds, medians of per-round ratios.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from hashlib import sha256

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from strongroom.access import verify_approvals
from strongroom.access.assertions import (
    Assertion,
    Registered,
    parse_assertion,
    plain_key,
    verify_assertion,
    verify_registration,
)
from strongroom.settings import RelyingParty
from tests.authenticator import EDDSA, ES256, RS256, Key, SoftAuthenticator, text_of

PARTY = RelyingParty.at("rooms.example")
CHALLENGE = bytes(range(32))
VERIFIED = 200
"""Verifications in a round of each kind; of the outsider's a tenth."""


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    kinds = {"ES256": ES256, "EdDSA": EDDSA, "RS256": RS256}
    result = {name: measured(alg, rounds) for name, alg in kinds.items()}
    print(json.dumps({"bench": "passkeys", "rounds": rounds, **result}))


def measured(algorithm: int, rounds: int) -> dict[str, float]:
    """Return verifications a second, and how many bare ones each takes."""
    key = SoftAuthenticator(algorithm=algorithm)
    asked = {"rp": {"id": PARTY.domain}, "challenge": text_of(CHALLENGE)}
    known = verify_registration(
        key.create(json.dumps(asked)), challenge=CHALLENGE, party=PARTY
    )
    (credential,) = key.credentials.values()
    assertion = parse_assertion(
        key.sign(credential, challenge=text_of(CHALLENGE), domain=PARTY.domain)
    )
    kinds = (
        bare(credential.key, assertion),
        first(assertion, known),
        again(assertion, known),
        outsider(assertion, known),
    )
    times = [[seconds(kind) for kind in kinds] for _ in range(rounds)]
    ratios = [[each / row[0] for each in row] for row in times]
    middle = [statistics.median(column) for column in zip(*ratios, strict=True)]
    return {
        "verified_per_second": round(1 / statistics.median(row[1] for row in times)),
        "to_bare": round(middle[1], 2),
        "again_to_bare": round(middle[2], 3),
        "outsider_to_bare": round(middle[3], 1),
    }


Act = tuple[Callable[[], object], int]


def seconds(act: Act) -> float:
    """Return how long one of many takes."""
    call, count = act
    started = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - started) / count


def bare(key: Key, assertion: Assertion) -> Act:
    """Verify the signature alone."""
    data = assertion.authenticator_data + sha256(assertion.client_data).digest()
    signature = assertion.signature
    if isinstance(key, ec.EllipticCurvePrivateKey):
        ecdsa, public = ec.ECDSA(hashes.SHA256()), key.public_key()
        return lambda: public.verify(signature, data, ecdsa), VERIFIED
    if isinstance(key, ed25519.Ed25519PrivateKey):
        edwards = key.public_key()
        return lambda: edwards.verify(signature, data), VERIFIED
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("no such key")
    pkcs, modular = padding.PKCS1v15(), key.public_key()
    return lambda: modular.verify(signature, data, pkcs, hashes.SHA256()), VERIFIED


def first(assertion: Assertion, known: Registered) -> Act:
    """Verify as a process does that never saw the approval."""

    def verify() -> None:
        verify_assertion.cache_clear()
        verify_once(assertion, known)

    return verify, VERIFIED


def again(assertion: Assertion, known: Registered) -> Act:
    """Verify what this process verified before."""
    return lambda: verify_once(assertion, known), VERIFIED


def outsider(assertion: Assertion, known: Registered) -> Act:
    """Verify with plain Python."""
    data = assertion.authenticator_data + sha256(assertion.client_data).digest()
    key = plain_key(known.public_key)
    return (
        lambda: verify_approvals.verify(key, assertion.signature, data),
        VERIFIED // 10,
    )


def verify_once(assertion: Assertion, known: Registered) -> int:
    """Verify a signed approval."""
    return verify_assertion(
        assertion, public_key=known.public_key, challenge=CHALLENGE, party=PARTY
    )


if __name__ == "__main__":
    main()
