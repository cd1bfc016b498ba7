"""What a page says is the most is what the code takes."""

from __future__ import annotations

import pytest

from strongroom.access.request import MAX_BODY_BYTES
from strongroom.crypto import (
    anchor_file,
    aws_kms,
    container,
    custody_file,
    custody_frames,
    custody_messages,
    hpke,
    index,
    keys,
    mldsa,
    paper,
    wraps,
)
from strongroom.crypto.custody import port
from strongroom.ledger import events, note, proof, tiles, witness
from strongroom.permits import answer, permit
from strongroom.settings import room
from strongroom.vault.manifest import MAX_MANIFEST_BYTES
from strongroom.vault.maps import MOST_MAP_BYTES
from tests.specification.pages import ROOT

KIB, MIB = 1024, 1024 * 1024


@pytest.mark.parametrize(
    ("page", "words", "published", "ours"),
    [
        ("custody-file", "at most 4096 bytes", 4096, custody_file.MAX_FILE_BYTES),
        ("custody-file", "two slots of 12288", 12288, anchor_file.SLOT_BYTES),
        ("custody-file", "in bytes, at most 8192", 8192, port.MAX_NOTE_BYTES),
        ("custody-protocol", "at most 1048576", MIB, custody_frames.MAX_FRAME_BYTES),
        (
            "custody-protocol",
            "at most 128 hashes",
            128,
            custody_messages.AT_MOST_HASHES,
        ),
        ("custody-token", "1 to 6144 bytes", 6144, aws_kms.MAX_WRAP_BYTES),
        ("custody-token", "1 to 4096 bytes", 4096, aws_kms.MAX_SECRET_BYTES),
        ("encoding", "| ledger entry | 4 KiB |", 4 * KIB, events.MAX_ENTRY_BYTES),
        ("encoding", "entry | 4 MiB |", 4 * MIB, events.MAX_ATTACHED_BYTES),
        ("encoding", "an entry | 16 KiB |", 16 * KIB, events.MAX_PRIVATE_BYTES),
        ("encoding", "| request | 256 KiB |", 256 * KIB, MAX_BODY_BYTES),
        ("encoding", "| permit | 256 KiB |", 256 * KIB, permit.MAX_PERMIT_BYTES),
        ("encoding", "| manifest | 16 MiB |", 16 * MIB, MAX_MANIFEST_BYTES),
        ("encoding", "version | 256 MiB |", 256 * MIB, MOST_MAP_BYTES),
        ("room-file", "UTF-8, at most 256 KiB", 256 * KIB, room.MAX_FILE_BYTES),
        ("encoding", "opening | 64 MiB |", 64 * MIB, answer.MAX_ANSWER_BYTES),
        ("encoding", "segment | 64 MiB |", 64 * MIB, index.MAX_INDEX_BYTES),
        ("ledger", "over 128 KiB or 64", 128 * KIB, note.AT_MOST_NOTE_BYTES),
        ("ledger", "or 64 signatures", 64, note.AT_MOST_SIGNATURES),
        ("ledger", "up to 256 consecutive", 256, tiles.TILE_WIDTH),
        ("ledger", "at most 4,096 bytes", 4096, tiles.AT_MOST_ENTRY_BYTES),
        ("recovery-share", "at most 4096 characters", 4096, paper.MOST_TEXT),
        ("recovery-share", "key (1184)", 1184 + 32, hpke.PUBLIC_BYTES),
        ("recovery-share", 'recovery-key"), 96)', 96, hpke.SEED_BYTES),
        ("sealed-object", "header of 256 bytes", 256, container.HEADER_BYTES),
        ("sealed-object", "record 1: 1048576", MIB, container.RECORD_BYTES),
        ("sealed-object", "Record 0 ends at 16384", 16384, container.START_BYTES),
        ("sealed-object", "records, 1 to 2^32", 2**32, container.MAX_RECORDS),
        ("sealed-object", "shares, 1 to 255", 255, keys.MAX_SHARES),
        ("signatures", "| 3309 |", 3309, mldsa.SIGNATURE_BYTES),
        ("witness", "at most 63 hashes", 63, witness.AT_MOST_HASHES),
        ("witness", "at most 63 hashes", 63, proof.AT_MOST_HASHES),
        ("wraps", "at most 65536", 65536, wraps.MAX_SECRET_BYTES),
    ],
)
def test_a_published_limit_is_ours(
    page: str, words: str, published: int, ours: int
) -> None:
    text = (ROOT / "docs/specification" / f"{page}.md").read_text()

    assert words in text
    assert ours == published
