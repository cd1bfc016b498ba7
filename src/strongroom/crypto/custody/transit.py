"""Custodians whose root key lies in the transit engine of Vault or OpenBao.

Never run against a server here: it follows the published API, and the tests play
the service.  See ``crypto.transit``.
"""

from __future__ import annotations

from typing import Final

from strongroom.crypto.held_key import Holder
from strongroom.crypto.transit import TransitKey, TransitUri
from strongroom.types import Random, Secret


def _make(uri: TransitUri, token: Secret, _: str, __: Random) -> TransitKey:
    key = TransitKey(uri, token)
    key.make()
    key.verify()
    return key


def _find(uri: TransitUri, token: Secret, _: str, __: Random) -> TransitKey:
    key = TransitKey(uri, token)
    key.verify()
    return key


TRANSIT: Final = Holder(uri=TransitUri, make=_make, find=_find)
"""Makes and opens them; the secret is the token that the service knows us by."""
