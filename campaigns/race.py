"""Let many processes ask at once, and see whether anybody got what only one may.

    ./dev campaign race [--requests N] [--each N] [--processes N] [--seed S]
                        [--from N] [--postgresql]

Each round copies a room and lets all processes do the same at the same moment: ask
for a restricted model until the caps of a person and of a pair are reached, use one
approval twice, open while somebody revokes, write to the ledger, seal one name,
rotate one root key.  One holds at most 25 percent, both at most 45: added up from
what the processes say they opened, and compared with what the room says.  Prints
one line of JSON; exit status 1 if anything was given twice, a cap was exceeded, or
the ledger does not verify.
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

from campaigns import _databases
from campaigns._base import Base, built_base
from campaigns._contests import CONTESTS
from campaigns._options import add_number, cpu_seconds, parser_of
from campaigns._progress import shown, stoppable
from campaigns._racers import CRASHED, ready
from campaigns._verdicts import verdict
from strongroom.cli.demo.house import MODEL, House
from strongroom.errors import StrongroomError

COUNTED = ("caps", "sequencers")
"""In these, each process asks ``--each`` times a round."""


def main(words: list[str] | None = None) -> int:
    """Run the campaign and return the exit status."""
    given = _parser().parse_args(words)
    started = time.monotonic()
    a_round = len(COUNTED) * given.processes * given.each
    rounds = max(1, -(-given.requests // a_round))
    heard = Heard()
    with (
        _databases.chosen(given) as server,
        tempfile.TemporaryDirectory(prefix="strongroom-race-") as name,
    ):
        base = built_base(Path(name), prepare, server=server)
        numbers, done = range(given.from_, rounds), 0
        with stoppable() as stopped:
            for number in shown(numbers, "race"):
                race(base, Path(name) / "copy", given, number, heard)
                done += 1
    line = {
        "campaign": "race",
        "seed": given.seed,
        "database": _databases.kind(server),
        "rounds": done,
        **({"next": given.from_ + done} if stopped.early else {}),
        "processes": given.processes,
        "requests": heard.requests,
        "endings": {k: dict(sorted(v.items())) for k, v in heard.endings.items()},
        "problems": heard.problems,
        "cpu_seconds": cpu_seconds(),
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps(line))
    return 1 if heard.problems or stopped.early else 0


def _parser() -> argparse.ArgumentParser:
    parser = parser_of(__doc__)
    add_number(parser, "--requests", 96, "over all processes")
    add_number(parser, "--each", 12, "by one in a round")
    add_number(parser, "--processes", 4, "at once")
    add_number(parser, "--seed", 0, "of all random choices")
    add_number(parser, "--from", 0, "first round", dest="from_")
    _databases.add_options(parser)
    return parser


@dataclass(slots=True)
class Heard:
    """What came out so far.

    Attributes:
        requests: How often anybody asked.
        endings: How often each ending came, by contest.
        problems: How many things were wrong.
    """

    requests: int = 0
    endings: dict[str, Counter[str]] = field(default_factory=dict)
    problems: int = 0

    def note(self, contest: str, said: list[str]) -> None:
        """Count what all processes said in a contest."""
        if contest in COUNTED:
            self.requests += len(said)
        counted = self.endings.setdefault(contest, Counter())
        counted.update(" ".join(line.split()[:1]) for line in said)


def prepare(house: House, source: Path) -> dict[str, str]:
    """Seal the model; have a request that waits and one that is agreed to."""
    sealed = house.acting_as("mia").seal(source, name=MODEL)
    if sealed.request is not None:
        house.acting_as("lena").approve(sealed.request.id)
    pending = house.acting_as("noor").request(
        MODEL, segments=["biases"], purpose="a race"
    )
    held = house.grant("rosa", "biases", purpose="a race")
    return {"pending": pending.request.id, "held": held}


def race(
    base: Base, folder: Path, given: argparse.Namespace, number: int, heard: Heard
) -> None:
    """Hold every contest once in a copy of the room, and judge each."""
    with (
        base.copy(folder) as (house, facts),
        ready(
            base.ticket(house),
            facts,
            count=given.processes,
            requests=given.each,
            seed=f"{given.seed} {number}",
        ) as racers,
    ):
        for contest in CONTESTS:
            said = racers.do(contest)
            heard.note(contest, said)
            for problem in _judged(house, contest, said, facts):
                heard.problems += 1
                sys.stderr.write(f"round {number}: {problem}\n")
            if CRASHED in said:
                return  # the others may not have answered


def _judged(
    house: House, contest: str, said: list[str], facts: dict[str, str]
) -> list[str]:
    try:
        with house.opened_at(house.folder) as again:
            findings = again.acting_as("ada").records.verify().findings
            wrong = verdict(again, contest, said, facts)
            if contest == "rotations":  # so that all can carry it out next
                for request in again.acting_as("lena").records.requests():
                    if request.request.action == "key:rotate":
                        again.acting_as("lena").approve(request.request.id)
            return [*findings, *wrong]
    except StrongroomError as error:
        return [f"{contest}: {type(error).__name__}: {error}"]


if __name__ == "__main__":
    sys.exit(main())
