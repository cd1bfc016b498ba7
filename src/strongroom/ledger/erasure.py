"""Which private text is about a person, and that what is gone was erased.

An entry commits to its private text under a salt; both are removed together, and
the entry, its place and every proof stay what they were.  An entry of its own,
``person.erased``, names the entries that lost their text, and only where it does
may text be missing.

Source: ``docs/specification/ledger.md``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.errors import StaleError
from strongroom.ledger.finding import Finding

ERASED = "person.erased"

NAMES_OF_THINGS = frozenset({"team.created", "project.created", "version.begun"})
"""Kinds whose private field names a thing, not a person, whoever typed it."""

_MEMBER = b'"private":"'
"""In canonical JSON only a member looks so: a string would escape its quotation."""

_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom private text may be about.

    Attributes:
        account: Their account.
        name: The name that it had.
        requests: Ids of what they asked for.
    """

    account: str
    name: str
    requests: frozenset[str]

    def is_in(
        self, *, subject: str, entry: Mapping[str, Any], private: Mapping[str, str]
    ) -> bool:
        """Return whether the private text of an entry is theirs, or about them.

        Args:
            subject: Whom the side table names.
            entry: The entry.
            private: Its private fields.
        """
        facts: Mapping[str, Any] = entry["facts"]
        if entry["kind"] in NAMES_OF_THINGS:
            return False
        if entry["kind"] == "account.created":  # by them, and about somebody else?
            return bool(facts["account"] == self.account)
        mine = {subject, entry["actor"], facts.get("account")}
        named = {value.casefold() for value in private.values()}
        return (
            self.account in mine
            or facts.get("request") in self.requests
            or self.name.casefold() in named
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateText:
    """Private text of one entry, by the id and the index of that entry."""

    id: int
    position: int


def find(transaction: Transaction, person: Person) -> list[PrivateText]:
    """Return every private text that is theirs, or about them.

    Raises:
        StaleError: An entry about them has no index yet.
    """
    entries, private = tables.entries.c, tables.private_facts.c
    rows = transaction.connection.execute(
        sa.select(private.entry_id, private.subject, private.payload)
        .add_columns(entries.position, entries.body)
        .join_from(tables.private_facts, tables.entries, entries.id == private.entry_id)
        .order_by(private.entry_id)
        .execution_options(yield_per=1000)
    )
    found = []
    with rows:
        for row in rows:
            if not person.is_in(
                subject=row.subject,
                entry=json.loads(row.body),
                private=json.loads(row.payload),
            ):
                continue
            if row.position is None:
                raise StaleError("an entry waits for its index", hint="try again")
            found.append(PrivateText(id=row.entry_id, position=row.position))
    return found


def remove(transaction: Transaction, texts: list[PrivateText]) -> None:
    """Delete private text and its salt."""
    column = tables.private_facts.c.entry_id
    for start in range(0, len(texts), _AT_ONCE):
        ids = [text.id for text in texts[start : start + _AT_ONCE]]
        transaction.connection.execute(
            sa.delete(tables.private_facts).where(column.in_(ids))
        )


def check_erased(transaction: Transaction) -> Iterator[Finding]:
    """Give a finding for every private text that is gone and was not erased."""
    entries, private = tables.entries.c, tables.private_facts.c
    covered = _covered(transaction)
    rows = transaction.connection.execute(
        sa.select(entries.position, entries.body)
        .outerjoin_from(
            tables.entries, tables.private_facts, entries.id == private.entry_id
        )
        .where(private.entry_id.is_(None), entries.position.is_not(None))
        .order_by(entries.position)
        .execution_options(yield_per=1000)
    )
    with rows:
        for row in rows:
            if _MEMBER in row.body and row.position not in covered:
                yield Finding(
                    position=row.position,
                    problem=f"the private fields of entry {row.position} are gone,"
                    " and nobody erased them",
                )


def _covered(transaction: Transaction) -> set[int]:
    """Return the entries that some erasure names; a later one covers no earlier."""
    columns = tables.entries.c
    rows = transaction.connection.execute(
        sa.select(columns.position, columns.body, columns.attached).where(
            columns.kind == ERASED, columns.position.is_not(None)
        )
    )
    covered: set[int] = set()
    for row in rows:
        facts = json.loads(row.body)["facts"]
        if row.attached is not None:
            facts |= json.loads(row.attached)["facts"]
        covered |= {p for p in facts["entries"] if p < row.position}
    return covered
