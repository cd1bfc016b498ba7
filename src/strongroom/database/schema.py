"""Whether the tables are those that this package works on, asked at every start.

Without Alembic, which takes 150 ms of CPU to import and is needed to change tables
only; see ``migrating``.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from strongroom.database.engine import Database
from strongroom.errors import SetupError

MIGRATIONS = Path(__file__).parent / "migrations"

_VERSION = sa.table("alembic_version", sa.column("version_num", sa.Text))


def check_current(database: Database) -> None:
    """Refuse to work on tables of another version.

    Raises:
        SetupError: A migration is missing, or the tables are newer than the code.
        UnavailableError: The database did not answer.
    """
    head = newest_migration()
    with database.reading() as connection:
        found = _found(connection)
        empty = not found and not sa.inspect(connection).has_table("entries")
    if empty:
        raise SetupError(
            "the database holds no room",
            hint="room.toml names another one, or it was emptied: restore a backup",
        )
    if found != head:
        raise SetupError(
            f"the database is at migration {found or None}, "
            f"this Strongroom needs {head}",
            hint="strongroom upgrade",
        )


def newest_migration() -> str:
    """Return the number of the newest migration that came with this package.

    By the names of its files, each of which begins with its number.
    """
    files = (MIGRATIONS / "versions").glob("[0-9]*_*.py")
    return max(path.name.partition("_")[0] for path in files)


def _found(connection: sa.Connection) -> str:
    """Return the migration that the database is at; nothing if there was none."""
    if not sa.inspect(connection).has_table(_VERSION.name):
        return ""
    rows = connection.execute(sa.select(_VERSION.c.version_num)).scalars()
    return " and ".join(sorted(rows))  # one, unless somebody wrote another
