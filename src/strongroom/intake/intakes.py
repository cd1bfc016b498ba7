"""What came from outside, as a row, and how far it got.

received ──examine──▶ refused
   └───────────────▶ waiting ──accept──▶ accepted
                        ├─────refuse───▶ refused
                        ◀─────recall─────────┘
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from strongroom import canonical
from strongroom.database import intake_tables
from strongroom.database.cells import blob
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import ConflictError, IntegrityError, MissingError
from strongroom.intake.receipt import report_digest
from strongroom.ledger.log import Writing
from strongroom.types import AccountId, IntakeId, check_says_which

MOST_REPORT_BYTES = 128 << 20
"""What a worker says (``reported.MOST_BYTES``), the paths of 10,000 files, and findings
with theirs (``verdicts.MOST_TOLD``, ``MOST_ADVICE``); so every report that is kept can
be shown."""


class IntakeState(StrEnum):
    """How far something from outside got."""

    RECEIVED = "received"
    REFUSED = "refused"
    WAITING = "waiting"
    ACCEPTED = "accepted"


ADMITTED = (IntakeState.WAITING, IntakeState.ACCEPTED)
"""States of what readers passed, and nobody refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """One addition from outside.

    Attributes:
        digest: Hexadecimal SHA-256 over path, length and SHA-256 of every file.
        plain_bytes: Of all files.
        files: How many.
        source: Id of the entry of the allow-list that vouched for it; may be empty.
        original: Id of the version that holds the original, sealed.
        review: Why a second person has to accept it; empty if nobody has to.
        report: Hexadecimal SHA-256 of the report; empty before there is one.
        version: Id of the version that was re-written from it.
        expires_at: When the original is given up.
    """

    id: IntakeId
    revision: int = 1
    state: IntakeState
    digest: str
    plain_bytes: int
    files: int
    source: str
    original: str | None
    review: tuple[str, ...]
    report: str
    version: str | None
    added_by: AccountId
    added_at: datetime
    expires_at: datetime


INTAKES: GuardedTable[Intake] = GuardedTable(intake_tables.intakes, Intake)


def find_intake(
    transaction: Transaction, identifier: str, *, lock: bool = False
) -> Intake:
    """Return the intake of this id, or of the only one that starts like this.

    Raises:
        InputError: It does not say which.
        MissingError: There is none.
        ConflictError: Several start like this.
    """
    check_says_which(identifier, "intake")
    start = f"intake-{identifier.removeprefix('intake-')}"
    columns = INTAKES.columns
    found = INTAKES.find(
        transaction, columns.id >= start, columns.id < start + "~", lock=lock
    )
    if not found:
        raise MissingError(
            f"there is no intake {identifier[:80]!r}", hint="strongroom intake list"
        )
    if len(found) > 1:
        raise ConflictError(
            f"several intakes start with {identifier[:80]!r}",
            hint="type more characters of the id",
        )
    return found[0]


def store_report(writing: Writing, digest: str, report: bytes) -> None:
    """Keep a report under its digest, once."""
    columns = intake_tables.intake_reports.c
    known = writing.connection.execute(
        sa.select(columns.digest).where(columns.digest == digest)
    ).scalar()
    if known is None:
        writing.connection.execute(
            sa.insert(intake_tables.intake_reports).values(digest=digest, report=report)
        )


def load_report(transaction: Transaction, intake: Intake) -> canonical.Json:
    """Return an intake's report, verified; ``None`` before it was examined.

    Raises:
        IntegrityError: The report was deleted or altered.
    """
    if not intake.report:
        return None
    report = load_report_bytes(transaction, intake)
    return canonical.from_json(report, at_most_bytes=MOST_REPORT_BYTES)


def load_report_bytes(transaction: Transaction, intake: Intake) -> bytes:
    """Return the report on an intake that was examined, verified; canonical JSON.

    Raises:
        IntegrityError: The report was deleted or altered.
    """
    return stored_report(transaction, intake.report, of=intake.id)


def stored_report(transaction: Transaction, digest: str, *, of: str) -> bytes:
    """Return the report of this digest, verified; canonical JSON.

    Args:
        transaction: Where to look.
        digest: From a guarded row.
        of: Id of the intake, for the message.

    Raises:
        IntegrityError: The report was deleted or altered.
    """
    columns = intake_tables.intake_reports.c
    row = transaction.connection.execute(
        sa.select(columns.report).where(columns.digest == digest)
    ).scalar()
    report = blob(row) if row is not None else b""
    if report_digest(report) != digest:
        raise IntegrityError(f"the report on {of} is gone, or was altered")
    return report
