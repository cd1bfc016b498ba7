"""One custodian's part of a key: for one reader, release, segment and share."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from strongroom.crypto import keys
from strongroom.crypto.custody.memory import MemoryCustodian
from strongroom.crypto.hpke import ReaderKey, seal_to
from strongroom.crypto.keys import SegmentContext
from strongroom.crypto.parts import PartOrder, open_part, part_info
from strongroom.errors import InputError, IntegrityError
from strongroom.types import Secret
from tests.contracts.releases import CONTEXT, INFO, READER, SALT, case
from tests.crypto.sealed import flipped

ORDER: PartOrder = case(MemoryCustodian("home", random=os.urandom)).order
SHARES = (Secret(bytes(32)), Secret(bytes(range(32))))


VECTOR = json.loads(
    (Path(__file__).parents[1] / "vectors" / "release_parts.json").read_text()
)


def test_the_published_parts_open_and_combine() -> None:
    reader = ReaderKey(Secret(bytes.fromhex(VECTOR["reader_seed"])))
    context = SegmentContext(**VECTOR["segment"])
    salt, info, entry = (bytes.fromhex(VECTOR[x]) for x in ("salt", "info", "entry"))
    parts = []
    for found in VECTOR["parts"]:
        number = found["share"]
        bound = part_info(info, entry, context, number)
        assert bound.hex() == found["bound_to"]
        part = open_part(
            bytes.fromhex(found["sealed"]),
            reader,
            info=info,
            entry=entry,
            context=context,
            share=number,
        )
        assert part.reveal().hex() == found["part"]
        secret = Secret(bytes.fromhex(found["secret"]))
        assert keys.derive_share_key(secret, number, salt, context) == part
        parts.append(part)
    key = keys.derive_key(parts, salt, context)

    assert key.reveal().hex() == VECTOR["key"]
    assert keys.commitment(key, salt, context).hex() == VECTOR["commitment"]


@pytest.mark.parametrize("field", ["info", "entry", "share", "version", "sealed"])
def test_the_published_parts_open_for_nothing_else(field: str) -> None:
    """With one field of what they are bound to changed, or one bit of a part."""
    reader = ReaderKey(Secret(bytes.fromhex(VECTOR["reader_seed"])))
    context = SegmentContext(**VECTOR["segment"])
    found = VECTOR["parts"][0]
    sealed = bytes.fromhex(found["sealed"])

    with pytest.raises(IntegrityError):
        open_part(
            flipped(sealed, 7) if field == "sealed" else sealed,
            reader,
            info=bytes(32) if field == "info" else bytes.fromhex(VECTOR["info"]),
            entry=bytes(32) if field == "entry" else bytes.fromhex(VECTOR["entry"]),
            context=replace(context, version=2) if field == "version" else context,
            share=1 if field == "share" else 0,
        )


def opened(sealed: bytes, share: int) -> Secret:
    return open_part(
        sealed, READER, info=INFO, entry=ORDER.entry, context=CONTEXT, share=share
    )


def test_the_reader_combines_the_parts_of_all_custodians() -> None:
    orders = [replace(ORDER, share=number) for number in (0, 1)]
    parts = [
        opened(order.seal(share), order.share)
        for order, share in zip(orders, SHARES, strict=True)
    ]
    whole = [keys.derive_share_key(SHARES[i], i, SALT, CONTEXT) for i in (0, 1)]

    assert keys.derive_key(parts, SALT, CONTEXT) == keys.derive_key(
        whole, SALT, CONTEXT
    )


def test_a_part_is_bound_to_everything_that_it_is_for() -> None:
    bound = part_info(INFO, ORDER.entry, CONTEXT, 1)
    others = {
        part_info(bytes(32), ORDER.entry, CONTEXT, 1),
        part_info(INFO, bytes(32), CONTEXT, 1),
        part_info(INFO, ORDER.entry, replace(CONTEXT, version=2), 1),
        part_info(INFO, ORDER.entry, replace(CONTEXT, shares=3), 1),
        part_info(INFO, ORDER.entry, CONTEXT, 0),
    }
    assert len(others | {bound}) == 6


def test_what_is_no_key_is_refused() -> None:
    bound = part_info(INFO, ORDER.entry, CONTEXT, 1)
    for length in (0, 31, 33, 64):
        with pytest.raises(IntegrityError, match="no key"):
            opened(seal_to(READER.public, Secret(bytes(length)), bound), 1)


def test_an_order_that_cannot_be_is_refused() -> None:
    changes: tuple[dict[str, bytes], ...] = (
        {"reader": b""},
        {"info": b""},
        {"entry": bytes(31)},
    )
    for change in changes:
        with pytest.raises(InputError):
            replace(ORDER, **change)  # type: ignore[arg-type]  # a test bends any
    for share in (-1, 2):
        with pytest.raises(InputError):
            replace(ORDER, share=share).seal(SHARES[0])
    with pytest.raises(InputError):
        ORDER.seal(Secret(b"short"))
