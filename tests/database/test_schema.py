"""A program works on tables of its own version only, on both databases."""

from __future__ import annotations

import subprocess
import sys

import pytest
import sqlalchemy as sa

from strongroom.database import schema
from strongroom.database.engine import Database
from strongroom.errors import SetupError, UnavailableError


def test_tables_of_this_version_are_taken(migrated_url: str) -> None:
    database = Database(migrated_url)
    schema.check_current(database)
    database.close()


def test_an_empty_database_holds_no_room(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(SetupError, match="holds no room") as caught:
        schema.check_current(database)
    database.close()

    assert "restore a backup" in caught.value.hint


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "at migration 9999,"),
        ("UPDATE alembic_version SET version_num = '0001'", "at migration 0001,"),
        ("INSERT INTO alembic_version VALUES ('0001')", "at migration 0001 and "),
        ("DELETE FROM alembic_version", "at migration None,"),
        ("DROP TABLE alembic_version", "at migration None,"),
    ],
)
def test_tables_of_another_version_are_refused(
    statement: str, message: str, migrated_url: str
) -> None:
    database = Database(migrated_url)
    with database.writing() as connection:
        connection.execute(sa.text(statement))

    with pytest.raises(SetupError, match=message) as caught:
        schema.check_current(database)
    database.close()
    assert caught.value.hint == "strongroom upgrade"


def test_a_database_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(UnavailableError):
        schema.check_current(
            Database("postgresql+psycopg://nobody@/none?host=/nowhere")
        )


def test_opening_a_room_does_not_import_alembic() -> None:
    """It took 150 ms of each command, and only changes of tables need it."""
    program = "import strongroom.app, sys; print('alembic' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "False"
