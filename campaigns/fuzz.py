"""Feed every parser bytes that nobody chose, and see whether one breaks.

    ./dev campaign fuzz [PARSER ...] [--minutes N] [--seed S] [--corpus DIR]

``atheris`` mutates what stands in the vectors and keeps what reaches new branches.  A
parser may refuse with an error of ours.  Anything else is a crash, as are 5 seconds
for one input, and an allocation over 256 MiB; also, where a reader of intake writes a
file, one that does not load, that holds something executable, or that the second
reading would refuse.  Minutes are of processor time, and those that the corpus has
had before count: parsers take turns until each had its share.  Prints one line of
JSON; what crashed lies in ``DIR/crashes``, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from campaigns._options import cpu_seconds
from campaigns._parsers import MOST_BYTES, PARSERS
from campaigns._progress import shown
from campaigns._seeds import write_seeds

LIMITS = ("-timeout=5", "-rss_limit_mb=2048", "-malloc_limit_mb=256")
TURN_SECONDS = 120
"""On the clock, as libFuzzer counts; starting takes 4 seconds of each."""

_EXECUTED = re.compile(rb"stat::number_of_executed_units:\s*(\d+)")
_REACHED = re.compile(rb"cov: (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fed:
    """What one parser had so far.

    Attributes:
        turns: How many processes it was fed in.
        cpu_seconds: What they used, with their start.
        inputs: How many it was given.
        branches: How many of ours were reached.
        crashed: Whether something broke it.
    """

    turns: int = 0
    cpu_seconds: float = 0.0
    inputs: int = 0
    branches: int = 0
    crashed: bool = False


def main(words: list[str] | None = None) -> int:
    """Run the campaign and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parsers", nargs="*", metavar="PARSER", help="default: all")
    parser.add_argument("--minutes", type=float, default=0.2, help="of CPU, for each")
    parser.add_argument("--seed", type=int, default=1, help="of all random choices")
    parser.add_argument("--corpus", type=Path, help="kept, and used again")
    given = parser.parse_args(words)
    unknown = sorted({*given.parsers} - {*PARSERS})
    if unknown:
        parser.error(f"no parser {unknown[0]}; there are {', '.join(PARSERS)}")
    with tempfile.TemporaryDirectory(prefix="strongroom-fuzz-") as name:
        folder = (given.corpus or Path(name)).resolve()
        write_seeds(folder / "seeds", at_most_bytes=MOST_BYTES)
        found = {
            name: feed(name, folder, cpu_seconds=given.minutes * 60, seed=given.seed)
            for name in shown(given.parsers or list(PARSERS), "fuzz")
        }
    crashed = sorted(name for name, one in found.items() if one.crashed)
    line = {
        "campaign": "fuzz",
        "seed": given.seed,
        "minutes_each": given.minutes,
        "inputs": sum(one.inputs for one in found.values()),
        "cpu_seconds": round(sum(one.cpu_seconds for one in found.values()), 1),
        "crashed": crashed,
        "parsers": {name: dataclasses.asdict(one) for name, one in found.items()},
    }
    print(json.dumps(line))
    return 1 if crashed else 0


def feed(name: str, folder: Path, *, cpu_seconds: float, seed: int) -> Fed:
    """Feed one parser until it had its share of processor time, or crashed.

    What reached new branches is kept in the folder, with what was fed so far, so
    another run goes on from it.
    """
    record = folder / "fed" / f"{name}.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    fed = Fed(**json.loads(record.read_bytes())) if record.exists() else Fed()
    while fed.cpu_seconds < cpu_seconds:
        left = min(TURN_SECONDS, max(1, round(cpu_seconds - fed.cpu_seconds)))
        fed = _turn(name, folder, fed, seconds=left, seed=seed)
        record.write_text(json.dumps(dataclasses.asdict(fed)))
        if fed.crashed:
            break
    return fed


def _turn(name: str, folder: Path, fed: Fed, *, seconds: int, seed: int) -> Fed:
    """Feed one parser in a process of its own; return what it had with that."""
    kept, crashes = folder / name, folder / "crashes"
    for place in (kept, crashes):
        place.mkdir(parents=True, exist_ok=True)
    known, before = {*crashes.iterdir()}, cpu_seconds()
    said, failed = _run(
        *(name, f"-artifact_prefix={crashes}/{name}-", f"-max_total_time={seconds}"),
        *(f"-seed={seed * 1_000 + fed.turns + 1}", "-print_final_stats=1"),
        *(f"-max_len={MOST_BYTES}", str(kept), str(folder / "seeds")),
    )
    executed = _EXECUTED.search(said)
    if failed:
        sys.stderr.buffer.write(said[-4000:])
    return Fed(
        turns=fed.turns + 1,
        cpu_seconds=round(fed.cpu_seconds + cpu_seconds() - before, 1),
        inputs=fed.inputs + (int(executed[1]) if executed else 0),
        branches=max([fed.branches, *map(int, _REACHED.findall(said))]),
        crashed=failed and _breaks(name, {*crashes.iterdir()} - known),
    )


def _breaks(name: str, found: set[Path]) -> bool:
    """Return whether something breaks a parser again, given to it alone.

    Other work on the machine makes the clock of 5 seconds run out for anything.
    """
    return not found or any(_run(name, str(path))[1] for path in found)


def _run(name: str, *words: str) -> tuple[bytes, bool]:
    """Start libFuzzer; return what it said, and whether it failed."""
    done = subprocess.run(
        (sys.executable, "-m", "campaigns._fuzzed", name, *LIMITS, *words),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    return done.stderr, done.returncode != 0


if __name__ == "__main__":
    sys.exit(main())
