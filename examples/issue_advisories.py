"""Sign advisories for a room, with Python's standard library and openssl alone.

    openssl genpkey -algorithm ed25519 -out issuer.pem
    python3 issue_advisories.py issuer.pem --number 1 --days 30 --to bundle.json FILE...

Each FILE holds one advisory in the form of OSV; ``docs/specification/advisories.md``
says what it may name.  What is printed goes into ``room.toml``.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path


def main() -> None:
    """Write the bundle, and print what pins its issuer."""
    parser = argparse.ArgumentParser(description="Sign advisories for a room.")
    parser.add_argument("key", type=Path, help="Ed25519 private key, PEM")
    parser.add_argument("advisories", type=Path, nargs="*")
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--to", type=Path, required=True)
    given = parser.parse_intermixed_args()  # files may stand after the options
    now = datetime.now(UTC)
    payload = canonical(
        {
            "v": 1,
            "number": given.number,
            "issued": stamp(now),
            "expires": stamp(now + timedelta(days=given.days)),
            "advisories": [json.loads(path.read_text()) for path in given.advisories],
        }
    )
    public = public_key(given.key)
    signature = sign(
        given.key, encode(b"signature", b"advisories", b"ed25519", payload)
    )
    key_id = hashlib.sha256(encode(b"key-id", b"ed25519", public)).hexdigest()[:16]
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "signatures": [
            {
                "algorithm": "ed25519",
                "key_id": key_id,
                "value": base64.b64encode(signature).decode(),
            }
        ],
        "v": 1,
    }
    given.to.write_bytes(canonical(envelope))
    print(f'[advisories]\nkey = "{public.hex()}"')


def canonical(value: object) -> bytes:
    """Return canonical JSON; see ``docs/specification/encoding.md``."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()


def encode(tag: bytes, *fields: bytes) -> bytes:
    """Return the tag and every field, each after its length in four bytes."""
    parts = (b"strongroom/v1/" + tag, *fields)
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def stamp(time: datetime) -> str:
    """Return a time in the one form that is read."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def public_key(key: Path) -> bytes:
    """Return the 32 bytes of the public key; they end its DER form."""
    words = ["openssl", "pkey", "-in", str(key), "-pubout", "-outform", "DER"]
    return subprocess.run(words, check=True, capture_output=True).stdout[-32:]


def sign(key: Path, message: bytes) -> bytes:
    """Return the 64 bytes of the signature."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(message)
        file.flush()
        words = ["openssl", "pkeyutl", "-sign", "-inkey", str(key), "-rawin"]
        words += ["-in", file.name]
        return subprocess.run(words, check=True, capture_output=True).stdout


if __name__ == "__main__":
    main()
