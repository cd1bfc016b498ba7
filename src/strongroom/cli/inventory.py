"""``strongroom key inventory``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strongroom.cli import words
from strongroom.cli.call import Call
from strongroom.cli.output import Column
from strongroom.errors import SetupError

if TYPE_CHECKING:
    from datetime import date

    from strongroom.canonical import Json
    from strongroom.client.inventory import KeyItem


def inventory(call: Call) -> None:
    """List every key: algorithm, age, what it protects, who can use it.

    An algorithm past its review date is a finding, and the exit status says so.

    Example: strongroom key inventory
    """
    from strongroom.client.inventory import take_inventory

    with call.open() as room:
        found = take_inventory(room.room, room.actor)
        today = room.room.now().date()
    rows = [_document(item, today) for item in found]
    call.output.listing(rows, COLUMNS, empty="no key")
    overdue = sorted({i.algorithm.name for i in found if i.is_overdue(today)})
    if overdue:
        raise SetupError(
            f"past the review date: {', '.join(overdue)}",
            hint="upgrade Strongroom, or read what is known of it by now;"
            " strongroom key rekey NAME --suite N moves a model",
        )


COLUMNS = (
    Column("key", lambda row: f"{row['kind']}: {row['name']}", wraps=True),
    Column("algorithm", lambda row: str(row["algorithm"]), wraps=True),
    Column("days", lambda row: "" if row["days"] is None else str(row["days"]), True),
    Column("protects", lambda row: str(row["protects"]), wraps=True),
    Column("who can use it", lambda row: str(row["used_by"]), wraps=True),
    Column("review by", lambda row: f"{row['review_by']}{_mark(row['overdue'])}"),
)


def _mark(overdue: Json) -> str:
    return " PAST" if overdue else ""


def _document(item: KeyItem, today: date) -> dict[str, Json]:
    algorithm = item.algorithm
    since = item.since
    return {
        "kind": item.kind,
        "name": item.name,
        "algorithm": algorithm.name,
        "source": algorithm.source,
        "note": algorithm.note,
        "since": words.stamp(since) if since else None,
        "days": (today - since.date()).days if since else None,
        "protects": item.protects,
        "used_by": item.used_by,
        "reviewed": algorithm.reviewed.isoformat(),
        "review_by": algorithm.review_by.isoformat(),
        "overdue": item.is_overdue(today),
    }
