"""Checks the signed approvals in an exported ledger, with Python alone.

    python3 -I verify_approvals.py EXPORT --domain DOMAIN [--origin URL ...] [--all]

Run ``verify.py`` on the same folder first: this one believes the entries, and asks
only whether each approval was signed by its approver's own passkey, over exactly
the request that it names, which permits rest on how many such signatures, and which
were issued past the approvals on their asker's own.  With ``--all`` what nobody
signed is a problem too.  It imports nothing of Strongroom;
``docs/specification/approval.md`` says enough to write another.
Exit status 0 if everything holds, otherwise 65.

Source: W3C Web Authentication Level 3, section 7.2; FIPS 186-5 section 6.4.2;
RFC 8032 section 5.1.7; RFC 8017 section 8.2.2.
"""
# Long because an outsider copies one file, and reads it from top to bottom.
# ruff: noqa: PLR2004, T201  the numbers are those of the formats; it is a program

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

AT_MOST_BYTES = 32 << 20  # of any one file
WIDTH = 256  # entries in a full bundle
PRESENT_AND_VERIFIED = 0x05  # flags of a touch by somebody who proved who they are

# P-256: the field, the coefficients, the order, the base point (FIPS 186-5, SP 800-186)
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
# Ed25519: the field, the order, the constant, the base point (RFC 8032 section 5.1)
Q = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = 37095705934669439343138083508754565189542113879843219016388785533085940283555
BASE = bytes.fromhex("58" + "66" * 31)
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017


class ProblemError(ValueError):
    """One sentence about something that does not hold."""


class Approvals:
    """What the entries say about passkeys, approvals and permits."""

    def __init__(self, domain: str, origins: list[str], *, every: bool) -> None:
        self.domain, self.origins, self.every = domain, origins, every
        self.keys: dict[str, dict[str, Any]] = {}
        self.signed: dict[str, set[str]] = {}  # requests, and whose signature holds
        self.facts = {"signed": 0, "unsigned": 0, "permits": 0, "permits_signed": 0}
        self.facts |= {"past_approvals": 0, "past_approvals_signed": 0}
        self.problems: list[str] = []

    def entry(self, index: int, entry: dict[str, Any]) -> None:
        """Take one entry, in the order of the ledger."""
        facts = entry["facts"]
        if entry["kind"] == "passkey.added":
            self.keys[facts["passkey"]] = facts
        elif entry["kind"] in ("passkey.removed", "passkey.suspended"):
            self.keys.pop(facts["passkey"], None)
        elif entry["kind"] in ("request.approved", "breakglass.opened"):
            try:
                self.word(entry["kind"], entry["actor"], facts)
            except (ValueError, LookupError, TypeError) as problem:
                self.problems.append(f"entry {index}: {problem}")
        elif entry["kind"] == "permit.issued":
            self.facts["permits"] += 1
            self.facts["permits_signed"] += bool(self.signed.get(facts["request"]))

    def word(self, kind: str, actor: str, facts: dict[str, Any]) -> None:
        """Check an approval, or its asker's word that it cannot wait for any."""
        past, signed = kind == "breakglass.opened", facts.get("assertion") is not None
        self.facts["past_approvals"] += past
        self.facts["unsigned"] += not (past or signed)
        if not signed:
            what = "the opening past the approvals" if past else "the approval"
            need(not self.every, f"{what} is the desk's word; nobody signed it")
            return
        self.check(actor, "break-glass" if past else "approve", facts)
        self.facts["past_approvals_signed" if past else "signed"] += 1
        if not past:
            self.signed.setdefault(facts["request"], set()).add(actor)

    def check(self, signer: str, word: str, facts: dict[str, Any]) -> None:
        """Check that the signer's own passkey signed this word on this request."""
        name, *parts = facts["assertion"]
        key = self.keys.get(name, {})
        need(key.get("account") == signer, "the passkey is not the signer's")
        data, client_data, signature = map(unbase64, parts)
        fields = (facts["request"], facts["digest"], word, signer)
        self.check_client_data(client_data, challenge_of(*fields))
        self.check_flags(data)
        message = data + hashlib.sha256(client_data).digest()
        verify(key["public_key"], signature, message)

    def check_client_data(self, client_data: bytes, challenge: bytes) -> None:
        """Check what the browser or the terminal said that it signs."""
        said = json.loads(client_data)
        text = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
        need(said["type"] == "webauthn.get", "the passkey signed something else")
        need(said["challenge"] == text, "the passkey signed another request")
        need(said["origin"] in self.origins, "the passkey signed somewhere else")
        need(said.get("crossOrigin", False) is False, "in somebody else's page")

    def check_flags(self, data: bytes) -> None:
        """Check the authenticator's own word: for whom, and that somebody was there."""
        need(len(data) >= 37, "the authenticator's data is cut off")
        expected = hashlib.sha256(self.domain.encode()).digest()
        need(data[:32] == expected, "the passkey is for another domain")
        both = data[32] & PRESENT_AND_VERIFIED == PRESENT_AND_VERIFIED
        need(both, "the passkey did not check who was there")


def challenge_of(*fields: str) -> bytes:
    """Return what an approval's passkey had to sign."""
    parts = [b"strongroom/v1/approval", *(field.encode() for field in fields)]
    return hashlib.sha256(
        b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    ).digest()


def entries(folder: Path) -> Iterator[dict[str, Any]]:
    """Give the entries of an export, with the lists that are attached to them."""
    size, number, index = int(read(folder / "checkpoint").split(b"\n")[1]), 0, 0
    while index < size:
        width = min(WIDTH, size - index)
        data, end = read(folder / bundle(number, width)), 0
        for _ in range(width):
            first, length = end + 2, int.from_bytes(data[end : end + 2], "big")
            end = first + length
            need(end <= len(data), f"entry {index}: is cut off")
            yield whole(folder, index, json.loads(data[first:end]))
            index += 1
        number += 1


def whole(folder: Path, index: int, entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry with what is attached to it."""
    if "attached" in entry:
        more = json.loads(read(folder / "attached" / f"{index}.json"))
        entry["facts"] |= more["facts"]
    return entry


def bundle(number: int, width: int) -> str:
    """Return where a bundle of entries lies: 1234067 at ``x001/x234/067``."""
    *upper, last = f"{number:,}".split(",")
    place = "".join(f"x{part:0>3}/" for part in upper) + f"{last:0>3}"
    return f"tile/entries/{place}" + (f".p/{width}" if width < WIDTH else "")


def read(path: Path) -> bytes:
    """Return a plain file's bytes."""
    need(path.is_file() and not path.is_symlink(), f"{path} is no plain file")
    with path.open("rb") as file:
        data = file.read(AT_MOST_BYTES + 1)
    need(len(data) <= AT_MOST_BYTES, f"{path} is too long")
    return data


def verify(key: list[str], signature: bytes, message: bytes) -> None:
    """Raise a ProblemError unless this key signed the message."""
    name, *numbers = key
    checks: dict[str, Callable[..., bool]]
    checks = {"ES256": es256, "EdDSA": ed25519, "RS256": rs256}
    need(name in checks, f"a passkey has keys of the kind {name[:20]}")
    holds = checks[name](*map(bytes.fromhex, numbers), signature, message)
    need(holds, "the signature is not the passkey's")


def es256(x: bytes, y: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether a P-256 key signed the SHA-256 of a message."""
    point = (int.from_bytes(x, "big"), int.from_bytes(y, "big"))
    on_curve = max(point) < P and (point[1] ** 2 - point[0] ** 3 + 3 * point[0]) % P
    r, s = der(signature)
    if on_curve != B or not (0 < r < N and 0 < s < N):
        return False
    z = int.from_bytes(hashlib.sha256(message).digest(), "big")
    inverse = pow(s, -1, N)
    found = add(times(z * inverse % N, G), times(r * inverse % N, point))
    return found is not None and found[0] % N == r


def add(a: tuple[int, int] | None, b: tuple[int, int] | None) -> tuple[int, int] | None:
    """Return the sum of two points of P-256; None is the point at infinity."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    if a == b:
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(scalar: int, point: tuple[int, int]) -> tuple[int, int] | None:
    """Return a multiple of a point of P-256."""
    total: tuple[int, int] | None = None
    for bit in bin(scalar)[2:]:
        total = add(total, total)
        total = add(total, point) if bit == "1" else total
    return total


def der(signature: bytes) -> tuple[int, int]:
    """Return the two numbers of an ECDSA signature, in the one form DER gives them."""
    need(8 <= len(signature) <= 72, "a signature has another form")
    first = signature[4 : 4 + signature[3]]
    rest = signature[4 + len(first) :]
    r, s = int.from_bytes(first, "big"), int.from_bytes(rest[2:], "big")
    inner = b"".join(
        bytes([2, len(n)]) + n
        for n in (v.to_bytes(v.bit_length() // 8 + 1, "big") for v in (r, s))
    )
    same = bytes([48, len(inner)]) + inner == signature
    need(same, "a signature has another form")
    return r, s


def rs256(n: bytes, e: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether an RSA key signed the SHA-256 of a message, PKCS #1 v1.5."""
    modulus, exponent = int.from_bytes(n, "big"), int.from_bytes(e, "big")
    length = (modulus.bit_length() + 7) // 8
    need(256 <= length <= 1024 and exponent < 2**32, "an RSA key has another size")
    number = int.from_bytes(signature, "big")
    if len(signature) != length or number >= modulus:
        return False
    hashed = SHA256_PREFIX + hashlib.sha256(message).digest()
    padded = b"\x00\x01" + b"\xff" * (length - len(hashed) - 3) + b"\x00" + hashed
    return pow(number, exponent, modulus).to_bytes(length, "big") == padded


def ed25519(public: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether an Ed25519 key signed a message."""
    key, scalar = unpack(public), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or scalar >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    minus = (Q - key[0], key[1])
    x, y = twisted(multiple(scalar, unpack(BASE)), multiple(challenge, minus))
    return (y | x % 2 << 255).to_bytes(32, "little") == signature[:32]


def unpack(data: bytes) -> tuple[int, int]:
    """Return the point of Ed25519 that 32 bytes encode."""
    sign, y = divmod(int.from_bytes(data, "little"), 2**255)
    square = (y * y - 1) * pow(D * y * y + 1, -1, Q) % Q
    x = pow(square, (Q + 3) // 8, Q)
    if x * x % Q != square:
        x = x * pow(2, (Q - 1) // 4, Q) % Q
    holds = len(data) == 32 and y < Q and x * x % Q == square and (x or not sign)
    need(holds, "a key is no point of the curve")
    return (x if x % 2 == sign else Q - x), y


def twisted(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """Return the sum of two points of Ed25519."""
    k = D * a[0] * b[0] * a[1] * b[1] % Q
    x = (a[0] * b[1] + a[1] * b[0]) * pow(1 + k, -1, Q)
    return x % Q, (a[1] * b[1] + a[0] * b[0]) * pow(1 - k, -1, Q) % Q


def multiple(scalar: int, point: tuple[int, int]) -> tuple[int, int]:
    """Return a multiple of a point of Ed25519."""
    total = (0, 1)
    for bit in bin(scalar)[2:]:
        total = twisted(total, total)
        total = twisted(total, point) if bit == "1" else total
    return total


def unbase64(text: str) -> bytes:
    """Return the bytes of a fact."""
    return base64.b64decode(text, validate=True)


def need(holds: object, sentence: str) -> None:
    """Raise a ProblemError unless something holds."""
    if not holds:
        raise ProblemError(sentence)


def main(argv: list[str] | None = None) -> int:
    """Run the program and return its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("export", help="folder written by ledger export")
    parser.add_argument("--domain", required=True, help="for which passkeys are made")
    parser.add_argument("--origin", action="append", help="https://DOMAIN unless given")
    parser.add_argument("--all", action="store_true", help="every word is signed")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args(argv)
    scheme = "http" if given.domain == "localhost" else "https"
    origins = given.origin or [f"{scheme}://{given.domain}"]
    found = Approvals(given.domain, origins, every=given.all)
    try:
        for index, entry in enumerate(entries(Path(given.export))):
            found.entry(index, entry)
    except (ValueError, LookupError, TypeError, OSError, RecursionError) as problem:
        found.problems.append(str(problem) or type(problem).__name__)
    lines = [f"{name.replace('_', ' ')}: {fact}" for name, fact in found.facts.items()]
    lines += found.problems or ["everything holds"]
    every = {"ok": not found.problems, **found.facts, "problems": found.problems}
    print(json.dumps(every) if given.json else "\n".join(lines))
    return 65 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
