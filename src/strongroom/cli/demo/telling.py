"""Plays the chapters of the demo and prints each step when it is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from strongroom.cli.demo import show
from strongroom.cli.demo.steps import Outcome
from strongroom.cli.output import Output

if TYPE_CHECKING:
    from rich.console import Console

Chapter: TypeAlias = tuple[str, Callable[[], Iterator[Outcome]]]
"""A heading, and what gives the outcomes of its steps one by one."""


NEEDED: Final = frozenset({"room", "seal", "request", "approve", "open", "new-version"})
"""Steps without which what follows has nothing to stand on."""


def tell(output: Output, chapters: Iterable[Chapter], *, kept: Path | None) -> bool:
    """Return whether every step went as it should.

    Args:
        output: Prints a line of JSON a step, or the pretty form.
        chapters: Played in order.
        kept: Where the room stays, if it does.
    """
    outcomes: list[Outcome] = []
    started = time.monotonic()
    console = output.console()
    if not output.json:
        show.show_beginning(console)
    for title, steps in chapters:
        if not output.json:
            show.show_chapter(console, title)
        for outcome in steps():
            outcomes.append(outcome)
            _print(output, console, outcome)
            if outcome.step in NEEDED and not outcome.ok:
                return False
    if not output.json:
        show.show_end(console, outcomes, time.monotonic() - started, kept)
    return bool(outcomes) and all(outcome.ok for outcome in outcomes)


def _print(output: Output, console: Console, outcome: Outcome) -> None:
    if output.json:
        output.line({"step": outcome.step, "ok": outcome.ok, "why": outcome.why})
    else:
        show.show_outcome(console, outcome)
