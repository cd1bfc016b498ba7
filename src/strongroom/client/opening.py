"""Segments opened on a permit: the desk is asked, its answer checked, objects opened.

permit ──▶ version ──▶ opening ──desk──▶ signed answer ──▶ objects ──▶ model
"""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.access.sessions import Actor
from strongroom.client.opened import OpenedModel
from strongroom.client.room import Room
from strongroom.client.usable import explained
from strongroom.crypto.arena import Arena
from strongroom.crypto.hpke import ReaderKey
from strongroom.crypto.segment import SealedSegment, open_object
from strongroom.errors import DeniedError
from strongroom.permits.opening import NONCE_BYTES, Opening
from strongroom.permits.permit import Permit, PermitRow
from strongroom.permits.reader import OpenedAnswer, open_answer
from strongroom.vault.seals import domain_named
from strongroom.vault.versions import Artifact, Version, find_version


def open_model(
    room: Room,
    actor: Actor,
    row: PermitRow,
    *,
    name: str | None,
    segments: Sequence[str],
    arena: Arena | None,
) -> OpenedModel:
    """Return the model with the segments that its permit covers.

    Args:
        room: Where it is sealed.
        actor: Who opens.
        row: The permit.
        name: As the person named the model; the permit says it otherwise.
        segments: Names; all that the permit covers unless given.
        arena: Memory of a former handle to use again.

    Raises:
        DeniedError: The desk refuses.
        MissingError: There is no such version or segment.
        IntegrityError: Something is not what was written.
        UnavailableError: A custodian or store does not answer.
    """
    permit = row.open(room.public_keys.permit)
    artifact, version = _version_of(room, permit, name)
    reader = ReaderKey.generate()
    opening = Opening(
        permit=permit.id,
        artifact=artifact.id,
        version=version.number,
        segments=tuple(segments) or permit.segments,
        reader=reader.public,
        nonce=room.random(NONCE_BYTES),
    )
    answer = _ask_desk(room, actor, permit, opening, reader)
    return OpenedModel(
        answer.manifest,
        _objects(room, answer),
        answer.release,
        name=artifact.name,
        room=room.settings.folder,
        arena=arena,
    )


def _version_of(
    room: Room, permit: Permit, name: str | None
) -> tuple[Artifact, Version]:
    """Return what the permit is for; one for a lineage opens what ``name`` means."""
    target = name or permit.artifact
    if permit.version is not None:
        target = f"{permit.artifact}@{permit.version}"
    with room.ledger.reading() as reading:
        return find_version(reading, target)


def _ask_desk(
    room: Room, actor: Actor, permit: Permit, opening: Opening, reader: ReaderKey
) -> OpenedAnswer:
    """Return the desk's answer, once it is checked against what was asked."""
    try:
        signed = room.desk.release(actor, opening)
    except DeniedError as error:
        raise explained(error, permit) from None
    return open_answer(
        signed,
        opening=opening,
        reader=reader,
        keys=room.public_keys,
        room=room.settings.room,
    )


def _objects(room: Room, answer: OpenedAnswer) -> dict[str, SealedSegment]:
    """Return the sealed objects whose keys the answer holds, by segment name."""
    return {
        segment.name: open_object(
            domain_named(room.domains, segment.domain).store,
            segment.facts,
            answer.keys[segment.id],
            name=segment.name,
        )
        for segment in answer.manifest.segments
        if segment.id in answer.keys
    }
