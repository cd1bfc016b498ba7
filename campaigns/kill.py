"""Kill a process at random moments, and see whether anything was lost.

    ./dev campaign kill [--rounds N] [--seed S] [--postgresql | --url URL]

In each round a process seals, asks, approves and opens in turn, and tells over a
pipe what it was promised; it is killed (SIGKILL) at a random moment.  Then the
room is opened again: what was promised is there, nothing is half visible, the
ledger verifies, and nobody holds less than was released to them.  A SQLite file is
used unless something else is asked for.  Prints one line of JSON; exit status 1 if
anything is wrong.
"""

from __future__ import annotations

import argparse
import itertools
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from campaigns import _databases
from campaigns._after import problems_after
from campaigns._desk import Desk, admit, ticket
from strongroom.cli.demo.house import House
from strongroom.types import Classification
from tests.attacks.rooms import built_house, small_model

PEOPLE = ("mia", "rosa", "lena", "ada")
MODEL = "killed"
MOST_PROMISES = 7
"""Of one life; a cycle of seal, ask, approve and open makes four."""


@dataclass(slots=True, kw_only=True)
class Promises:
    """What the processes were told before they were killed.

    Attributes:
        sealed: Versions of the model.
        asked: Requests.
        approved: Requests.
        opened: Bytes opened, by name of the segment.
    """

    sealed: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    approved: list[str] = field(default_factory=list)
    opened: dict[str, int] = field(default_factory=dict)
    openings: int = 0

    def note(self, line: str) -> str:
        """Remember one line from the pipe, and return its first word."""
        word, _, rest = line.strip().partition(" ")
        if word == "sealed":
            self.sealed.append(int(rest))
        elif word == "asked":
            self.asked.append(rest)
        elif word == "approved":
            self.approved.append(rest)
        elif word == "opened":
            segment, _, size = rest.partition(" ")
            self.opened[segment] = int(size)
            self.openings += 1
        return word


def main(words: list[str] | None = None) -> int:
    """Run the campaign, or the process that is killed; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    _databases.add_options(parser)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    if given.child is not None:
        work(admit(given.child), given.source)
        return 0
    started = time.monotonic()
    random = Random(given.seed)  # noqa: S311 (when to kill)
    problems: list[str] = []
    killed_after: Counter[str] = Counter()
    with (
        _databases.chosen(given) as url,
        tempfile.TemporaryDirectory(prefix="strongroom-kill-") as name,
    ):
        house = built_house(Path(name), database=url)
        source = begin(house, Path(name))
        promises = Promises()
        try:
            for number in range(given.rounds):
                last, killed = kill_once(house, source, promises, random)
                killed_after[last] += 1
                found = problems_after(house, MODEL, promises)
                found += [] if killed else ["the process ended by itself"]
                problems += [f"round {number}, after {last}: {p}" for p in found]
            garbage = house.acting_as("ada").clean()
        finally:
            house.room.close()
    for problem in problems:
        sys.stderr.write(problem + "\n")
    line = {
        "campaign": "kill",
        "seed": given.seed,
        "rounds": given.rounds,
        "database": _databases.kind(url),
        "killed_after": dict(sorted(killed_after.items())),
        "promises": {
            "sealed": len(promises.sealed),
            "asked": len(promises.asked),
            "approved": len(promises.approved),
            "opened": promises.openings,
        },
        "problems": len(problems),
        "garbage": str(garbage),
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps(line))
    return 1 if problems or not promises.sealed else 0


def begin(house: House, folder: Path) -> Path:
    """Seal the first version, which others must agree to; return what to seal."""
    source = folder / "model-to-kill"
    small_model(source)
    sealed = house.acting_as("mia").seal(
        source, name=MODEL, classification=Classification.INTERNAL
    )
    if sealed.request is not None:
        house.acting_as("lena").approve(sealed.request.id)
    return source


def kill_once(
    house: House, source: Path, promises: Promises, random: Random
) -> tuple[str, bool]:
    """Start a process and kill it after a while.

    Returns:
        The last it said, and whether it was still at work when it was killed.
    """
    words = [sys.executable, "-m", "campaigns.kill", "--source", str(source)]
    child = subprocess.Popen(
        [*words, "--child", ticket(house, *PEOPLE)], stdout=subprocess.PIPE, text=True
    )
    if child.stdout is None:
        raise AssertionError("a pipe was asked for")
    last, gap = "nothing", 0.0
    for _ in range(1 + random.randrange(MOST_PROMISES)):  # the first is "ready"
        began = time.monotonic()
        last = promises.note(child.stdout.readline()) or last
        gap = time.monotonic() - began
    # In the middle of the next step, however slow this machine is today.
    time.sleep(random.uniform(0, gap if last != "ready" else 1))
    child.send_signal(signal.SIGKILL)
    for line in child.stdout:
        if line.endswith("\n"):  # a torn line promised nothing
            last = promises.note(line)
    killed = child.wait() == -signal.SIGKILL
    child.stdout.close()
    return last, killed


def work(desk: Desk, source: Path) -> None:
    """Seal, ask, approve and open until killed; say each promise as it is made."""
    print("ready", flush=True)
    for number in itertools.count():
        sealed = desk.acting_as("mia").seal(source, name=MODEL)
        print("sealed", sealed.version.number, flush=True)
        segment = f"blocks.{number % 6}"
        asked = desk.acting_as("rosa").request(
            f"{MODEL}@{sealed.version.number}", segments=[segment], purpose="a round"
        )
        print("asked", asked.request.id, flush=True)
        desk.acting_as("lena").approve(asked.request.id)
        print("approved", asked.request.id, flush=True)
        with desk.acting_as("rosa").open(asked.request.id) as opened:
            size = opened.check()
        print("opened", segment, size, flush=True)


if __name__ == "__main__":
    sys.exit(main())
