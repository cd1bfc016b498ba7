"""Append 256 entries in one transaction, beside canonicalising and hashing them.

The limit is what no ledger can save: canonical JSON and one leaf hash an entry.
Ours adds commitments, MACs, rows, tiles, a signed checkpoint and the commit.
Interleaved rounds, median of per-round ratios of CPU time.  Commits are counted
with a hook of the driver; SQLite flushes its log once a commit.  Proofs are made
and verified over tiles of a million entries in memory.
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
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from strongroom import canonical
from strongroom.crypto.roomkeys import RoomKeys, new_seeds
from strongroom.database import schema
from strongroom.database.engine import Database
from strongroom.database.guards import Guards
from strongroom.ledger.events import Event
from strongroom.ledger.frontier import Frontier, frontier_at
from strongroom.ledger.log import Ledger
from strongroom.ledger.tiles import node_reader, updated_tiles
from strongroom.ledger.tree import inclusion_proof, leaf_hash, verify_inclusion
from strongroom.types import AccountId
from tests import postgresql

ENTRIES = 256
TREE = 10**6
ACTOR = AccountId("account-aaaaaaaaaaaaaaaaaaaaaaaaaa")


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--tree", type=int, default=TREE)
    arguments = parser.parse_args()
    result: dict[str, object] = {"bench": "ledger", "entries": ENTRIES}
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+pysqlite:///{Path(folder) / 'room.db'}"
        result["sqlite"] = batches(url, arguments.rounds)
    programs = postgresql.programs()
    if programs is not None:
        with postgresql.running(programs, within=None) as server:
            url = server.create_database()
            result["postgresql"] = batches(url, arguments.rounds)
    result |= {"target_ratio": 2.0, "rounds": arguments.rounds}
    result |= proofs(arguments.tree)
    json.dump(result, sys.stdout)
    sys.stdout.write("\n")


def batches(url: str, rounds: int) -> dict[str, object]:
    """Return the ratio and the commits of one batch on the database at ``url``."""
    database = Database(url)
    schema.upgrade(database)
    commits: list[int] = []
    sa.event.listen(database.engine, "commit", lambda _: commits.append(1))
    ledger = new_ledger(database)
    append(ledger)  # the first one fills caches
    ours, limit, counted = [], [], []
    for _ in range(rounds):
        documents = [document(number) for number in range(ENTRIES)]
        limit.append(cpu_seconds(partial(bare, documents)))
        before = len(commits)
        ours.append(cpu_seconds(partial(append, ledger)))
        counted.append(len(commits) - before)
    database.close()
    ratios = [a / b for a, b in zip(ours, limit, strict=True)]
    return {
        "ratio_to_canonicalise_and_hash": round(statistics.median(ratios), 2),
        "microseconds_an_entry": round(1e6 * statistics.median(ours) / ENTRIES, 1),
        "microseconds_limit": round(1e6 * statistics.median(limit) / ENTRIES, 1),
        "commits_a_batch": max(counted),
    }


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


def bare(documents: list[dict[str, canonical.Json]]) -> None:
    """Canonicalise and hash, and nothing else."""
    for entry in documents:
        hashlib.sha256(b"\x00" + canonical.to_json(entry)).digest()


def append(ledger: Ledger) -> None:
    """Append a batch in one transaction."""
    with ledger.transaction() as writing:
        for number in range(ENTRIES):
            writing.append(
                Event(kind="action.refused", actor=ACTOR, facts=facts(number))
            )


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


def cpu_seconds(call: Callable[[], None]) -> float:
    """Return the CPU seconds of one call in this process."""
    begin = time.process_time()
    call()
    return time.process_time() - begin


if __name__ == "__main__":
    main()
