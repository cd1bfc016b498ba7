"""Attacks by the administrator of the database, with plain SQL."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from strongroom.cli.demo.copies import administering, copy_database
from strongroom.cli.demo.house import MODEL, House
from strongroom.cli.demo.steps import Refusal
from strongroom.cli.demo.tampering import (
    OTHER_SEGMENT,
    SEGMENT,
    Tampering,
    Target,
    open_held,
    open_revoked,
)
from strongroom.errors import ForkError, IntegrityError

_FORGED = Refusal(error=IntegrityError, says="was not written by this room")


def _insert(database: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    marks = ", ".join("?" * len(row))
    statement = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608 (our own names)
    database.execute(statement, tuple(row.values()))


def forge_approval(folder: Path, target: Target) -> None:
    """Answer noor's request in lena's name, with the MAC of a real answer."""
    with administering(folder) as database:
        real = database.execute(
            "SELECT approvals.* FROM approvals JOIN accounts"
            " ON accounts.id = approver WHERE name = 'lena' ORDER BY at DESC"
        ).fetchone()
        digest = database.execute(
            "SELECT digest FROM requests WHERE id = ?", (target.pending,)
        ).fetchone()["digest"]
        changes = {"id": "approval-forged", "request": target.pending, "digest": digest}
        _insert(database, "approvals", {**dict(real), **changes})


def promote_role(folder: Path, _: Target) -> None:
    """Give rosa the roles of an approver and an administrator."""
    with administering(folder) as database:
        database.execute(
            "UPDATE accounts SET roles = ? WHERE name = 'rosa'",
            ('["administrator","approver","researcher"]',),
        )


def replace_factor(folder: Path, _: Target) -> None:
    """Let noor's phone be sam's: her sealed secret goes into his row."""
    with administering(folder) as database:
        database.execute(
            "UPDATE second_factors SET secret = ("
            " SELECT f.secret FROM second_factors f JOIN accounts a"
            " ON a.id = f.account WHERE a.name = 'noor')"
            " WHERE account = (SELECT id FROM accounts WHERE name = 'sam')"
        )


def delete_revocation(folder: Path, target: Target) -> None:
    """Put back the permit's row from before, which carries a genuine MAC."""
    with administering(folder) as database:
        database.execute(
            "UPDATE permits SET state = 'active', revision = 1, mac = ("
            " SELECT mac FROM entry_rows WHERE table_name = 'permits'"
            " AND row_id = permits.id AND revision = 1) WHERE request = ?",
            (target.revoked,),
        )


def delete_revocation_and_its_index(folder: Path, target: Target) -> None:
    """Do the same, and remove the note that a newer row exists."""
    delete_revocation(folder, target)
    with administering(folder) as database:
        database.execute(
            "DELETE FROM entry_rows WHERE table_name = 'permits' AND revision > 1"
            " AND row_id = (SELECT id FROM permits WHERE request = ?)",
            (target.revoked,),
        )


def zero_exposure(folder: Path, _: Target) -> None:
    """Forget everything that rosa was ever given."""
    with administering(folder) as database:
        database.execute(
            "DELETE FROM holdings WHERE account ="
            " (SELECT id FROM accounts WHERE name = 'rosa')"
        )


def swap_wrap(folder: Path, target: Target) -> None:
    """Exchange the wrapped keys of two segments."""
    one, other = target.segments[SEGMENT].id, target.segments[OTHER_SEGMENT].id
    query = "SELECT wrapped FROM wraps WHERE segment = ?"
    with administering(folder) as database:
        wrapped = {s: database.execute(query, (s,)).fetchone()[0] for s in (one, other)}
        for segment, data in ((one, wrapped[other]), (other, wrapped[one])):
            database.execute(
                "UPDATE wraps SET wrapped = ? WHERE segment = ?", (data, segment)
            )


def remove_entry(folder: Path, _: Target) -> None:
    """Remove the entry that says that a permit was revoked."""
    with administering(folder) as database:
        database.execute("DELETE FROM entries WHERE kind = 'permit.revoked'")


def put_yesterday_back(folder: Path, target: Target) -> None:
    """Put yesterday's whole file in place of today's."""
    copy_database(target.yesterday, folder / "room.db")


def _approve_as(name: str, house: House, target: Target) -> None:
    house.acting_as(name).approve(target.pending)


def _ask_past_the_cap(house: House, _: Target) -> None:
    house.acting_as("rosa").request(MODEL, segments=[SEGMENT], purpose="one more")


def _login_with_another_phone(house: House, _: Target) -> None:
    sam = house.people["sam"]
    house.room.login(sam.name, sam.password, house.code_of("noor"))


ATTACKS = (
    Tampering(
        step="forged-approval",
        tamper=forge_approval,
        use=lambda house, target: _approve_as("sam", house, target),
        expected=Refusal(error=IntegrityError, says="was forged"),
    ),
    Tampering(
        step="promoted-role",
        tamper=promote_role,
        use=lambda house, target: _approve_as("rosa", house, target),
        expected=_FORGED,
    ),
    Tampering(
        step="replaced-second-factor",
        tamper=replace_factor,
        use=_login_with_another_phone,
        expected=_FORGED,
    ),
    Tampering(
        step="deleted-revocation",
        tamper=delete_revocation,
        use=open_revoked,
        expected=Refusal(error=IntegrityError, says="was restored"),
    ),
    Tampering(
        step="deleted-revocation-and-index",
        tamper=delete_revocation_and_its_index,
        use=open_revoked,
        expected=Refusal(error=IntegrityError, says="was restored"),
    ),
    Tampering(
        step="zeroed-exposure",
        tamper=zero_exposure,
        use=_ask_past_the_cap,
        expected=Refusal(error=IntegrityError, says="deleted"),
    ),
    Tampering(
        step="swapped-wrap",
        tamper=swap_wrap,
        use=open_held,
        expected=Refusal(error=IntegrityError, says="wrap"),
    ),
    Tampering(
        step="removed-entry",
        tamper=remove_entry,
        use=open_held,
        expected=Refusal(error=IntegrityError, says="is missing"),
    ),
    Tampering(
        step="yesterdays-file",
        tamper=put_yesterday_back,
        use=open_held,
        expected=Refusal(error=ForkError, says="an older database was put back"),
    ),
)
