"""Plant small faults one at a time, and see whether the tests find them.

    ./dev campaign mutate [--package P ...] [--module M ...] [--sample N] [--seed S]

Takes ``--sample`` faults of each module at random, twice as many of those that decide,
and runs the module's tests in a copy of the tree.  Prints one line of JSON, and names
each survivor on standard error.  The exit status is 1 if the tests of a package found
fewer than ``--least`` percent.  With ``--session`` it goes on where it was stopped, and
with ``--again`` it tries the survivors once more.
"""

from __future__ import annotations

import hashlib
import json
import math
import signal
import sys
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from campaigns._mutants import Mutant, candidates, chosen
from campaigns._options import add_number, cpu_seconds, parser_of
from campaigns._progress import shown
from campaigns._suites import PACKAGE
from campaigns._tested import Bench, copied

ROOT = Path(__file__).parents[1]
PACKAGES = ("crypto", "ledger", "access", "permits")
DECIDES = (
    *("crypto/container.py", "crypto/sealing.py", "crypto/opening.py"),
    *("crypto/keys.py", "crypto/wraps.py", "crypto/hpke.py", "crypto/signing.py"),
    *("crypto/custody_service.py", "ledger/tree.py", "ledger/checkpoint.py"),
    *("ledger/log.py", "ledger/anchors.py", "ledger/reconcile.py", "ledger/verify.py"),
    *("access/policy.py", "access/quorum.py", "access/tally.py", "access/exposure.py"),
    *("access/parcels.py", "access/totp.py", "access/attempts.py"),
    *("access/sessions.py", "access/assertions.py", "access/verify_approvals.py"),
    "permits/*.py",
)
"""Patterns of the modules that get twice as many faults."""


class Session:
    """What became of each fault, in a file that a later run goes on from."""

    def __init__(self, path: Path | None, *, again: bool) -> None:
        """Take a file of JSON lines, or none, and whether survivors are tried again."""
        self._path, self._again = path, again
        self._known: dict[str, bool] = {}
        if path and path.exists():
            for line in map(json.loads, path.read_text().splitlines()):
                self._known[line["fault"]] = line["survived"]

    def known(self, fault: str) -> bool | None:
        """Return whether the fault survived, or None if it has to be tried."""
        survived = self._known.get(fault)
        return None if survived and self._again else survived

    def note(self, fault: str, shown: str, *, survived: bool) -> None:
        """Keep what became of a fault."""
        if self._path:
            line = {"fault": fault, "survived": survived, "shown": shown}
            with self._path.open("a") as file:
                print(json.dumps(line), file=file)


def main(words: list[str] | None = None) -> int:
    """Run the campaign and return its exit status."""
    parser = parser_of(__doc__)
    parser.add_argument("--package", nargs="+", default=PACKAGES, metavar="P")
    parser.add_argument("--module", nargs="+", metavar="M", help="as in ledger/tree.py")
    parser.add_argument("--session", type=Path, help="file to go on from")
    parser.add_argument("--again", action="store_true", help="try survivors again")
    parser.add_argument("--postgresql", action="store_true", help="tests on it as well")
    add_number(parser, "--sample", 5, "faults of each module")
    add_number(parser, "--seed", 1, "of the choice")
    add_number(parser, "--least", 90, "percent that have to be found")
    add_number(parser, "--nice", 19, "how far the tests stand back")
    given = parser.parse_args(words)
    modules = [Path(name) for name in given.module or modules_of(given.package)]
    absent = [str(m) for m in modules if not (ROOT / PACKAGE / m).is_file()]
    if absent:
        parser.error(f"no module {absent[0]} below {PACKAGE}")
    session = Session(given.session, again=given.again)
    counts: dict[str, dict[str, int]] = {}
    with copied(ROOT) as tree:
        for module in shown(modules, "mutate"):
            sample = _sample(tree, module, given.sample, given.seed)
            with Bench(
                tree, module, nice=given.nice, postgresql=given.postgresql
            ) as bench:
                survived = list(_survivors(bench, session, tree, module, sample))
            one = counts.setdefault(
                module.parts[0], dict.fromkeys(("all", "killed"), 0)
            )
            one["all"] += len(sample)
            one["killed"] += len(sample) - len(survived)
    packages = {name: rates(**one) for name, one in counts.items() if one["all"]}
    line = {
        "campaign": "mutate",
        "seed": given.seed,
        "sample": given.sample,
        "modules": len(modules),
        "packages": packages,
        "cpu_seconds": cpu_seconds(),
    }
    print(json.dumps(line))
    return int(any(one["percent"] < given.least for one in packages.values()))


def modules_of(packages: Iterable[str]) -> Iterator[str]:
    """Yield the modules of packages, without those that only declare."""
    for package in packages:
        for path in sorted((ROOT / PACKAGE / package).rglob("*.py")):
            if candidates(path.read_bytes()):
                yield path.relative_to(ROOT / PACKAGE).as_posix()


def _sample(tree: Path, module: Path, count: int, seed: int) -> tuple[Mutant, ...]:
    name = module.as_posix()
    twice = any(fnmatch(name, pattern) for pattern in DECIDES)
    source = (tree / PACKAGE / module).read_bytes()
    return chosen(source, count * (1 + twice), f"{seed}:{name}")


def _survivors(
    bench: Bench, session: Session, tree: Path, module: Path, sample: Iterable[Mutant]
) -> Iterator[str]:
    """Try each fault unless that is known, and yield and say which ones survived."""
    source = (tree / PACKAGE / module).read_bytes()
    digest = hashlib.sha256(source).hexdigest()[:16]
    for mutant in sample:
        fault = f"{module}:{digest}:{mutant.start}:{mutant.end}:{mutant.text}"
        shown = f"{module}:{mutant.shown(source)}"
        survived = session.known(fault)
        if survived is None:
            survived = bench.survives(mutant)
            session.note(fault, shown, survived=survived)
        if survived:
            print(shown, file=sys.stderr, flush=True)
            yield shown


def rates(*, all: int, killed: int) -> dict[str, Any]:  # noqa: A002  # a key's name
    """Return the counts with Wilson's interval of 95 %, in percent."""
    z, rate = 1.96, killed / all
    middle = (rate + z * z / (2 * all)) / (1 + z * z / all)
    root = math.sqrt(rate * (1 - rate) / all + z * z / (4 * all * all))
    half = z * root / (1 + z * z / all)
    return {
        "all": all,
        "killed": killed,
        "percent": round(100 * rate, 1),
        "from": round(100 * (middle - half), 1),
        "to": round(100 * (middle + half), 1),
    }


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the copy is removed
    sys.exit(main())
