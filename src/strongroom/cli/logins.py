"""Logging in and out; the token rests in a file that only its owner reads."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import passkeys, passphrases, waiting
from strongroom.cli.call import Call
from strongroom.cli.words import stamp, when
from strongroom.errors import DeniedError, SetupError
from strongroom.types import Profile, RoomId, Secret

if TYPE_CHECKING:
    from strongroom.canonical import Json
    from strongroom.client.client import Strongroom

MOST_TOKEN_BYTES = 1024


def login(
    call: Call,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of your account.")],
    password_file: Annotated[
        str | None,
        typer.Option(help="File with the password; - is input.", metavar="FILE"),
    ] = None,
    code_file: Annotated[
        str | None,
        typer.Option(help="File with the code; - is input.", metavar="FILE"),
    ] = None,
    passkey: passkeys.PASSKEY = False,
    authenticator: passkeys.PROGRAM = None,
) -> None:
    """Log in, with a code or a passkey once you have one.

    Example: strongroom login ada --passkey
    """
    from strongroom.client.notices import notices

    unlocking = call.passphrases()
    password = passphrases.secret("Password", password_file, option="--password-file")
    code = None if passkey else _code(code_file)
    with call.open(anonymous=True, typed=unlocking) as room:
        key = passkeys.chosen(call, room, authenticator) if passkey else None
        bound, session, token = room.login(name, password, code, authenticator=key)
        write_token(room.room.settings.room, token)
        found = notices(room.room)
        copied = bound.room.persons.keyring.suspended(bound.actor)
    until = session.expires_at
    document: dict[str, Json] = {
        "name": name,
        "expires": stamp(until),
        "factor": session.factor,
        "waiting": [waiting.document(notice) for notice in found],
        "suspended": [passkey.name for _, passkey in copied],
    }
    call.output.say(
        document,
        f"{name} is logged in until {when(until)}",
        *(() if session.factor_at else ("without a second factor",)),
        *(
            f"{passkey.name} of {account.name} is suspended: there may be a copy of it"
            for account, passkey in copied
        ),
    )


def logout(call: Call) -> None:
    """Log out; the session ends at once, everywhere.

    Example: strongroom logout
    """
    settings = call.settings()
    token = read_token(settings.room)
    if token is None:
        raise DeniedError("nobody is logged in here", hint="strongroom login NAME")
    try:
        with call.open() as room:
            room.logout()
    finally:
        token_path(settings.room).unlink(missing_ok=True)
    call.output.say({"logged_out": True}, "logged out")


def token_path(room: RoomId) -> Path:
    """Return where the token of a login to this room rests.

    In the runtime folder, which ends with the user's last login; a machine without
    one gives a folder of the user's that stays.  Never in a shared one such as
    ``/tmp``.
    """
    from platformdirs import user_state_path

    base = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    folder = Path(base) if Path(base).is_dir() else user_state_path()
    return folder / "strongroom" / f"{room}.token"


def read_token(room: RoomId) -> Secret | None:
    """Return the token of the login to this room, if there is one.

    Raises:
        SetupError: Others than its owner can read or replace it.
    """
    path = token_path(room)
    try:
        with path.open("rb") as file:
            _verify_private(os.fstat(file.fileno()), path)
            _verify_private(path.parent.stat(), path.parent)
            return Secret(file.read(MOST_TOKEN_BYTES))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}") from None


def resumed(room: Strongroom) -> Strongroom:
    """Return the room bound to whoever is logged in to it here.

    In ``solo`` the passphrase is enough to act, so a login that has ended is
    forgotten there.

    Raises:
        DeniedError: The login has ended.
    """
    settings = room.room.settings
    token = read_token(settings.room)
    if token is None:
        return room
    try:
        return room.resume(token)
    except DeniedError:
        if settings.profile is not Profile.SOLO:
            raise
        token_path(settings.room).unlink(missing_ok=True)
        return room


def write_token(room: RoomId, token: Secret) -> None:
    """Keep a token where only its owner reads it, in place of a former one.

    Raises:
        SetupError: The folder belongs to somebody else.
    """
    path = token_path(room)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _verify_private(path.parent.stat(), path.parent)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(fresh, flags, 0o600), "wb") as file:
            file.write(token.reveal())
        fresh.replace(path)
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}") from None


def _verify_private(found: os.stat_result, path: Path) -> None:
    others = stat.S_IRWXG | stat.S_IRWXO
    if found.st_uid != os.getuid() or found.st_mode & others:
        raise SetupError(
            f"others can read or replace {path}",
            hint=f"rm -r {path.parent}; strongroom login NAME",
        )


def _code(file: str | None) -> str | None:
    if file is None and not passphrases.somebody_types():
        return None  # accounts without a second factor have no code
    code = passphrases.secret("Code (Enter: none)", file, option="--code-file")
    return code.reveal().decode(errors="replace") or None
