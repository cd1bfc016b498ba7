"""Kinds of events about keys that are replaced or given up."""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.ledger.kind import Kind

KEY_KINDS: Mapping[str, Kind] = {
    "rotation.begun": Kind(
        "The root key of a custody domain gets a successor.",
        ("domain", "root", "successor", "request"),
        (),
        (6005, 9),
    ),
    "rotation.wrapped": Kind(
        "Keys were unwrapped and wrapped under the successor too.",
        ("domain", "root", "successor", "wraps", "room_keys"),
        (),
        (6005, 9),
    ),
    "rotation.ended": Kind(
        "The successor is in use; the wraps under the former root key are deleted.",
        ("domain", "root", "successor", "removed"),
        (),
        (6005, 3),
    ),
    "root.destroyed": Kind(
        "A root key that is no longer in use is about to be deleted where it was.",
        ("domain", "root"),
        (),
        (6005, 4),
    ),
    "passphrase.changed": Kind(
        "The file of a custodian is about to get another passphrase; the root key and"
        " older copies of the file stay what they are.",
        ("domain", "root"),
        (),
        (6005, 3),
    ),
    "rekey.begun": Kind(
        "Segments of a version are sealed anew under other keys.",
        ("artifact", "version", "generation", "segments", "suite"),
        (),
        (6005, 9),
    ),
    "version.rekeyed": Kind(
        "A version is in its next generation; keys and wraps of the former are gone.",
        ("artifact", "version", "generation", "segments", "manifest", "previous"),
        (),
        (6005, 3),
    ),
    "signatures.prepared": Kind(
        "Keys for second signatures were made; they are named by digest.",
        ("checkpoint", "manifest"),
        (),
        (6005, 1),
    ),
    "signatures.switched": Kind(
        "From this entry on, checkpoints and manifests carry these signatures.",
        ("algorithms", "checkpoint", "manifest", "request"),
        (),
        (6005, 3),
    ),
    "key.shredded": Kind(
        "Keys of segments were given up; whoever has one of these root keys and an"
        " older copy of the wraps can still open them.",
        ("artifact", "version", "segments", "wraps", "roots", "request"),
        (),
        (6005, 4),
    ),
}
"""Part of ``kinds.KINDS``."""
