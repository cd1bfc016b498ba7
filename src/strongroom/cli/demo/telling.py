"""Plays the chapters of the demo and prints each step when it is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

from strongroom.cli.demo import show
from strongroom.cli.demo.steps import Outcome
from strongroom.cli.output import Output

Chapter: TypeAlias = tuple[str, Callable[[], Iterator[Outcome]]]
"""A heading, and what gives the outcomes of its steps one by one."""


def tell(output: Output, chapters: Iterable[Chapter], *, kept: Path | None) -> bool:
    """Return whether every step went as it should.

    Args:
        output: Prints a line of JSON a step, or the pretty form.
        chapters: Played in order.
        kept: Where the room stays, if it does.
    """
    outcomes, started = [], time.monotonic()
    console = output.console()
    if not output.json:
        show.show_beginning(console)
    for title, steps in chapters:
        if not output.json:
            show.show_chapter(console, title)
        for outcome in steps():
            outcomes.append(outcome)
            if output.json:
                output.line(
                    {"step": outcome.step, "ok": outcome.ok, "why": outcome.why}
                )
            else:
                show.show_outcome(console, outcome)
    if not output.json:
        show.show_end(console, outcomes, time.monotonic() - started, kept)
    return bool(outcomes) and all(outcome.ok for outcome in outcomes)
