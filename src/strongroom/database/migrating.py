"""Create the tables, or bring older ones up to date, with Alembic."""

from __future__ import annotations

from alembic import command, util
from alembic.config import Config

from strongroom.database.engine import Database
from strongroom.database.schema import MIGRATIONS
from strongroom.errors import SetupError


def upgrade(database: Database) -> None:
    """Run every migration that the database has not seen, all or none.

    Raises:
        SetupError: The database is from a newer Strongroom.
        UnavailableError: The database did not answer.
    """
    config = migrations()
    with database.writing() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except util.CommandError:
            raise SetupError(
                "the database belongs to a newer Strongroom",
                hint="upgrade Strongroom, or restore a backup made with this one",
            ) from None


def migrations() -> Config:
    """Return where Alembic finds the migrations."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
