"""What an authenticator says, checked; nothing here reads a clock or a row.

Source: W3C Web Authentication Level 3, sections 7.1 and 7.2, by the library
``webauthn``; ``docs/specification/approval.md``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from strongroom import canonical
from strongroom.access.quorum import Decision
from strongroom.errors import DeniedError, InputError
from strongroom.settings import RelyingParty
from strongroom.types import AccountId, RequestId

if TYPE_CHECKING:
    from webauthn.helpers.structs import AuthenticationCredential

# ``webauthn`` is imported where it is used: it takes 0.08 s, which every command
# would pay, and most rooms never need it.
# ruff: noqa: PLC0415

MAX_RESPONSE_BYTES = 32 << 10
"""Of the JSON that a browser or a terminal sends; a hardware key's has under 2 KiB."""

MAX_PART_BYTES = 2048
"""Of authenticator data, client data and signature each; RS256 with 4096 bits: 512."""

MAX_CREDENTIAL_BYTES = 1023
"""Source: WebAuthn Level 3, section 4, "Credential ID"."""

Word: TypeAlias = Decision | Literal["break-glass"]
"""An approver's answer, or the asker's own word that it cannot wait for any."""

ES256, EDDSA, RS256 = -7, -8, -257
"""COSE names of the algorithms that are accepted, best known first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """A signature that somebody made by touching or unlocking an authenticator.

    Attributes:
        credential: Which passkey, as the authenticator calls it.
        authenticator_data: Relying party, flags and counter.
        client_data: JSON with the challenge and the origin, as it was signed.
        signature: Over authenticator data and the SHA-256 of the client data.
    """

    credential: bytes
    authenticator_data: bytes
    client_data: bytes
    signature: bytes

    def __post_init__(self) -> None:
        """Bound every part.

        Raises:
            InputError: One is empty or too long.
        """
        parts = (self.authenticator_data, self.client_data, self.signature)
        if not all(0 < len(part) <= MAX_PART_BYTES for part in parts):
            raise InputError("what the authenticator signed is empty or too long")
        if not 0 < len(self.credential) <= MAX_CREDENTIAL_BYTES:
            raise InputError("the name of a passkey is empty or too long")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A new passkey, as its authenticator described it.

    Attributes:
        public_key: In COSE form.
        sign_count: What its counter stood at; 0 for ever if it has none.
        device: ``bound`` to one device, or ``synced`` between several.
        attestation: The whole attestation object, kept for later scrutiny.
    """

    credential: bytes
    public_key: bytes
    sign_count: int
    device: str
    attestation: bytes


def approval_challenge(
    request: RequestId, digest: str, word: Word, signer: AccountId
) -> bytes:
    """Return the 32-byte challenge whose signature is this word on a request.

    Args:
        request: What it is about.
        digest: Hexadecimal, of what exactly is asked for.
        word: What is said about it.
        signer: Who says so.
    """
    return canonical.digest("strongroom/v1/approval", request, digest, word, signer)


def parse_assertion(text: str) -> Assertion:
    """Return the assertion in an ``AuthenticationResponseJSON``.

    Raises:
        InputError: It is too long, or something else.
    """
    from webauthn.helpers import parse_authentication_credential_json
    from webauthn.helpers.exceptions import WebAuthnException

    _check_length(text)
    try:
        found = parse_authentication_credential_json(text)
    except (WebAuthnException, ValueError, RecursionError):
        raise InputError("an authenticator's answer is not understood") from None
    return Assertion(
        credential=found.raw_id,
        authenticator_data=found.response.authenticator_data,
        client_data=found.response.client_data_json,
        signature=found.response.signature,
    )


def verify_registration(
    text: str, *, challenge: bytes, party: RelyingParty
) -> Registered:
    """Return the passkey in a ``RegistrationResponseJSON``.

    Attestation is neither asked for nor judged: what a statement proves depends on
    lists of vendors' roots.  The object is returned as it came.

    Args:
        text: What the authenticator answered.
        challenge: 32 bytes that it was asked to sign.
        party: Where the passkey has to work.

    Raises:
        InputError: It is too long, or something else.
        DeniedError: It answers another question, from elsewhere, or without
            checking who sits there; or with a kind of key that is not taken.
    """
    from webauthn import verify_registration_response
    from webauthn.helpers.cose import COSEAlgorithmIdentifier
    from webauthn.helpers.exceptions import WebAuthnException

    _check_length(text)
    try:
        found = verify_registration_response(
            credential=text,
            expected_challenge=challenge,
            expected_rp_id=party.domain,
            expected_origin=list(party.origins),
            require_user_verification=True,
            supported_pub_key_algs=[
                COSEAlgorithmIdentifier(alg) for alg in (ES256, EDDSA, RS256)
            ],
        )
    except WebAuthnException as error:
        raise _refused(error) from None
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        raise InputError("an authenticator's answer is not understood") from None
    if found.fmt != "none":
        raise DeniedError(
            "the authenticator sent an attestation that nobody asked for",
            hint="allow the browser to leave it out",
        )
    if len(found.credential_id) > MAX_CREDENTIAL_BYTES:
        raise InputError("the name of a passkey is empty or too long")
    return Registered(
        credential=found.credential_id,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        device=(
            "bound" if found.credential_device_type == "single_device" else "synced"
        ),
        attestation=found.attestation_object,
    )


@lru_cache(maxsize=4096)  # pure; every use of a permit verifies its approvals again
def verify_assertion(
    assertion: Assertion, *, public_key: bytes, challenge: bytes, party: RelyingParty
) -> int:
    """Return the authenticator's counter if the assertion is by this key.

    The counter is not judged here: the library would look at it before the
    signature, and a forged one could have somebody's passkey suspended.

    Args:
        assertion: What was signed.
        public_key: Of the passkey, in COSE form.
        challenge: 32 bytes that it was asked to sign.
        party: Where it was asked.

    Raises:
        DeniedError: It is of another key, for another question, from elsewhere,
            or was made without checking who sits there.
    """
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    _check_client_data(assertion.client_data)
    try:
        found = verify_authentication_response(
            credential=_credential(assertion),
            expected_challenge=challenge,
            expected_rp_id=party.domain,
            expected_origin=list(party.origins),
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except WebAuthnException as error:
        raise _refused(error) from None
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        raise DeniedError("the passkey's answer is not understood") from None
    return found.new_sign_count


def plain_key(public_key: bytes) -> list[str]:
    """Return a COSE key as words that need no CBOR: algorithm, then numbers in hex.

    ``ES256 x y``, ``EdDSA x`` or ``RS256 n e``, all big-endian but the EdDSA point.

    Args:
        public_key: One that ``verify_registration`` accepted.

    Raises:
        InputError: It is of a kind that a passkey of ours cannot have.
    """
    from webauthn.helpers import decode_credential_public_key
    from webauthn.helpers.decode_credential_public_key import (
        DecodedEC2PublicKey,
        DecodedOKPPublicKey,
        DecodedRSAPublicKey,
    )

    key = decode_credential_public_key(public_key)
    if isinstance(key, DecodedEC2PublicKey):
        return ["ES256", key.x.hex(), key.y.hex()]
    if isinstance(key, DecodedOKPPublicKey):
        return ["EdDSA", key.x.hex()]
    if isinstance(key, DecodedRSAPublicKey):
        return ["RS256", key.n.hex(), key.e.hex()]
    raise InputError("a passkey has a kind of key that is not taken")


def _credential(assertion: Assertion) -> AuthenticationCredential:
    from webauthn.helpers import bytes_to_base64url
    from webauthn.helpers.structs import (
        AuthenticationCredential,
        AuthenticatorAssertionResponse,
    )

    return AuthenticationCredential(
        id=bytes_to_base64url(assertion.credential),
        raw_id=assertion.credential,
        response=AuthenticatorAssertionResponse(
            client_data_json=assertion.client_data,
            authenticator_data=assertion.authenticator_data,
            signature=assertion.signature,
        ),
    )


def _check_client_data(client_data: bytes) -> None:
    """Refuse what was signed inside somebody else's page; the library does not look.

    Source: WebAuthn Level 3, section 7.2, step 14.
    """
    try:
        document = json.loads(client_data)
    except (ValueError, RecursionError):
        raise DeniedError("the passkey's answer is not understood") from None
    if (
        not isinstance(document, dict)
        or document.get("crossOrigin", False) is not False
    ):
        raise DeniedError("the passkey was asked inside somebody else's page")


def _check_length(text: str) -> None:
    if len(text) > MAX_RESPONSE_BYTES:
        raise InputError(
            f"an authenticator's answer is over {MAX_RESPONSE_BYTES} bytes"
        )


def _refused(error: Exception) -> DeniedError:
    """Return the refusal; the library's sentences hold no secret."""
    why = str(error)[:200]
    return DeniedError(
        f"the passkey's answer does not verify: {why[:1].lower()}{why[1:]}",
        hint="try again with the passkey that you registered here",
    )
