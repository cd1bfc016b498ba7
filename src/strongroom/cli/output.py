"""How commands answer: JSON for programs, calm text for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strongroom import errors
from strongroom.errors import StrongroomError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from strongroom.canonical import Json

ACCENT: Final = "cyan"
"""The one colour; what it marks is also said by its place or a word."""

WIDTH: Final = 80
MOST_WIDTH: Final = 100
"""Lines longer than this are hard to read."""

EXIT_STATUS: Final[Mapping[type[StrongroomError], int]] = {
    errors.InputError: 65,  # EX_DATAERR
    errors.IntegrityError: 76,  # EX_PROTOCOL: not what was written
    errors.ForkError: 71,  # EX_OSERR, the most alarming that is left: call somebody
    errors.DeniedError: 77,  # EX_NOPERM
    errors.MissingError: 66,  # EX_NOINPUT
    errors.ConflictError: 73,  # EX_CANTCREAT
    errors.StaleError: 75,  # EX_TEMPFAIL: try again
    errors.UnavailableError: 69,  # EX_UNAVAILABLE
    errors.SetupError: 78,  # EX_CONFIG
}
"""Exit status of each error, by the nearest class; from BSD's sysexits.

64 is a command typed wrongly, 70 a bug of ours, 74 a file that cannot be read or
written, 130 an interrupt.
"""


def exit_status(error: StrongroomError) -> int:
    """Return the exit status of an error, by the nearest class that has one."""
    for kind in type(error).__mro__:
        if kind in EXIT_STATUS:
            return EXIT_STATUS[kind]
    return EXIT_STATUS[errors.InputError]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        head: Its heading.
        value: What to show of a row's document.
        right: Whether it is a number.
        wraps: Whether it may take several lines where the table is too wide; the
            last column always may.
    """

    head: str
    value: Callable[[Mapping[str, Json]], str]
    right: bool = False
    wraps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Answers one command.

    Attributes:
        json: Whether a program reads it.
    """

    json: bool = False

    def answer(
        self, document: Mapping[str, Json], show: Callable[[Console], None]
    ) -> None:
        """Print one JSON document, or let ``show`` print for a person."""
        if self.json:
            self.line(document)
        else:
            show(self.console())

    def say(self, document: Mapping[str, Json], *sentences: str) -> None:
        """Print one JSON document, or sentences, the first one as what was done."""

        def show(console: Console) -> None:
            for number, sentence in enumerate(sentences):
                style = "none" if number == 0 else "dim"
                console.print(text(sentence), style=style, soft_wrap=True)

        self.answer(document, show)

    def listing(
        self,
        rows: Sequence[Mapping[str, Json]],
        columns: Sequence[Column],
        *,
        empty: str,
    ) -> None:
        """Print one JSON line per row, or a table."""
        if self.json:
            for row in rows:
                self.line(row)
            return
        if not rows:
            self.console().print(empty, style="dim")
            return
        table = plain_table(*((column.head, column.right) for column in columns))
        for made, column in zip(table.columns, columns, strict=True):
            made.no_wrap = made.no_wrap and not column.wraps
        for row in rows:
            table.add_row(*(text(column.value(row)) for column in columns))
        self.console().print(table)

    def line(self, document: Mapping[str, Json]) -> None:
        """Print one line of JSON."""
        sys.stdout.write(json.dumps(document) + "\n")

    def warn(self, document: Mapping[str, Json], *lines: str) -> None:
        """Say on standard error what the answer does not depend on.

        Args:
            document: For a program, on a line of its own; ``note`` is a sentence.
            lines: For a person.
        """
        if self.json:
            sys.stderr.write(json.dumps(document) + "\n")
        else:
            self.note(*map(text, lines))

    def note(self, *lines: RenderableType) -> None:
        """Print what only a person needs beside the answer, on standard error."""
        if lines and not self.json:
            self.console(error=True).print(*lines, sep="\n", soft_wrap=True)

    def agreed(self, question: str) -> bool:
        """Return whether a person agrees; a program is not asked.

        Enter agrees.
        """
        if self.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return True
        import typer

        return bool(typer.confirm(question, default=True, err=True))

    def console(self, *, error: bool = False) -> Console:
        """Return where to print for a person."""
        from rich.console import Console

        console = Console(stderr=error, highlight=False, markup=False, emoji=False)
        console.width = min(console.width, MOST_WIDTH)
        return console

    @contextmanager
    def working(self, label: str) -> Iterator[None]:
        """Show a person who watches that something goes on."""
        if self.json or not sys.stderr.isatty():
            yield
            return
        with self.console(error=True).status(label, spinner="line"):
            yield

    @contextmanager
    def progress(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        """Give a function to tell of bytes done; a bar when a person watches.

        Args:
            label: What goes on, such as ``sealing``.
            total: Bytes to do.
        """
        if self.json or not sys.stderr.isatty():
            yield lambda _: None
            return
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(complete_style=ACCENT, finished_style=ACCENT, bar_width=24),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=self.console(error=True),
            transient=True,
        )
        with bar:
            task = bar.add_task(label, total=max(total, 1))
            yield lambda count: bar.update(task, advance=count)


def plain_table(*heads: tuple[str, bool]) -> Table:
    """Return a table without lines; each head says whether it is of numbers."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for number, (head, right) in enumerate(heads):
        table.add_column(
            head,
            justify="right" if right else "left",
            overflow="fold",
            no_wrap=number < len(heads) - 1,  # only the last one gives way
        )
    return table


def plain_grid() -> Table:
    """Return a grid of labels and what they say, which wraps beside its label."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    return grid


def print_list(console: Console, head: str, sentences: Sequence[str]) -> None:
    """Print sentences below a heading, each with a dash; nothing without any."""
    from rich.table import Table

    if not sentences:
        return
    console.print(f"\n{head}", style="dim")
    grid = Table.grid(padding=(0, 1))
    for sentence in sentences:
        grid.add_row("  -", text(sentence), style="dim")
    console.print(grid)


def text(value: str) -> str:
    """Return ``value`` without characters that a terminal would obey."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value)
