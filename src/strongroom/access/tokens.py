"""What a client keeps of a login; the database has its hash only."""

from __future__ import annotations

import base64
import binascii

from strongroom import canonical
from strongroom.types import Random, Secret

_TOKEN_BYTES = 32


def new_token(random: Random) -> Secret:
    """Return a fresh token: 32 random bytes as URL-safe base64."""
    return Secret(base64.urlsafe_b64encode(random(_TOKEN_BYTES)))


def token_hash(token: Secret) -> bytes:
    """Return the 32-byte hash by which a token is looked up.

    Text of another form has a hash too, which no session has.
    """
    try:
        raw = base64.b64decode(token.reveal(), altchars=b"-_", validate=True)
    except binascii.Error:
        raw = b""
    return canonical.digest("strongroom/v1/session-token", raw)
