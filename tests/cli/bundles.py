"""Bundles of advisories as files, and a room that takes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from strongroom import canonical
from strongroom.crypto.signing import SigningKey
from strongroom.database.times import format_time
from strongroom.intake.advisories import PURPOSE
from strongroom.types import Secret

ISSUER = SigningKey(Secret(bytes(range(9, 41))))


def write_bundle(
    path: Path,
    number: int,
    advisories: Sequence[canonical.Json] = (),
    *,
    key: SigningKey = ISSUER,
) -> Path:
    """Write a bundle that was issued yesterday, and return where."""
    now = datetime.now(UTC)
    document: canonical.Json = {
        "v": 1,
        "number": number,
        "issued": format_time(now - timedelta(days=1)),
        "expires": format_time(now + timedelta(days=1)),
        "advisories": advisories,
    }
    signed = key.sign(PURPOSE, canonical.to_json(document))
    path.write_bytes(signed.to_bytes())
    return path


def pin(room: Path, key: SigningKey = ISSUER) -> None:
    """Pin the key of an issuer, as somebody does by hand."""
    path = room / "room.toml"
    text = re.sub(r"\n\[advisories\]\nkey = .*\n", "", path.read_text())
    path.write_text(f'{text}\n[advisories]\nkey = "{key.public.raw.hex()}"\n')
