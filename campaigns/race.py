"""Let many processes ask at once, and see whether a cap was ever exceeded.

    ./dev campaign race [--requests N] [--processes P] [--seed S] [--url URL]

Every process asks in rosa's and noor's name for random segments of a restricted
model, has two approvers agree, and opens what it was given.  One holds at most 25
percent, both at most 45, whatever happens at once.  Without a URL a SQLite file is
used.  Prints one line of JSON; exit status 1 if a cap was exceeded, if nothing
was allowed, or if the ledger does not verify.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

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
    parser.add_argument("--url", help="SQLAlchemy URL of an empty database")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    if given.child is not None:
        collect(admit(given.child), given.requests, Random(given.seed))  # noqa: S311
        return 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="strongroom-race-") as name:
        house = built_house(Path(name), database=given.url)
        try:
            endings = race(house, given.requests, given.processes, given.seed)
            line = judge(house, endings)
        finally:
            house.room.close()
    line |= {
        "campaign": "race",
        "seed": given.seed,
        "requests": given.requests,
        "processes": given.processes,
        "database": "sqlite" if given.url is None else given.url.partition("+")[0],
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps(line))
    return 0 if line["ok"] else 1


def race(house: House, requests: int, processes: int, seed: int) -> Counter[str]:
    """Return how often each ending came, over all processes."""
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
    endings: Counter[str] = Counter()
    for child in children:
        out, _ = child.communicate()
        if child.returncode:
            endings["crashed"] += 1
        for line in out.splitlines():
            endings[line] += 1
    return endings


def collect(desk: Desk, requests: int, random: Random) -> None:
    """Ask, have it approved, and open, again and again; print each ending."""
    for _ in range(requests):
        who, segment = random.choice(COLLECTORS), random.choice(SEGMENTS)
        try:
            asked = desk.acting_as(who).request(
                MODEL, segments=[segment], purpose="a race"
            )
            for approver in APPROVERS:
                desk.acting_as(approver).approve(asked.request.id)
            with desk.acting_as(who).open(asked.request.id) as opened:
                opened.check()
            ending = "allowed"
        except DeniedError as error:
            ending = ",".join(error.reasons) or str(error)
        except StrongroomError as error:
            ending = type(error).__name__
        print(ending, flush=True)
    desk.room.close()


def judge(house: House, endings: Counter[str]) -> dict[str, object]:
    """Return what the room says afterwards, and whether the caps were kept."""
    ada = house.acting_as("ada")
    room = house.room.room
    report = Exposures(room.gate, room.keys).report(ada.actor, MODEL)
    findings = ada.records.verify().findings
    most = max((share.held for share in report.shares), default=0)
    ok = (
        endings["allowed"] > 0
        and endings["crashed"] == 0
        and not findings
        and _kept(report, most)
    )
    return {
        "ok": ok,
        "endings": dict(sorted(endings.items())),
        "most_held": most,
        "person_cap": report.person_cap,
        "pair_held": report.pair[2] if report.pair else 0,
        "pair_cap": report.pair_cap,
        "findings": len(findings),
    }


def _kept(report: ExposureReport, most: int) -> bool:
    pair = report.pair[2] if report.pair else 0
    person_cap, pair_cap = report.person_cap or 0, report.pair_cap or 0
    return 0 < most <= person_cap and pair <= pair_cap


if __name__ == "__main__":
    sys.exit(main())
