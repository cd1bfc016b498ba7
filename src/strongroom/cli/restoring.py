"""A room out of papers and copies: for good, or as a drill."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import passphrases, remembered, words
from strongroom.cli.call import Call
from strongroom.cli.files import read_file

if TYPE_CHECKING:
    from strongroom.app.restoring import Restored
    from strongroom.canonical import Json
    from strongroom.settings import Settings

PAPER = Annotated[
    list[str] | None,
    typer.Option(
        "--paper", help="File of one paper; typed unless given.", metavar="FILE"
    ),
]


def restore(
    call: Call,
    *,
    into: Annotated[Path, typer.Option(help="New folder of the room.", metavar="DIR")],
    by: Annotated[
        str, typer.Option(help="Account of whoever restores.", metavar="NAME")
    ],
    paper: PAPER = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="Newest checkpoint kept elsewhere.", metavar="FILE"),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(help="A restored copy, when it is no file.", metavar="URL"),
    ] = None,
    accept_older: Annotated[
        bool, typer.Option("--accept-older", help="Give up what was seen since.")
    ] = False,
    allow_lost: Annotated[
        bool, typer.Option("--allow-lost", help="Give up what no paper opens.")
    ] = False,
) -> None:
    """Restore a room from papers, a copy of its database and of its stores.

    --room names the copy: room.toml, the database file, the stores.  The new room
    has new custodians with new passphrases and uses the stores where they lie.
    Interrupted, the same command goes on.

    Example: strongroom recovery restore --room ./copy --into ./room --by ana
    """
    from strongroom.app.copies import RestoreOptions
    from strongroom.app.restoring import restore as carry_out
    from strongroom.cli.papers import read_papers

    settings = call.settings()
    names = [domain.name for domain in settings.domains]
    note = _read_checkpoint(checkpoint)
    papers = read_papers(paper or ())
    found = passphrases.find(
        names,
        known=names,
        files=call.passphrase_files,
        descriptor=call.passphrase_fd,
        new=True,
    )
    options = RestoreOptions(
        copy=settings.folder,
        into=into,
        papers=papers,
        passphrases=found,
        by=by,
        database=database,
        checkpoint=note,
        accept_older=accept_older,
        allow_lost=allow_lost,
    )
    done = carry_out(options)
    call.output.say(
        _document(into, done),
        f"a room in {into}: {words.many(done.moved.moved, 'key')} under new custodians",
        *_remarks(call, done),
    )


def _document(into: Path, done: Restored) -> dict[str, Json]:
    """Return what was restored, for programs."""
    return {
        "folder": str(into),
        "room": done.settings.room,
        "sets": [one.set_id for one in done.recovered],
        "papers": [one.papers for one in done.recovered],
        "moved": done.moved.moved,
        "lost": done.moved.lost,
        "removed": done.moved.removed,
        "size": done.size,
        "seen": done.seen,
        "troubles": list(done.troubles),
    }


def drill(
    call: Call,
    *,
    paper: PAPER = None,
    copy: Annotated[
        Path | None,
        typer.Option(help="Folder of a copy; the room itself if none.", metavar="DIR"),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(help="A restored copy, when it is no file.", metavar="URL"),
    ] = None,
) -> None:
    """Restore into a folder that is thrown away, and look into every model.

    Proves that these papers and this copy restore the room; recorded either way.
    Use a backup as the copy, since that is what will be there.

    Example: strongroom recovery drill --copy ./backup --paper ana.txt --paper ben.txt
    """
    from strongroom.app.drill import drill as carry_out
    from strongroom.cli.papers import read_papers

    papers = read_papers(paper or ())
    with call.open() as room:
        found = carry_out(
            room.room,
            room.actor,
            papers,
            copy=copy,
            database=database,
            now=room.room.now,
            random=room.room.random,
        )
    lost = words.many(found.lost, "key")
    call.output.say(
        {
            "passed": True,
            "sets": [one.set_id for one in found.recovered],
            "papers": [one.papers for one in found.recovered],
            "size": found.size,
            "segments": list(found.segments),
            "bytes": found.length,
            "lost": found.lost,
        },
        f"these papers restore the room: {words.many(len(found.segments), 'segment')}"
        f" opened, {words.size(found.length)} as sealed",
        f"the copy has {words.many(found.size, 'entry', 'entries')}",
        *([f"{lost} would be lost: strongroom recovery wrap"] if found.lost else []),
    )


def _read_checkpoint(path: Path | None) -> bytes | None:
    from strongroom.crypto.custody.port import MAX_NOTE_BYTES

    if path is None:
        return None
    return read_file(path, at_most_bytes=MAX_NOTE_BYTES)


def _remarks(call: Call, done: Restored) -> list[str]:
    """Return what whoever restored has to know."""
    lost = [f"{words.many(done.moved.lost, 'key')} given up"] if done.moved.lost else []
    return [
        _compared(call, done),
        *(f"a witness could not be asked: {trouble}" for trouble in done.troubles),
        *lost,
        "passwords and second factors are those of before",
        "the stores stay where they are: " + _stores(done.settings),
        "make new papers now: these were seen together",
    ]


def _compared(call: Call, done: Restored) -> str:
    """Return whether anybody outside says that the copy is the newest."""
    newest = f"the copy has {words.many(done.size, 'entry', 'entries')}"
    if done.seen is None:
        own = remembered.checkpoint_path(done.settings, call.state)
        known = f"; you keep one: --checkpoint {own}" if own.exists() else ""
        return f"{newest}; no checkpoint from elsewhere was compared with it{known}"
    if done.seen > done.size:
        return (
            f"{newest}, and {done.seen} were seen elsewhere: the rest is lost, and"
            " whoever saw it has to accept this room anew, witnesses too"
        )
    return f"{newest}, all {done.seen} seen elsewhere among them"


def _stores(settings: Settings) -> str:
    places = {domain.store.partition(":")[2] for domain in settings.domains}
    return ", ".join(sorted(places))
