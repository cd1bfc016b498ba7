"""What readers of a later version made of originals that were admitted before.

One row for each intake that was read again: the last time, by the newest readers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from strongroom.database import intake_tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import ConflictError
from strongroom.intake.intakes import Intake, load_report_bytes, stored_report
from strongroom.intake.joining import reader_of
from strongroom.ledger.log import Writing


class Outcome(StrEnum):
    """What a later reading came to."""

    SAME = "same"
    DIFFERS = "differs"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterReading:
    """What came of reading an original again; ``id`` is the intake's.

    Attributes:
        reader: Version of the readers.
        outcome: Beside what was admitted.
        report: Digest of what they found, as ``Intake.report``.
    """

    id: str
    revision: int = 1
    reader: int
    outcome: Outcome
    report: str
    read_at: datetime


LATER_READINGS: GuardedTable[LaterReading] = GuardedTable(
    intake_tables.later_readings, LaterReading
)


def later_reading(
    transaction: Transaction, intake: Intake, *, lock: bool = False
) -> LaterReading | None:
    """Return the last time that an original was read again, if it ever was.

    Raises:
        IntegrityError: The row was forged, altered, restored or deleted.
    """
    columns = LATER_READINGS.columns
    found = LATER_READINGS.find(transaction, columns.id == intake.id, lock=lock)
    if not found:  # deleted, what it found would not be joined with advisories
        LATER_READINGS.require_all(transaction, prefix=intake.id)
    return found[0] if found else None


def every_later_reading(transaction: Transaction) -> dict[str, LaterReading]:
    """Return every later reading by the id of its intake; none may be missing.

    Whoever writes in the same transaction has locked the table.

    Raises:
        IntegrityError: A row was forged, altered, restored or deleted.
    """
    return {one.id: one for one in LATER_READINGS.find_all(transaction, prefix="")}


def keep_later_reading(writing: Writing, intake: Intake, new: LaterReading) -> None:
    """Put a later reading in the place of the one before.

    Args:
        writing: The open transaction, in which the intake is locked.
        intake: Whose original was read.
        new: As its first revision would be.

    Raises:
        ConflictError: Readers of this version, or a newer one, did it meanwhile.
    """
    before = later_reading(writing, intake, lock=True)
    if before is None:
        LATER_READINGS.insert(writing, new)
        return
    if before.reader >= new.reader:
        raise ConflictError(f"{intake.id} was read again by somebody else meanwhile")
    LATER_READINGS.replace(
        writing,
        before,
        reader=new.reader,
        outcome=new.outcome,
        report=new.report,
        read_at=new.read_at,
    )


def reports_on(
    transaction: Transaction, intake: Intake, later: LaterReading | None
) -> tuple[bytes, ...]:
    """Return all that readers said of an intake: when it came in, and later.

    Raises:
        IntegrityError: A report was deleted or altered.
    """
    first = load_report_bytes(transaction, intake)
    if later is None or later.report == intake.report:
        return (first,)
    return first, stored_report(transaction, later.report, of=intake.id)


def reader_in_force(report: bytes, later: LaterReading | None) -> int:
    """Return the version of the readers that what was admitted is as good as.

    Args:
        report: By which it was admitted.
        later: The last later reading; only one that came to the same counts.
    """
    own = reader_of(report)
    if later is None or later.outcome is not Outcome.SAME:
        return own
    return max(own, later.reader)
