"""A witness in a folder, with a clock that the test sets."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strongroom.errors import MissingError
from strongroom.ledger.note import split_note
from strongroom.ledger.policy_file import Group, KnownWitness, WitnessPolicy
from strongroom.ledger.port import WitnessLink
from strongroom.ledger.tiles import node_reader
from strongroom.ledger.tree import consistency_proof
from strongroom.ledger.witness import Answer, WitnessRequest
from strongroom.ledger.witness_folder import WitnessFolder, origin_hash
from strongroom.ledger.witness_service import Witness, watch
from strongroom.ledger.witness_socket import WitnessServer
from strongroom.ledger.witnesses import Witnesses
from tests.ledger.exports import SmallLedger
from tests.ledger.world import Clock, World

NAME = "witness.example/w1"


def made(folder: Path, name: str = NAME) -> WitnessFolder:
    """Return a witness with a plain key that watches nothing."""
    return WitnessFolder.create(folder, name=name, passphrase=None, random=os.urandom)


def watching(folder: Path, ledger: SmallLedger, name: str = NAME) -> WitnessFolder:
    """Return a witness that watches ``ledger`` from its beginning."""
    witness = made(folder, name)
    watch(witness, ledger.key, None)
    return witness


def at_work(folder: Path, clock: Clock | None = None) -> Witness:
    """Return the witness in ``folder``, open."""
    return Witness(folder, passphrase=None, now=clock or Clock(), random=os.urandom)


def body(ledger: SmallLedger, older: int, newer: int | None = None) -> bytes:
    """Return the request to cosign the first ``newer`` entries, or all."""
    newer = len(ledger.entries) if newer is None else newer
    proof = consistency_proof(node_reader(ledger.tiles()), older=older, newer=newer)
    request = WitnessRequest(older=older, proof=tuple(proof), note=ledger.note(newer))
    return request.to_text().encode()


def seen_size(witness: WitnessFolder, ledger: SmallLedger) -> int:
    """Return how much the witness saw, from its file."""
    return witness.seen(ledger.key).checkpoint.size


def only_file(folder: Path) -> Path:
    """Return the one file in a folder."""
    (path,) = (p for p in folder.iterdir() if p.is_file())
    return path


def lines_of(note: str) -> int:
    """Return how many signatures a note has."""
    if not note:
        raise MissingError("no note")
    return len(split_note(note).lines)


class Beside:
    """A witness in this process, asked without a socket; open for each question."""

    def __init__(self, folder: WitnessFolder, clock: Clock) -> None:
        self.folder = folder
        self.clock = clock

    def add_checkpoint(self, body: bytes) -> Answer:
        with at_work(self.folder.path, self.clock) as witness:
            answer = witness.answer(body)
        return Answer(status=answer.status, body=answer.body)

    def newest(self, origin: str) -> str:
        with at_work(self.folder.path, self.clock) as witness:
            return witness.newest(origin_hash(origin))


class Party:
    """Witnesses w1, w2, ... of one ledger, of which some have to sign."""

    def __init__(
        self, path: Path, world: World, *, count: int = 3, needed: int = 2
    ) -> None:
        self.world = world
        self.links: dict[str, WitnessLink] = {}
        self.folders: dict[str, WitnessFolder] = {}
        known = {}
        for number in range(1, count + 1):
            name = f"w{number}"
            folder = made(path / name, f"witness.example/{name}")
            watch(folder, world.ledger.verifier, None)
            self.folders[name] = folder
            self.links[name] = Beside(folder, world.clock)
            known[name] = KnownWitness(name=name, key=folder.key())
        group = Group(name="all", threshold=needed, members=tuple(known))
        self.policy = WitnessPolicy(
            witnesses=known, groups={"all": group}, quorum="all"
        )

    def of(self, world: World | None = None, *, waits: bool = False) -> Witnesses:
        """Return them as a room sees them; of another database if given."""
        world = world or self.world
        return Witnesses(
            world.ledger,
            self.policy,
            self.links,
            releases_wait=waits,
            now=world.clock,
        )


@contextmanager
def serving(
    folder: Path, path: Path, clock: Clock | None = None, *, seconds: float = 10
) -> Iterator[list[Answer]]:
    """Serve the witness in ``folder`` until the block ends."""
    told: list[Answer] = []
    with (
        at_work(folder, clock) as witness,
        WitnessServer(witness, path, tell=told.append, seconds=seconds) as server,
    ):
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()
