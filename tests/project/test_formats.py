"""Every format has a row on one page, and every row leads somewhere."""

from __future__ import annotations

import re

import pytest

from strongroom.database.columns import metadata
from strongroom.ledger.reconcile import guarded_tables
from tests.project.reference import DOCS, ROOT

PAGE = DOCS / "specification" / "formats.md"
VECTORS = ROOT / "tests" / "vectors"
TAG = re.compile(r"strongroom/v1/[a-z/-]*[a-z]")
FORM = re.compile(r'"(strongroom/custody-[a-z-]+/v[0-9]+)"')
SHORT = re.compile(r"`\.\.\./([a-z/-]+)`")


def rows() -> list[list[str]]:
    """Return the cells of each row: format, version, where, page, vectors, reader."""
    table = PAGE.read_text().partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines][1:]


ROWS = rows()


def specified_tags() -> set[str]:
    """Return every tag that a page of the specification names."""
    texts = [path.read_text() for path in (DOCS / "specification").glob("*.md")]
    short = {f"strongroom/v1/{tag}" for text in texts for tag in SHORT.findall(text)}
    return short.union(*(TAG.findall(text) for text in texts))


def used_tags() -> set[str]:
    paths = (ROOT / "src").rglob("*.py")
    return {tag for path in paths for tag in TAG.findall(path.read_text())}


def test_every_row_is_whole() -> None:
    assert len(ROWS) > 20
    assert [row for row in ROWS if len(row) != 6 or not all(row)] == []


def test_every_vectors_file_belongs_to_a_format() -> None:
    named = set(re.findall(r"`(\w+\.json)`", " ".join(row[4] for row in ROWS)))

    assert named == {path.name for path in VECTORS.glob("*.json")}


def test_every_other_reader_is_one_that_the_page_explains() -> None:
    explained = PAGE.read_text().partition("\n## ")[2]
    named = {x for row in ROWS for x in re.split(r"[,;:] ?", row[5]) if x != "none"}
    ours = {name for name in named if "read" in name or "seal" in name or ".py" in name}

    assert {"`independent_reader.py`", "`verify.py`", "Go", "second reader"} <= named
    assert [name for name in ours if name not in explained] == []
    for path in re.findall(r"`((?:src|tests|examples)/[\w/.]+)`", explained):
        assert (ROOT / path).exists()


def test_every_page_of_the_specification_belongs_to_a_format() -> None:
    linked = set(re.findall(r"\(([\w-]+\.md)\)", " ".join(row[3] for row in ROWS)))

    assert linked | {PAGE.name} == {path.name for path in PAGE.parent.glob("*.md")}


def test_every_table_is_named_as_guarded_or_with_the_reason_why_not() -> None:
    """Eleven tables that had come since were once missing from the page."""
    text = (PAGE.parent / "guarded-rows.md").read_text()
    lists, others = text.partition("## Guarded tables")[2].split("Not guarded, ")
    guarded = {table.name for table in guarded_tables()}

    assert set(re.findall("[a-z_]+", lists)) == guarded
    assert set(metadata.tables) - guarded <= set(re.findall("[a-z_]+", others))


def test_every_custodians_file_is_specified() -> None:
    folder = ROOT / "src" / "strongroom" / "crypto"
    used = {
        form for path in folder.rglob("*.py") for form in FORM.findall(path.read_text())
    }
    texts = [path.read_text() for path in (DOCS / "specification").glob("*.md")]

    assert len(used) > 3
    assert [form for form in used if not any(form in text for text in texts)] == []


@pytest.mark.parametrize("tag", sorted(used_tags()))
def test_every_tag_is_specified(tag: str) -> None:
    if tag == "strongroom/v1/wrap":  # the example in the docstring of encode
        return
    assert tag in specified_tags()
