"""The pages of the documentation that code can write: ``./dev docs``.

Each page is a function without arguments that returns Markdown.  A new one is
one line in ``PAGES``; ``test_docs.py`` fails while a page differs from its code.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from strongroom.errors import StrongroomError
from strongroom.ledger.kinds import KINDS
from tests.project import commands, rules

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
WRITTEN_BY = "<!-- ./dev docs wrote this page; edit tests/project/reference.py. -->\n\n"

KINDS_OF_PAGE = {
    "tutorials": "Tutorials: learn it by doing it",
    "how-to": "How-to guides: get one thing done",
    "reference": "Reference: look a fact up",
    "explanation": "Explanation: understand why",
    "specification": "Specification: write a second implementation",
    "decisions": "Decisions: what was chosen, and what was not",
}
"""Folder of ``docs`` and its heading on the map."""


def table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table."""
    names = list(heads)
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def first_paragraph(text: str) -> str:
    """Return the first paragraph of a docstring or a page on one line."""
    return " ".join(text.strip().partition("\n\n")[0].split())


def code(names: Iterable[str]) -> str:
    """Return ``names`` as code, separated by commas."""
    return ", ".join(f"`{name}`" for name in names)


def events() -> str:
    """Return the table of ledger events."""
    rows = [
        (
            f"`{name}`",
            kind.summary,
            code(kind.facts),
            code(kind.private),
            "/".join(map(str, kind.ocsf)),
        )
        for name, kind in sorted(KINDS.items())
    ]
    return (
        "# Events of the ledger\n\n"
        "Every entry is one of these. Facts stand in the clear for ever; private\n"
        "fields can be erased. The last column is the class and activity of OCSF 1.8.\n"
        f"\n{table(('event', 'says', 'facts', 'private', 'OCSF'), rows)}"
    )


def errors() -> str:
    """Return the table of errors with their exit statuses."""
    statuses = exit_statuses()
    kinds = sorted(family(StrongroomError), key=lambda kind: kind.__name__)
    rows = [
        (
            f"`{kind.__name__}`",
            first_paragraph(kind.__doc__ or ""),
            statuses.get(kind, ""),
        )
        for kind in kinds
        if kind.__module__ == StrongroomError.__module__ and kind is not StrongroomError
    ]
    return (
        "# Errors and exit statuses\n\n"
        "Everything that Strongroom refuses is one of these. The command line ends\n"
        "with the status, and 0 means that what was asked has happened.\n"
        f"\n{table(('error', 'means', 'exit status'), rows)}\n"
        "Beside them: 64 is a command typed wrongly, 70 a mistake of ours, 74 a file\n"
        "that cannot be read or written, and 130 an interrupt.\n\n"
        "People read two lines on standard error: what happened, what to type next.\n"
        "With `--json` it is one document there:\n\n"
        "```\n"
        '{"error": "there is no model \'tiny\'", "hint": "strongroom model list",'
        ' "kind": "MissingError", "reasons": [], "status": 66}\n'
        "```\n\n"
        "`reasons` holds the ids of the rules that refused, when rules did.\n\n"
        "Before it, or beside an answer, there may be notes, each on a line of its\n"
        "own with a `note`, and `witness` or `waiting`: a witness that does not\n"
        "watch, an opening that waits. They change neither answer nor status.\n"
    )


def exit_statuses() -> Mapping[type[StrongroomError], int]:
    """Return the exit status of each error; empty before there is a CLI."""
    if importlib.util.find_spec("strongroom.cli") is None:
        return {}
    output = importlib.import_module("strongroom.cli.output")
    statuses: Mapping[type[StrongroomError], int] = output.EXIT_STATUS
    return statuses


def family(kind: type[StrongroomError]) -> set[type[StrongroomError]]:
    """Return ``kind`` and everything below it."""
    return {kind}.union(*(family(child) for child in kind.__subclasses__()))


def the_map() -> str:
    """Return the list of all pages, by kind, with the first sentence of each."""
    parts = ["# Documentation\n"]
    for folder, heading in KINDS_OF_PAGE.items():
        pages = sorted((DOCS / folder).glob("*.md"))
        lines = [entry(page) for page in pages]
        if lines:
            parts.append(f"\n## {heading}\n\n{''.join(lines)}")
    return "".join(parts)


def entry(page: Path) -> str:
    """Return the line of the map for ``page``."""
    text = page.read_text().removeprefix(WRITTEN_BY)
    title, _, rest = text.removeprefix("# ").partition("\n")
    sentence, dot, _ = first_paragraph(rest).partition(". ")
    return f"- [{title}]({page.relative_to(DOCS)}): {sentence}{'.' if dot else ''}\n"


PAGES: dict[str, Callable[[], str]] = {
    "reference/errors.md": errors,
    "reference/events.md": events,
    "reference/commands.md": commands.page,
    "reference/rules.md": rules.page,
    "README.md": the_map,  # last: it reads the others
}


def main(words: list[str]) -> int:
    """Write every page, or with ``--check`` only name those that differ."""
    stale = 0
    for name, page in PAGES.items():
        path = DOCS / name
        text = WRITTEN_BY + page()
        if path.exists() and path.read_text() == text:
            continue
        stale += 1
        done = "is stale" if "--check" in words else "written"
        sys.stdout.write(f"docs/{name} {done}\n")
        if "--check" not in words:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return 1 if stale and "--check" in words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
