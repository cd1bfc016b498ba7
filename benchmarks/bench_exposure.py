"""Find the worst partner of one account among 200, beside hashing what they hold.

The limit is what every decision pays anyway: the digest of each footprint that was
loaded.  Accounts hold five footprints of 150 extents each.  Interleaved rounds,
median of per-round ratios of CPU time; milliseconds are those of the quickest round.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from strongroom.access.exposure import Held, worst_partner
from strongroom.access.footprints import Extent, Footprint, Grain
from strongroom.access.scales import Scale
from strongroom.types import AccountId

ACCOUNTS, EACH, EXTENTS, SEGMENTS = 200, 5, 150, 40
ELEMENTS = 4096
HALF = Grain(elements=ELEMENTS, bits=16)
INT8 = Grain(elements=ELEMENTS, bits=8, whole=True)


class Case(NamedTuple):
    """Who holds what, and the version that is opened."""

    held: dict[AccountId, Held]
    scale: Scale


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    result: dict[str, object] = {"bench": "exposure", "accounts": ACCOUNTS}
    for name, case in cases(random.Random(7)).items():  # noqa: S311  no secret
        result[name] = measured(case, rounds)
    json.dump({**result, "rounds": rounds}, sys.stdout)
    sys.stdout.write("\n")


def cases(chance: random.Random) -> dict[str, Case]:
    """Return what a room may have to compare."""
    names = [names_of(chance) for _ in range(ACCOUNTS * EACH)]
    plan, narrow = (
        [footprint(group, grain) for group in names[:SEGMENTS]]
        for grain in (HALF, INT8)
    )
    tensors = [name for group in names[:SEGMENTS] for name in group]
    cuts = [
        footprint(chance.sample(tensors, EXTENTS), HALF, start=2048)
        for _ in range(SEGMENTS)
    ]
    different = [footprint(group, HALF) for group in names]
    return {
        "one_plan": Case(shared(chance, plan), Scale.of(plan)),
        "two_plans": Case(shared(chance, [*plan, *cuts]), Scale.of(plan)),
        "two_types": Case(shared(chance, [*plan, *narrow]), Scale.of(plan)),
        "all_different": Case(
            {
                account(n): Held.of(different[n * EACH : n * EACH + EACH])
                for n in range(ACCOUNTS)
            },
            Scale.of(plan),
        ),
        "all_of_another_type": Case(
            {
                account(n): Held.of(
                    footprint(group, INT8)
                    for group in names[n * EACH : n * EACH + EACH]
                )
                for n in range(ACCOUNTS)
            },
            Scale.of(different),
        ),
    }


def measured(case: Case, rounds: int) -> dict[str, float]:
    """Return CPU of the worst partner, and its ratio to hashing the footprints."""
    mine: list[float] = []
    ratios: list[float] = []
    every = [f for held in case.held.values() for f in held.footprints]
    for _ in range(rounds):
        limit = cpu_seconds(lambda: [footprint.digest for footprint in every])
        ours = cpu_seconds(partial(worst_partner, account(0), case.held, case.scale))
        mine.append(ours)
        ratios.append(ours / limit)
    return {
        "milliseconds": round(min(mine) * 1000, 1),
        "ratio_to_hashing": round(statistics.median(ratios), 2),
    }


def shared(
    chance: random.Random, footprints: Sequence[Footprint]
) -> dict[AccountId, Held]:
    """Let each account hold five of these."""
    return {
        account(n): Held.of(chance.sample(footprints, EACH)) for n in range(ACCOUNTS)
    }


def footprint(names: Sequence[bytes], grain: Grain, *, start: int = 0) -> Footprint:
    """Return the footprint of all these tensors, from a byte on."""
    return Footprint.of(Extent(name, start, grain.bytes, grain) for name in names)


def names_of(chance: random.Random) -> list[bytes]:
    """Return the coordinates of one segment."""
    return [chance.randbytes(16) for _ in range(EXTENTS)]


def account(number: int) -> AccountId:
    """Return the name of an account."""
    return AccountId(f"account-{number:03}")


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of one run."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


if __name__ == "__main__":
    main()
