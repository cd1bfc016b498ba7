"""One custodian's part of a segment's key, sealed to one reader.

A custodian derives K_i from its own share and seals it to the reader by HPKE; the
desk carries it and cannot open it.  Only the reader combines the parts of all
custodians and checks the commitment.

What shows that a release stands in the ledger travels beside an order; a
custodian that believes nobody checks it (``permits.evidence``), one in the desk's
own process has no use for it.

Source: ``docs/specification/release.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

from strongroom import canonical
from strongroom.crypto import hpke, keys, wraps
from strongroom.crypto.hpke import PUBLIC_BYTES, ReaderKey
from strongroom.crypto.keys import SegmentContext
from strongroom.errors import InputError, IntegrityError
from strongroom.types import RoomId, Secret

DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOrder:
    """A share that is to become its part of a key, for one reader.

    Attributes:
        room: Whose segment it is.
        context: What the segment is.
        share: Which share of it, from 0.
        salt: The 32 bytes in the object's header.
        wrapped: The share, wrapped at the custodian.
        reader: The reader's public key.
        info: The 32 bytes that the whole release is bound to.
        entry: Leaf hash of the ledger entry that records it, 32 bytes.
    """

    room: RoomId
    context: SegmentContext
    share: int
    salt: bytes
    wrapped: bytes
    reader: bytes
    info: bytes
    entry: bytes

    def __post_init__(self) -> None:
        """Check what has a length.

        Raises:
            InputError: The reader's key or a digest has another length.
        """
        if len(self.reader) != PUBLIC_BYTES:
            raise InputError(f"a reader's public key has {PUBLIC_BYTES} bytes")
        if {len(self.info), len(self.entry)} != {DIGEST_BYTES}:
            raise InputError(f"a digest has {DIGEST_BYTES} bytes")

    def place(self, root_key_id: str) -> bytes:
        """Return the place that the share was wrapped for."""
        return wraps.segment_context(
            room=self.room,
            artifact=self.context.artifact,
            version=self.context.version,
            generation=self.context.generation,
            segment=self.context.segment,
            share=self.share,
            root_key_id=root_key_id,
        )

    def seal(self, share: Secret) -> bytes:
        """Return K_i of the share, sealed to the reader.

        Raises:
            InputError: The share, its number or the salt is out of range, or the
                reader's key is not usable.
        """
        part = keys.derive_share_key(share, self.share, self.salt, self.context)
        bound = part_info(self.info, self.entry, self.context, self.share)
        return hpke.seal_to(self.reader, part, bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What shows that an entry stands in the ledger; unverified until checked.

    Attributes:
        entry: The bytes of the entry.
        attached: The document with its lists, if they were too long for it.
        position: Of the entry.
        siblings: Inclusion proof under the checkpoint that goes with it.
        opening: What the reader asked for, canonical JSON; empty if there is none.
    """

    entry: bytes
    attached: bytes | None
    position: int
    siblings: tuple[bytes, ...]
    opening: bytes = b""


def part_info(info: bytes, entry: bytes, context: SegmentContext, share: int) -> bytes:
    """Return the 32 bytes that one part is bound to; both sides know them."""
    return canonical.digest(
        "strongroom/v1/release-part", info, entry, context.fields(), share
    )


def open_part(
    sealed: bytes,
    reader: ReaderKey,
    *,
    info: bytes,
    entry: bytes,
    context: SegmentContext,
    share: int,
) -> Secret:
    """Return K_i that a custodian sealed to this reader for this release.

    Raises:
        IntegrityError: It is for another reader, release, segment or share.
    """
    part = reader.open(sealed, part_info(info, entry, context, share))
    if len(part) != keys.KEY_BYTES:
        raise IntegrityError("a custodian released something that is no key")
    return part
