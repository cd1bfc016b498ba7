"""Let many processes ask at once, and see whether a cap was ever exceeded.

    ./dev campaign race [--requests N] [--processes P] [--seed S]
                        [--postgresql | --url URL]

Every process asks in rosa's and noor's name for random segments of a restricted
model, rosa of one half and noor of the other, has two approvers agree, and opens
what it was given.  One holds at most 25 percent, both at most 45, whatever happens
at once: added up from what the processes say they opened, and compared with what
the room says.  A SQLite file is used unless something else is asked for.  Prints
one line of JSON; exit status 1 if a cap was exceeded, if nothing was allowed, or if
the ledger does not verify.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from campaigns import _databases
from campaigns._desk import Desk, admit, ticket
from strongroom.cli.demo.house import MODEL, House
from strongroom.errors import DeniedError, StrongroomError
from strongroom.permits.exposures import ExposureReport, Exposures
from tests.attacks.rooms import built_house

COLLECTORS = ("rosa", "noor")
APPROVERS = ("lena", "sam")
SEGMENTS = [f"{part}.{i}" for part in ("blocks", "embeddings") for i in range(6)]


def main(words: list[str] | None = None) -> int:
    """Run the campaign, or one process of it, and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=120, help="over all processes")
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    _databases.add_options(parser)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    if given.child is not None:
        collect(admit(given.child), given.requests, Random(given.seed))  # noqa: S311
        return 0
    started = time.monotonic()
    with (
        _databases.chosen(given) as url,
        tempfile.TemporaryDirectory(prefix="strongroom-race-") as name,
    ):
        house = built_house(Path(name), database=url)
        try:
            heard = race(house, given.requests, given.processes, given.seed)
            line = judge(house, heard)
        finally:
            house.room.close()
    line |= {
        "campaign": "race",
        "seed": given.seed,
        "requests": given.requests,
        "processes": given.processes,
        "database": _databases.kind(url),
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps(line))
    return 0 if line["ok"] else 1


@dataclass(slots=True)
class Heard:
    """What the processes said.

    Attributes:
        endings: How often each ending came.
        opened: Bytes by segment, for each person.
    """

    endings: Counter[str] = field(default_factory=Counter)
    opened: dict[str, dict[str, int]] = field(
        default_factory=lambda: {name: {} for name in COLLECTORS}
    )

    def note(self, line: str) -> None:
        """Remember one line: an ending, and for what was opened by whom."""
        ending, *opened = line.split(" ", 3)
        self.endings[ending] += 1
        if opened:
            who, segment, size = opened
            self.opened[who][segment] = int(size)

    @property
    def most(self) -> int:
        """Bytes of whoever opened most."""
        return max(sum(held.values()) for held in self.opened.values())

    @property
    def pair(self) -> int:
        """Bytes that both opened together."""
        together: dict[str, int] = {}
        for held in self.opened.values():
            together |= held
        return sum(together.values())


def race(house: House, requests: int, processes: int, seed: int) -> Heard:
    """Return what all processes said."""
    pass_ = ticket(house, *COLLECTORS, *APPROVERS)
    share = max(1, requests // processes)
    words = [sys.executable, "-m", "campaigns.race", "--requests", str(share)]
    children = [
        subprocess.Popen(
            [*words, "--seed", str(seed * 1000 + number), "--child", pass_],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(processes)
    ]
    heard = Heard()
    for child in children:
        out, _ = child.communicate()
        if child.returncode:
            heard.endings["crashed"] += 1
        for line in out.splitlines():
            heard.note(line)
    return heard


def collect(desk: Desk, requests: int, random: Random) -> None:
    """Ask, have it approved, and open, again and again; print each ending."""
    for _ in range(requests):
        mine = random.randrange(len(COLLECTORS))
        who = COLLECTORS[mine]
        segment = random.choice(SEGMENTS[mine :: len(COLLECTORS)])  # as if they agreed
        try:
            asked = desk.acting_as(who).request(
                MODEL, segments=[segment], purpose="a race"
            )
            for approver in APPROVERS:
                desk.acting_as(approver).approve(asked.request.id)
            with desk.acting_as(who).open(asked.request.id) as opened:
                ending = f"allowed {who} {segment} {opened.check()}"
        except DeniedError as error:
            ending = ",".join(error.reasons) or "denied"
        except StrongroomError as error:
            ending = type(error).__name__
        print(ending, flush=True)
    desk.room.close()


def judge(house: House, heard: Heard) -> dict[str, object]:
    """Return what the room says afterwards, and whether the caps were kept."""
    ada = house.acting_as("ada")
    room = house.room.room
    report = Exposures(room.gate, room.keys).report(ada.actor, MODEL)
    findings = ada.records.verify().findings
    ok = (
        heard.endings["allowed"] > 0
        and heard.endings["crashed"] == 0
        and not findings
        and _kept(report, heard)
    )
    return {
        "ok": ok,
        "endings": dict(sorted(heard.endings.items())),
        "most_held": heard.most,
        "person_cap": report.person_cap,
        "pair_held": heard.pair,
        "pair_cap": report.pair_cap,
        "findings": len(findings),
    }


def _kept(report: ExposureReport, heard: Heard) -> bool:
    """Return whether nobody opened more than the caps, or than the room knows."""
    person_cap, pair_cap = report.total * 25 // 100, report.total * 45 // 100
    stated = {share.name: share.held for share in report.shares}
    known = all(
        sum(held.values()) <= stated.get(name, 0) for name, held in heard.opened.items()
    )
    return known and heard.most <= person_cap and heard.pair <= pair_cap


if __name__ == "__main__":
    sys.exit(main())
