"""Enrolling: a password, a second factor on a phone, recovery codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import passphrases
from strongroom.cli.accounts import NAME
from strongroom.cli.call import Call
from strongroom.types import Profile

if TYPE_CHECKING:
    from rich.console import Console

    from strongroom.access.accounts import Account
    from strongroom.access.people import Enrolment
    from strongroom.canonical import Json
    from strongroom.client.client import Strongroom

CODE_FILE = Annotated[
    str | None,
    typer.Option(help="File with the code; - is input.", metavar="FILE"),
]


def enrol(
    call: Call,
    *,
    name: NAME,
    invitation_file: Annotated[
        str | None,
        typer.Option(help="File with the invitation; - is input.", metavar="FILE"),
    ] = None,
    password_file: Annotated[
        str | None,
        typer.Option(help="File with the new password; - is input.", metavar="FILE"),
    ] = None,
) -> None:
    """Enrol with an invitation: choose a password, begin a second factor.

    Example: strongroom account enrol ada
    """
    unlocking = call.passphrases()
    code = passphrases.secret("Invitation", invitation_file, option="--invitation-file")
    password = passphrases.secret(
        "New password", password_file, option="--password-file", new=True
    )
    with call.open(anonymous=True, typed=unlocking) as room:
        people = room.room.people
        if room.room.settings.profile is Profile.HARDENED:  # where no code counts
            _answer_activated(call, people.activate(name, code, password))
        else:
            _finish(call, room, people.enrol(name, code, password))


def factor(call: Call) -> None:
    """Begin a new second factor for yourself; the former counts until confirmed.

    Example: strongroom account factor
    """
    with call.open() as room:
        _finish(call, room, room.room.people.begin_factor(room.actor))


def confirm(call: Call, name: NAME, code_file: CODE_FILE = None) -> None:
    """Confirm a second factor with its first code; shows recovery codes, once.

    Example: strongroom account confirm ada
    """
    unlocking, code = call.passphrases(), _code(code_file)
    with call.open(anonymous=True, typed=unlocking) as room:
        codes = _confirmed(room, name, code)
    _answer_codes(call, name, codes)


def _answer_activated(call: Call, account: Account) -> None:
    call.output.say(
        {"name": account.name, "next": f"strongroom login {account.name}"},
        f"{account.name} can log in; nothing else is allowed before a passkey counts",
        f"then: strongroom login {account.name}; strongroom account passkey add",
    )


def _finish(call: Call, room: Strongroom, enrolment: Enrolment) -> None:
    """Show the secret for the phone; take its first code if somebody types."""
    name = enrolment.account.name
    uri = enrolment.uri.reveal().decode()
    document: dict[str, Json] = {
        "name": name,
        "otpauth": uri,
        "next": f"strongroom account confirm {name}",
    }
    call.output.answer(document, lambda console: _show(console, uri))
    if call.output.json:
        return
    if not passphrases.somebody_types():
        call.output.console().print(f"then: strongroom account confirm {name}")
        return
    _answer_codes(call, name, _confirmed(room, name, _code(None)))


def _code(code_file: str | None) -> str:
    code = passphrases.secret("Code on the phone", code_file, option="--code-file")
    return code.reveal().decode(errors="replace")


def _confirmed(room: Strongroom, name: str, code: str) -> list[str]:
    from strongroom.access.attempts import local_source

    return room.room.people.confirm_factor(name, code, source=local_source())


def _show(console: Console, uri: str) -> None:
    import io

    import segno

    drawing = io.StringIO()
    segno.make(uri, error="l", micro=False).terminal(drawing, compact=True, border=2)
    console.file.write(drawing.getvalue())
    console.print("Scan this with an authenticator app, or type in its secret:")
    console.print(f"  {uri.partition('secret=')[2].partition('&')[0]}\n")


def _answer_codes(call: Call, name: str, codes: list[str]) -> None:
    call.output.say(
        {"name": name, "recovery_codes": list(codes)},
        f"the second factor of {name} counts from now on",
        "recovery codes, shown once; each stands in for the phone one time:",
        *(f"  {code}" for code in codes),
    )
