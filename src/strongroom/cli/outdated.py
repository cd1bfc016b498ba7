"""``strongroom intake outdated``: what a newer version would change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import words
from strongroom.cli.call import Call
from strongroom.cli.intake import IDENTIFIER
from strongroom.cli.output import print_list
from strongroom.errors import MissingError

if TYPE_CHECKING:
    from rich.console import Console

    from strongroom.canonical import Json
    from strongroom.intake.outdated import Change
    from strongroom.vault.comparing import Compared

_MOST_SHOWN = 50


def outdated(
    call: Call,
    *,
    identifier: IDENTIFIER,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="What is there now: file or folder.")
    ],
) -> None:
    """Compare what came in with a newer version of it, which is not taken in.

    The newer one is read in the sandbox: its files and tensors are compared by their
    digests. Models that descend from what came in are named, since they would have to
    be built again.

    Example: strongroom intake outdated intake-k7qv2mfa ./downloaded
    """
    if not path.exists():
        raise MissingError(f"there is no file or folder {path}")
    with call.open() as room:
        found = room.intakes.compare(identifier, path)
    document = _document(found)
    call.output.answer(document, lambda console: _show(console, found))


def _document(found: Compared) -> dict[str, Json]:
    return {
        "intake": found.intake.id,
        "files": _change(found.outdated.files),
        "tensors": _change(found.outdated.tensors),
        "refused": list(found.outdated.refused),
        "rebuild": list(found.rebuild),
    }


def _change(change: Change) -> dict[str, Json]:
    return {
        "added": list(change.added),
        "removed": list(change.removed),
        "changed": list(change.changed),
        "same": change.same,
    }


def _show(console: Console, found: Compared) -> None:
    outdated = found.outdated
    if outdated.files.nothing:
        console.print(f"nothing changed since {found.intake.id}")
        return
    for noun, change in (("file", outdated.files), ("tensor", outdated.tensors)):
        console.print(f"{words.many(change.same, noun)} as before")
        for what in ("added", "removed", "changed"):
            names = list(getattr(change, what))
            print_list(console, f"{noun}s {what}", names[:_MOST_SHOWN])
            if len(names) > _MOST_SHOWN:
                console.print(f"and {len(names) - _MOST_SHOWN} more", style="dim")
    print_list(console, "no reader takes these now", list(outdated.refused))
    print_list(console, "to be built again", list(found.rebuild))
