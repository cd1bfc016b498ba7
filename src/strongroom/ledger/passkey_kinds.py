"""Kinds of events about passkeys, and about the profile that asks for them."""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.ledger.kind import Kind

PASSKEY_KINDS: Mapping[str, Kind] = {
    "passkey.challenged": Kind(
        "Somebody is asked to use a passkey.",
        ("account", "challenge", "ceremony", "expires"),
        (),
        (3002, 99),
    ),
    "passkey.added": Kind(
        "A passkey counts for an account; its public key is here for outsiders.",
        ("account", "passkey", "credential", "public_key", "device"),
        (),
        (3001, 10),
    ),
    "passkey.removed": Kind(
        "A passkey counts no more, nor what it signed.",
        ("account", "passkey", "by"),
        (),
        (3001, 11),
    ),
    "passkey.suspended": Kind(
        "Its counter did not grow: there may be a copy of it.",
        ("account", "passkey", "count", "stored"),
        (),
        (2004, 1),
    ),
    "profile.changed": Kind(
        "Other rules are in force from the next opening of the room on.",
        ("profile", "previous", "request"),
        (),
        (3004, 3),
    ),
    "session.proved": Kind(
        "Somebody who is logged in proved a second factor again.",
        ("session", "factor"),
        (),
        (3002, 99),
    ),
}
"""Part of ``kinds.KINDS``."""
