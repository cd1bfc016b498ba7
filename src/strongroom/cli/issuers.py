"""``strongroom intake issuers``: whose bundles of advisories count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import words
from strongroom.cli.call import Call
from strongroom.cli.output import Column

if TYPE_CHECKING:
    from strongroom.canonical import Json


def list_(call: Call) -> None:
    """List who issued advisories for this room; the last one does.

    Example: strongroom intake issuers list
    """
    with call.open() as room:
        found = room.intakes.issuers.all()
    rows: list[dict[str, Json]] = [
        {
            "key": issuer.id,
            "trusted": issuer is found[-1],
            "number": issuer.number,
            "since": words.stamp(issuer.since),
        }
        for issuer in found
    ]
    call.output.listing(rows, COLUMNS, empty="no bundle of advisories was taken yet")


def replace(
    call: Call,
    *,
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="Ed25519, 64 hexadecimal digits.")
    ],
) -> None:
    """Take advisories by another key from now on, and none by the former one.

    For when the issuer changes, or their key was stolen. Somebody else has to agree,
    as policy says. Numbers of bundles begin anew; the last bundle stays in force until
    the first one by the new key is taken.

    Example: strongroom intake issuers replace 64-HEX-DIGITS
    """
    with call.open() as room:
        request = room.intakes.issuers.replace(key)
    document = {"key": key, "state": request.state, "request": request.id}
    pin = f'write it under [advisories] into room.toml: key = "{key}"'
    if request.state == "approved":
        call.output.say(document, f"{key[:16]}... is trusted now; {pin}")
    else:
        waits = words.waits(request.id, request.approvals, request.distinct_teams)
        call.output.say(document, f"{waits}; then {pin}")


def _standing(row: Mapping[str, Json]) -> str:
    trusted = "yes" if row["trusted"] else "no longer"
    last = f"last bundle {row['number']}" if row["number"] else "no bundle"
    return f"{trusted}; {last}; since {str(row['since'])[:10]}"


COLUMNS = (
    Column("key", lambda row: str(row["key"])),
    Column("trusted", _standing),  # folds, so that a key is whole at 80 columns
)
