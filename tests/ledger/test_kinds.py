"""The table of events says of each kind what its reference page needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import strongroom
from strongroom.ledger import kinds
from strongroom.ledger.kind import Kind
from strongroom.ledger.kinds import KINDS


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_a_kind_has_a_name_and_a_sentence(name: str, kind: Kind) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z]+", name)
    assert kind.summary.endswith(".")
    assert kind.summary[0].isupper()


def test_the_published_page_says_the_same() -> None:
    """Every reader of a ledger goes by that page, long after the entry was made."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "events.md"
    rows = [line for line in page.read_text().splitlines() if line.startswith("| `")]

    assert rows == [row(name, kind) for name, kind in sorted(KINDS.items())]


def row(name: str, kind: Kind) -> str:
    facts, private = (
        ", ".join(f"`{field}`" for field in fields)
        for fields in (kind.facts, kind.private)
    )
    said = "/".join(map(str, kind.ocsf))
    return f"| `{name}` | {kind.summary} | {facts} | {private} | {said} |"


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_a_field_is_clear_or_private_and_named_once(name: str, kind: Kind) -> None:
    fields = [*kind.facts, *kind.private]

    assert len(set(fields)) == len(fields), name


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_free_text_is_never_a_clear_field(name: str, kind: Kind) -> None:
    typed = {"name", "purpose", "ticket", "reason", "source"}

    assert not typed & set(kind.facts), name


def test_every_kind_is_recorded_somewhere() -> None:
    """An event of the table that nothing appends would be a promise."""
    tables = {path.name for path in Path(kinds.__file__).parent.glob("*kinds.py")}
    sources = Path(strongroom.__file__).parent.rglob("*.py")
    text = "".join(s.read_text() for s in sources if s.name not in tables)

    assert [name for name in KINDS if f'"{name}"' not in text] == []
