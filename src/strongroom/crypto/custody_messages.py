"""What desk and custodian process say to each other, as frames hold it.

Source: ``docs/specification/custody-protocol.md``.
"""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.canonical import Json
from strongroom.crypto.custody.port import Anchor
from strongroom.crypto.custody_frames import (
    Document,
    base64_of,
    bases64_of,
    number,
    raw,
    raws,
    text,
)
from strongroom.crypto.handover import WrappedShare
from strongroom.crypto.keys import SegmentContext
from strongroom.crypto.parts import Evidence, PartOrder
from strongroom.errors import InputError, IntegrityError
from strongroom.types import ArtifactId, RoomId, SegmentId

AT_MOST_HASHES = 128
"""Of a proof: two for each bit of a ledger's size."""


def anchor_document(anchor: Anchor) -> Document:
    """Return an anchor as it stands in a frame."""
    return {
        "size": anchor.size,
        "root": base64_of(anchor.root),
        "note": base64_of(anchor.note),
    }


def parse_anchor(value: Json) -> Anchor:
    """Return the anchor in a frame.

    Raises:
        IntegrityError: It is none.
    """
    document = _object(value)
    try:
        return Anchor(
            size=number(document, "size"),
            root=raw(document, "root"),
            note=raw(document, "note"),
        )
    except InputError as error:
        raise IntegrityError(str(error)) from None


def order_document(order: PartOrder) -> Document:
    """Return an order as it stands in a frame."""
    context = order.context
    return {
        "room": order.room,
        "suite": context.suite,
        "artifact": context.artifact,
        "version": context.version,
        "generation": context.generation,
        "segment": context.segment,
        "record_bytes": context.record_bytes,
        "shares": context.shares,
        "share": order.share,
        "salt": base64_of(order.salt),
        "wrapped": base64_of(order.wrapped),
        "reader": base64_of(order.reader),
        "info": base64_of(order.info),
        "entry": base64_of(order.entry),
    }


def parse_order(value: Json) -> PartOrder:
    """Return the order in a frame.

    Raises:
        InputError: An id, a number or a length is impossible.
        IntegrityError: A field is missing or of another kind.
    """
    document = _object(value)
    return PartOrder(
        room=RoomId(text(document, "room")),
        context=SegmentContext(
            suite=number(document, "suite"),
            artifact=ArtifactId(text(document, "artifact")),
            version=number(document, "version"),
            generation=number(document, "generation"),
            segment=SegmentId(text(document, "segment")),
            record_bytes=number(document, "record_bytes"),
            shares=number(document, "shares"),
        ),
        share=number(document, "share"),
        salt=raw(document, "salt"),
        wrapped=raw(document, "wrapped"),
        reader=raw(document, "reader"),
        info=raw(document, "info"),
        entry=raw(document, "entry"),
    )


def share_document(held: WrappedShare) -> Document:
    """Return a wrapped share as it stands in a frame; the room is the pinned one."""
    return {
        "artifact": held.artifact,
        "version": held.version,
        "generation": held.generation,
        "segment": held.segment,
        "share": held.share,
        "wrapped": base64_of(held.wrapped),
    }


def parse_share(value: Json, *, room: RoomId) -> WrappedShare:
    """Return the wrapped share in a frame.

    Args:
        value: What stands there.
        room: The pinned one: a desk has no say in whose share it is.

    Raises:
        IntegrityError: A field is missing or of another kind.
    """
    document = _object(value)
    return WrappedShare(
        room=room,
        artifact=ArtifactId(text(document, "artifact")),
        version=number(document, "version"),
        generation=number(document, "generation"),
        segment=SegmentId(text(document, "segment")),
        share=number(document, "share"),
        wrapped=raw(document, "wrapped"),
    )


def evidence_document(evidence: Evidence) -> Document:
    """Return evidence as it stands in a frame."""
    attached = evidence.attached
    return {
        "entry": base64_of(evidence.entry),
        "attached": None if attached is None else base64_of(attached),
        "position": evidence.position,
        "siblings": bases64_of(evidence.siblings),
        "opening": base64_of(evidence.opening),
    }


def parse_evidence(value: Json) -> Evidence:
    """Return the evidence in a frame.

    Raises:
        IntegrityError: A field is missing or of another kind.
    """
    document = _object(value)
    absent = document.get("attached") is None
    return Evidence(
        entry=raw(document, "entry"),
        attached=None if absent else raw(document, "attached"),
        position=number(document, "position"),
        siblings=raws(document, "siblings", at_most=AT_MOST_HASHES),
        opening=raw(document, "opening"),
    )


def _object(value: Json) -> Document:
    if not isinstance(value, Mapping):
        raise IntegrityError("a frame lacks an object")
    return value
