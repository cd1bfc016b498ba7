"""Generated pages are fresh, links lead somewhere, and no page is lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.project import reference

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\[[^\]]*\]\((?!\w+:|#)([^)#]+)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    written = (reference.DOCS / name).read_text()

    assert written == reference.WRITTEN_BY + reference.PAGES[name](), "run ./dev docs"


def test_every_link_between_pages_leads_to_a_file() -> None:
    pages = [*ROOT.glob("*.md"), *reference.DOCS.rglob("*.md")]
    links = [
        (page, target)
        for page in pages
        for target in LINK.findall(FENCE.sub("", page.read_text()))
    ]

    assert [(p.name, t) for p, t in links if not (p.parent / t).exists()] == []


def test_every_page_is_of_one_kind() -> None:
    pages = {path.relative_to(reference.DOCS) for path in reference.DOCS.rglob("*.md")}
    placed = {page for page in pages if page.parts[0] in reference.KINDS_OF_PAGE}

    assert pages - placed == {Path("README.md")}


def test_every_page_begins_with_a_title_and_a_sentence() -> None:
    texts = {
        path.name: path.read_text().removeprefix(reference.WRITTEN_BY)
        for path in reference.DOCS.rglob("*.md")
    }

    odd = [name for name, text in texts.items() if not re.match(r"# .+\n\n\S", text)]
    assert odd == []
