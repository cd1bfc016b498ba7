"""What an authenticator is asked, in the JSON that browsers take.

Source: W3C Web Authentication Level 3, sections 5.4, 5.5 and 5.1.8.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from strongroom import canonical
from strongroom.access.accounts import Account
from strongroom.access.assertions import EDDSA, ES256, RS256
from strongroom.canonical import Json
from strongroom.settings import RelyingParty

TIMEOUT_SECONDS = 120
"""How long somebody may look for their key; a challenge lives a little longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceremony:
    """A question for an authenticator.

    Attributes:
        challenge: Id to hand back with the answer; empty for an approval, whose
            challenge follows from what is approved.
        options: JSON, as ``navigator.credentials`` takes it.
    """

    challenge: str
    options: str


def creation_options(
    account: Account,
    *,
    challenge: bytes,
    party: RelyingParty,
    known: Iterable[bytes],
) -> str:
    """Return a ``PublicKeyCredentialCreationOptionsJSON``.

    Args:
        account: Whose passkey it becomes.
        challenge: 32 bytes.
        party: Where it will work.
        known: Credentials that the account has; the same key is not taken twice.
    """
    user = {
        "id": _text(account.id.encode()),
        "name": account.name,
        "displayName": account.name,
    }
    return _json(
        {
            "rp": {"id": party.domain, "name": "Strongroom"},
            "user": user,
            "challenge": _text(challenge),
            "pubKeyCredParams": [
                {"type": "public-key", "alg": alg} for alg in (ES256, EDDSA, RS256)
            ],
            "timeout": TIMEOUT_SECONDS * 1000,
            "excludeCredentials": _descriptors(known),
            "authenticatorSelection": {
                "residentKey": "discouraged",
                "userVerification": "required",
            },
            "attestation": "none",
        }
    )


def request_options(
    *, challenge: bytes, party: RelyingParty, known: Iterable[bytes]
) -> str:
    """Return a ``PublicKeyCredentialRequestOptionsJSON``.

    Args:
        challenge: 32 bytes.
        party: Where the passkeys work.
        known: Credentials of whoever is asked.
    """
    return _json(
        {
            "challenge": _text(challenge),
            "timeout": TIMEOUT_SECONDS * 1000,
            "rpId": party.domain,
            "allowCredentials": _descriptors(known),
            "userVerification": "required",
        }
    )


def _descriptors(credentials: Iterable[bytes]) -> list[Json]:
    return [{"type": "public-key", "id": _text(c)} for c in credentials]


def _text(data: bytes) -> str:
    """Return bytes as WebAuthn writes them: URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _json(document: Json) -> str:
    return canonical.to_json(document).decode()
