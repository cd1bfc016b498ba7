"""Ctrl-C at any moment: delivered once, in a place where it can be answered."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

LATER_SECONDS: Final = 0.01
"""Time for a callback of the garbage collector to return."""


def deliver_always() -> None:
    """Deliver an interrupt again that came while garbage was collected.

    Python prints and drops what is raised there: the command would go on.
    """
    sys.unraisablehook = _again


def ignore() -> None:
    """Ignore interrupts from now on: the command is over, and its status is known."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def held_back() -> Iterator[None]:
    """Hold interrupts back while something is put in order, and deliver them then."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _again(unraisable: sys.UnraisableHookArgs) -> None:
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        timer = threading.Timer(LATER_SECONDS, _interrupt_main)
        timer.daemon = True
        timer.start()
    else:
        sys.__unraisablehook__(unraisable)


def _interrupt_main() -> None:
    """Signal the main thread itself: only that ends a wait that it is in."""
    main = threading.main_thread().ident
    if main is not None:
        signal.pthread_kill(main, signal.SIGINT)
