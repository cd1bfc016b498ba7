"""A second reader of guarded rows agrees with every vector."""

from __future__ import annotations

import hashlib

import pytest

from tests.specification import rows
from tests.specification.pages import Document, vector, write

ROWS = vector("guarded_rows")
KEY = bytes.fromhex(ROWS["guard_key"])


def named(case: Document) -> str:
    return str(case["what"])


def test_rows_have_the_published_macs() -> None:
    for case in ROWS["rows"]:
        columns = case["columns"]
        content = {name: rows.plain(value) for name, value in columns.items()}

        assert write(content).decode() == case["content"]
        assert rows.row_mac(KEY, case["table"], columns).hex() == case["mac"]


@pytest.mark.parametrize("case", ROWS["refused"], ids=named)
def test_a_row_that_must_be_refused_has_another_mac(case: Document) -> None:
    assert rows.row_mac(KEY, case["table"], case["columns"]).hex() != case["mac"]


def test_waiting_entries_have_the_published_macs() -> None:
    for case in ROWS["waiting"]:
        assert rows.waiting_mac(KEY, case).hex() == case["mac"]


def test_what_was_counted_has_the_published_digest() -> None:
    for case in ROWS["counted"]:
        found = rows.counted_digest(case["table"], case["prefix"], case["rows"])
        assert found.hex() == case["digest"]


def test_what_was_read_of_old_has_the_published_digest() -> None:
    for case in ROWS["reads"]:
        found = rows.read_digest(case["table"], case["prefix"], case["rows"])
        assert found.hex() == case["digest"]


def test_how_far_rows_were_right_has_the_published_mac() -> None:
    for case in ROWS["confirmed"]:
        digest = rows.confirmed_digest(case["rows"])
        frontier = bytes.fromhex(case["frontier"])

        assert digest.hex() == case["digest"]
        assert rows.confirmed_mac(KEY, frontier, digest).hex() == case["mac"]


def test_an_empty_table_has_a_digest_too() -> None:
    tag = bytes.fromhex("00000012") + b"strongroom/v1/read"
    fields = b"\0\0\0\x01t\0\0\0\x02p/"

    assert rows.read_digest("t", "p/", []) == hashlib.sha256(tag + fields).digest()
