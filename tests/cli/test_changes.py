"""What changed is named, and of many names the first, with how many there are."""

from __future__ import annotations

import io

from rich.console import Console

from strongroom.cli.changes import change_document, show_change
from strongroom.intake.outdated import Change


def test_names_are_told_whole_to_programs_and_shortly_to_people() -> None:
    names = tuple(f"n{number}" for number in range(1060))
    change = Change(added=names, removed=(), changed=("w",), same=3)

    written = io.StringIO()
    show_change(Console(file=written, width=80), "file", change)
    said = written.getvalue()

    assert change_document(change)["added"] == list(names)
    assert "files added" in said
    assert "n49" in said
    assert "n50" not in said
    assert "and 1,010 more" in said
    assert "removed" not in said
    assert "  - w" in said
