"""The process that runs tests over and over; ``mutate`` starts it in a copy.

Reads lines of JSON: words for pytest, and seconds.  For each it forks a child, which
runs the tests, and writes pytest's status or null if the child was too slow or broke.
What the first child imported that is not ours is then imported here, so that the next
ones start in half the time.  ``strongroom`` itself is never imported here.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import signal
import sys
import warnings
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import pytest

_ANEW = ("strongroom", "tests", "campaigns", "benchmarks", "torch", "xdist")
_FORK = multiprocessing.get_context("fork")


def main() -> None:
    """Answer until there are no more questions, or it is ended."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for number, line in enumerate(sys.stdin):
        words, seconds = json.loads(line)
        status, modules = ask(words, seconds)
        print(json.dumps(status), flush=True)
        if number == 0:
            warm_up(modules)


def ask(words: list[str], seconds: float) -> tuple[int | None, list[str]]:
    """Return how the tests ended in a child, and which modules they loaded."""
    mine, its = _FORK.Pipe(duplex=False)
    child = _FORK.Process(target=run, args=(words, its))
    child.start()
    its.close()
    status, modules = None, list[str]()
    try:
        if mine.poll(seconds):
            status, modules = mine.recv()
    except EOFError:
        status = None
    finally:
        end(child)
        mine.close()
    return status, modules


def run(words: list[str], answers: Connection) -> None:
    """Run the tests in silence, in a session of their own."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    status = int(pytest.main(words))
    answers.send((status, [*sys.modules]))


def warm_up(modules: list[str]) -> None:
    """Import what others wrote; what cannot be imported alone is left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in modules:
            if name.partition(".")[0] not in _ANEW:
                try:
                    importlib.import_module(name)
                except ImportError:
                    continue


def end(child: BaseProcess) -> None:
    """End a child, with what the tests left behind in its session."""
    if child.pid:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    child.kill()
    child.join()


if __name__ == "__main__":
    main()
