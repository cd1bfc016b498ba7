"""Cosignatures in the database, beside the checkpoints that they are of.

The rows need no MAC: each line is a signature, and is verified where it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from strongroom.database import tables
from strongroom.errors import IntegrityError
from strongroom.ledger.checkpoint import Checkpoint
from strongroom.ledger.cosignature import Cosignature, WitnessKey, verified_cosignatures
from strongroom.ledger.policy_file import KnownWitness, WitnessPolicy

_LATEST = 253_402_300_799  # the end of the year 9999, where our dates end

AT_MOST_LINES = 16
"""Cosignatures shown with one checkpoint: what every reader of notes accepts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """A checkpoint and the verified statements of witnesses about it."""

    note: str
    size: int
    cosignatures: tuple[Cosignature, ...]

    @property
    def witnesses(self) -> frozenset[WitnessKey]:
        """Who signed it."""
        return frozenset(c.witness for c in self.cosignatures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """That a witness saw so many entries at a time.

    Attributes:
        name: Of the witness, in the policy.
        key: Its public key.
        size: Entries of the checkpoint that it signed.
        at: When, aware UTC, by its own clock.
    """

    name: str
    key: WitnessKey
    size: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessReport:
    """Who signed what.

    Attributes:
        statements: The newest of each witness that signed at all.
        quorum: Name of the group that has to sign; ``none`` if nobody has to.
        least: How many witnesses that takes.
        met_size: The newest checkpoint that enough of them signed, if any.
    """

    statements: tuple[Statement, ...]
    quorum: str
    least: int
    met_size: int | None


def store(
    connection: sa.Connection, checkpoint: Checkpoint, cosignature: Cosignature
) -> None:
    """Keep what a witness signed; a later statement replaces an earlier one."""
    columns = tables.cosignatures.c
    row = {
        "size": checkpoint.size,
        "witness": cosignature.witness.text(),
        "seconds": cosignature.seconds,
        "line": cosignature.line().text(),
    }
    connection.execute(
        sa.delete(tables.cosignatures).where(
            columns.size == row["size"], columns.witness == row["witness"]
        )
    )
    connection.execute(sa.insert(tables.cosignatures).values(**row))


def newest_size(connection: sa.Connection, witness: WitnessKey) -> int:
    """Return the largest size that a witness signed, unverified; 0 if none."""
    columns = tables.cosignatures.c
    found = connection.execute(
        sa.select(sa.func.max(columns.size)).where(columns.witness == witness.text())
    ).scalar()
    return found if isinstance(found, int) else 0


def sizes(connection: sa.Connection, *, at_least: int, lines: int) -> list[int]:
    """Return the sizes of checkpoints that so many signed, the newest first.

    Args:
        connection: Where to look.
        at_least: No smaller ones.
        lines: Cosignatures that a checkpoint must have.
    """
    columns = tables.cosignatures.c
    found = connection.execute(
        sa.select(columns.size)
        .where(columns.size >= at_least)
        .group_by(columns.size)
        .having(sa.func.count() >= lines)
        .order_by(columns.size.desc())
    ).scalars()
    return [size for size in found if isinstance(size, int)]


def cosigned_note(connection: sa.Connection, size: int) -> str | None:
    """Return the checkpoint of this size with its cosignatures, none verified."""
    checkpoints, columns = tables.checkpoints.c, tables.cosignatures.c
    note: str | None = connection.execute(
        sa.select(checkpoints.note).where(checkpoints.size == size)
    ).scalar()
    if note is None:
        return None
    lines = connection.execute(
        sa.select(columns.line)
        .where(columns.size == size)
        .order_by(columns.seconds.desc(), columns.witness)
        .limit(AT_MOST_LINES)
    ).scalars()
    return f"{note}{''.join(map(str, lines))}"


def cosigned_at(
    connection: sa.Connection, size: int, witnesses: Sequence[WitnessKey]
) -> Cosigned:
    """Return the checkpoint of a size and who of these witnesses signed it.

    Raises:
        IntegrityError: A line is not that witness's, or there is no such checkpoint.
    """
    note = cosigned_note(connection, size)
    if note is None:
        raise IntegrityError(f"cosignatures are of a checkpoint {size} that is gone")
    return Cosigned(
        note=note, size=size, cosignatures=verified_cosignatures(note, witnesses)
    )


def newest_met(
    connection: sa.Connection, policy: WitnessPolicy, *, at_least: int = 0
) -> Cosigned | None:
    """Return the newest checkpoint that enough witnesses signed, if there is one.

    Raises:
        IntegrityError: A stored cosignature is not what its witness signed.
    """
    for size in sizes(connection, at_least=at_least, lines=policy.least()):
        found = cosigned_at(connection, size, policy.keys())
        if found.cosignatures and policy.met_by(found.witnesses):
            return found
    return None


def newest_of_each(
    connection: sa.Connection, policy: WitnessPolicy
) -> list[tuple[KnownWitness, Cosigned]]:
    """Return the newest checkpoint that each witness signed, if it signed any.

    Raises:
        IntegrityError: A stored cosignature is not what its witness signed.
    """
    found = []
    for known in policy.witnesses.values():
        size = newest_size(connection, known.key)
        if size:
            found.append((known, cosigned_at(connection, size, policy.keys())))
    return found


def report(connection: sa.Connection, policy: WitnessPolicy) -> WitnessReport:
    """Return who signed what, all of it verified.

    Raises:
        IntegrityError: A stored cosignature is not what its witness signed.
    """
    met = newest_met(connection, policy)
    return WitnessReport(
        statements=tuple(
            Statement(
                name=known.name,
                key=known.key,
                size=found.size,
                at=_time(found, known.key),
            )
            for known, found in newest_of_each(connection, policy)
        ),
        quorum=policy.quorum,
        least=policy.least(),
        met_size=met.size if met else None,
    )


def _time(found: Cosigned, key: WitnessKey) -> datetime:
    """Return when a witness signed, by its own clock.

    Raises:
        IntegrityError: Its line is not among those shown.
    """
    seconds = [c.seconds for c in found.cosignatures if c.witness == key]
    if not seconds:
        raise IntegrityError(f"the cosignature of {key.name} is not in its row")
    return datetime.fromtimestamp(min(max(seconds), _LATEST), UTC)
