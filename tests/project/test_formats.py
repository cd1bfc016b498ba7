"""Every format has a row on one page, and every row leads somewhere."""

from __future__ import annotations

import re

import pytest

from tests.project.reference import DOCS, ROOT

PAGE = DOCS / "specification" / "formats.md"
VECTORS = ROOT / "tests" / "vectors"
TAG = re.compile(r"strongroom/v1/[a-z/-]*[a-z]")
SHORT = re.compile(r"`\.\.\./([a-z/-]+)`")


def rows() -> list[list[str]]:
    """Return the cells of each row: format, version, where, page, vectors."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
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
    assert [row for row in ROWS if len(row) != 5 or not all(row)] == []


def test_every_vectors_file_belongs_to_a_format() -> None:
    named = set(re.findall(r"`(\w+\.json)`", " ".join(row[4] for row in ROWS)))

    assert named == {path.name for path in VECTORS.glob("*.json")}


def test_every_page_of_the_specification_belongs_to_a_format() -> None:
    linked = set(re.findall(r"\(([\w-]+\.md)\)", " ".join(row[3] for row in ROWS)))

    assert linked | {PAGE.name} == {path.name for path in PAGE.parent.glob("*.md")}


@pytest.mark.parametrize("tag", sorted(used_tags()))
def test_every_tag_is_specified(tag: str) -> None:
    if tag == "strongroom/v1/wrap":  # the example in the docstring of encode
        return
    assert tag in specified_tags()
