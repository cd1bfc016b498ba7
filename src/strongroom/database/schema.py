"""Create the tables, or bring older ones up to date, with Alembic."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command, util
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from strongroom.database.engine import Database
from strongroom.errors import SetupError


def upgrade(database: Database) -> None:
    """Run every migration that the database has not seen, all or none.

    Raises:
        SetupError: The database is from a newer Strongroom.
        UnavailableError: The database did not answer.
    """
    config = _config()
    with database.writing() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except util.CommandError:
            raise SetupError(
                "the database belongs to a newer Strongroom",
                hint="upgrade Strongroom, or restore a backup made with this one",
            ) from None


def check_current(database: Database) -> None:
    """Refuse to work on tables of another version.

    Raises:
        SetupError: A migration is missing, or the tables are newer than the code.
        UnavailableError: The database did not answer.
    """
    head = _head()
    with database.reading() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        empty = not sa.inspect(connection).has_table("entries")
    if found is None and empty:
        raise SetupError(
            "the database holds no room",
            hint="room.toml names another one, or it was emptied: restore a backup",
        )
    if found != head:
        raise SetupError(
            f"the database is at migration {found}, this Strongroom needs {head}",
            hint="strongroom upgrade",
        )


@cache
def _head() -> str | None:
    """Return the newest migration that came with this package."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
