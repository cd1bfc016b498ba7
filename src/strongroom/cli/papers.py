"""Papers of a recovery key: handed out one at a time, and read again."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from strongroom.cli import passphrases
from strongroom.cli.call import Call
from strongroom.errors import (
    ConflictError,
    InputError,
    MissingError,
    SetupError,
    UnavailableError,
)

if TYPE_CHECKING:
    from strongroom.crypto.paper import Paper
    from strongroom.types import Random

_CHECKED_WORD = 33
"""The last one: who types it has reached the end of the paper."""


def hand_out(
    call: Call, papers: Sequence[Paper], folder: Path | None, *, random: Random
) -> list[Path]:
    """Give the papers to people: each on its own screen, or in its own file.

    Args:
        call: How to speak to people.
        papers: All of one set.
        folder: Where files go; ``None`` for the screen.
        random: Gives names of temporary files.

    Raises:
        SetupError: No folder is named and nobody sits at the terminal.
        ConflictError: The folder holds such a file.
        UnavailableError: A file cannot be written.
    """
    if folder is not None:
        return _write(papers, folder, random)
    if call.output.json or not passphrases.somebody_types():
        raise SetupError(
            "papers are shown to people, one at a time, and nobody is there",
            hint="--to FOLDER writes each to a file of its own",
        )
    for paper in papers:
        _show(call, paper)
    return []


def _write(papers: Sequence[Paper], folder: Path, random: Random) -> list[Path]:
    from strongroom.crypto.durable import write_durably

    paths = [
        folder / f"set-{p.share.set_id}-share-{p.share.number}.txt" for p in papers
    ]
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UnavailableError(f"{folder}: {error.strerror}") from None
    for path in paths:
        if path.exists():
            raise ConflictError(f"{path} is there already", hint="name a new folder")
    for path, paper in zip(paths, papers, strict=True):
        write_durably(path, paper.to_text().encode(), random)
    return paths


def _show(call: Call, paper: Paper) -> None:
    """Show one paper until its holder has it, on a screen that keeps nothing."""
    from strongroom.crypto.slip39 import to_words

    console = call.output.console(error=True)
    number = f"paper {paper.share.number} of {paper.shares}"
    last = to_words(paper.share)[-1]
    _ask(f"Give the screen to the holder of {number}, alone, then press Enter.")
    with console.screen(hide_cursor=False):
        console.print(paper.to_text())
        console.print("Write it down with everything above it.", style="dim")
        while _ask(f"Type word {_CHECKED_WORD} of your paper: ").lower() != last:
            console.print("That is not the word; compare it with the screen.")
    console.print(f"{number} was handed out.", style="dim")


def read_papers(files: Sequence[str]) -> list[Paper]:
    """Return the papers in files, or as people type them.

    Args:
        files: One paper each; ``-`` is standard input.

    Raises:
        MissingError: There is no such file.
        InputError: A file holds no paper.
        IntegrityError: A word is not the one that was printed.
        SetupError: No file is named and nobody is there to type.
    """
    if files:
        return [_read(name) for name in files]
    if not passphrases.somebody_types():
        raise SetupError("nobody is there to type a paper", hint="--paper FILE")
    return _typed()


def _read(name: str) -> Paper:
    from strongroom.crypto.paper import MOST_TEXT, read_paper
    from strongroom.errors import IntegrityError

    try:
        if name == passphrases.STANDARD_INPUT:
            text = sys.stdin.read(MOST_TEXT + 1)
        else:
            with Path(name).open(encoding="utf-8") as file:
                text = file.read(MOST_TEXT + 1)
    except FileNotFoundError:
        raise MissingError(f"there is no file {name}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UnavailableError(f"{name} cannot be read: {error}") from None
    try:
        return read_paper(text)
    except (InputError, IntegrityError) as error:
        raise type(error)(f"{name}: {error}", hint=error.hint) from None


def _typed() -> list[Paper]:
    """Ask for papers until those of one set suffice, or for no more."""
    from strongroom.crypto.paper import read_paper
    from strongroom.errors import IntegrityError

    papers: list[Paper] = []
    while True:
        text = _ask(f"Words of paper {len(papers) + 1} (Enter when there is none): ")
        if not text:
            return papers
        try:
            papers.append(read_paper(text))
        except (InputError, IntegrityError) as error:
            sys.stderr.write(f"{error}; {error.hint}\n")


def _ask(prompt: str) -> str:
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise KeyboardInterrupt  # the end of input is an interrupt
    return line.strip()
