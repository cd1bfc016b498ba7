"""``strongroom demo``: thefts that fail, on real weights."""

from __future__ import annotations

import shutil
import tempfile
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
    from strongroom.cli.demo.story import Story
    from strongroom.cli.demo.telling import tell
    from strongroom.cli.demo.weights import find_weights

    source = find_weights()
    with _folder(keep) as folder:
        story = Story(source=source, folder=folder)
        try:
            good = tell(call.output, story.chapters(), kept=keep)
        finally:
            story.close()
    if not good:
        raise typer.Exit(1)


def write_passphrase(folder: Path) -> None:
    """Write the passphrase of the demo's custody domains, for its reader only."""
    from strongroom.cli.demo.house import PASSPHRASE
    from strongroom.cli.demo.show import OPENED_WITH

    path = folder / OPENED_WITH
    path.touch(mode=0o600)
    path.write_bytes(PASSPHRASE.reveal())


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
    write_passphrase(keep)
    shutil.rmtree(keep / "outside", ignore_errors=True)
    (keep / "yesterday.db").unlink(missing_ok=True)
