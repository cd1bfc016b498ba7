"""Why a request was declined, as whoever declined it said.

The words stand in the erasable side table, beside the entry of the decline.
"""

from __future__ import annotations

import json

import sqlalchemy as sa

from strongroom.access.request import Request, RequestState
from strongroom.database import tables
from strongroom.ledger.log import Entry, Reading
from strongroom.ledger.private_texts import private_of


def why_declined(reading: Reading, request: Request) -> str:
    """Return the reason; empty if none was given, or it was erased.

    The caller has checked that whoever asks may see the request.

    Raises:
        IntegrityError: The words are not what the entry commits to.
    """
    if request.state is not RequestState.DECLINED:
        return ""
    for entry in _entries_naming(reading, request):
        if json.loads(entry.body)["kind"] == "request.declined":
            return (private_of(reading, entry) or {}).get("reason", "")
    return ""


def _entries_naming(reading: Reading, request: Request) -> list[Entry]:
    """Return the few entries that changed a request's row."""
    named, entries = tables.entry_rows.c, tables.entries.c
    found = reading.connection.execute(
        sa.select(entries.id, entries.position, entries.body, entries.attached)
        .join_from(tables.entry_rows, tables.entries, named.entry_id == entries.id)
        .where(named.table_name == tables.requests.name, named.row_id == request.id)
    )
    return [Entry(**row._asdict()) for row in found]
