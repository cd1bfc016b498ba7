"""Finds what holds a passkey: a security key here, or a program that was named."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from strongroom.access.authenticators.port import Authenticator
from strongroom.errors import InputError, SetupError, UnavailableError
from strongroom.settings import Settings
from strongroom.types import Secret


def open_authenticator(
    settings: Settings,
    program: str | None,
    *,
    pin: Callable[[], Secret],
    say: Callable[[str], None],
) -> Authenticator:
    """Return the authenticator that is meant.

    Args:
        settings: Of the room, which say where passkeys work.
        program: Command line of a program to ask; ``None`` for a key on USB.
        pin: Asks somebody for the PIN of a key.
        say: Tells them what to do.

    Raises:
        SetupError: The room has no passkeys, or ``fido2`` is not installed.
        UnavailableError: There is no security key here, or more than one.
        InputError: The command line has no end.
    """
    if settings.passkeys is None:
        raise SetupError(
            "room.toml does not say where passkeys work",
            hint='add: [passkeys] domain = "localhost"',
        )
    origin = settings.passkeys.origins[0]
    if program is None:
        return _device(origin, pin=pin, say=say)
    from strongroom.access.authenticators.program import ProgramAuthenticator

    try:
        command = shlex.split(program)
    except ValueError:
        command = []
    if not command:
        raise InputError(f"{program[:80]!r} is no command line")
    return ProgramAuthenticator(command, origin=origin)


def _device(
    origin: str, *, pin: Callable[[], Secret], say: Callable[[str], None]
) -> Authenticator:
    try:
        from fido2.hid import CtapHidDevice

        from strongroom.access.authenticators.device import DeviceAuthenticator
    except ImportError:
        raise SetupError(
            "security keys need the package fido2",
            hint="pip install 'strongroom[fido2]'; a browser comes with the server",
        ) from None
    try:
        found = list(CtapHidDevice.list_devices())
    except OSError as error:
        raise UnavailableError(f"USB cannot be read: {error.strerror}") from None
    if len(found) != 1:
        count = "no security key is" if not found else f"{len(found)} security keys are"
        raise UnavailableError(
            f"{count} plugged in here; a passkey of a browser or a phone waits for the"
            " server",
            hint="plug in one key, or --authenticator PROGRAM",
        )
    return DeviceAuthenticator(found[0], origin=origin, pin=pin, say=say)
