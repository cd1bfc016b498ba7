"""Opens the sealed original of something from outside, for readers in a sandbox alone.

Nobody can ask for one.  Its keys leave the custodians for this process once an entry
says so, and its bytes go to a private file of the quarantine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from strongroom.crypto.container import PLAIN_BYTES
from strongroom.crypto.custody.port import Anchor
from strongroom.crypto.index import IndexItem
from strongroom.crypto.opening import ReadRequest, read_items
from strongroom.crypto.segment import SealedSegment, open_object
from strongroom.crypto.signing import VerifyKey
from strongroom.errors import MissingError
from strongroom.intake.intakes import Intake
from strongroom.intake.private_folders import quarantine_disk
from strongroom.intake.receiving import new_private
from strongroom.intake.rewriting import write_at
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.log import Entry, Reading
from strongroom.types import SegmentId
from strongroom.vault.manifest import Manifest
from strongroom.vault.recovery_wraps import Held, held_shares
from strongroom.vault.seals import CustodyDomain, Progress, domain_named
from strongroom.vault.segment_keys import SegmentKeys
from strongroom.vault.versions import VERSIONS, VersionState, load_manifest

_CHUNK_BYTES = 16 * PLAIN_BYTES
"""Decrypted at once: whole records for two threads, little memory."""

_FILE = 0  # what comes in together is sealed as one file; the map has a later number


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What is needed to open an original.

    Attributes:
        shares: Of each segment, by its id.
        covering: The checkpoint that covers the entry on why it is opened.
    """

    manifest: Manifest
    shares: Mapping[SegmentId, tuple[Held, ...]]
    covering: Anchor


class Originals:
    """Opens originals."""

    def __init__(
        self, anchors: Anchors, domains: Mapping[str, CustodyDomain], key: VerifyKey
    ) -> None:
        """Wire it; nothing is read yet.

        Args:
            anchors: Show custodians the ledger.
            domains: The custody domains by name.
            key: The room's, for manifests.
        """
        self._anchors = anchors
        self._domains = domains
        self._key = key
        self._segment_keys = SegmentKeys(
            anchors,
            domains,
            action="opened",
            instead="add the same files again, with --again",
        )

    def find(self, reading: Reading, intake: Intake, entry: Entry) -> Original:
        """Return what is needed to open the original of an intake.

        Args:
            reading: Where to look.
            intake: Whose original it is.
            entry: That says why it is opened.

        Raises:
            MissingError: It expired.
            IntegrityError: Its version or manifest was altered.
            UnavailableError: No checkpoint covers the entry yet.
        """
        version = VERSIONS.get(reading, str(intake.original))
        if version.state is not VersionState.HELD:
            raise MissingError(f"the original of {intake.id} expired")
        manifest, _ = load_manifest(reading, version, self._key)
        shares: dict[SegmentId, tuple[Held, ...]] = {}
        for one in held_shares(reading.connection, manifest):
            shares[one.segment.id] = (*shares.get(one.segment.id, ()), one)
        covering = self._anchors.covering(reading, entry)
        return Original(manifest=manifest, shares=shares, covering=covering)

    def write(self, original: Original, into: Path, *, progress: Progress) -> None:
        """Write an original to a new private file.

        Args:
            original: Which one.
            into: Must not exist; made for this user alone.
            progress: Told the bytes since the last call.

        Raises:
            SetupError: A custodian gives out no shares, or has no domain any more.
            IntegrityError: A share, or an object, is not what was sealed.
            MissingError: An object is gone.
            UnavailableError: A custodian, a store or the disk does not answer.
        """
        with new_private(into) as file:
            for segment in original.manifest.segments:
                held = original.shares.get(segment.id, ())
                opened = open_object(
                    domain_named(self._domains, segment.domain).store,
                    segment.facts,
                    self._segment_keys.key(segment, held, covering=original.covering),
                    name=segment.name,
                )
                for item in opened.index().items:
                    if item.file == _FILE:
                        _write_item(opened, item, file.fileno(), progress)


def _write_item(
    segment: SealedSegment, item: IndexItem, descriptor: int, progress: Progress
) -> None:
    """Write what a segment has of the file to its places there."""
    longest = max((length for _, length in item.ranges), default=0)
    buffer = memoryview(bytearray(min(_CHUNK_BYTES, longest)))
    for begin, length in item.ranges:
        for start in range(begin, begin + length, max(len(buffer), 1)):
            part = buffer[: min(len(buffer), begin + length - start)]
            request = ReadRequest(
                segment=segment, item=item, item_offset=start, destination=part
            )
            read_items([request])
            with quarantine_disk():
                write_at(descriptor, part, start)
            progress(len(part))
