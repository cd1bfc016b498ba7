"""``strongroom seal``."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import words
from strongroom.cli.call import Call
from strongroom.cli.files import read_file, verify_there
from strongroom.client.places import check_apart
from strongroom.errors import InputError
from strongroom.types import Classification

if TYPE_CHECKING:
    from rich.console import Console

    from strongroom.canonical import Json
    from strongroom.vault.vault import Sealed

MOST_PLAN_BYTES = 1 << 20
MOST_LOOKED_AT = 200_000
"""Files and folders, for a bar: a million took a minute before they were refused."""


def seal(
    call: Call,
    *,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A model: folder or file.")
    ],
    as_: Annotated[
        str | None, typer.Option("--as", help="Its name.", metavar="NAME")
    ] = None,
    project: Annotated[
        str | None, typer.Option(help="That it belongs to.", metavar="NAME")
    ] = None,
    class_: Annotated[
        Classification | None, typer.Option("--class", help="How much it is guarded.")
    ] = None,
    parent: Annotated[
        str | None, typer.Option(help="That it descends from.", metavar="NAME@V")
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(help="Which bytes go where, TOML.", metavar="FILE")
    ] = None,
    custodians: Annotated[
        int | None,
        typer.Option(help="How many must act together to open it.", min=1, max=8),
    ] = None,
) -> None:
    """Seal a file or folder as a model's next version.

    Prints its segments, and what a thief would get. The original stays as it is.

    Example: strongroom seal ./my-model --as tiny --class internal
    """
    from strongroom.client.records import separations

    verify_there(path, hint="strongroom seal ./my-model")
    check_apart(path, call.settings().folder)
    plan_text = read_plan(plan) if plan else None
    total = bytes_below(path)
    with call.open(every_domain=True) as room:
        with call.output.progress("sealing", total) as progress:
            sealed = room.seal(
                path,
                name=as_,
                project=project,
                classification=class_,
                parent=parent,
                plan=plan_text,
                custodians=custodians,
                progress=progress,
            )
        missing = separations(room.room)
    call.output.answer(
        _document(sealed, missing), lambda console: _show(console, sealed, missing)
    )


def read_plan(path: Path) -> str:
    """Return the text of a plan file.

    Raises:
        MissingError: There is no such file.
        InputError: It is too long, or no UTF-8.
        UnavailableError: It cannot be read.
    """
    try:
        return read_file(path, at_most_bytes=MOST_PLAN_BYTES).decode()
    except UnicodeDecodeError:
        raise InputError(f"{path} is no UTF-8") from None


def bytes_below(path: Path, *, most: int = MOST_LOOKED_AT) -> int:
    """Return the bytes of a file or folder, for the bar; sealing counts exactly.

    Args:
        path: Of the file or folder.
        most: Files and folders that are looked at; more are refused elsewhere.
    """
    if path.is_file():
        return path.stat().st_size
    every = islice(path.rglob("*"), most)
    return sum(p.stat().st_size for p in every if p.is_file())


def _document(sealed: Sealed, missing: list[str]) -> dict[str, Json]:
    from strongroom.cli import pictures

    return {
        "model": sealed.artifact.name,
        "version": sealed.version.number,
        "class": sealed.artifact.classification,
        "state": sealed.version.state,
        "request": sealed.request.id if sealed.request else None,
        "plain_bytes": sealed.manifest.plain_bytes,
        "manifest": sealed.manifest.digest,
        "segments": pictures.segments_document(sealed.manifest),
        "theft": pictures.thieves_document(sealed.manifest, missing),
    }


def _show(console: Console, sealed: Sealed, missing: list[str]) -> None:
    from strongroom.cli import pictures

    target = f"{sealed.artifact.name}@{sealed.version.number}"
    console.print(
        f"{target}  {sealed.artifact.classification},"
        f" {words.size(sealed.manifest.plain_bytes)}, {sealed.version.state}\n",
        style="bold",
    )
    pictures.draw_segments(console, sealed.manifest)
    console.print()
    pictures.draw_thieves(console, sealed.manifest, missing)
    if sealed.version.state == "published":
        console.print(f"\nNext: strongroom open {sealed.artifact.name} --purpose TEXT")
    elif sealed.request is not None:
        people = words.many(sealed.request.approvals, "person agrees", "people agree")
        console.print(f"\nNobody can ask for it before {people}:")
        console.print(f"  strongroom approve {words.short(sealed.request.id)}")
