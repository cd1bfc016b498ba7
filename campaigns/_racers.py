"""Processes that wait for a word and then all do the same at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from random import Random

from campaigns._contests import CONTESTS, Racer
from campaigns._desk import admit

READY, CRASHED = "ready", "crashed"
SECONDS = 1800
"""A process that does not answer for so long hangs, and its round is over."""

_CONTEXT = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a process is told when it starts; see ``ready``."""

    ticket: str
    facts: dict[str, str]
    number: int
    requests: int
    seed: str


class Racers:
    """Several processes with one room each open."""

    def __init__(self, lines: Sequence[tuple[BaseProcess, Connection]]) -> None:
        self._lines = lines

    def do(self, contest: str) -> list[str]:
        """Let all take part in a contest; return what they said, in any order."""
        try:
            for _, line in self._lines:
                line.send(contest)
        except ConnectionError:
            return [CRASHED]
        return [said for _, line in self._lines for said in _answer(line)]


@contextmanager
def ready(
    ticket: str, facts: Mapping[str, str], *, count: int, requests: int, seed: str
) -> Iterator[Racers]:
    """Give processes that have opened the room and wait.

    Args:
        ticket: What they need to act in it.
        facts: Of the room.
        count: Of processes.
        requests: How often each asks in a contest about requests.
        seed: Of their choices.
    """
    _CONTEXT.set_forkserver_preload([__name__])
    with ExitStack() as stack:
        lines = []
        for number in range(count):
            here, there = _CONTEXT.Pipe()
            plan = Plan(
                ticket=ticket,
                facts=dict(facts),
                number=number,
                requests=requests,
                seed=f"{seed} {number}",
            )
            child = _CONTEXT.Process(target=_race, args=(plan, there))
            child.start()
            there.close()
            stack.callback(here.close)
            stack.callback(child.join)
            stack.callback(child.kill)
            lines.append((child, here))
        for _, line in lines:
            if _answer(line) != [READY]:
                raise AssertionError("a process did not begin")
        yield Racers(lines)


def _answer(line: Connection) -> list[str]:
    try:
        if line.poll(SECONDS):
            return [str(said) for said in line.recv()]
    except (EOFError, ConnectionError):
        pass
    return [CRASHED]


def _race(plan: Plan, there: Connection) -> None:
    """Take part in each contest that is called, in the process of its own."""
    racer = Racer(
        desk=admit(plan.ticket),
        facts=plan.facts,
        number=plan.number,
        requests=plan.requests,
        random=Random(plan.seed),  # noqa: S311 (no secret)
    )
    there.send([READY])
    while True:
        there.send(list(CONTESTS[there.recv()](racer)))
