"""Change anything that was written, and see whether anybody notices.

    ./dev campaign tamper [--bits N] [--documents N] [--count N] [--kinds A,B]
                          [--seed S] [--from N]

--bits flips one of N bits of every small document of the published vectors, one at
a time; --documents changes them at random (flipped, cut, grown, stripped, spliced
with others, huge numbers); both are read as a second implementation would.  --count
changes one thing in a whole room, lets somebody use it in good faith, and puts it
back.  Prints one line of JSON; exit status 1 if a change was accepted, refused with
an error of the wrong class or none of ours, or if plaintext of what was refused
stayed in memory, in a file, or in a message.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from campaigns._attempts import Attempts, change_documents, change_room, flip_bits
from campaigns._documents import documents
from campaigns._options import add_number, cpu_seconds, parser_of
from campaigns._targets import Targets
from tests.attacks.rooms import told_until_the_attacks
from tests.postgresql import quick_folder


def main(words: list[str] | None = None) -> int:
    """Run the campaign and return its exit status."""
    given = _parser().parse_args(words)
    started = time.monotonic()
    attempts = Attempts(tell=sys.stderr.write)
    healthy: Counter[str] = Counter()
    kinds = set(given.kinds.split(",")) if given.kinds else None
    with tempfile.TemporaryDirectory(
        prefix="strongroom-tamper-", dir=quick_folder()
    ) as name:
        found = [d for d in documents(Path(name)) if not kinds or d.kind in kinds]
        if given.bits:
            flip_bits(attempts, found, every=given.bits)
        change_documents(
            attempts, found, range(given.from_, given.documents), seed=given.seed
        )
        if given.count > given.from_:
            healthy = _in_a_room(attempts, Path(name) / "room", given, kinds)
    line = {
        "campaign": "tamper",
        "seed": given.seed,
        "changes": attempts.count,
        "bad": attempts.bad,
        "refused": {kind: dict(c) for kind, c in sorted(attempts.endings.items())},
        "healthy": dict(healthy),
        "cpu_seconds": cpu_seconds(),
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps(line))
    return 1 if attempts.bad else 0


def _parser() -> argparse.ArgumentParser:
    parser = parser_of(__doc__)
    add_number(parser, "--bits", 0, "one of N bits of every small document")
    add_number(parser, "--documents", 2000, "random changes of documents")
    add_number(parser, "--count", 140, "random changes in a room")
    parser.add_argument("--kinds", default="", help="of documents and places, not all")
    add_number(parser, "--seed", 0, "of all random choices")
    add_number(parser, "--from", 0, "first random change", dest="from_")
    return parser


def _in_a_room(
    attempts: Attempts, folder: Path, given: argparse.Namespace, kinds: set[str] | None
) -> Counter[str]:
    """Change things in a room; return what is whole afterwards."""
    story = told_until_the_attacks(folder)
    targets = Targets(story)
    try:
        chosen = {k: c for k, c in targets.kinds().items() if not kinds or k in kinds}
        numbers = range(given.from_, given.count) if chosen else range(0)
        change_room(attempts, chosen, numbers, seed=given.seed)
        targets.open_again()  # all is healthy again, or the campaign proved nothing
        targets.open_held()
        targets.check_export()
        targets.read_witness()
    finally:
        targets.close()
        story.close()
    return Counter(("open again", "open", "export", "witness"))


if __name__ == "__main__":
    sys.exit(main())
