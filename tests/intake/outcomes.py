"""What readers of today make of the corpus, and what they made of it before.

``tests/vectors/reader_outputs.json`` has a digest of what counts in the reading of each
sample that comes out.  Where one differs now, what was admitted has to be read again:
raise ``VERSION`` in ``intake/readers.py``, say in ``docs/specification/intake.md`` what
is seen since, and write the file anew:

    python -m tests.intake.outcomes
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from strongroom.canonical import Json, to_json
from strongroom.intake.facts import gather
from strongroom.intake.findings import Level
from strongroom.intake.readers import VERSION
from strongroom.intake.receiving import receive
from strongroom.intake.rewriting import Options
from strongroom.intake.verdicts import Verdict, judge
from tests.corpus.samples import Label, Sample, every_sample
from tests.intake.readers import read_here

FILE = Path(__file__).parents[1] / "vectors" / "reader_outputs.json"
SOURCE = (
    "made by tests.intake.outcomes of tests/corpus; docs/specification/intake.md,"
    " Later readings: of each sample that comes out, the SHA-256 of canonical JSON of"
    " kinds, re-written files, tensors, and errors and warnings; without the digests in"
    " it where the sample's own bytes differ from machine to machine"
)

COMPUTED = ("benign-skops-", "benign-sentencepiece", "adam")
"""Words in names of samples whose numbers come out otherwise on another processor, or
that have addresses in memory in them: of these only names count, not bytes."""


def known() -> tuple[int, dict[str, str]]:
    """Return for which version of the readers the file stands, and what it has."""
    document = json.loads(FILE.read_text())
    return int(document["version"]), dict(document["samples"])


def outcomes(names: frozenset[str]) -> dict[str, str]:
    """Return the digest of every benign sample, and of those of these names.

    What is refused has none.
    """
    return {
        sample.name: digest
        for sample in every_sample()
        if sample.label is Label.BENIGN or sample.name in names
        for digest in _digest(sample)
    }


def write() -> None:
    """Write the file anew; without a new version only new samples are added to it.

    Raises:
        SystemExit: A sample has another outcome, and the version is the old one.
    """
    version, before = known()
    now = outcomes(frozenset(before))
    changed = sorted(name for name in before if now.get(name) != before[name])
    if changed and version == VERSION:
        raise SystemExit(f"raise VERSION in intake/readers.py first: {changed}")
    document = {"source": SOURCE, "version": VERSION, "samples": now}
    FILE.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")


def _digest(sample: Sample) -> Iterator[str]:
    """Yield the digest of what counts about one sample, unless it is refused."""
    with tempfile.TemporaryDirectory() as name:
        folder, output = Path(name, "source"), Path(name, "output")
        output.mkdir()
        for path, data in sample.files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        received = receive(folder, Path(name, "copy"))
        with Path(name, "copy").open("rb", buffering=0) as copy:
            report = read_here(copy.fileno(), received.files, Options(), output)
    verdict = judge(report, received)
    if verdict.refused:
        return
    most = 1 if any(word in sample.name for word in COMPUTED) else 2
    outputs = [(one.name, one.sha256) for file in report.files for one in file.outputs]
    tensors = sorted(gather((f.path, f.facts) for f in report.files).tensors)
    counts: Json = {
        "kinds": [[file.path, file.kind] for file in report.files],
        "outputs": [list(output[:most]) for output in outputs],
        "tensors": [list(tensor[: most + 1]) for tensor in tensors],
        "findings": list(_grave(verdict)),
    }
    yield hashlib.sha256(to_json(counts)).hexdigest()


def _grave(verdict: Verdict) -> Iterator[Json]:
    """Yield rule and place of what somebody would have to look at."""
    for path, finding in verdict.findings:
        if finding.level is not Level.NOTE:
            yield [finding.level.value, finding.rule, path, finding.place]


if __name__ == "__main__":
    write()
