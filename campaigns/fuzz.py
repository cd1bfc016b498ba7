"""Feed every parser bytes that nobody chose, and see whether one breaks.

    ./dev campaign fuzz [PARSER ...] [--seconds N] [--seed S] [--corpus DIR]

``atheris`` mutates what stands in the vectors and keeps what reaches new branches.  A
parser may refuse with an error of ours.  Anything else is a crash, as are 5 seconds
for one input, and an allocation over 256 MiB.  Prints one line of JSON; what crashed
lies in ``DIR/crashes``, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from campaigns._parsers import MOST_BYTES, PARSERS, write_seeds

LIMITS = ("-timeout=5", "-rss_limit_mb=2048", "-malloc_limit_mb=256")
_EXECUTED = re.compile(rb"stat::number_of_executed_units:\s*(\d+)")
_REACHED = re.compile(rb"cov: (\d+)")


def main(words: list[str] | None = None) -> int:
    """Run the campaign and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parsers", nargs="*", metavar="PARSER", help="default: all")
    parser.add_argument("--seconds", type=int, default=10, help="for each parser")
    parser.add_argument("--seed", type=int, default=1, help="of all random choices")
    parser.add_argument("--corpus", type=Path, help="kept, and used again")
    given = parser.parse_args(words)
    unknown = sorted({*given.parsers} - {*PARSERS})
    if unknown:
        parser.error(f"no parser {unknown[0]}; there are {', '.join(PARSERS)}")
    with tempfile.TemporaryDirectory(prefix="strongroom-fuzz-") as name:
        folder = (given.corpus or Path(name)).resolve()
        started = time.monotonic()
        write_seeds(folder / "seeds")
        found = {
            name: feed(name, folder, seconds=given.seconds, seed=given.seed)
            for name in given.parsers or PARSERS
        }
    crashed = sorted(name for name, one in found.items() if one["crashed"])
    line = {
        "campaign": "fuzz",
        "seed": given.seed,
        "seconds_each": given.seconds,
        "inputs": sum(one["inputs"] for one in found.values()),
        "crashed": crashed,
        "parsers": found,
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps(line))
    return 1 if crashed else 0


def feed(name: str, folder: Path, *, seconds: int, seed: int) -> dict[str, int]:
    """Feed one parser in a process of its own; return what happened.

    What reached new branches is kept in the folder, so another run goes on from it.
    """
    kept, crashes = folder / name, folder / "crashes"
    for place in (kept, crashes):
        place.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        (
            *(sys.executable, "-m", "campaigns._fuzzed", name, *LIMITS),
            *(f"-max_total_time={seconds}", f"-seed={seed}", "-print_final_stats=1"),
            *(f"-max_len={MOST_BYTES}", f"-artifact_prefix={crashes}/{name}-"),
            *(str(kept), str(folder / "seeds")),
        ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    executed = _EXECUTED.search(done.stderr)
    if done.returncode:
        sys.stderr.buffer.write(done.stderr[-4000:])
    return {
        "inputs": int(executed[1]) if executed else 0,
        "branches": max(map(int, _REACHED.findall(done.stderr)), default=0),
        "crashed": int(done.returncode != 0),
    }


if __name__ == "__main__":
    sys.exit(main())
