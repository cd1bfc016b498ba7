"""``strongroom demo``: thefts that fail, on real weights."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from strongroom.cli.call import Call
from strongroom.errors import ConflictError


def demo(
    call: Call,
    keep: Annotated[
        Path | None,
        typer.Option(help="New folder for the room, which then stays.", metavar="DIR"),
    ] = None,
) -> None:
    """Watch thefts fail, on real weights.

    Builds a room with seven people in a temporary folder, seals a real model,
    opens what was agreed, and then tries everything else.

    Example: strongroom demo
    """
    from strongroom.cli.demo import show
    from strongroom.cli.demo.story import Story
    from strongroom.cli.demo.weights import find_weights

    source = find_weights()
    console, started = call.output.console(), time.monotonic()
    outcomes = []
    with _folder(keep) as folder:
        story = Story(source=source, folder=folder)
        if not call.output.json:
            show.show_beginning(console)
        try:
            for title, steps in story.chapters():
                if not call.output.json:
                    show.show_chapter(console, title)
                for outcome in steps():
                    outcomes.append(outcome)
                    if call.output.json:
                        call.output.line(
                            {"step": outcome.step, "ok": outcome.ok, "why": outcome.why}
                        )
                    else:
                        show.show_outcome(console, outcome)
        finally:
            story.close()
    if not call.output.json:
        show.show_end(console, outcomes, time.monotonic() - started, keep)
    if not all(outcome.ok for outcome in outcomes):
        raise typer.Exit(1)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Give the folder for everything; it goes unless it is to be kept.

    Raises:
        ConflictError: The folder to keep exists.
    """
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="strongroom-demo-") as name:
            yield Path(name)
        return
    try:
        keep.mkdir(parents=True)
    except FileExistsError:
        raise ConflictError(
            f"{keep} exists", hint="--keep takes a new folder"
        ) from None
    yield keep
    shutil.rmtree(keep / "outside", ignore_errors=True)
