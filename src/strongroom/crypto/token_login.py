"""Finding a PKCS#11 token and logging in to it, with its errors in our words.

A process logs in once for all of its sessions: a second login is answered
``UserAlreadyLoggedIn`` before its PIN is looked at.  SoftHSM reads its
configuration and its list of tokens when the library is loaded, so a token made
later is seen by the next process.

Source: PKCS #11 v3.1 sections 5.5 and 5.6; ``docs/specification/custody-token.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from strongroom.crypto.token_uri import TokenUri
from strongroom.errors import (
    DeniedError,
    MissingError,
    SetupError,
    StrongroomError,
    UnavailableError,
)
from strongroom.types import Secret

if TYPE_CHECKING:
    from pkcs11 import Session, Token

_COUNT_LOW, _FINAL_TRY, _LOCKED = 0x10000, 0x20000, 0x40000  # CKF_USER_PIN_…
_INSTALL: Final = "pip install 'strongroom[pkcs11]'"
_RESET: Final = "unlock or reset it with the vendor's program"
_PUT_BACK: Final = "put the token back, and open the room again"


def tokens(module: str) -> list[tuple[str, str]]:
    """Return label and serial of every token that a library sees, in its order.

    Raises:
        SetupError: ``python-pkcs11`` or the library cannot be loaded.
        UnavailableError: The library does not answer.
    """
    with translated(module):
        return [(token.label, _serial(token)) for token in _load(module)]


def pin_problem(label: str, flags: int) -> str:
    """Return what a token says of its PIN, in words; empty if all is well.

    Args:
        label: Of the token.
        flags: Its CKF flags.
    """
    if flags & _LOCKED:
        return f"the PIN of token {label} is locked"
    if flags & _FINAL_TRY:
        return f"token {label} locks at the next wrong PIN"
    if flags & _COUNT_LOW:
        return f"a wrong PIN was given to token {label} before"
    return ""


def log_in(uri: TokenUri, pin: Secret, *, writing: bool) -> Session:
    """Return a session of the token's user.

    Args:
        uri: Which token.
        pin: Of its user.
        writing: Whether a key is to be made.

    Raises:
        DeniedError: The PIN is wrong or locked, or the next wrong one locks it.
        MissingError: There is no such token.
        SetupError: Two have the label, or the token or its library is of no use.
        UnavailableError: It does not answer.
    """
    from pkcs11 import Mechanism, exceptions

    with translated(uri.token):
        token = _only(uri)
        if Mechanism.AES_GCM not in token.slot.get_mechanisms():
            raise SetupError(
                f"token {uri.token} has no AES-GCM: what it wraps could be moved to"
                " another place unseen",
                hint="use a token with CKM_AES_GCM",
            )
        flags = int(token.slot.get_token().flags)
        if flags & (_LOCKED | _FINAL_TRY):
            raise DeniedError(
                pin_problem(uri.token, flags),
                hint=_RESET,
            )
        try:
            text = pin.reveal().decode()
            return token.open(rw=writing, user_pin=text)
        except exceptions.UserAlreadyLoggedIn:
            # The process is logged in; PKCS#11 does not ask for a PIN again.
            return token.open(rw=writing)
        except (exceptions.PinIncorrect, exceptions.PinLenRange, UnicodeDecodeError):
            after = pin_problem(uri.token, int(token.slot.get_token().flags))
            raise DeniedError(
                f"the PIN does not open token {uri.token}",
                hint=after or "type it again; tokens lock after a few wrong ones",
            ) from None


def _only(uri: TokenUri) -> Token:
    found = [t for t in _load(uri.module) if t.label == uri.token]
    if uri.serial:
        found = [t for t in found if _serial(t) == uri.serial]
    if not found:
        raise MissingError(
            f"there is no token {uri.token!r}"
            + (f" with serial {uri.serial}" if uri.serial else ""),
            hint=f"strongroom custodian list --module {uri.module}",
        )
    if len(found) > 1:
        serials = ", ".join(_serial(token) for token in found)
        raise SetupError(
            f"{len(found)} tokens have the label {uri.token!r}",
            hint=f"add ;serial=… to the URI, one of {serials}",
        )
    return found[0]


def _load(module: str) -> list[Token]:
    try:
        import pkcs11
    except ImportError:
        raise SetupError("tokens need python-pkcs11", hint=_INSTALL) from None
    try:
        library = pkcs11.lib(module)
    except pkcs11.PKCS11Error as error:
        raise SetupError(
            f"{module} is no PKCS#11 library: {type(error).__name__}",
            hint="module-path names the library of the token's vendor",
        ) from None
    return list(library.get_tokens())


def _serial(token: Token) -> str:
    return bytes(token.serial).decode(errors="replace").strip()


@contextmanager
def translated(label: str) -> Iterator[None]:
    """Turn the library's exceptions into ours.

    Raises:
        DeniedError: The PIN is locked.
        SetupError: ``python-pkcs11`` is missing, or the token is not initialised.
        UnavailableError: Whatever else the token answers.
    """
    try:
        from pkcs11 import exceptions
    except ImportError:
        raise SetupError("tokens need python-pkcs11", hint=_INSTALL) from None
    try:
        yield
    except StrongroomError:
        raise
    except exceptions.PinLocked:
        raise DeniedError(
            f"the PIN of token {label} is locked",
            hint=_RESET,
        ) from None
    except (exceptions.TokenWriteProtected, exceptions.UserPinNotInitialized) as error:
        raise SetupError(
            f"token {label} is not ready: {type(error).__name__}",
            hint="initialise it with the vendor's program",
        ) from None
    except exceptions.PKCS11Error as error:
        raise UnavailableError(
            f"token {label} does not answer: {type(error).__name__}", hint=_PUT_BACK
        ) from None
