"""Writes the ledger as a folder that outsiders check with their own tools."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from strongroom import canonical
from strongroom.database import tables
from strongroom.database.cells import blob, text
from strongroom.database.engine import Transaction
from strongroom.errors import (
    ConflictError,
    MissingError,
    UnavailableError,
)
from strongroom.ledger.cosigned import (
    cosigned_note,
    newest_met,
    newest_of_each,
    sizes,
)
from strongroom.ledger.log import Entry, Ledger
from strongroom.ledger.policy_file import WitnessPolicy
from strongroom.ledger.proof import Proof
from strongroom.ledger.second import second_key_text
from strongroom.ledger.sequencer import newest_note, tile_reader
from strongroom.ledger.tiles import (
    TILE_WIDTH,
    encode_bundle,
    tile_path,
    tiles_of,
)
from strongroom.ledger.tree import HASH_BYTES, inclusion_proof

_README = """This is the ledger of one Strongroom, for people who trust nobody.

  checkpoint      what the room signed: its name, the number of entries, the root
  key             the room's public key; compare it with the one you kept
  second-key      its ML-DSA-65 key, if checkpoints may carry a second signature
  tile/           hashes and entries, as in C2SP tlog-tiles
  witnessed/      older checkpoints with what witnesses signed of them, if any
  witnesses       who the room says its witnesses are, if it has any
  private/        free text and names behind the commitments in the entries
  attached/       long lists that entries name by digest

Check it with a Python of your own, without Strongroom:

  python3 -I verify.py THIS_FOLDER --key "$(cat key)"

verify.py is one file of the standard library only.  Take it from a source that
you trust, not from whoever gave you this folder.  Go's golang.org/x/mod/sumdb
reads checkpoint and tiles as well.  With --witness KEY, once for each witness
whose key you kept, it also says what they saw, and when.  With --second-key KEY it
demands the second signature; that needs the Python package cryptography.
"""


def export_ledger(
    ledger: Ledger,
    transaction: Transaction,
    folder: Path,
    *,
    private: bool,
    witnesses: WitnessPolicy | None = None,
) -> int:
    """Write the whole ledger below ``folder``; return how many entries it has.

    Args:
        ledger: What to export.
        transaction: One consistent state of it.
        folder: Must not exist yet, or be empty.
        private: Whether to open the private fields too.
        witnesses: Whose cosignatures to add, if the room has witnesses.

    Raises:
        ConflictError: ``folder`` holds something.
        MissingError: The ledger is empty.
        IntegrityError: Its checkpoint or a tile is not what was written.
        UnavailableError: The disk did not take it; what was written is left.
    """
    checkpoint = ledger.checkpoint(transaction)
    if checkpoint is None:
        raise MissingError("the ledger is empty")
    note = cosigned_note(transaction.connection, checkpoint.size) or ""
    try:
        if folder.exists() and any(folder.iterdir()):
            raise ConflictError(f"{folder} is not empty", hint="name a new folder")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_tiles(transaction, folder, checkpoint.size)
        _write_bundles(ledger, transaction, folder, checkpoint.size)
        if private:
            _write_private(transaction, folder, checkpoint.size)
        if witnesses is not None:
            _write_witnesses(transaction, folder, checkpoint.size, witnesses)
        _write(folder / "key", (ledger.verifier.text() + "\n").encode())
        newest = next(reversed(ledger.notes.seconds), None)
        if (second := ledger.notes.second or newest) is not None:
            text = second_key_text(ledger.verifier.origin, second)
            _write(folder / "second-key", (text + "\n").encode())
        _write(folder / "README.txt", _README.encode())
        _write(folder / "checkpoint", note.encode())
    except OSError as error:
        raise UnavailableError(f"{folder}: {error.strerror}") from None
    return checkpoint.size


def proof_of(ledger: Ledger, transaction: Transaction, position: int) -> Proof:
    """Return a proof file for one entry.

    It is under the newest checkpoint that a witness signed too, or under the
    newest of all if none covers the entry.

    Raises:
        MissingError: There is no such entry.
    """
    siblings = ledger.prove(transaction, position)
    note = newest_note(transaction.connection) or ""
    cosigned = sizes(transaction.connection, at_least=position + 1, lines=1)
    if cosigned:
        note = cosigned_note(transaction.connection, cosigned[0]) or ""
        siblings = inclusion_proof(
            ledger.nodes(transaction), index=position, size=cosigned[0]
        )
    return Proof(index=position, siblings=tuple(siblings), checkpoint=note)


def _write_tiles(transaction: Transaction, folder: Path, size: int) -> None:
    read = tile_reader(transaction.connection)
    for level, number, width in tiles_of(size):
        data = read(level, number)[: width * HASH_BYTES]
        _write(folder / tile_path(level, number, width), data)


def _write_bundles(
    ledger: Ledger, transaction: Transaction, folder: Path, size: int
) -> None:
    for number, bundle in enumerate(_bundles(ledger.entries(transaction, 0, size))):
        path = tile_path("entries", number, len(bundle))
        _write(folder / path, encode_bundle([entry.body for entry in bundle]))
        for entry in bundle:
            if entry.attached is not None:
                _write(folder / f"attached/{entry.position}.json", entry.attached)


def _bundles(entries: Iterator[Entry]) -> Iterator[tuple[Entry, ...]]:
    while bundle := tuple(islice(entries, TILE_WIDTH)):
        yield bundle


def _write_witnesses(
    transaction: Transaction, folder: Path, size: int, policy: WitnessPolicy
) -> None:
    """Write the newest checkpoint that each signed, and that enough of them did."""
    found = [newest for _, newest in newest_of_each(transaction.connection, policy)]
    found += [met] if (met := newest_met(transaction.connection, policy)) else []
    for older in {each.size: each for each in found if each.size != size}.values():
        _write(folder / f"witnessed/{older.size}", older.note.encode())
    _write(folder / "witnesses", policy.to_text().encode())


def _write_private(transaction: Transaction, folder: Path, size: int) -> None:
    entries, private = tables.entries.c, tables.private_facts.c
    rows = transaction.connection.execute(
        sa.select(entries.position, private.salt, private.payload)
        .join_from(tables.private_facts, tables.entries, entries.id == private.entry_id)
        .where(entries.position < size)
    )
    for row in rows:
        document = {"salt": blob(row.salt).hex(), "payload": text(row.payload)}
        path = folder / f"private/{row.position}.json"
        path.parent.mkdir(mode=0o700, exist_ok=True)  # the folder may be anybody's
        _write(path, canonical.to_json(document))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
