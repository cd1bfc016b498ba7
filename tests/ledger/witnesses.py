"""A witness in a folder, with a clock that the test sets."""

from __future__ import annotations

import os
from pathlib import Path

from strongroom.errors import MissingError
from strongroom.ledger.note import split_note
from strongroom.ledger.tiles import node_reader
from strongroom.ledger.tree import consistency_proof
from strongroom.ledger.witness import WitnessRequest
from strongroom.ledger.witness_folder import WitnessFolder
from strongroom.ledger.witness_service import Witness, watch
from tests.ledger.exports import SmallLedger
from tests.ledger.world import Clock

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
