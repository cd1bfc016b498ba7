"""What ``strongroom intake`` says of an intake, for programs and in lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strongroom.cli import words
from strongroom.cli.intake_findings import texts_of
from strongroom.cli.output import Column

if TYPE_CHECKING:
    from strongroom.canonical import Json
    from strongroom.client.called import Called
    from strongroom.intake.intakes import Intake
    from strongroom.intake.later_readings import LaterReading


def later_document(later: LaterReading | None) -> Json:
    """Return what came of reading an original again, for programs."""
    if later is None:
        return None
    return {
        "at": words.stamp(later.read_at),
        "reader": later.reader,
        "outcome": later.outcome.value,
    }


def intake_document(
    intake: Intake,
    report: Json,
    called: Called,
    *,
    known: bool = False,
    later: LaterReading | None = None,
) -> dict[str, Json]:
    """Return an intake and what was found, for programs."""
    return {
        **row_of(intake, called),
        "known": known,
        "read_again": later_document(later),
        "report": report,
    }


def row_of(intake: Intake, called: Called) -> dict[str, Json]:
    """Return what lists say of an intake, for programs."""
    return {
        "intake": intake.id,
        "model": called.model,
        "name": called.name,
        "from": called.origin,
        "state": intake.state,
        "digest": intake.digest,
        "files": intake.files,
        "bytes": intake.plain_bytes,
        "review": list(intake.review),
        "version": intake.version,
        "added": words.stamp(intake.added_at),
        "original_until": words.stamp(intake.expires_at) if intake.original else None,
    }


COLUMNS = (
    Column("intake", lambda row: words.short(str(row["intake"]))),
    Column("state", lambda row: str(row["state"])),
    Column("model", lambda row: str(row["model"] or row["name"]), wraps=True),
    Column("from", lambda row: str(row["from"]), wraps=True),
    Column("bytes", lambda row: words.size(int(str(row["bytes"]))), right=True),
    Column("added", lambda row: str(row["added"])[:10]),
    Column("to look at", lambda row: ", ".join(texts_of(row["review"]))),
)
