"""Kill a process in the middle of anything, and see whether anything was lost.

    ./dev campaign kill [--acts A,B] [--rounds N] [--every N] [--pages N] [--cuts]
                        [--servers N] [--seed S] [--from N]
                        [--postgresql]

Each step copies a room, lets a process do one act in it (seal, rotate, erase, ...)
and ends it with SIGKILL: with --every before a system call that changes or syncs a
file or talks to the database, with --rounds at random moments.  --cuts takes away
what was not synced as well, as a power cut may; --servers kills PostgreSQL itself.
Then the room is opened again: what was promised is there, nothing is half visible,
the ledger verifies, nobody holds less than was released to them, and the act can be
gone on with.  Prints one line of JSON; exit status 1 if anything is wrong.  Stopped by
Ctrl-C it prints what it had, and which step is ``next``, for --from.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from campaigns import _databases, _steps
from campaigns._acts import ACTS, MODEL, prepare
from campaigns._after import problems_after
from campaigns._base import Base, built_base
from campaigns._kept import problems_going_on
from campaigns._lives import Death, Life, live
from campaigns._options import add_number, cpu_seconds, parser_of
from campaigns._powercut import PowerCut
from campaigns._progress import shown, stoppable
from campaigns._promises import Promises
from campaigns._steps import Step, random_of
from campaigns._trace import Boundary, boundaries_in
from strongroom.cli.demo.house import House

PATIENCE = 1.1
"""A random moment lies within so many times what the act takes undisturbed."""


def main(words: list[str] | None = None) -> int:
    """Run the campaign and return its exit status."""
    given = _parser().parse_args(words)
    started = time.monotonic()
    done = Done()
    with (
        _databases.chosen(given) as server,
        tempfile.TemporaryDirectory(prefix="strongroom-kill-") as name,
    ):
        base = built_base(Path(name), prepare, server=server)
        campaign = Campaign(base, Path(name), given.seed)
        passed = campaign.rehearse([a for a in given.acts.split(",") if a])
        plan = _steps.plan(
            passed,
            every=given.every,
            pages=given.pages,
            rounds=given.rounds,
            servers=given.servers if server else 0,
            cuts=given.cuts and server is None,
        )
        steps = [step for step in plan if step.number >= given.from_]
        with stoppable() as stopped:
            for step in shown(steps, "kill"):
                done.note(step, *campaign.take(step))
    line = {
        "campaign": "kill",
        "seed": given.seed,
        "database": "postgresql" if server else "sqlite",
        "boundaries": sum(map(len, passed.values())),
        **done.line(),
        **({"next": given.from_ + done.steps} if stopped.early else {}),
        "cpu_seconds": cpu_seconds(),
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps(line))
    return 1 if done.problems or stopped.early or not done.promises else 0


def _parser() -> argparse.ArgumentParser:
    parser = parser_of(__doc__)
    parser.add_argument("--acts", default=",".join(ACTS), help="which; all if not said")
    add_number(parser, "--rounds", 14, "random moments")
    add_number(parser, "--every", 0, "one of N boundaries")
    add_number(parser, "--pages", 10, "one of N pages and statements")
    parser.add_argument("--cuts", action="store_true", help="power cuts as well")
    add_number(parser, "--servers", 0, "kills of PostgreSQL")
    add_number(parser, "--seed", 0, "of all random choices")
    add_number(parser, "--from", 0, "first step", dest="from_")
    _databases.add_options(parser)
    return parser


@dataclass(slots=True)
class Done:
    """What came out so far.

    Attributes:
        promises: How often something was promised, by its first word.
        problems: How many things were wrong.
        lost: Unsynced changes that power cuts took away.
    """

    steps: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    survived: Counter[str] = field(default_factory=Counter)
    promises: Counter[str] = field(default_factory=Counter)
    problems: int = 0
    lost: int = 0

    def note(self, step: Step, life: Life, lost: int, problems: list[str]) -> None:
        """Count one step, and say what was wrong with it."""
        self.steps += 1
        (self.killed if life.killed else self.survived)[step.act] += 1
        self.promises.update(line.split()[0] for line in life.heard)
        self.lost += lost
        self.problems += len(problems)
        for problem in problems:
            sys.stderr.write(f"{step}, after {life.heard[-1:]}: {problem}\n")
            sys.stderr.flush()

    def line(self) -> dict[str, object]:
        """Return what is printed."""
        return {
            "steps": self.steps,
            "killed": dict(sorted(self.killed.items())),
            "survived": dict(sorted(self.survived.items())),
            "promises": dict(sorted(self.promises.items())),
            "unsynced_lost": self.lost,
            "problems": self.problems,
        }


class Campaign:
    """Takes steps, each in a copy of one room."""

    def __init__(self, base: Base, folder: Path, seed: int) -> None:
        self._base = base
        self._folder = folder
        self._seed = seed
        self._usual: dict[str, float] = {}

    def rehearse(self, acts: list[str]) -> dict[str, list[Boundary]]:
        """Do each act undisturbed; return the boundaries it passes."""
        names = _steps.names(talks=self._base.server is not None)
        passed = {}
        for act in acts:
            trace = self._folder / "trace"
            with self._base.copy(self._folder / "copy") as (house, facts):
                ticket = self._base.ticket(house)
                traced = live(ticket, act, facts, Death(trace=trace))
            with self._base.copy(self._folder / "copy") as (house, facts):
                ticket = self._base.ticket(house)
                self._usual[act] = live(ticket, act, facts, Death()).seconds
            if traced.status:
                raise SystemExit(f"{act} fails undisturbed: {traced.heard[-1:]}")
            passed[act] = boundaries_in(trace, names)
        return passed

    def take(self, step: Step) -> tuple[Life, int, list[str]]:
        """Let one life end as the step says.

        Returns:
            What became of it, how much a power cut took away, and what is wrong.
        """
        random, lost = random_of(self._seed, step), 0
        folder, trace = self._folder / "copy", self._folder / "trace"
        with self._base.copy(folder) as (house, facts):
            ticket = self._base.ticket(house)
            if step.boundary is None:
                after = random.uniform(0, PATIENCE * self._usual[step.act])
                end = self._crash if step.server else None
                death = Death(after=after, interrupt=end)
            else:
                death = Death(trace=trace, beside=folder, boundary=step.boundary)
            life = live(ticket, step.act, facts, death)
            if step.cut and life.killed:
                cut = PowerCut(folder, life.before, self._former)
                cut.read(trace)
                lost = cut.cut(random, everything=step.cut == "all")
            return life, lost, _problems(house, step, life, ticket, facts)

    def _crash(self) -> None:
        server = self._base.server
        if server is None:
            raise AssertionError("there is no server to kill")
        server.kill()
        server.start()

    def _former(self, path: Path) -> Path | None:
        """Return the file of the base that a file of a copy was made from."""
        former = self._base.house.folder.parent / path.relative_to(
            self._folder / "copy"
        )
        return former if former.is_file() else None


def _problems(
    house: House, step: Step, life: Life, ticket: str, facts: dict[str, str]
) -> list[str]:
    promises = Promises()
    for line in life.heard:
        promises.note(line)
    if step.server or life.status == 0:
        promises.others.pop("error", None)  # the server was gone
    if step.cut:  # a store may give back what was removed
        promises.others.pop("cleaned", None)
    return [
        *_problems_in(step, life),
        *problems_after(house, MODEL, promises, facts),
        *problems_going_on(step.act, ticket, facts),
    ]


def _problems_in(step: Step, life: Life) -> list[str]:
    """Return what is wrong with how a life ended; without its server it may fail."""
    if life.killed or life.status == 0 or step.server:
        return []
    return [f"it ended by itself, with status {life.status}"]


if __name__ == "__main__":
    sys.exit(main())
