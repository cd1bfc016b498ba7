"""Keeping a room in order: newer tables, and what interruptions left."""

from __future__ import annotations

from strongroom.cli import words
from strongroom.cli.call import Call


def clean(call: Call) -> None:
    """Remove what interrupted seals left; nothing that a version names.

    Example: strongroom clean
    """
    with call.open() as room:
        found = room.clean()
    call.output.say(
        {"versions": found.versions, "objects": found.objects},
        f"{words.many(found.objects, 'object')} removed,"
        f" {words.many(found.versions, 'unfinished seal')} given up",
    )


def upgrade(call: Call) -> None:
    """Bring the database to the form that this Strongroom needs; back it up first.

    Example: strongroom upgrade
    """
    from strongroom.app.adapters import existing_database_url
    from strongroom.database import schema
    from strongroom.database.engine import Database

    database = Database(existing_database_url(call.settings()))
    try:
        schema.upgrade(database)
    finally:
        database.close()
    call.output.say({"upgraded": True}, "the database has the newest form")
