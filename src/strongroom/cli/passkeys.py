"""Passkeys and security keys: registered, listed, given up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import words
from strongroom.cli.call import Call
from strongroom.cli.output import Column

if TYPE_CHECKING:
    from strongroom.access.authenticators.port import Authenticator
    from strongroom.access.passkeys import Passkey
    from strongroom.canonical import Json
    from strongroom.client.client import Strongroom

PROGRAM = Annotated[
    str | None,
    typer.Option(
        "--authenticator",
        help="Program to ask in place of a security key here.",
        metavar="PROGRAM",
        envvar="STRONGROOM_AUTHENTICATOR",
    ),
]
PASSKEY = Annotated[bool, typer.Option("--passkey", help="Use a security key.")]


def add(
    call: Call,
    *,
    label: Annotated[
        str, typer.Option(help="What you call it.", metavar="NAME")
    ] = "security key",
    authenticator: PROGRAM = None,
) -> None:
    """Register a security key of yours, which counts from then on.

    Example: strongroom account passkey add --label blue
    """
    with call.open() as room:
        key = chosen(call, room, authenticator)
        passkey = room.passkeys.add(key, label=label)
    call.output.say(
        document_of(passkey),
        f"{passkey.name} counts from now on",
        "register a second one, and keep it elsewhere",
    )


def list_(
    call: Call,
    *,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Of another account; yours if none."),
    ] = None,
) -> None:
    """List passkeys: your own, or somebody's whom you look after.

    Example: strongroom account passkey list
    """
    with call.open() as room:
        rows: list[Mapping[str, Json]] = [
            document_of(passkey) for passkey in room.passkeys.listed(name)
        ]
    columns = (
        Column("passkey", lambda row: words.short(str(row["passkey"]))),
        Column("label", lambda row: str(row["label"])),
        Column("state", lambda row: str(row["state"])),
        Column("device", lambda row: str(row["device"])),
        Column("added", lambda row: str(row["added"])[:10]),
    )
    call.output.listing(rows, columns, empty="no passkey")


def remove(
    call: Call,
    passkey: Annotated[str, typer.Argument(metavar="ID", help="Of the passkey.")],
) -> None:
    """Give up a passkey; what it signed counts no more.

    Administrators and analysts can do it for others.

    Example: strongroom account passkey remove passkey-k7qv2mfa
    """
    with call.open() as room:
        removed = room.passkeys.remove(passkey)
    call.output.say(document_of(removed), f"{removed.name} counts no more")


def chosen(call: Call, room: Strongroom, program: str | None) -> Authenticator:
    """Return the authenticator that somebody means to use."""
    from strongroom.app.authenticators import open_authenticator
    from strongroom.cli import passphrases

    return open_authenticator(
        room.room.settings,
        program,
        pin=lambda: passphrases.type_secret("PIN of the security key", hint=""),
        say=call.output.note,
    )


def document_of(passkey: Passkey) -> dict[str, Json]:
    """Return a passkey for programs."""
    return {
        "passkey": passkey.name,
        "label": passkey.label,
        "state": passkey.state,
        "device": passkey.device,
        "uses": passkey.sign_count,
        "added": words.stamp(passkey.created_at),
    }
