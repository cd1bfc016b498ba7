"""Re-key a model beside sealing it; rotate the root key of many segments.

Both go through a room of one person: wraps, database and entries are in them.
``rekey`` compares sealing a version with re-keying that version, in interleaved
rounds, the median of per-round ratios.  ``rotate`` wraps so many shares again, in
the same file custodian's room, and ends with the switch of ``room.toml``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from benchmarks.sealed_model import language_model
from strongroom.app.rotating import RotationOptions, rotate
from strongroom.client.client import Strongroom
from strongroom.crypto.wraps import segment_context
from strongroom.database import tables
from strongroom.types import ArtifactId, Secret, SegmentId, new_id
from tests.journeys import rooms


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gib", type=float, default=1.0)
    parser.add_argument("--segments", type=int, default=10_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="strongroom-bench-") as name:
        folder = Path(name)
        clock = rooms.Clock(datetime.now(UTC))
        with rooms.solo(folder / "room", clock=clock) as room:
            rekeying = measure_rekey(room, folder, arguments.gib, arguments.rounds)
        with rooms.solo(folder / "other", clock=clock) as room:
            rotation = measure_rotation(room, arguments.segments)
    result = {"bench": "rekey", "rekey": rekeying, "rotate": rotation}
    json.dump(result, sys.stdout)
    sys.stdout.write("\n")


def measure_rekey(
    room: Strongroom, folder: Path, gib: float, rounds: int
) -> dict[str, object]:
    """Return medians over the rounds: re-keying ÷ sealing (cost)."""
    source = language_model(folder, gib)
    wall, cpu, seconds = [], [], []
    for number in range(rounds + 1):
        name = f"llm-{number}"
        sealed = timed(lambda name=name: room.seal(source, name=name))  # type: ignore[misc]  # bound now
        again = timed(lambda name=name: room.room.upkeep.rekeying.run(room.actor, name))  # type: ignore[misc]
        for domain in room.room.domains.values():  # room for the next round
            for one in list(domain.store.names()):
                domain.store.remove(one)
        if number:  # the first round warms up
            wall.append(again[0] / sealed[0])
            cpu.append(again[1] / sealed[1])
            seconds.append((*sealed, *again))
    return {
        "gib": gib,
        "rounds": rounds,
        "cpu_ratio": round(statistics.median(cpu), 3),
        "wall_ratio": round(statistics.median(wall), 3),
        "seal_wall_cpu_rekey_wall_cpu": [
            round(statistics.median(column), 3) for column in zip(*seconds, strict=True)
        ],
    }


def measure_rotation(room: Strongroom, segments: int) -> dict[str, object]:
    """Return what rotating a root key that wraps so many shares takes."""
    custodian = room.room.domains["home"].custodian
    artifact = ArtifactId(new_id("model", os.urandom))
    rows = []
    for _ in range(segments):
        segment = SegmentId(new_id("segment", os.urandom))
        place = segment_context(
            room=room.room.settings.room,
            artifact=artifact,
            version=1,
            generation=1,
            segment=segment,
            share=0,
            root_key_id=custodian.root_key_id,
        )
        rows.append(
            {
                "artifact": artifact,
                "version": 1,
                "generation": 1,
                "segment": segment,
                "share": 0,
                "root_key_id": custodian.root_key_id,
                "wrapped": custodian.wrap(Secret(os.urandom(32)), place),
            }
        )
    with room.room.ledger.database.writing() as connection:
        connection.execute(sa.insert(tables.wraps), rows)
    options = RotationOptions(domain="home", new=rooms.PASSPHRASE, cost=rooms.CHEAP)
    wall, cpu = timed(lambda: rotate(room, options))
    return {
        "segments": segments,
        "wall": round(wall, 2),
        "cpu": round(cpu, 2),
        "us_a_segment": round(1e6 * wall / segments),
    }


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Return wall and CPU seconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
