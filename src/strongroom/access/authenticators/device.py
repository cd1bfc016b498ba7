"""A security key on this machine, over CTAP, by the library ``fido2``."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fido2.client import (
    ClientError,
    DefaultClientDataCollector,
    Fido2Client,
    UserInteraction,
)
from fido2.ctap import CtapDevice
from fido2.webauthn import AttestationObject

from strongroom.errors import DeniedError, UnavailableError
from strongroom.types import Secret


class DeviceAuthenticator:
    """Asks one security key; somebody touches it, and types its PIN if it has one."""

    def __init__(
        self,
        device: CtapDevice,
        *,
        origin: str,
        pin: Callable[[], Secret],
        say: Callable[[str], None],
    ) -> None:
        """Bind to a device.

        Args:
            device: From ``devices``.
            origin: Where the room says that passkeys are presented.
            pin: Asks somebody for the PIN of the key.
            say: Tells them what to do.
        """
        self._client = Fido2Client(
            device,
            client_data_collector=DefaultClientDataCollector(origin),
            user_interaction=_Talking(pin, say),
        )

    def create(self, options: str) -> str:
        """Make a passkey; what the key says of its vendor is left out."""
        with _translated():
            made: Any = self._client.make_credential(json.loads(options))
        answer: dict[str, Any] = json.loads(json.dumps(_plain(made)))
        data = made.response.attestation_object.auth_data
        bare = AttestationObject.create("none", data, {})
        answer["response"]["attestationObject"] = _text(bytes(bare))
        return json.dumps(answer)

    def get(self, options: str) -> str:
        """Sign with a passkey of this key."""
        with _translated():
            found: Any = self._client.get_assertion(json.loads(options))
        return json.dumps(_plain(found.get_response(0)))


class _Talking(UserInteraction):  # type: ignore[misc]  # the extra is not followed
    def __init__(self, pin: Callable[[], Secret], say: Callable[[str], None]) -> None:
        self._pin = pin
        self._say = say

    def prompt_up(self) -> None:
        self._say("touch the security key")

    def request_pin(self, permissions: object, rp_id: str | None) -> str | None:
        return self._pin().reveal().decode(errors="replace")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.code in (ClientError.ERR.BAD_REQUEST, ClientError.ERR.OTHER_ERROR):
            raise DeniedError(
                "the security key refused", hint="its PIN may be wrong or not set"
            ) from None
        raise UnavailableError(
            "the security key did not answer",
            hint="it was not touched in time, or it has no passkey of this account",
        ) from None
    except OSError as error:
        raise UnavailableError(f"the security key: {error.strerror}") from None


def _plain(value: Any) -> Any:  # noqa: ANN401  the library's own mapping
    """Return the library's mapping as JSON has it."""
    if hasattr(value, "items"):
        return {key: _plain(member) for key, member in value.items()}
    return value


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
