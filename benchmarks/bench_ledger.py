"""Append 256 entries in one transaction, beside canonicalising and hashing them.

Two limits: canonical JSON by the library ``rfc8785`` and one leaf hash an entry,
which stays the same whatever we do, and the same by our own canonicaliser.  Ours
adds commitments, MACs, rows, tiles, a signed checkpoint and the commit.  A
transaction of one entry is measured beside it.  Interleaved rounds, median of
per-round ratios of CPU time; of a server, only our side counts, and its own CPU is
printed beside it.  Flushes are counted by ``strace`` in a run of their own.  Proofs
are made and verified over tiles of a million entries in memory.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import rfc8785

from benchmarks.costs import Cost, cost_of, flushes_of, go_first
from strongroom import canonical
from strongroom.crypto.roomkeys import RoomKeys, new_second_seeds, new_seeds
from strongroom.database import migrating
from strongroom.database.engine import Database
from strongroom.database.guards import Guards
from strongroom.ledger.events import Event
from strongroom.ledger.frontier import Frontier, frontier_at
from strongroom.ledger.log import Ledger
from strongroom.ledger.notes import Notes
from strongroom.ledger.tiles import node_reader, updated_tiles
from strongroom.ledger.tree import inclusion_proof, leaf_hash, verify_inclusion
from strongroom.types import AccountId
from tests import postgresql

ENTRIES = 256
COUNTED = 10
"""Batches under ``strace``; a server flushes now and then on its own."""

TREE = 10**6
SIGNED = 100
"""Checkpoints signed and opened in one round."""

ACTOR = AccountId("account-aaaaaaaaaaaaaaaaaaaaaaaaaa")


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--tree", type=int, default=TREE)
    arguments = parser.parse_args()
    result: dict[str, object] = {"bench": "ledger", "entries": ENTRIES}
    result["goes_first"] = go_first()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+pysqlite:///{Path(folder) / 'room.db'}"
        result["sqlite"] = batches(url, arguments.rounds)
    programs = postgresql.programs()
    if programs is not None:
        with postgresql.running(programs, within=None) as server:
            url = server.create_database()
            result["postgresql"] = batches(url, arguments.rounds, server)
    result |= {"target_ratio": 2.0, "rounds": arguments.rounds}
    result |= proofs(arguments.tree)
    result["signatures"] = signatures(arguments.rounds)
    json.dump(result, sys.stdout)
    sys.stdout.write("\n")


def batches(
    url: str, rounds: int, server: postgresql.Server | None = None
) -> dict[str, object]:
    """Return what a batch and what one entry cost on the database at ``url``."""
    database = Database(url)
    migrating.upgrade(database)
    ledger = new_ledger(database)
    append(ledger, ENTRIES)  # the first one fills caches
    serving = server.processes(connections_only=True) if server else []
    costs: dict[str, list[Cost]] = {"batch": [], "one": [], "ours": [], "peer": []}
    for _ in range(rounds):
        documents = [document(number) for number in range(ENTRIES)]
        calls: dict[str, Callable[[], object]] = {
            "peer": partial(bare, rfc8785.dumps, documents),
            "ours": partial(bare, canonical.to_json, documents),
            "batch": partial(append, ledger, ENTRIES),
            "one": partial(append, ledger, 1),
        }
        for name, call in calls.items():
            costs[name].append(cost_of(call, serving))
    processes = server.processes() if server else []
    flushes = flushes_of(partial(times, COUNTED, ledger), processes)
    database.close()
    return {
        "ratio_to_rfc8785_and_hash": ratio(costs["batch"], costs["peer"]),
        "ratio_to_canonicalise_and_hash": ratio(costs["batch"], costs["ours"]),
        "microseconds_an_entry": microseconds(c.cpu for c in costs["batch"]),
        "microseconds_rfc8785_and_hash": microseconds(c.cpu for c in costs["peer"]),
        "microseconds_canonicalise_and_hash": microseconds(
            c.cpu for c in costs["ours"]
        ),
        "microseconds_of_the_server": microseconds(
            c.server_cpu for c in costs["batch"]
        ),
        "flushes_a_batch": flushes and flushes / COUNTED,
        "one_entry_milliseconds_cpu": milliseconds(c.cpu for c in costs["one"]),
        "one_entry_milliseconds_of_the_server": milliseconds(
            c.server_cpu for c in costs["one"]
        ),
        "one_entry_milliseconds": milliseconds(c.wall for c in costs["one"]),
    }


def ratio(ours: Sequence[Cost], theirs: Sequence[Cost]) -> float:
    """Return the median of per-round ratios of CPU time."""
    pairs = zip(ours, theirs, strict=True)
    return round(statistics.median(a.cpu / b.cpu for a, b in pairs), 2)


def microseconds(seconds: Iterable[float]) -> float:
    """Return the median, of which each was for a batch, for one entry."""
    return round(1e6 * statistics.median(seconds) / ENTRIES, 1)


def milliseconds(seconds: Iterable[float]) -> float:
    """Return the median in milliseconds."""
    return round(1e3 * statistics.median(seconds), 2)


def new_ledger(database: Database) -> Ledger:
    """Return a ledger with fresh keys."""
    keys = RoomKeys.from_seeds(new_seeds(os.urandom))
    return Ledger(
        database,
        origin="strongroom.example/bench",
        key=keys.checkpoint.public,
        signer=keys.checkpoint,
        guards=Guards(keys.guard),
        now=lambda: datetime.now(UTC),
        random=os.urandom,
    )


def facts(number: int) -> dict[str, canonical.Json]:
    """Return the facts of an entry of ordinary length."""
    return {"action": "segment:release", "resource": f"{ACTOR}{number}", "rules": []}


def document(number: int) -> dict[str, canonical.Json]:
    """Return what the entry of ``facts`` looks like."""
    return {
        "v": 1,
        "kind": "action.refused",
        "at": "2026-11-22T03:04:05.000006Z",
        "actor": ACTOR,
        "session": None,
        "facts": facts(number),
        "rows": [],
    }


def bare(
    canonicalise: Callable[[dict[str, canonical.Json]], bytes],
    documents: list[dict[str, canonical.Json]],
) -> None:
    """Canonicalise and hash, and nothing else."""
    for entry in documents:
        hashlib.sha256(b"\x00" + canonicalise(entry)).digest()


def append(ledger: Ledger, count: int) -> None:
    """Append so many entries in one transaction."""
    with ledger.transaction() as writing:
        for number in range(count):
            writing.append(
                Event(kind="action.refused", actor=ACTOR, facts=facts(number))
            )


def times(count: int, ledger: Ledger) -> None:
    """Append so many batches."""
    for _ in range(count):
        append(ledger, ENTRIES)


def signatures(rounds: int) -> dict[str, object]:
    """Return what a checkpoint costs with one signature and with two."""
    root = bytes(32)
    keys = RoomKeys.from_seeds(new_seeds(os.urandom))
    keys = keys.with_second(new_second_seeds(os.urandom))
    made: dict[str, list[float]] = {}
    length: dict[str, object] = {}
    for number in range(1, rounds + 1):
        for name, since in (("one", None), ("both", 0)):
            writer, reader = (
                Notes(
                    origin="strongroom.example/bench",
                    key=keys.checkpoint.public,
                    signer=keys.checkpoint,
                    since=since,
                    second=keys.checkpoint.public.seconds[0],
                )
                for _ in range(2)
            )
            start = time.process_time()
            notes = [writer.sign(SIGNED * number + n, root) for n in range(SIGNED)]
            signed = time.process_time()
            for note in notes:
                reader.open(note)
            opened = time.process_time()
            made.setdefault(f"{name}_microseconds_to_sign", []).append(signed - start)
            made.setdefault(f"{name}_microseconds_to_open", []).append(opened - signed)
            length[f"{name}_bytes"] = len(notes[0].encode())
    medians = {name: statistics.median(seconds) for name, seconds in made.items()}
    return length | {n: round(1e6 * m / SIGNED, 1) for n, m in medians.items()}


def proofs(size: int) -> dict[str, object]:
    """Return microseconds to prove and to verify one of ``size`` entries."""
    leaves = [leaf_hash(number.to_bytes(8, "big")) for number in range(size)]
    tiles = {
        (tile.level, tile.number): tile.data
        for tile in updated_tiles(lambda _, __: b"", 0, Frontier().completed(leaves))
    }

    def read(level: int, number: int) -> bytes:
        return tiles[level, number]

    root = _root(read, size)
    proving, verifying = [], []
    for index in range(0, size, max(1, size // 200)):
        begin = time.process_time()
        proof = inclusion_proof(node_reader(read), index=index, size=size)
        middle = time.process_time()
        verify_inclusion(
            leaf=leaves[index], index=index, size=size, root=root, proof=proof
        )
        verifying.append(time.process_time() - middle)
        proving.append(middle - begin)
    return {
        "tree": size,
        "proof_microseconds": round(1e6 * statistics.median(proving), 1),
        "verify_microseconds": round(1e6 * statistics.median(verifying), 1),
        "target_proof_microseconds": 1000,
        "target_verify_microseconds": 50,
    }


def _root(read: Callable[[int, int], bytes], size: int) -> bytes:
    return frontier_at(node_reader(read), size).root()


if __name__ == "__main__":
    main()
