"""Custodians: what keeps root keys, in a file, in a token, or as a process."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import passphrases
from strongroom.cli.call import Call
from strongroom.cli.output import Column
from strongroom.errors import MissingError

if TYPE_CHECKING:
    from strongroom.canonical import Json


def create(
    call: Call,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="New.")],
    *,
    name: Annotated[
        str, typer.Option(help="The custody domain it will be.", metavar="DOMAIN")
    ],
    token: Annotated[
        str | None,
        typer.Option(help="Keep the key in this token or service.", metavar="URI"),
    ] = None,
) -> None:
    """Make a custodian outside of a room, to be served to one.

    Example: strongroom custodian create weights.custody --name weights
    """
    from strongroom.app.custodians import make_custodian

    secret = passphrases.find(
        [name],
        known=[name],
        files=call.passphrase_files,
        descriptor=call.passphrase_fd,
        new=token is None,
    )[name]
    made = make_custodian(file, name=name, token=token, secret=secret)
    call.output.say(
        {"file": str(file), "name": made.name, "root_key": made.root_key_id},
        f"{file} holds the custodian {made.name}, root key {made.root_key_id}",
    )


def passphrase(
    call: Call,
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="Whose custodian.")],
    *,
    new_passphrase_file: Annotated[
        str | None, typer.Option(help="The new one.", metavar="FILE")
    ] = None,
) -> None:
    """Change the passphrase of a custody file.

    The root key stays: older copies of the file open with the older passphrase.
    After a leak rotate the root key, and re-key.

    Example: strongroom custodian passphrase weights
    """
    from strongroom.app.custodians import change_passphrase
    from strongroom.cli.keys import unlock

    found = unlock(call, domain)
    with call.open(typed=found) as room:
        # Before anybody types.
        room.room.upkeep.rotation.verify_allowed(room.actor, domain)
        new = passphrases.secret(
            f"New passphrase of {domain}",
            new_passphrase_file,
            option="--new-passphrase-file",
            new=True,
        )
        path = change_passphrase(room, domain, old=found.get(domain, new), new=new)
    call.output.say(
        {"domain": domain, "file": str(path)},
        f"{path} opens with the new passphrase",
        "Older copies of it, in backups, open with the old one still.",
    )


def list_(
    call: Call,
    *,
    module: Annotated[
        str | None,
        typer.Option(help="List a PKCS#11 library's tokens instead.", metavar="SO"),
    ] = None,
) -> None:
    """List the custodians of the room, or the tokens of a vendor's library.

    Example: strongroom custodian list
    """
    if module is None:
        rows: list[Mapping[str, Json]] = [
            {"domain": x.name, "custodian": x.custodian}
            for x in call.settings().domains
        ]
        call.output.listing(rows, _columns("domain", "custodian"), empty="none")
        return
    from strongroom.app.custodians import list_tokens

    rows = [{"token": label, "serial": serial} for label, serial in list_tokens(module)]
    call.output.listing(rows, _columns("token", "serial"), empty="no token")


def serve(
    call: Call,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Of the custodian.")],
    *,
    socket: Annotated[Path, typer.Option(help="Where to listen.", metavar="PATH")],
    allow: Annotated[
        list[str] | None,
        typer.Option(help="Who may ask; only this user unless given.", metavar="USER"),
    ] = None,
    former: Annotated[
        Path | None,
        typer.Option(help="Custodian whose shares it takes over.", metavar="FILE"),
    ] = None,
) -> None:
    """Let a desk under another account ask a custodian, and nobody else.

    It gives out no share of a segment's key: it seals parts to readers, for
    entries of the ledger that name them.  With ``--former`` it serves the room of
    that one, and moves its shares under its own root key when the desk rotates.

    Example: strongroom custodian serve weights.custody --socket PATH --allow desk
    """
    from strongroom.app.custodians import serve_custodian

    users = [_uid(name) for name in allow or [str(os.geteuid())]]
    names = [file.name, *([former.name] if former else [])]
    secrets = passphrases.find(
        names,
        known=names,
        files=call.passphrase_files,
        descriptor=call.passphrase_fd,
    )
    with serve_custodian(
        file,
        secrets[file.name],
        socket=socket,
        allowed=users,
        former=(former, secrets[former.name]) if former else None,
    ) as server:
        call.output.say(
            {"socket": str(socket), "users": list(users)},
            f"{file.name} answers at {socket}; end it with Ctrl-C",
        )
        sys.stdout.flush()
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            server.serve_forever()


def trust(
    call: Call,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Of the custodian.")],
    key: Annotated[str, typer.Argument(metavar="KEY", help="As a paper says it.")],
) -> None:
    """Let a custodian that is served wrap its shares to a recovery key.

    Get the key's name from who holds a paper, not from the desk: a desk in wrong
    hands would name a key of its own.  One that was named before is forgotten.

    Example: strongroom custodian trust weights.custody recovery-...
    """
    from strongroom.app.custodians import trust_recovery_key

    trust_recovery_key(file, key)
    call.output.say(
        {"file": str(file), "key": key},
        f"{file.name} wraps its shares to {key} when a desk asks",
    )


def _uid(user: str) -> int:
    import pwd

    try:
        return int(user) if user.isdecimal() else pwd.getpwnam(user).pw_uid
    except KeyError:
        raise MissingError(f"there is no user {user[:40]!r}") from None


def _columns(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, itemgetter(name)) for name in names)
