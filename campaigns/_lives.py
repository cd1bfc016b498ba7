"""A process that does one thing and is killed in the middle of it.

Lives are forked from a server that has imported everything, so that one costs what
opening a room costs.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from campaigns._acts import ACTS
from campaigns._desk import admit
from campaigns._trace import Boundary, Tracer
from strongroom.errors import StrongroomError

READY, GO = "ready", "go"
SECONDS = 120
"""A life that takes longer hangs."""

_CONTEXT = multiprocessing.get_context("forkserver")
_PR_SET_PTRACER, _ANY = 0x59616D61, ctypes.c_ulong(-1)  # from <linux/prctl.h>


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """How a life is ended; by itself if nothing is said.

    Attributes:
        trace: Where to record what it does to files.
        beside: The folder around its room, when it is traced.
        boundary: Before which system call it is killed.
        after: Or after how many seconds.
        interrupt: Is called instead of killing it, after so many seconds.
    """

    trace: Path | None = None
    beside: Path = Path()
    boundary: Boundary | None = None
    after: float | None = None
    interrupt: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What became of a process.

    Attributes:
        heard: What it said.
        killed: Whether it was still at work when it was killed.
        status: Its exit status.
        seconds: From its start to its end.
        before: Every file and folder beside its room when it was let go.
    """

    before: frozenset[Path]
    heard: tuple[str, ...]
    killed: bool
    status: int
    seconds: float


def live(ticket: str, act: str, facts: Mapping[str, str], death: Death) -> Life:
    """Let a process do one act, and end it.

    Args:
        ticket: What it needs to act in its room.
        act: One of ``ACTS``.
        facts: Of the room.
        death: How it ends.
    """
    _CONTEXT.set_forkserver_preload([__name__])
    here, there = _CONTEXT.Pipe()
    child = _CONTEXT.Process(target=_act, args=(ticket, act, dict(facts), there))
    child.start()
    there.close()
    try:
        return _ended(child, here, death)
    finally:
        child.kill()
        child.join()
        here.close()


def _ended(child: BaseProcess, here: Connection, death: Death) -> Life:
    heard: list[str] = []
    before: frozenset[Path] = frozenset()
    tracer = None
    if _next(here) != READY or child.pid is None:
        raise AssertionError("a process did not begin")
    if death.trace is not None:
        tracer = Tracer(child.pid, death.trace, death.boundary)
        before = frozenset(death.beside.rglob("*"))
    here.send(GO)
    started = time.monotonic()
    if death.after is not None:
        _listen(here, heard, until=started + death.after)
        (death.interrupt or child.kill)()
    _listen(here, heard, until=started + SECONDS)
    child.join(SECONDS)
    if tracer is not None:
        tracer.wait()
    status = child.exitcode
    return Life(
        before=before,
        heard=tuple(heard),
        killed=status == -9,  # noqa: PLR2004  SIGKILL
        status=status if status is not None else 1,
        seconds=time.monotonic() - started,
    )


def _listen(here: Connection, heard: list[str], *, until: float) -> None:
    """Note what is said until then, or until nobody is there any more."""
    with suppress(EOFError, ConnectionError):
        while here.poll(max(0.0, until - time.monotonic())):
            heard.append(str(here.recv()))


def _next(here: Connection) -> str:
    return str(here.recv()) if here.poll(SECONDS) else ""


def _act(ticket: str, act: str, facts: dict[str, str], there: Connection) -> None:
    """Do it, in the process of its own."""
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANY, 0, 0, 0)  # its tracer is no parent
    desk = admit(ticket)
    there.send(READY)
    if there.recv() != GO:
        raise AssertionError("there is nothing else to say")
    try:
        ACTS[act](desk, facts, there.send)
    except StrongroomError as error:
        there.send(f"error {type(error).__name__}: {error}")
        sys.exit(1)
    desk.room.close()
