"""What a DSSE envelope signs: the payload with its type, so that no two types meet.

Source: DSSE 1.0.2, protocol.md, "PAE".
"""

from __future__ import annotations

IN_TOTO = "application/vnd.in-toto+json"
"""Type of a payload that is an in-toto statement."""


def preauthentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that a signature is over."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
