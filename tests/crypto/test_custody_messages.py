"""Messages between desk and custodian come back as they were written."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from strongroom.canonical import Json
from strongroom.crypto.custody.memory import MemoryCustodian
from strongroom.crypto.custody.port import Anchor
from strongroom.crypto.custody_messages import (
    anchor_document,
    evidence_document,
    order_document,
    parse_anchor,
    parse_evidence,
    parse_order,
)
from strongroom.errors import InputError, IntegrityError
from tests.contracts.histories import anchor
from tests.contracts.releases import case

ASKED = case(MemoryCustodian("home", random=os.urandom))


@pytest.mark.parametrize("one", [Anchor.empty(), anchor("abc")])
def test_an_anchor_is_read_as_it_was_written(one: Anchor) -> None:
    assert parse_anchor(anchor_document(one)) == one


def test_an_order_and_its_evidence_are_read_as_they_were_written() -> None:
    attached = replace(ASKED.evidence, attached=b"{}")

    assert parse_order(order_document(ASKED.order)) == ASKED.order
    assert parse_evidence(evidence_document(ASKED.evidence)) == ASKED.evidence
    assert parse_evidence(evidence_document(attached)) == attached


@pytest.mark.parametrize("value", [None, 7, "", [], {}])
def test_what_is_no_message_is_refused(value: Json) -> None:
    for parse in (parse_anchor, parse_order, parse_evidence):
        with pytest.raises(IntegrityError):
            parse(value)


@pytest.mark.parametrize("value", [None, True, -1, "x", [], "*"])
@pytest.mark.parametrize("field", sorted(order_document(ASKED.order)))
def test_a_field_of_an_order_that_cannot_be_is_refused(field: str, value: Json) -> None:
    document = {**order_document(ASKED.order), field: value}
    if field == "room" and isinstance(value, str):
        return  # any text will do until the pin is asked
    with pytest.raises((InputError, IntegrityError)):
        parse_order(document).place("root-a")


def test_an_anchor_that_cannot_be_is_refused() -> None:
    document = {**anchor_document(anchor("a")), "size": 0}
    with pytest.raises(IntegrityError):
        parse_anchor(document)


def test_an_anchor_lies_within_its_limits() -> None:
    """Of 63 bits, 32 bytes and 8 KiB, as in the file beside a custodian."""
    last = Anchor(size=2**63 - 1, root=bytes(32), note=bytes(8192))
    assert parse_anchor(anchor_document(last)) == last

    for change in (
        {"size": 2**63},
        {"size": -1},
        {"root": bytes(31)},
        {"root": bytes(33)},
        {"note": bytes(8193)},
    ):
        with pytest.raises(InputError):
            replace(last, **change)
