"""Everything that is tampered with, and who has to notice."""
# ruff: noqa: S608  the names in the statements are those of our own tables

from __future__ import annotations

import base64
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from campaigns._places import LeftoverError, Place, SameError
from campaigns._rows import Rows
from campaigns._sealed import check_zeroed
from strongroom import canonical
from strongroom.cli.demo.store import object_path
from strongroom.cli.demo.story import Story
from strongroom.cli.demo.tampering import SEGMENT
from strongroom.client.writing import write_model
from strongroom.crypto.arena import Arena
from strongroom.crypto.container import HEADER_BYTES
from strongroom.database import tables
from strongroom.errors import (
    ConflictError,
    DeniedError,
    InputError,
    IntegrityError,
    MissingError,
    SetupError,
    StrongroomError,
)
from strongroom.ledger import sequencer
from strongroom.ledger.cosignature import cosign
from strongroom.ledger.reconcile import guarded_tables
from strongroom.ledger.verify import Check
from strongroom.ledger.witness_folder import WitnessFolder
from strongroom.ledger.witness_key import open_key
from strongroom.ledger.witness_service import watch

_ARENA_BYTES = 4 << 20
_SECONDS = 1_800_000_000
_KINDS = {
    "approvals": "approval",
    "manifests": "manifest",
    "permits": "permit",
    "wraps": "wrap",
}
_LEDGER = (
    tables.entries,
    tables.entry_rows,
    tables.private_facts,
    tables.tiles,
    tables.checkpoints,
)
_UNREAD = {"id", "mac", "entry_id", "revision"}
"""Where SQLite keeps an entry; and what counts for the newest note of a row only."""

CUSTODIANS = ("architecture", "biases", "weights")


class Targets:
    """The demo's room, opened, with places of every kind to tamper with."""

    def __init__(self, story: Story) -> None:
        """Export the ledger, and connect to the database past the room."""
        self.house = story.house
        self._target = story.target
        self._folder = story.house.folder
        self._export = story.folder / "export"
        story.house.acting_as("ada").records.export(self._export, private=True)
        self._verifier = story.house.room.room.ledger.verifier.text()
        self._database = sqlite3.connect(self._folder / "room.db", isolation_level=None)
        self._witness = self._watching(story.folder / "witness")
        self._witnessed_before = self.read_witness()
        self._rows = Rows(self._database, story.target.yesterday, self.replay)

    def close(self) -> None:
        """Close the second connection to the database."""
        self._database.close()

    def kinds(self) -> dict[str, Callable[[Random], Place]]:
        """Return how to choose a place of each kind."""
        return {
            "object": self._object,
            "header": self._header,
            "manifest": self._manifest,
            "signature": self._signature,
            "wrap": self._wrap,
            "permit": self._permit,
            "approval": self._approval,
            "guarded row": self._row,
            "whole row": self._rows.choose,
            "export": self._exported,
            "custody file": self._custody,
            "ledger row": self._ledger_row,
            "witness": self._witnessed,
        }

    def open_held(self) -> None:
        """Open what noor may open, every record of it, and write it to files.

        Raises:
            LeftoverError: It is refused, and something of it stayed.
        """
        folder = self._export.with_name("opened")
        arena = Arena(_ARENA_BYTES)
        noor = self.house.acting_as("noor")
        with noor.open(self._target.held, arena=arena) as opened:
            try:
                opened.flat_parts()
                opened.check()
                write_model(opened, folder)
            except StrongroomError:
                check_zeroed(arena, len(arena))
                if any(path.is_file() for path in folder.rglob("*")):
                    raise LeftoverError("a file") from None
                raise
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def read_witness(self) -> tuple[object, ...]:
        """Return what the witness goes by when it answers, as it reads it."""
        logs, key = self._witness.logs(), self._witness.key()
        open_key(self._witness.key_path, public=key, passphrase=None).sign_bytes(b"")
        return key, *(self._witness.seen(log).checkpoint for log in logs.values())

    def answer_as_witness(self) -> None:
        """Read what the witness keeps, after it was changed.

        Raises:
            SameError: It goes by the same.  Its own old signature is not needed:
                whoever can take it away can as well put the former file back.
        """
        if self.read_witness() == self._witnessed_before:
            raise SameError

    def replay(self) -> None:
        """Compare every guarded row with the ledger.

        Raises:
            IntegrityError: One differs.
        """
        for finding in self.house.room.records.verify().findings:
            raise IntegrityError(finding)

    def check_export(self) -> None:
        """Check the export as an outsider does.

        Raises:
            IntegrityError: Something in it does not hold.
        """
        check = Check(str(self._export))
        try:
            check.export(self._verifier, None)
        except (ValueError, OSError) as error:  # as verify.main does
            raise IntegrityError(str(error)) from None
        for problem in check.problems:
            raise IntegrityError(problem)

    def open_again(self) -> None:
        """Unlock every custodian, open the room, and open what noor may open."""
        with (
            self.house.opened_at(self._folder) as again,
            again.acting_as("noor").open(self._target.held) as opened,
        ):
            opened.check()

    def _object(self, random: Random) -> Place:
        segments = (self._target.segments, self._target.old_segments)
        paths = [
            object_path(self._folder, s) for group in segments for s in group.values()
        ]
        mine = object_path(self._folder, self._target.segments[SEGMENT])
        others = [random.choice([path for path in paths if path != mine])]
        old = object_path(self._folder, self._target.old_segments[SEGMENT])
        return _file("object", mine, [*others, old], self.open_held)

    def _header(self, _: Random) -> Place:
        """Return the public header alone, which a change of all seldom hits."""
        mine = object_path(self._folder, self._target.segments[SEGMENT])
        whole = mine.read_bytes()
        old = object_path(self._folder, self._target.old_segments[SEGMENT])
        return Place(
            kind="header",
            name=mine.name,
            read=lambda: whole[:HEADER_BYTES],
            write=lambda data: mine.write_bytes(data + whole[HEADER_BYTES:]),
            others=[old.read_bytes()[:HEADER_BYTES]],
            use=self.open_held,
        )

    def _manifest(self, _: Random) -> Place:
        return self._cell("manifests", "signed", "version = 2", self.open_held)

    def _signature(self, random: Random) -> Place:
        """Return the signature of the manifest alone, 64 bytes of many thousand."""
        signed = self._manifest(random)
        return Place(
            kind="signature",
            name=signed.name,
            read=lambda: _signature_in(signed.read()),
            write=lambda data: signed.write(_with_signature(signed.read(), data)),
            others=[_signature_in(other) for other in signed.others],
            use=signed.use,
        )

    def _wrap(self, _: Random) -> Place:
        where = f"segment = '{self._target.segments[SEGMENT].id}'"
        return self._cell("wraps", "wrapped", where, self.open_held)

    def _permit(self, _: Random) -> Place:
        where = f"request = '{self._target.held}'"
        return self._cell("permits", "signed", where, self.open_held)

    def _approval(self, random: Random) -> Place:
        where = f"request = '{self._target.held}'"
        column = random.choice(["digest", "approver", "team", "decision", "mac"])
        return self._cell("approvals", column, where, self.open_held)

    def _row(self, random: Random) -> Place:
        counts = {
            table: int(str(self._value(f"SELECT count(*) FROM {table.name}")))
            for table in guarded_tables()
        }
        table = random.choice([table for table, count in counts.items() if count])
        row = random.randrange(counts[table])
        rowid = self._value(f"SELECT rowid FROM {table.name} LIMIT 1 OFFSET {row}")
        column = random.choice(table.c.keys())
        return self._cell(table.name, column, f"rowid = {rowid}", self.replay)

    def _exported(self, random: Random) -> Place:
        """Return a file of the export; each kind of file is as likely as another."""
        kinds: dict[str, list[Path]] = {}
        for path in sorted(self._export.rglob("*")):
            if path.is_file() and path.name != "README.txt":
                kind = path.relative_to(self._export).parts[0]
                kinds.setdefault(kind, []).append(path)
        alike = random.choice(list(kinds.values()))
        mine = random.choice(alike)
        others = [path for path in alike if path != mine]
        return _file("export", mine, others, self.check_export)

    def _watching(self, folder: Path) -> WitnessFolder:
        """Return a witness that has signed the newest checkpoint."""
        ledger = self.house.room.room.ledger
        made = WitnessFolder.create(
            folder, name="audit.example/w1", passphrase=None, random=os.urandom
        )
        watch(made, ledger.verifier, None)
        with ledger.reading() as reading:
            note = sequencer.newest_note(reading.connection) or ""
        signer = open_key(made.key_path, public=made.key(), passphrase=None)
        checkpoint = ledger.notes.open(note)
        made.write_seen(
            ledger.verifier,
            note,
            cosign(
                checkpoint, witness=made.key(), sign=signer.sign_bytes, seconds=_SECONDS
            ),
        )
        return made

    def _witnessed(self, random: Random) -> Place:
        folder = self._witness.path
        paths = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.read_bytes()]
        mine = random.choice(paths)
        others = [path for path in paths if path != mine]
        errors = (IntegrityError, SetupError, InputError, MissingError)
        return _file("witness", mine, others, self.answer_as_witness, errors)

    def _ledger_row(self, random: Random) -> Place:
        """Return a cell of an entry, a tile, a checkpoint or a private text."""
        table = random.choice(_LEDGER)
        count = int(str(self._value(f"SELECT count(*) FROM {table.name}")))
        rowid = self._value(
            f"SELECT rowid FROM {table.name} LIMIT 1 OFFSET {random.randrange(count)}"
        )
        column = random.choice([c.name for c in table.c if c.name not in _UNREAD])
        return self._cell(table.name, column, f"rowid = {rowid}", self.replay)

    def _custody(self, random: Random) -> Place:
        mine, *others = random.sample(CUSTODIANS, len(CUSTODIANS))
        folder = self._folder / "custodians"
        paths = [folder / other for other in others]
        errors = (IntegrityError, DeniedError)
        return _file("custody file", folder / mine, paths, self.open_again, errors)

    def _cell(
        self, table: str, column: str, where: str, use: Callable[[], object]
    ) -> Place:
        """Return one column of one row; the other rows are what it is swapped with."""
        rowid = self._value(f"SELECT rowid FROM {table} WHERE {where} LIMIT 1")
        honest = self._value(f"SELECT {column} FROM {table} WHERE rowid = {rowid}")
        others = self._database.execute(
            f"SELECT DISTINCT {column} FROM {table} WHERE rowid != {rowid}"
        )

        def write(data: bytes) -> None:
            value = honest if data == _stored(honest) else _typed(honest, data)
            update = f"UPDATE {table} SET {column} = ? WHERE rowid = {rowid}"
            try:
                self._database.execute(update, (value,))
            except sqlite3.IntegrityError:
                raise ConflictError("a unique column of the database") from None

        kind = _KINDS.get(table, "guarded row") if use != self.replay else "guarded row"
        if table in {one.name for one in _LEDGER}:
            kind = "ledger row"
        return Place(
            kind=kind,
            name=f"{table}.{column} {rowid}",
            read=lambda: _stored(honest),
            write=write,
            others=[_stored(row[0]) for row in others],
            use=use,
            errors=(IntegrityError, ConflictError),
        )

    def _value(self, query: str) -> object:
        value: object = self._database.execute(query).fetchone()[0]
        return value


def _file(
    kind: str,
    path: Path,
    others: Sequence[Path],
    use: Callable[[], object],
    errors: tuple[type[StrongroomError], ...] = (IntegrityError,),
) -> Place:
    return Place(
        kind=kind,
        name=path.name,
        read=path.read_bytes,
        write=path.write_bytes,
        others=[other.read_bytes() for other in others],
        use=use,
        errors=errors,
    )


def _signature_in(envelope: bytes) -> bytes:
    value: str = json.loads(envelope)["signatures"][0]["value"]
    return base64.b64decode(value)


def _with_signature(envelope: bytes, signature: bytes) -> bytes:
    document = json.loads(envelope)
    document["signatures"][0]["value"] = base64.b64encode(signature).decode()
    return canonical.to_json(document)


def _stored(value: object) -> bytes:
    """Return a cell as bytes, so that the same changes fit every type."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, int):
        return value.to_bytes(8, "big", signed=True)
    return b"\xff" if value is None else str(value).encode()


def _typed(honest: object, data: bytes) -> object:
    """Return changed bytes as a cell of the honest one's type."""
    if isinstance(honest, bytes):
        return data
    if isinstance(honest, int):
        value = int.from_bytes(data[-8:].rjust(8, b"\0"), "big", signed=True)
        return value if value != honest else honest + 1  # leading zeros were cut
    return data.decode(errors="replace")
