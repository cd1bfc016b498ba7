"""The port to an authenticator: a security key, a phone, or a program beside one."""

from __future__ import annotations

from typing import Protocol


class Authenticator(Protocol):
    """Makes passkeys and signs with them, while somebody sits there.

    Trust: none.  Whatever it returns is bounded, parsed and verified like what a
    stranger sent.  It knows its own origin, which it signs, and which the room
    compares; that is what keeps a passkey from working on somebody else's page.

    Durability: a passkey that ``create`` answered can be used by ``get`` from then
    on, also after a restart.

    Concurrency: one call at a time; a call may wait two minutes for a touch.
    """

    def create(self, options: str) -> str:
        """Make a passkey and return a ``RegistrationResponseJSON``.

        Args:
            options: ``PublicKeyCredentialCreationOptionsJSON``.

        Raises:
            UnavailableError: No device is there, or nobody touched it in time.
            DeniedError: The device refused, such as for a wrong PIN.
            SetupError: The device has no way to know who holds it.
        """

    def get(self, options: str) -> str:
        """Sign with a passkey and return an ``AuthenticationResponseJSON``.

        Args:
            options: ``PublicKeyCredentialRequestOptionsJSON``.

        Raises:
            UnavailableError: No device is there, none has the passkey, or nobody
                touched it in time.
            DeniedError: The device refused, such as for a wrong PIN.
            SetupError: The device has no way to know who holds it.
        """
