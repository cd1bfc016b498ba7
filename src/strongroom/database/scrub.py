"""Makes what was deleted leave the files of the database.

A deleted row stays in free space until something is written over it.  Both
databases can write what is left anew: then old pages are gone from the files.
Copies made before, backups, and blocks that the file system freed are not reached.
"""

from __future__ import annotations

import sqlalchemy as sa

from strongroom.database.engine import Database
from strongroom.errors import UnavailableError


def scrub(database: Database, *names: str) -> None:
    """Write tables anew, so that their files hold only what is in them.

    Args:
        database: Nobody may be reading or writing for long meanwhile.
        *names: Tables from which something was deleted; SQLite has one file, and
            writes all of it anew.

    Raises:
        UnavailableError: Others use the database; nothing is lost, try again.
    """
    with database.maintaining() as connection:
        if database.is_sqlite:
            _scrub_sqlite(connection)
            return
        quote = connection.dialect.identifier_preparer.quote
        for name in names:
            # Plain VACUUM would leave the bytes until the space is used again.
            connection.exec_driver_sql(f"VACUUM FULL {quote(name)}")


def _scrub_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql("PRAGMA secure_delete=ON")
    connection.exec_driver_sql("VACUUM")
    # The pages from before the VACUUM are in the write-ahead log, and the file.
    row = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
    if row[0]:
        raise UnavailableError(
            "others use the database, so deleted bytes are still in its files",
            hint="end the other commands and try again",
        )
