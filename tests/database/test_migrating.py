"""Migrations make the tables that the code describes, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from strongroom.database import migrating, schema, tables
from strongroom.database.columns import metadata
from strongroom.database.engine import Database
from strongroom.errors import SetupError, UnavailableError


def test_migrations_make_the_tables_that_the_code_describes(migrated_url: str) -> None:
    database = Database(migrated_url)
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)
    database.close()

    assert tables.entries.name in metadata.tables
    assert differences == []


def test_the_newest_migration_is_the_one_with_the_highest_number() -> None:
    script = ScriptDirectory.from_config(migrating.migrations())
    assert script.get_current_head() == schema.newest_migration()


def test_an_upgrade_twice_changes_nothing(database_url: str) -> None:
    database = Database(database_url)
    migrating.upgrade(database)
    migrating.upgrade(database)
    schema.check_current(database)
    database.close()


def test_a_database_of_a_newer_strongroom_is_not_upgraded(migrated_url: str) -> None:
    database = Database(migrated_url)
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SetupError, match="newer Strongroom"):
        migrating.upgrade(database)
    database.close()


def test_a_failed_upgrade_leaves_nothing(database_url: str) -> None:
    database = Database(database_url)
    with database.writing() as connection:  # in the way of the last migrations
        connection.execute(sa.text("CREATE TABLE wraps (id INTEGER)"))

    with pytest.raises(UnavailableError):
        migrating.upgrade(database)
    with database.reading() as connection:
        assert sa.inspect(connection).get_table_names() == ["wraps"]
    database.close()


def test_a_database_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(UnavailableError):
        migrating.upgrade(Database("postgresql+psycopg://nobody@/none?host=/nowhere"))
