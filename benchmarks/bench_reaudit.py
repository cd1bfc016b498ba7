"""Judge again what was admitted: many artifacts against one bundle of advisories.

A room in which nothing is real but the rows: every artifact has an intake, a report of
some hundred tensors, and a version that is published.  The bundle names many digests,
globals and templates; of the artifacts, few have any of them.  ``rows`` is what it
takes to read and verify the rows and reports alone, the least that any join has to do.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.rounds import load
from strongroom import canonical
from strongroom.access.sessions import Actor
from strongroom.crypto.signing import SigningKey
from strongroom.database.times import format_time
from strongroom.intake.advisories import PURPOSE
from strongroom.intake.intakes import (
    INTAKES,
    Intake,
    IntakeState,
    load_report_bytes,
    store_report,
)
from strongroom.intake.known_bad import KnownBad
from strongroom.intake.readers import READER
from strongroom.intake.receipt import report_digest
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import ArtifactId, IntakeId, Secret
from strongroom.vault.reauditing import Reauditing
from strongroom.vault.versions import VERSIONS, Version, VersionState
from tests.journeys.rooms import House, found_house

ISSUER = SigningKey(Secret(bytes(32)))
BATCH = 200
HITS = 10
NAMED = 20_000


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artifacts", type=int, default=10_000)
    parser.add_argument("--tensors", type=int, default=300)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="strongroom-", dir="/dev/shm") as name:
        found = measure(Path(name), arguments.artifacts, arguments.tensors)
    print(json.dumps({"bench": "reaudit", **found, "load": load()}))


def measure(folder: Path, artifacts: int, tensors: int) -> dict[str, object]:
    """Return what judging again took, and what reading the rows alone took."""
    house = found_house(folder, "sqlite:///room.db")
    house.login("olga")
    actor = house.by("olga").actor
    if actor is None:
        raise RuntimeError("nobody is logged in")
    hit, size = fill(house, actor, artifacts, tensors)
    parts = house.room.room
    reauditing = Reauditing(
        parts.gate,
        parts.outside.admission,
        KnownBad(key=ISSUER.public),
    )
    data = bundle(house, hit)

    def rows() -> None:
        with parts.ledger.reading() as reading:
            for intake in INTAKES.find(reading):
                load_report_bytes(reading, intake)

    rows_seconds, _ = timed(rows)
    dry_seconds, _ = timed(lambda: reauditing.foresee(actor, data))
    seconds, result = timed(lambda: reauditing.run(actor, data))
    again_seconds, _ = timed(lambda: reauditing.run(actor))
    if len(result.recalled) != len(hit):
        raise RuntimeError(f"{len(result.recalled)} of {len(hit)} were taken back")
    return {
        "artifacts": artifacts,
        "report_bytes": size,
        "bundle_bytes": len(data),
        "recalled": len(result.recalled),
        "rows_seconds": rows_seconds,
        "dry_run_seconds": dry_seconds,
        "seconds": seconds,
        "again_seconds": again_seconds,
    }


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds that a call took, and what it returned."""
    begin = time.perf_counter()
    result = act()
    return round(time.perf_counter() - begin, 2), result


def fill(
    house: House, actor: Actor, artifacts: int, tensors: int
) -> tuple[list[str], int]:
    """Put admitted artifacts into a room; return the digests of some tensors."""
    chance = random.Random(7)  # noqa: S311  made up, not secret
    hit: list[str] = []
    size = 0
    for start in range(0, artifacts, BATCH):
        with house.room.room.ledger.transaction() as writing:
            for number in range(start, min(start + BATCH, artifacts)):
                digests = [chance.randbytes(32).hex() for _ in range(tensors)]
                size = admit(writing, actor, number, digests)
                if number % (artifacts // HITS) == 0:
                    hit.append(digests[-1])
                writing.append(event(number))
    return hit, size


def admit(writing: Writing, actor: Actor, number: int, digests: list[str]) -> int:
    """Write the rows of one artifact; return the bytes of its report."""
    artifact = ArtifactId(f"model-{number:026d}")
    names = [[f"model.layers.{n}.weight", d] for n, d in enumerate(digests)]
    facts: canonical.Json = {
        "globals": ["collections.OrderedDict", "torch._utils._rebuild_tensor_v2"],
        "tensors": names,
    }
    file: canonical.Json = {"path": "a.pt", "sha256": digests[0], "facts": facts}
    report = canonical.to_json(
        {
            "v": 1,
            "reader": READER,
            "digest": digests[0],
            "files": [file],
            "findings": [],
        }
    )
    digest = report_digest(report)
    store_report(writing, digest, report)
    INTAKES.insert(
        writing,
        Intake(
            id=IntakeId(f"intake-{number:026d}"),
            state=IntakeState.ACCEPTED,
            digest=digests[0],
            plain_bytes=1,
            files=1,
            source="",
            original=None,
            review=(),
            report=digest,
            version=f"{artifact}/1",
            added_by=actor.account,
            added_at=writing.now,
            expires_at=writing.now,
        ),
    )
    VERSIONS.insert(
        writing,
        Version(
            id=f"{artifact}/1",
            artifact=artifact,
            number=1,
            generation=1,
            state=VersionState.PUBLISHED,
            parent=None,
            manifest_digest="",
            plain_bytes=1,
            sealed_by=actor.account,
            sealed_at=writing.now,
        ),
    )
    return len(report)


def event(number: int) -> Event:
    """Return the entry that names the rows of one artifact."""
    return Event(
        kind="intake.expired",
        actor=None,
        facts={"intake": f"intake-{number:026d}", "artifact": None, "version": 1},
    )


def bundle(house: House, hit: list[str]) -> bytes:
    """Return a signed bundle that names some tensors, and much that nothing has."""
    chance = random.Random(9)  # noqa: S311  made up, not secret
    names: canonical.Json = {
        "tensors": [*hit, *(chance.randbytes(32).hex() for _ in range(NAMED))],
        "globals": ["os.*", "posix.*", "builtins.eval"],
    }
    at = house.clock()
    document: canonical.Json = {
        "v": 1,
        "number": 1,
        "issued": format_time(at),
        "expires": format_time(at + timedelta(days=60)),
        "advisories": [{"id": "A-1", "database_specific": {"strongroom": names}}],
    }
    return ISSUER.sign(PURPOSE, canonical.to_json(document)).to_bytes()


if __name__ == "__main__":
    main()
