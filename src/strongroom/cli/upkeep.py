"""Keeping a room in order: newer tables, and what interruptions left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strongroom.cli import words
from strongroom.cli.call import Call

if TYPE_CHECKING:
    from strongroom.client.cleaning import Cleaned


def clean(call: Call) -> None:
    """Remove what interruptions left, and originals from outside past their time.

    Nothing goes that anybody could open.

    Example: strongroom clean
    """
    with call.open() as room:
        found = room.clean()
    call.output.say(
        {
            "versions": found.versions,
            "objects": found.objects,
            "originals": found.originals,
            "copies": found.copies,
        },
        f"{words.many(found.objects, 'object')} removed,"
        f" {words.many(found.versions, 'unfinished seal')} given up",
        *_from_outside(found),
    )


def _from_outside(found: Cleaned) -> list[str]:
    parts = [
        (found.originals, "original from outside", "originals from outside"),
        (found.copies, "private copy", "private copies"),
    ]
    gone = [words.many(count, *nouns) for count, *nouns in parts if count]
    return [f"{' and '.join(gone)} given up"] if gone else []


def upgrade(call: Call) -> None:
    """Bring the database to the form that this Strongroom needs; back it up first.

    Example: strongroom upgrade
    """
    from strongroom.app.adapters import existing_database_url
    from strongroom.database import migrating
    from strongroom.database.engine import Database

    database = Database(existing_database_url(call.settings()))
    try:
        migrating.upgrade(database)
    finally:
        database.close()
    call.output.say({"upgraded": True}, "the database has the newest form")
