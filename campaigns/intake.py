"""Take in a corpus of attacks, and see whether anything executable comes out.

    ./dev campaign intake [--family F] [--wheels FOLDER] [--in-process]

Every sample of ``tests/corpus`` is read as ``strongroom intake add`` reads it, in the
sandbox, alone.  What comes out is looked at again by means that share nothing with the
readers (``campaigns/_inert.py``).  Prints one line of JSON; exit status 1 if a reader
crashed, something executable came out, or a benign file was refused.

``--wheels`` takes the models that wheels of others bring along instead: those of a kind
that is let in have to come out, and every tensor with the bytes that it had.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from campaigns._inert import fault_in
from campaigns._oracle import lost_in
from campaigns._wheels import models_in
from strongroom.intake.findings import Level
from strongroom.intake.reading import SandboxReader
from strongroom.intake.receiving import Received, receive
from strongroom.intake.reports import SnapshotReport
from strongroom.intake.rewriting import Options
from strongroom.intake.verdicts import judge
from strongroom.sandboxes.bubblewrap import BubblewrapSandbox
from tests.corpus.samples import Label, Sample, every_sample
from tests.intake.readers import read_here

Read = Callable[[int, Received, Path], SnapshotReport]


def main(words: list[str] | None = None) -> int:
    """Run the campaign and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--family", help="one of the corpus; all unless given")
    parser.add_argument(
        "--in-process", action="store_true", help="without the sandbox, for speed"
    )
    parser.add_argument(
        "--wheels", type=Path, metavar="FOLDER", help="models in these, no attacks"
    )
    given = parser.parse_args(words)
    every = every_sample() if given.wheels is None else models_in(given.wheels)
    samples = (s for s in every if given.family in (None, s.family))
    started = time.process_time()
    labels: Counter[str] = Counter()
    found, faults = run(
        _counted(samples, labels), _here if given.in_process else _in_sandbox()
    )
    line = {
        "campaign": "intake",
        "samples": labels.total(),
        "malicious": labels[Label.MALICIOUS],
        "sandbox": not given.in_process,
        "executable_out": sum(c["executable"] for c in found.values()),
        "families": {family: dict(sorted(c.items())) for family, c in found.items()},
        "faults": faults,
        "cpu_seconds": round(time.process_time() - started, 1),
    }
    print(json.dumps(line))
    return 1 if faults else 0


def _counted(samples: Iterable[Sample], labels: Counter[str]) -> Iterator[Sample]:
    for sample in samples:  # one at a time: a wheel may hold gigabytes
        labels[sample.label] += 1
        yield sample


def run(
    samples: Iterable[Sample], read: Read
) -> tuple[dict[str, Counter[str]], list[str]]:
    """Return what became of the samples of each family, and what should not have.

    Args:
        samples: Some of the corpus.
        read: Reads a private copy, and writes to the folder.
    """
    found: dict[str, Counter[str]] = {}
    faults: list[str] = []
    for sample in samples:
        ending, why = _ending(sample, read)
        family = f"{sample.label}: {sample.family}"
        found.setdefault(family, Counter())[ending] += 1
        if why:
            faults.append(f"{sample.name}: {why}")
    return found, faults


def _ending(sample: Sample, read: Read) -> tuple[str, str]:
    """Return what became of one sample, and what is wrong with that."""
    with _added(sample) as (copy, received, output):
        with copy.open("rb", buffering=0) as file:
            report = read(file.fileno(), received, output)
        verdict = judge(report, received)
        files = {
            path.relative_to(output).as_posix(): path.read_bytes()
            for path in output.rglob("*")
            if path.is_file()
        }
    rules = {f.rule for _, f in verdict.findings if f.level is Level.ERROR}
    if any(rule.startswith("sandbox/") for rule in rules):
        return "crashed", ", ".join(sorted(rules))
    if verdict.refused:
        wrong = sample.label is Label.BENIGN
        return "refused", f"benign, and refused: {sorted(rules)}" if wrong else ""
    for path, data in files.items():
        fault = fault_in(path, data)
        if fault:
            return "executable", f"{path} {fault}"
    ending = "review" if verdict.review else "rewritten"
    return ending, lost_in(sample.files, files) if sample.label is Label.BENIGN else ""


@contextmanager
def _added(sample: Sample) -> Iterator[tuple[Path, Received, Path]]:
    """Give the private copy of a sample, what it holds, and a folder for the result."""
    with tempfile.TemporaryDirectory(prefix="strongroom-corpus-") as name:
        source, output = Path(name, "source"), Path(name, "output")
        for path, data in sample.files.items():
            place = source / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        output.mkdir()
        copy = Path(name, "copy")
        yield copy, receive(source, copy), output


def _here(descriptor: int, received: Received, output: Path) -> SnapshotReport:
    return read_here(descriptor, received.files, Options(), output)


def _in_sandbox() -> Read:
    reader = SandboxReader(BubblewrapSandbox())

    def read(descriptor: int, received: Received, output: Path) -> SnapshotReport:
        return reader(descriptor, received.files, Options(), output)

    return read


if __name__ == "__main__":
    sys.exit(main())
