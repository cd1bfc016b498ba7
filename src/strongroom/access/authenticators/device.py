"""A security key on this machine, over CTAP, by the library ``fido2``."""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fido2.client import (
    ClientError,
    DefaultClientDataCollector,
    Fido2Client,
    PinRequiredError,
    UserInteraction,
)
from fido2.ctap import CtapDevice, CtapError
from fido2.ctap2 import Ctap2
from fido2.ctap2.pin import ClientPin
from fido2.webauthn import AttestationObject

from strongroom.errors import DeniedError, SetupError, StrongroomError, UnavailableError
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

        Raises:
            UnavailableError: The device does not answer.
        """
        self._device = device
        with self._translated():
            self._client = Fido2Client(
                device,
                client_data_collector=DefaultClientDataCollector(origin),
                user_interaction=_Talking(pin, say),
            )

    def create(self, options: str) -> str:
        """Make a passkey; what the key says of its vendor is left out."""
        asked = json.loads(options)
        with self._translated():
            made: Any = self._client.make_credential(asked)
        answer: dict[str, Any] = json.loads(json.dumps(_plain(made)))
        data = made.response.attestation_object.auth_data
        bare = AttestationObject.create("none", data, {})
        answer["response"]["attestationObject"] = _text(bytes(bare))
        return json.dumps(answer)

    def get(self, options: str) -> str:
        """Sign with a passkey of this key."""
        asked = json.loads(options)
        with self._translated():
            found: Any = self._client.get_assertion(asked)
        return json.dumps(_plain(found.get_response(0)))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Say in one sentence what the key answered."""
        try:
            yield
        except PinRequiredError:
            raise DeniedError(
                "the security key wants its PIN", hint="type it when asked"
            ) from None
        except ClientError as error:
            status = getattr(error.cause, "code", None)
            raise _ANSWERS.get(status, _BY_KIND.get(error.code, _refused))(
                self._tries() if status == CtapError.ERR.PIN_INVALID else 0
            ) from None
        except (CtapError, ValueError) as error:
            raise UnavailableError(f"no security key of FIDO2: {error}") from None
        except OSError as error:
            raise UnavailableError(f"the security key: {error.strerror}") from None

    def _tries(self) -> int:
        """Return how many wrong PINs the key still takes; 0 if it does not say."""
        try:
            return int(ClientPin(Ctap2(self._device)).get_pin_retries()[0])
        except (CtapError, OSError, ValueError):
            return 0


class _Talking(UserInteraction):  # type: ignore[misc]  # the extra is not followed
    def __init__(self, pin: Callable[[], Secret], say: Callable[[str], None]) -> None:
        self._pin = pin
        self._say = say

    def prompt_up(self) -> None:
        self._say("touch the security key")

    def request_pin(self, permissions: object, rp_id: str | None) -> str | None:
        typed = self._pin().reveal().decode(errors="replace")
        return unicodedata.normalize("NFC", typed)  # as CTAP 2.1 section 6.5 wants it


def _wrong_pin(tries: int) -> StrongroomError:
    left = f"{tries} tries are left" if tries else "few tries are left"
    return DeniedError("the PIN of the security key is wrong", hint=left)


def _taken_out(_: int) -> StrongroomError:
    return DeniedError(
        "the security key takes no more PINs for now",
        hint="take it out, put it in again, and type its PIN",
    )


def _blocked(_: int) -> StrongroomError:
    return DeniedError(
        "the PIN of the security key is blocked for good",
        hint="use another factor; a reset of the key deletes its passkeys",
    )


def _no_pin(_: int) -> StrongroomError:
    return SetupError(
        "the security key has neither PIN nor fingerprint, so anybody could touch it",
        hint="set a PIN with its vendor's program; a key without FIDO2 has none",
    )


def _weak_pin(_: int) -> StrongroomError:
    return SetupError(
        "the security key wants another PIN first",
        hint="change it with its vendor's program",
    )


def _not_touched(_: int) -> StrongroomError:
    return UnavailableError(
        "nobody touched the security key in time", hint="touch it while it blinks"
    )


def _not_here(_: int) -> StrongroomError:
    return UnavailableError(
        "the security key has no passkey of this account", hint="put in the other one"
    )


def _here(_: int) -> StrongroomError:
    return DeniedError(
        "the security key has a passkey of this account", hint="put in another one"
    )


def _refused(_: int) -> StrongroomError:
    return DeniedError(
        "the security key refused", hint="touch it with the finger that it knows"
    )


_ERR = CtapError.ERR
_ANSWERS: Mapping[object, Callable[[int], StrongroomError]] = {
    _ERR.PIN_INVALID: _wrong_pin,
    _ERR.PIN_AUTH_BLOCKED: _taken_out,
    _ERR.PIN_BLOCKED: _blocked,
    _ERR.PIN_NOT_SET: _no_pin,
    _ERR.PIN_POLICY_VIOLATION: _weak_pin,
    _ERR.NO_CREDENTIALS: _not_here,
    _ERR.CREDENTIAL_EXCLUDED: _here,
}
"""What a key answers, by its status; others by what the library makes of them."""

_BY_KIND: Mapping[object, Callable[[int], StrongroomError]] = {
    ClientError.ERR.TIMEOUT: _not_touched,
    ClientError.ERR.CONFIGURATION_UNSUPPORTED: _no_pin,
    ClientError.ERR.DEVICE_INELIGIBLE: _not_here,
}


def _plain(value: Any) -> Any:  # noqa: ANN401  the library's own mapping
    """Return the library's mapping as JSON has it."""
    if hasattr(value, "items"):
        return {key: _plain(member) for key, member in value.items()}
    return value


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
