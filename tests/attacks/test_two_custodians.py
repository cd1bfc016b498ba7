"""Segments that need two custodians, one of them apart from the desk.

Each test plays one of them, with everything it has and everything it sees.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.crypto import keys
from strongroom.crypto.custody.file import FileCustodian
from strongroom.crypto.hpke import ReaderKey
from strongroom.crypto.parts import PartOrder, open_part
from strongroom.crypto.signing import Signed
from strongroom.database import tables
from strongroom.errors import (
    DeniedError,
    IntegrityError,
    StrongroomError,
    UnavailableError,
)
from strongroom.ledger.events import Event
from strongroom.ledger.evidence import evidence_of
from strongroom.permits.answer import parse_answer
from strongroom.permits.opening import NONCE_BYTES, Opening
from strongroom.permits.releases import RELEASES, entry_naming
from strongroom.types import Secret
from strongroom.vault.manifest_segment import ManifestSegment
from strongroom.vault.versions import find_version, load_manifest
from tests.journeys.apart import NEAR, weights_apart
from tests.journeys.fixtures import clock, house, kind, model, quick
from tests.journeys.rooms import PASSPHRASE, House, again
from tests.permits.openings import Reader, held_bytes, newest, size

__all__ = ["clock", "house", "kind", "model", "quick"]

BLOCK = "blocks.0.1"


@pytest.fixture
def apart(house: House, model: Path) -> Iterator[House]:
    """Give a house with a model whose segments need two custodians."""
    with weights_apart(house) as served:
        served.publish(model, custodians=2)
        yield served


def segment_of(house: House, name: str = BLOCK) -> ManifestSegment:
    room = house.room.room
    with room.ledger.reading() as reading:
        _, version = find_version(reading, "llm")
        manifest, _ = load_manifest(reading, version, room.keys.manifest.public)
    (found,) = manifest.select((name,))
    return found


def order_for(house: House, reader: bytes, info: bytes, entry: bytes) -> PartOrder:
    """Return an order for the part of the custodian that runs apart."""
    segment = segment_of(house)
    number = segment.custodians.index("weights")
    custodian = house.room.room.domains["weights"].custodian
    columns = tables.wraps.c
    with house.room.room.ledger.reading() as reading:
        wrapped = reading.connection.execute(
            sa.select(columns.wrapped).where(
                columns.segment == segment.id,
                columns.root_key_id == custodian.root_key_id,
            )
        ).scalar_one()
    return PartOrder(
        room=house.room.room.settings.room,
        context=segment.facts.context,
        share=number,
        salt=segment.facts.salt,
        wrapped=bytes(wrapped),
        reader=reader,
        info=info,
        entry=entry,
    )


def test_the_reader_opens_what_two_custodians_release(apart: House) -> None:
    segment = segment_of(apart)
    assert segment.facts.context.shares == 2
    assert "weights" in segment.custodians

    reader = Reader.of(apart, "ana", apart.permit("ana", BLOCK))
    answer = reader.release()
    opened = reader.check(answer)

    payload = json.loads(Signed.from_bytes(answer, 2**26).payload)
    assert payload["v"] == 2
    assert payload["sealed_keys"] == ""
    assert [part["share"] for part in payload["parts"]] == [0, 1]
    facts = segment.facts
    keys.verify_commitment(
        opened.keys[segment.id], facts.commitment, facts.salt, facts.context
    )
    with apart.by("ana").open("llm", segments=(BLOCK,)) as model:
        assert BLOCK in model.segments


def test_whoever_reads_the_desks_memory_cannot_open_the_segment(apart: House) -> None:
    """ATT&CK T1003, T1557: all it unlocked, all it stores, all that it carried."""
    room = apart.room.room
    reader = Reader.of(apart, "ana", apart.permit("ana", BLOCK))
    answer = parse_answer(Signed.from_bytes(reader.release(), 2**26).payload)
    segment = segment_of(apart)
    facts, info = segment.facts, answer.release.info(reader.opening)
    entry = bytes.fromhex(answer.release.entry)

    # The desk's own custodian gives its share, so that K of that one is known.
    order = order_for(apart, reader.opening.reader, info, entry)
    columns = tables.wraps.c
    with room.ledger.reading() as reading:
        held = reading.connection.execute(
            sa.select(columns.share, columns.root_key_id, columns.wrapped).where(
                columns.segment == segment.id
            )
        ).all()
    (own,) = [h for h in held if h.root_key_id != order_root(apart)]
    context = replace(order, share=own.share).place(own.root_key_id)
    near = room.domains[segment.custodians[own.share]].custodian
    share = room.anchors.unwrap(near, bytes(own.wrapped), context)
    part = keys.derive_share_key(share, own.share, facts.salt, facts.context)

    # The other share is given to nobody, under its own name or another.
    apart_custodian = room.domains["weights"].custodian
    for place in (order.place(order_root(apart)), context, b"anything"):
        with pytest.raises(StrongroomError):
            room.anchors.unwrap(apart_custodian, order.wrapped, place)

    # What passed through is sealed to the reader, whatever keys the desk has.
    sealed = next(p.sealed for p in answer.parts if p.share == order.share)
    for stranger in (ReaderKey.generate(), ReaderKey(Secret(bytes(96)))):
        with pytest.raises(IntegrityError):
            open_part(
                sealed,
                stranger,
                info=info,
                entry=entry,
                context=facts.context,
                share=order.share,
            )
    for guess in (bytes(32), part.reveal(), share.reveal(), sealed[:32], sealed[-32:]):
        parts = [part, Secret(guess)] if own.share == 0 else [Secret(guess), part]
        key = keys.derive_key(parts, facts.salt, facts.context)
        with pytest.raises(IntegrityError, match="not the one that sealed"):
            keys.verify_commitment(key, facts.commitment, facts.salt, facts.context)


def order_root(house: House) -> str:
    return house.room.room.domains["weights"].custodian.root_key_id


def test_one_custodian_alone_cannot_open_the_segment(apart: House) -> None:
    """ATT&CK T1552: the operator of the one apart, with database and store."""
    segment = segment_of(apart)
    facts = segment.facts
    file = apart.folder / "custodians" / "weights"
    custodian = FileCustodian.open(file, PASSPHRASE)
    order = order_for(apart, ReaderKey.generate().public, bytes(32), bytes(32))
    anchors = apart.room.room.anchors
    share = anchors.unwrap(custodian, order.wrapped, order.place(custodian.root_key_id))
    part = keys.derive_share_key(share, order.share, facts.salt, facts.context)

    for parts in ([part, part], [Secret(bytes(32)), part], [part, Secret(bytes(32))]):
        key = keys.derive_key(parts, facts.salt, facts.context)
        with pytest.raises(IntegrityError):
            keys.verify_commitment(key, facts.commitment, facts.salt, facts.context)


def test_a_desk_that_invents_a_reader_gets_no_part(apart: House) -> None:
    """ATT&CK T1565.002: the entry is somebody else's, or of another kind, or none."""
    room = apart.room.room
    honest = Reader.of(apart, "ana", apart.permit("ana", BLOCK))
    answer = parse_answer(Signed.from_bytes(honest.release(), 2**26).payload)
    own = ReaderKey.generate()
    invented = replace(honest.opening, reader=own.public)
    with room.ledger.reading() as reading:
        (row,) = RELEASES.find(reading)
        entry = entry_naming(reading, row)
    custodian = room.domains["weights"].custodian
    anchor = room.anchors.newest()

    for opening in (honest.opening, invented):
        order = order_for(apart, own.public, bytes(32), entry.leaf)
        with pytest.raises(DeniedError, match="does not say that this reader"):
            custodian.release(
                order,
                evidence_of(room.ledger, entry, anchor, opening=opening.to_bytes()),
                anchor=anchor,
                verify_extension=room.anchors.verify_extension,
            )
    assert answer.parts


def test_a_desk_that_writes_a_true_looking_entry_gets_the_part_and_leaves_it(
    apart: House,
) -> None:
    """What is not separated: the desk signs the ledger.  But the entry stays.

    The custodian's anchor covers it, so no ledger without it is ever believed.
    """
    room = apart.room.room
    own = ReaderKey.generate()
    segment = segment_of(apart)
    context = segment.facts.context
    opening = Opening(
        permit=apart.permit("ana", BLOCK).id,
        artifact=context.artifact,
        version=context.version,
        segments=(BLOCK,),
        reader=own.public,
        nonce=os.urandom(NONCE_BYTES),
    )
    with room.ledger.transaction() as writing:
        writing.append(
            Event(
                kind="key.released",
                actor=apart.actors["ana"].account,
                facts={
                    "permit": opening.permit,
                    "artifact": opening.artifact,
                    "version": opening.version,
                    "generation": context.generation,
                    "segments": [segment.id],
                    "bytes": 0,
                    "roots": [opening.artifact],
                    "reader": opening.digest,
                    "charged": 0,
                    "exposure": 0,
                    "worst_pair": 0,
                },
            )
        )
    anchor = room.anchors.newest()
    with room.ledger.reading() as reading:
        entry = room.ledger.entry(reading, anchor.size - 1)
    order = order_for(apart, own.public, bytes(32), entry.leaf)
    custodian = room.domains["weights"].custodian

    assert custodian.release(
        order,
        evidence_of(room.ledger, entry, anchor, opening=opening.to_bytes()),
        anchor=anchor,
        verify_extension=room.anchors.verify_extension,
    )
    assert custodian.anchor().size == anchor.size


def test_a_custodian_that_is_away_holds_the_release_and_not_the_room(
    apart: House,
) -> None:
    """Its parts come later, for the same opening, charged once.

    This test once said so and never let the custodian be away.
    """
    reader = Reader.of(apart, "ana", apart.permit("ana", BLOCK))
    (socket,) = re.findall(r"unix:([^?]+)", (apart.folder / "room.toml").read_text())
    apart.room.close()
    away = Path(socket).rename(f"{socket}.away")
    apart.room = again(apart.folder, apart.clock, domains=NEAR)

    with apart.room:
        with pytest.raises(UnavailableError, match="no custodian answers"):
            reader.release()
        assert newest(apart)["kind"] == "key.released"
        charged = held_bytes(apart, "ana")
        apart.by("ben").request("llm", segments=[BLOCK], purpose="the room goes on")

        away.rename(socket)
        entries = size(apart)
        assert len(reader.keys()) == 1
        assert size(apart) == entries
        assert held_bytes(apart, "ana") == charged > 0
