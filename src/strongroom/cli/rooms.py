"""Where the room is, and making one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import interrupts, passphrases, remembered
from strongroom.cli.call import Call
from strongroom.cli.output import plain_grid, print_list
from strongroom.errors import ConflictError, InputError
from strongroom.settings import FILE_NAME
from strongroom.types import Profile, Secret

if TYPE_CHECKING:
    from rich.console import Console

    from strongroom.access.founding import Founded, Founder
    from strongroom.canonical import Json
    from strongroom.client.client import Strongroom

SQLITE = "sqlite+pysqlite:///room.db"


def find_room(named: Path | None) -> Path:
    """Return the folder of the room that is meant.

    What ``--room`` or ``STRONGROOM_ROOM`` names; else ``room`` in the current
    folder if there is one; else the one in the user's data folder.
    """
    if named is not None:
        return named
    here = Path("room")
    return here if (here / FILE_NAME).is_file() else own_room()


def own_room() -> Path:
    """Return where a person's room is unless another is named."""
    from platformdirs import user_data_path

    return user_data_path("strongroom") / "room"


def init(
    call: Call,
    *,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="New or empty; your data folder if none."),
    ] = None,
    profile: Annotated[
        Profile, typer.Option(help="One person, or people kept apart.")
    ] = Profile.SOLO,
    name: Annotated[
        str | None,
        typer.Option(help="Yours; your login name unless given.", metavar="NAME"),
    ] = None,
    team: Annotated[str, typer.Option(help="Yours.", metavar="NAME")] = "owners",
    approver: Annotated[
        list[str] | None,
        typer.Option(
            help="Not in solo; in standard and hardened, twice.", metavar="NAME:TEAM"
        ),
    ] = None,
    database: Annotated[
        str, typer.Option(help="SQLAlchemy URL.", metavar="URL")
    ] = SQLITE,
    passkeys: Annotated[
        str,
        typer.Option(help="Domain of passkeys: a server's to be.", metavar="DOMAIN"),
    ] = "localhost",
    custodian: Annotated[
        list[str] | None,
        typer.Option(
            help="Who keeps a domain's root key; a file unless given.",
            metavar="DOMAIN=URI",
        ),
    ] = None,
    password_file: Annotated[
        str | None,
        typer.Option(help="Not in solo: file with your password.", metavar="FILE"),
    ] = None,
) -> None:
    """Make a room.

    In solo, your passphrase is your password too.

    Example: strongroom init --profile solo
    """
    from strongroom.access.founding import Founder
    from strongroom.app import create_strongroom
    from strongroom.app.founding import DOMAINS
    from strongroom.client.seen import check_seen

    folder = folder or call.room or own_room()
    if (folder / FILE_NAME).exists():
        raise ConflictError(f"{folder} is a room already", hint="name a new folder")
    remembered.usable_folder(folder, call.state)  # before anything is made
    approvers = [_approver(text) for text in approver or ()]
    domains = DOMAINS[profile]
    custodians = dict(_custodian(text, domains) for text in custodian or ())
    locked = [x for x in domains if not custodians.get(x, "").startswith("unix:")]
    found = passphrases.find(
        locked,
        known=domains,
        files=call.passphrase_files,
        descriptor=call.passphrase_fd,
        new=True,
    )
    password = found.get(domains[0]) if profile is Profile.SOLO else None
    owner = Founder(
        name=name or _login_name(),
        team=team,
        password=password
        or passphrases.secret(
            "New password", password_file, option="--password-file", new=True
        ),
    )
    with _whole_or_nothing(folder):
        room, founded = create_strongroom(
            folder,
            profile=profile,
            passphrases=found,
            owner=owner,
            approvers=approvers,
            database=database,
            passkeys=passkeys,
            custodians=custodians,
        )
    with room:
        seen = remembered.checkpoint_path(room.room.settings, call.state)
        check_seen(room.room.anchors, seen, random=os.urandom)
        given = list(found.values())
        same = len(given) > 1 and all(secret == given[0] for secret in given)
        _answer(call, room, founded, approvers, same_passphrase=same)


def _approver(text: str) -> Founder:
    from strongroom.access.founding import Founder

    name, colon, team = text.partition(":")
    if not colon:
        raise InputError(f"{text[:80]!r} is no approver", hint="--approver NAME:TEAM")
    return Founder(name=name, team=team)


def _custodian(text: str, domains: Sequence[str]) -> tuple[str, str]:
    domain, equals, uri = text.partition("=")
    if not equals or domain not in domains:
        raise InputError(
            f"{text[:80]!r} names no custodian of the room",
            hint=f"--custodian DOMAIN=URI; domains: {', '.join(domains)}",
        )
    return domain, uri


def _login_name() -> str:
    import getpass

    try:
        name = getpass.getuser().lower()
    except (KeyError, OSError):
        raise InputError("you have no login name", hint="--name NAME") from None
    return "".join(c if c.isalnum() and c.isascii() else "-" for c in name).strip("-")


@contextmanager
def _whole_or_nothing(folder: Path) -> Iterator[None]:
    """Remove what was made in ``folder`` if the block does not end."""
    before = set(folder.iterdir()) if folder.is_dir() else None
    try:
        yield
    except BaseException:  # also an interrupt: without room.toml there is no room
        with interrupts.held_back():
            _remove_unfinished(folder, before)
        raise


def _remove_unfinished(folder: Path, before: set[Path] | None) -> None:
    """Remove what an interrupted ``init`` made, and nothing that was there."""
    if before:
        return  # it was refused because something lay there
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    if before is None and folder.is_dir():
        folder.rmdir()


def _answer(
    call: Call,
    room: Strongroom,
    founded: Founded,
    approvers: list[Founder],
    *,
    same_passphrase: bool,
) -> None:
    from strongroom.client.records import separations

    settings = room.room.settings
    invitations = {n: _text(code) for n, code in founded.invitations.items()}
    missing = separations(room.room)
    if same_passphrase:
        missing.append("one passphrase opens every custody domain")
    document: dict[str, Json] = {
        "room": settings.room,
        "folder": str(settings.folder),
        "profile": settings.profile,
        "domains": [domain.name for domain in settings.domains],
        "owner": founded.owner.name,
        "invitations": dict(invitations),
        "missing_separations": list(missing),
    }

    def show(console: Console) -> None:
        head = f"A {settings.profile} room in {settings.folder}"
        console.print(head, style="bold", soft_wrap=True)
        console.print(
            f"Keep a backup of {settings.folder / 'custodians'} elsewhere.",
            soft_wrap=True,
        )
        if invitations:
            console.print("\nInvitations, shown once, good for three days:")
        for person in approvers:
            console.print(f"  {person.name:<16} {invitations[person.name]}")
        print_list(console, "Not separated here:", missing)
        console.print("\nNext:")
        grid = plain_grid()
        for step, why in STEPS[settings.profile]:
            grid.add_row("  " + step.format(name=founded.owner.name), why)
        console.print(grid)

    call.output.answer(document, show)


SOLO_STEPS = (
    ("strongroom seal ./my-model", ""),
    ("strongroom open my-model --purpose TEXT", ""),
    ("strongroom account factor", "needed by restricted models"),
)
STANDARD_STEPS = (
    ("strongroom login {name}", ""),
    ("strongroom account factor", ""),
    ("strongroom login {name}", "now with a code"),
    ("strongroom account enrol NAME", "each approver, with the invitation"),
)


HARDENED_STEPS = (
    ("strongroom login {name}", ""),
    ("strongroom account passkey add", "twice, with two security keys"),
    ("strongroom login {name} --passkey", ""),
    ("strongroom account enrol NAME", "each approver, with the invitation"),
)
STEPS = {
    Profile.SOLO: SOLO_STEPS,
    Profile.SMALL: STANDARD_STEPS,
    Profile.STANDARD: STANDARD_STEPS,
    Profile.HARDENED: HARDENED_STEPS,
}
"""What somebody does first in a new room."""


def _text(code: Secret) -> str:
    return code.reveal().decode()
