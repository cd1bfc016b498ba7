"""Shows how far a campaign is, and stops it without losing what it counted."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from rich.console import Console
from rich.progress import track

_T = TypeVar("_T")


def shown(items: Sequence[_T], what: str) -> Iterator[_T]:
    """Yield items, with a bar and the time that is left where a person looks on."""
    console = Console(stderr=True)
    yield from track(
        items, description=what, console=console, disable=not console.is_terminal
    )


@dataclass(slots=True)
class Stopped:
    """Whether somebody stopped a campaign, by Ctrl-C or SIGTERM."""

    early: bool = False


@contextmanager
def stoppable() -> Iterator[Stopped]:
    """Let whoever stops a campaign get the counts so far, instead of a traceback."""
    stopped = Stopped()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield stopped
    except KeyboardInterrupt:
        stopped.early = True
    finally:
        signal.signal(signal.SIGTERM, before)
