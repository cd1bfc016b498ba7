"""Options that several campaigns have."""

from __future__ import annotations

import argparse
import resource


def parser_of(text: str | None) -> argparse.ArgumentParser:
    """Return a parser that shows the text of a module as its help."""
    return argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def add_number(
    parser: argparse.ArgumentParser,
    name: str,
    default: int,
    what: str,
    *,
    dest: str | None = None,
) -> None:
    """Add an option with a whole number and its default in the help."""
    parser.add_argument(
        name,
        type=int,
        default=default,
        metavar="N",
        help=f"{what} ({default})",
        dest=dest or name.removeprefix("--"),
    )


def cpu_seconds() -> float:
    """Return the processor time of this process and of those it waited for."""
    used = [
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    return round(sum(one.ru_utime + one.ru_stime for one in used), 1)
