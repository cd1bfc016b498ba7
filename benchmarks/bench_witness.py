"""Cosigning beside its limit, and verifying with witnesses beside without.

A cosignature is one Ed25519 verification, one signature, and one durable file: the
limit is those three alone, a plain ``sign``, ``verify`` and a write, sync, rename and
sync of the folder on the same disk.  Witnesses are asked directly and over their
socket.  Interleaved rounds, medians of per-round ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from strongroom.client.verifying import verify_ledger
from strongroom.crypto.durable import write_durably
from strongroom.database import migrating
from strongroom.ledger import verify as outsider
from strongroom.ledger.export import export_ledger
from strongroom.ledger.tiles import node_reader
from strongroom.ledger.tree import consistency_proof
from strongroom.ledger.witness import WitnessRequest
from strongroom.ledger.witness_service import Witness
from strongroom.ledger.witness_socket import SocketWitness, WitnessServer
from tests.ledger.exports import SmallLedger, ledger_of
from tests.ledger.witnesses import Party, at_work, watching
from tests.ledger.world import world_at

ASKED = 100
"""Questions in a round, one entry apart."""

ENTRIES = 2000


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--folder", default=".", help="on the disk to measure")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        result = {
            "bench": "witness",
            **_cosigning(Path(folder), arguments.rounds),
            **_verifying(Path(folder), arguments.rounds),
        }
    print(json.dumps(result))


def _cosigning(folder: Path, rounds: int) -> dict[str, object]:
    ledger = ledger_of(ASKED + 1)
    bodies = _bodies(ledger)
    limits, direct, sockets = [], [], []
    for number in range(rounds):
        limits.append(_timed(partial(_limit, folder / f"limit-{number}", ledger)))
        here = watching(folder / f"here-{number}", ledger)
        with at_work(here.path) as witness:
            direct.append(_timed(partial(_ask, witness.answer, bodies)))
        there = watching(folder / f"there-{number}", ledger)
        with at_work(there.path) as witness, _served(witness) as link:
            sockets.append(_timed(partial(_ask, link.add_checkpoint, bodies)))
    return {
        "cosignatures_per_second": round(ASKED / statistics.median(direct)),
        "over_the_socket_per_second": round(ASKED / statistics.median(sockets)),
        "time_of_direct_to_limit": _ratio(direct, limits),
        "time_of_socket_to_limit": _ratio(sockets, limits),
    }


def _verifying(folder: Path, rounds: int) -> dict[str, object]:
    with world_at(f"sqlite+pysqlite:///{folder / 'room.db'}") as world:
        migrating.upgrade(world.database)
        party = Party(folder / "party", world, count=3, needed=2)
        world.notes(ENTRIES)
        witnesses = party.of()
        witnesses.ask()
        without, with_three, alone, together = [], [], [], []
        for _ in range(rounds):
            without.append(_timed(lambda: verify_ledger(world.ledger, rows=False)))
            with_three.append(
                _timed(
                    lambda: verify_ledger(world.ledger, rows=False, witnesses=witnesses)
                )
            )
        export = folder / "export"
        with world.ledger.reading() as reading:
            export_ledger(
                world.ledger, reading, export, private=False, witnesses=party.policy
            )
        keys = [known.key.text() for known in party.policy.witnesses.values()]
        key = world.ledger.verifier.text()
        for _ in range(rounds):
            alone.append(_timed(lambda: outsider.Check(str(export)).export(key, None)))
            together.append(
                _timed(lambda: outsider.Check(str(export), *keys).export(key, None))
            )
    return {
        "entries": ENTRIES,
        "verify_seconds": round(statistics.median(without), 3),
        "verify_with_three_to_without": _ratio(with_three, without),
        "outsider_with_three_to_without": _ratio(together, alone),
        "outsider_milliseconds_per_witness": round(
            1000
            * statistics.median(t - a for t, a in zip(together, alone, strict=True))
            / 3
        ),
    }


def _bodies(ledger: SmallLedger) -> list[bytes]:
    nodes = node_reader(ledger.tiles())
    return [
        WitnessRequest(
            older=size,
            proof=tuple(consistency_proof(nodes, older=size, newer=size + 1)),
            note=ledger.note(size + 1),
        )
        .to_text()
        .encode()
        for size in range(ASKED)
    ]


def _limit(folder: Path, ledger: SmallLedger) -> None:
    folder.mkdir()
    message = b"x" * 150
    signature = ledger.signer.sign_bytes(message)
    for _ in range(ASKED):
        ledger.signer.public.verify_bytes(signature, message)
        ledger.signer.sign_bytes(message)
        write_durably(folder / "seen", b"x" * 400, os.urandom, overwrite=True)


def _ask(answer: Callable[[bytes], object], bodies: Sequence[bytes]) -> None:
    for body in bodies:
        answer(body)


@contextmanager
def _served(witness: Witness) -> Iterator[SocketWitness]:
    with tempfile.TemporaryDirectory() as short:
        path = Path(short) / "s"
        with WitnessServer(witness, path, tell=lambda _: None) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield SocketWitness(path, seconds=30)
            finally:
                server.shutdown()
                thread.join()


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _ratio(ours: Sequence[float], limits: Sequence[float]) -> float:
    return round(
        statistics.median(o / limit for o, limit in zip(ours, limits, strict=True)), 2
    )


if __name__ == "__main__":
    main()
