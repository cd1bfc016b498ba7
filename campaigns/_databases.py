"""The database that a campaign runs on."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from tests import postgresql


def add_options(parser: argparse.ArgumentParser) -> None:
    """Let the command line say which; a SQLite file unless it does."""
    parser.add_argument(
        "--postgresql", action="store_true", help="on a server of its own"
    )


@contextmanager
def chosen(given: argparse.Namespace) -> Iterator[postgresql.Server | None]:
    """Give a PostgreSQL server of the campaign's own, or None for SQLite files.

    Raises:
        SystemExit: There is no PostgreSQL to start.
    """
    if not given.postgresql:
        yield None
        return
    programs = postgresql.programs()
    if programs is None:
        raise SystemExit("PostgreSQL is not installed")
    with postgresql.running(programs, within=postgresql.quick_folder()) as server:
        yield server


def kind(server: postgresql.Server | None) -> str:
    """Return what the line of a campaign calls it."""
    return "postgresql" if server else "sqlite"
