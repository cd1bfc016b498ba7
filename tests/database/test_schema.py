"""Migrations make the tables that the code describes, on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from strongroom.database import schema, tables
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


def test_an_upgrade_twice_changes_nothing(database_url: str) -> None:
    database = Database(database_url)
    schema.upgrade(database)
    schema.upgrade(database)
    schema.check_current(database)
    database.close()


def test_an_empty_database_holds_no_room(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(SetupError, match="holds no room") as caught:
        schema.check_current(database)
    database.close()

    assert "restore a backup" in caught.value.hint


def test_a_database_of_a_newer_strongroom_is_refused(migrated_url: str) -> None:
    database = Database(migrated_url)
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SetupError, match="newer Strongroom"):
        schema.upgrade(database)
    with pytest.raises(SetupError, match="migration 9999"):
        schema.check_current(database)
    database.close()


def test_a_failed_upgrade_leaves_nothing(database_url: str) -> None:
    database = Database(database_url)
    with database.writing() as connection:  # in the way of the last migrations
        connection.execute(sa.text("CREATE TABLE wraps (id INTEGER)"))

    with pytest.raises(UnavailableError):
        schema.upgrade(database)
    with database.reading() as connection:
        assert sa.inspect(connection).get_table_names() == ["wraps"]
    database.close()


@pytest.mark.parametrize("use", [schema.upgrade, schema.check_current])
def test_a_database_that_does_not_answer_is_unavailable(
    use: Callable[[Database], None],
) -> None:
    with pytest.raises(UnavailableError):
        use(Database("postgresql+psycopg://nobody@/none?host=/nowhere"))
