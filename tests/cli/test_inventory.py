"""The inventory at the command line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from strongroom.cli.inventory import _document
from strongroom.client.inventory import KeyItem
from strongroom.crypto.algorithms import load_algorithms
from tests.cli.conftest import Office
from tests.cli.terminal import Terminal


def test_every_key_is_a_line_for_programs_and_a_row_for_people(
    solo: Terminal, model: Path
) -> None:
    solo.ok("seal", model, "--as", "llm")
    done = solo.run("key", "inventory", "--json")

    assert (done.status, done.err) == (0, "")
    assert {row["kind"] for row in done.rows} >= {"root", "room", "segment", "reader"}
    assert {row["overdue"] for row in done.rows} == {False}
    assert "AES-256-GCM" in solo.run("key", "inventory").out


def test_a_narrow_table_keeps_every_column_and_word(
    solo: Terminal, model: Path
) -> None:
    """Long columns pushed the age and the date of review out, and were cut."""
    solo.ok("seal", model, "--as", "llm")

    shown = solo.run("key", "inventory").out

    head, *rows = shown.splitlines()
    assert "days" in head
    assert "review by" in head
    assert max(map(len, (head, *rows))) <= 100
    words = set(shown.split())
    for document in solo.run("key", "inventory", "--json").rows:
        assert set(document["used_by"].split()) <= words
        assert document["review_by"] in words


def test_people_without_a_part_in_it_see_nothing(office: Office) -> None:
    assert office.at("ana").run("key", "inventory").status == 77


def test_a_key_past_its_review_says_so() -> None:
    algorithm = load_algorithms()["ed25519"]
    item = KeyItem(
        kind="room",
        name="permit",
        algorithm=algorithm,
        since=None,
        protects="signs permits",
        used_by="the desk",
    )

    assert _document(item, algorithm.review_by)["overdue"] is False
    assert _document(item, date(2040, 1, 1))["overdue"] is True
