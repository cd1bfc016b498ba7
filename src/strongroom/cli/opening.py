"""``strongroom open``: checks segments, or writes them as files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import passkeys, words
from strongroom.cli.breakglass import BREAK_GLASS, must_go_past, told_lines
from strongroom.cli.call import Call
from strongroom.client.places import check_outside
from strongroom.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from strongroom.access.authenticators.port import Authenticator
    from strongroom.canonical import Json
    from strongroom.client.client import Strongroom
    from strongroom.client.opened import OpenedModel

    Progress = Callable[[int], None]


def open_(
    call: Call,
    *,
    target: Annotated[
        str,
        typer.Argument(metavar="TARGET", help="A permit, its request, or NAME[@V]."),
    ],
    segment: Annotated[
        list[str] | None,
        typer.Option(help="One of them; all unless given.", metavar="NAME"),
    ] = None,
    purpose: Annotated[
        str, typer.Option(help="What for, when this has to ask first.", metavar="TEXT")
    ] = "",
    break_glass: BREAK_GLASS = None,
    passkey: passkeys.PASSKEY = False,
    authenticator: passkeys.PROGRAM = None,
    to: Annotated[
        Path | None, typer.Option(help="Write them here.", metavar="DIR")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only decrypt and verify; the default.")
    ] = False,
) -> None:
    """Open segments, on a permit or with a purpose.

    A name makes the request itself; where others have to agree, it says so.  With
    --passkey a key of yours signs the reason of --break-glass.

    Example: strongroom open tiny --purpose "evaluate it" --to ./copy
    """
    if to is not None and check:
        raise InputError("--to writes and --check does not", hint="give one of them")
    if to is not None:  # before a permit is used up
        check_outside(to, call.settings().folder)
    if passkey:
        must_go_past(break_glass)
    with (
        call.open(every_domain=True) as room,
        _opened(
            call,
            room,
            target,
            segments=segment or (),
            purpose=purpose,
            break_glass=break_glass,
            key=lambda: passkeys.chosen(call, room, authenticator) if passkey else None,
        ) as opened,
    ):
        started = time.monotonic()
        total = _plain_bytes(opened)
        label = "checking" if to is None else "writing"
        with call.output.progress(label, total) as progress:
            written = _write(opened, to, progress) if to else _check(opened, progress)
        seconds = time.monotonic() - started
        document: dict[str, Json] = {
            "model": opened.name,
            "version": opened.manifest.version,
            "permit": opened.release.permit,
            "segments": list(opened.segments),
            "complete": opened.complete,
            "plain_bytes": total,
            "files": list(written),
        }
    what = f"{words.many(len(opened.segments), 'segment')} of {opened.name}"
    rate = f"{words.size(total)} in {words.elapsed(seconds)}"
    sentences = [f"  {name}" for name in written]
    if to is not None and not opened.complete:
        sentences.append("it is a part, and says so in its metadata")
    done = f"written to {to}" if to else "every record verified, nothing written"
    call.output.say(
        document, f"{what}@{opened.manifest.version}: {done} ({rate})", *sentences
    )


def _opened(
    call: Call,
    room: Strongroom,
    target: str,
    *,
    segments: Sequence[str],
    purpose: str,
    break_glass: str | None,
    key: Callable[[], Authenticator | None],
) -> OpenedModel:
    """Return the opened segments; past the approvals if somebody says why."""
    if break_glass is None:
        return room.open(target, segments=segments, purpose=purpose)
    if target.startswith(("permit-", "request-")):
        raise InputError(
            "--break-glass asks for a permit, and here is one",
            hint="strongroom open NAME --segment S --purpose TEXT --break-glass REASON",
        )
    asked = room.request(
        target,
        segments=segments,
        purpose=purpose,
        break_glass=break_glass,
        authenticator=key(),
    )
    call.output.note(*told_lines(asked))
    return room.open(asked.request.id)


def _plain_bytes(opened: OpenedModel) -> int:
    segments = opened.manifest.select(opened.segments)
    return sum(segment.facts.plain_bytes for segment in segments)


def _check(opened: OpenedModel, progress: Progress) -> list[str]:
    """Decrypt and verify one segment after the other, so that a bar can move."""
    from strongroom.client.opened import OpenedModel

    for name in opened.segments:
        one = OpenedModel(
            opened.manifest,
            {name: opened.segment(name)},
            opened.release,
            name=opened.name,
            room=opened.room,
        )
        progress(one.check())
    return []


def _write(opened: OpenedModel, folder: Path, progress: Progress) -> list[str]:
    from strongroom.client.writing import write_model

    files = write_model(opened, folder, progress=progress)
    return [str(path) for path in files]
