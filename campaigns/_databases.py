"""The database that a campaign runs on."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from tests import postgresql


def add_options(parser: argparse.ArgumentParser) -> None:
    """Let the command line say which; a new SQLite file unless it does."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--url", help="SQLAlchemy URL of an empty database")
    which.add_argument(
        "--postgresql", action="store_true", help="on a server of its own"
    )


@contextmanager
def chosen(given: argparse.Namespace) -> Iterator[str | None]:
    """Give the URL of an empty database, or None for a SQLite file.

    Raises:
        SystemExit: There is no PostgreSQL to start.
    """
    if not given.postgresql:
        yield given.url
        return
    programs = postgresql.programs()
    if programs is None:
        raise SystemExit("PostgreSQL is not installed")
    with postgresql.running(programs, within=postgresql.quick_folder()) as server:
        yield server.create_database()


def kind(url: str | None) -> str:
    """Return what the line of a campaign calls it."""
    return "sqlite" if url is None else url.partition("+")[0]
