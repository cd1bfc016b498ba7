"""``strongroom intake outdated``: what a newer version would change."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import hubs, upstream, words
from strongroom.cli.call import Call
from strongroom.cli.changes import change_document, show_change
from strongroom.cli.output import print_list
from strongroom.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from strongroom.canonical import Json
    from strongroom.client.client import Strongroom
    from strongroom.intake.hub import Hub
    from strongroom.vault.comparing import Compared


def outdated(
    call: Call,
    *,
    identifier: Annotated[
        str | None,
        typer.Argument(
            metavar="ID",
            help="Of the intake, or its start; all from hubs unless said.",
        ),
    ] = None,
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="PATH",
            help="What is there now: file, folder, or hf://ORG/NAME@COMMIT.",
        ),
    ] = None,
    endpoint: hubs.ENDPOINT = None,
    token_file: hubs.TOKEN_FILE = None,
    most_bytes: hubs.MOST_BYTES = None,
    project: Annotated[
        str, typer.Option(help="For which a commit is fetched.", metavar="NAME")
    ] = "default",
) -> None:
    """Compare what came in with a newer version of it, which is not taken in.

    Without PATH, the hub is asked for the newest commit of what came from there and
    for its list of files; nothing is fetched. Exit status 0 says that it answered for
    every one, not that nothing is newer; 69, or that of another error, that it did not.

    With PATH, the newer files are read in the sandbox: they and their tensors are
    compared by their digests. A commit on a hub is fetched for that.

    Models that descend from what came in are named, since they would have to be
    built again.

    Example: strongroom intake outdated --endpoint https://hub.example
    """
    from strongroom.intake.origins import is_on_hub

    if identifier is not None and path is None and _is_path(identifier):
        raise InputError(
            f"{identifier[:200]!a} is no id of an intake",
            hint="name it first: strongroom intake outdated ID PATH",
        )
    asked = hubs.Asked(endpoint=endpoint, token_file=token_file, most_bytes=most_bytes)
    if path is not None:
        hubs.verify_named(path)  # a slip of the pen, before a room is opened
    with call.open() as room:
        if identifier is None or path is None:
            hub = hubs.named_hub(room, asked)
            _ask(call, room, hub, identifier)
        elif is_on_hub(path):
            room.intakes.show(identifier)  # before hours of fetching
            hub = hubs.named_hub(room, asked)
            with hubs.fetched(call, room, path, hub, project=project) as folder:
                _answer(call, room, identifier, folder)
        else:
            _answer(call, room, identifier, Path(path))


def _is_path(text: str) -> bool:
    """Return whether somebody named files where an id belongs."""
    return text.startswith("hf://") or "/" in text or os.path.exists(text)


def _ask(call: Call, room: Strongroom, hub: Hub, identifier: str | None) -> None:
    with call.output.working("asking the hub"):
        every = room.intakes.newest(hub, identifier)
    upstream.answer(call, hub.endpoint, every, alone=identifier is not None)


def _answer(call: Call, room: Strongroom, identifier: str, path: Path) -> None:
    found = room.intakes.compare(identifier, path)
    document = _document(found)
    call.output.answer(document, lambda console: _show(console, found))


def _document(found: Compared) -> dict[str, Json]:
    return {
        "intake": found.intake.id,
        "files": change_document(found.outdated.files),
        "tensors": change_document(found.outdated.tensors),
        "refused": list(found.outdated.refused),
        "rebuild": list(found.rebuild),
    }


def _show(console: Console, found: Compared) -> None:
    outdated = found.outdated
    if outdated.files.nothing:
        console.print(f"nothing changed since {found.intake.id}")
        return
    for noun, change in (("file", outdated.files), ("tensor", outdated.tensors)):
        console.print(f"{words.many(change.same, noun)} as before")
        show_change(console, noun, change)
    print_list(console, "no reader takes these now", list(outdated.refused))
    print_list(console, "to be built again", list(found.rebuild))
