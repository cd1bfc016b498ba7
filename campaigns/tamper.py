"""Change anything that was written, and see whether anybody notices.

    ./dev campaign tamper [--count N] [--seed S]

Each attempt changes one thing in one way (a flipped bit, a cut, bytes added, the
bytes of another place or of before, two of them spliced), lets somebody use it in
good faith, and puts it back.  Prints one line of JSON; exit status 1 if a change
was accepted, or refused with an error that is none of ours.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from campaigns._places import Place
from campaigns._targets import Targets
from strongroom.errors import StrongroomError
from tests.attacks.rooms import told_until_the_attacks

MOST_TRIES = 20
"""Of finding a change that changes something."""


def main(words: list[str] | None = None) -> int:
    """Run the campaign and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=800, help="attempts")
    parser.add_argument("--seed", type=int, default=0, help="of all random choices")
    given = parser.parse_args(words)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="strongroom-tamper-") as name:
        story = told_until_the_attacks(Path(name))
        targets = Targets(story)
        try:
            found = run(targets, count=given.count, random=Random(given.seed))  # noqa: S311 (no secret)
        finally:
            targets.close()
            story.close()
    bad = sum(found[target].get("accepted", 0) for target in found)
    odd = sum(found[target].get("crashed", 0) for target in found)
    line = {
        "campaign": "tamper",
        "seed": given.seed,
        "count": given.count,
        "accepted": bad,
        "crashed": odd,
        "refused": found,
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps(line))
    return 1 if bad or odd else 0


def run(targets: Targets, *, count: int, random: Random) -> dict[str, Counter[str]]:
    """Return how often each kind of target ended how.

    Args:
        targets: A healthy room; it is healthy again afterwards.
        count: Attempts; the kinds take turns.
        random: Decides everything.
    """
    choose = targets.kinds()
    found: dict[str, Counter[str]] = {kind: Counter() for kind in choose}
    for number in range(count):
        kind = list(choose)[number % len(choose)]
        place = choose[kind](random)
        honest = place.read()
        change, changed = _changed(random, place, honest)
        try:
            ending = _use(place, changed)
        finally:
            place.write(honest)
        found[kind][ending] += 1
        if ending in ("accepted", "crashed"):
            sys.stderr.write(
                f"{number}: {place.kind} {place.name}: {change}: {ending}\n"
            )
    for name, control in (
        ("open", targets.open_again),
        ("export", targets.check_export),
    ):
        control()  # everything is healthy again, or the campaign proved nothing
        found.setdefault("healthy", Counter())[name] += 1
    return found


def _changed(random: Random, place: Place, honest: bytes) -> tuple[str, bytes]:
    """Return a change by name, and bytes that differ from the honest ones."""
    for _ in range(MOST_TRIES):
        name = random.choice(list(place.changes))
        changed = place.changes[name](random, honest, place.others)
        if changed != honest:
            return name, changed
    return "grow", honest + b"\0"


def _use(place: Place, changed: bytes) -> str:
    """Return the class of the refusal, ``accepted``, or ``crashed``."""
    try:
        place.write(changed)
        place.use()
    except StrongroomError as error:
        return type(error).__name__
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return "crashed"
    return "accepted"


if __name__ == "__main__":
    sys.exit(main())
