"""What changed between two versions, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from strongroom.cli.output import print_list

if TYPE_CHECKING:
    from rich.console import Console

    from strongroom.canonical import Json
    from strongroom.intake.outdated import Change

_MOST_SHOWN: Final = 50


def change_document(change: Change) -> dict[str, Json]:
    """Return what changed, for programs."""
    return {
        "added": list(change.added),
        "removed": list(change.removed),
        "changed": list(change.changed),
        "same": change.same,
    }


def show_change(console: Console, noun: str, change: Change) -> None:
    """Print the names of what changed.

    Args:
        console: Where to.
        noun: What they are, one of them.
        change: With names.
    """
    for what in ("added", "removed", "changed"):
        show_names(console, f"{noun}s {what}", list(getattr(change, what)))


def show_names(console: Console, head: str, names: Sequence[str]) -> None:
    """Print the first of many names below a heading; nothing without any."""
    print_list(console, head, names[:_MOST_SHOWN])
    if len(names) > _MOST_SHOWN:
        console.print(f"and {len(names) - _MOST_SHOWN:,} more", style="dim")
