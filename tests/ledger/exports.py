"""A ledger of a few lines that writes the export folder as the specification says.

It shares the pure formats with the product and neither its database nor its
``export.py``, so that ``verify.py`` meets a second writer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from strongroom import canonical
from strongroom.crypto.signing import SigningKey
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey, parse_text
from strongroom.ledger.cosignature import WitnessKey, cosign
from strongroom.ledger.frontier import Frontier
from strongroom.ledger.note import split_note
from strongroom.ledger.proof import Proof
from strongroom.ledger.tiles import (
    TILE_WIDTH,
    TileReader,
    encode_bundle,
    node_reader,
    tile_path,
    tiles_of,
    updated_tiles,
)
from strongroom.ledger.tree import inclusion_proof, leaf_hash, root_hash
from strongroom.types import Secret

ORIGIN = "strongroom.example/room-7"


@dataclass
class SmallLedger:
    """Entries, a key, and what the entries commit to.

    Attributes:
        signer: The ledger's key.
        entries: Canonical JSON each, unless a test cheats.
        private: Opened forms by index, salt and payload.
        attached: Attached documents by index.
    """

    signer: SigningKey = field(default_factory=lambda: signing_key(7))
    entries: list[bytes] = field(default_factory=list)
    private: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)
    attached: dict[int, bytes] = field(default_factory=dict)

    @property
    def key(self) -> VerifierKey:
        return VerifierKey(origin=ORIGIN, public=self.signer.public.raw)

    @property
    def leaves(self) -> list[bytes]:
        return [leaf_hash(entry) for entry in self.entries]

    def add(
        self, fact: str, *, private: bytes | None = None, attached: bytes | None = None
    ) -> None:
        """Append an entry; the salt of its private text is its index."""
        index = len(self.entries)
        document: dict[str, canonical.Json] = {"v": 1, "fact": fact}
        if private is not None:
            salt = index.to_bytes(32, "big")
            document["private"] = canonical.digest(
                "strongroom/v1/private", salt, private
            ).hex()
            self.private[index] = (salt, private)
        if attached is not None:
            document["attached"] = canonical.digest(
                "strongroom/v1/attached", attached
            ).hex()
            self.attached[index] = attached
        self.entries.append(canonical.to_json(document))

    def note(self, size: int | None = None) -> str:
        """Return the signed checkpoint of the first ``size`` entries, or of all."""
        leaves = self.leaves[:size]
        checkpoint = Checkpoint(origin=ORIGIN, size=len(leaves), root=root_hash(leaves))
        return checkpoint.sign(self.signer.sign_bytes, public=self.signer.public.raw)

    def tiles(self) -> TileReader:
        """Return a reader of the tiles over all entries."""
        stored = {
            (tile.level, tile.number): tile.data
            for tile in updated_tiles(_no_tile, 0, Frontier().completed(self.leaves))
        }
        return lambda level, number: stored[level, number]

    def proof(self, index: int) -> Proof:
        """Return the proof file of one entry under the newest checkpoint."""
        siblings = inclusion_proof(
            node_reader(self.tiles()), index=index, size=len(self.entries)
        )
        return Proof(index=index, siblings=tuple(siblings), checkpoint=self.note())

    def write(self, folder: Path) -> Path:
        """Write the export, and return ``folder``."""
        size, read = len(self.entries), self.tiles()
        _write(folder / "checkpoint", self.note().encode())
        _write(folder / "key", f"{self.key.text()}\n".encode())
        for level, number, width in tiles_of(size):
            data = read(level, number)
            _write(folder / tile_path(level, number, width), data)
        for start in range(0, size, TILE_WIDTH):
            bundle = self.entries[start : start + TILE_WIDTH]
            path = tile_path("entries", start // TILE_WIDTH, len(bundle))
            _write(folder / path, encode_bundle(bundle))
        for index, (salt, payload) in self.private.items():
            form = {"salt": salt.hex(), "payload": payload.decode()}
            _write(folder / f"private/{index}.json", canonical.to_json(form))
        for index, document in self.attached.items():
            _write(folder / f"attached/{index}.json", document)
        return folder


def signing_key(number: int) -> SigningKey:
    """Return a key whose seed is one byte repeated."""
    return SigningKey(Secret(bytes([number]) * 32))


def ledger_of(size: int) -> SmallLedger:
    """Return a ledger in which some entries have private text and attachments."""
    ledger = SmallLedger()
    for index in range(size):
        ledger.add(
            f"entry {index}",
            private=b'{"purpose":"red team %d"}' % index if index % 3 == 1 else None,
            attached=b'{"rows":[%d]}' % index if index % 5 == 3 else None,
        )
    return ledger


def _no_tile(level: int, number: int) -> bytes:
    raise AssertionError(f"nothing is stored at {level}/{number} yet")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def witness_key(number: int) -> WitnessKey:
    """Return the public half of ``signing_key(number)`` under a witness's name."""
    public = signing_key(number).public.raw
    return WitnessKey(name=f"witness.example/w{number}", public=public)


def cosigned(note: str, number: int, *, seconds: int = 1_800_000_000) -> str:
    """Return the note with the line of witness ``number`` as its last one."""
    cosignature = cosign(
        parse_text(split_note(note).text),
        witness=witness_key(number),
        sign=signing_key(number).sign_bytes,
        seconds=seconds,
    )
    return note + cosignature.line().text()


LEDGER_OF_FIVE = ledger_of(5)
