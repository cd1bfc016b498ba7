"""The tables of what came from outside; ``tables`` imports them."""

from __future__ import annotations

import sqlalchemy as sa

from strongroom.database.columns import column, guarded, metadata
from strongroom.database.times import UtcDateTime

intakes = guarded(
    "intakes",
    column("state", sa.Text, index=True),
    column("digest", sa.Text, index=True),
    column("plain_bytes", sa.BigInteger),
    column("files", sa.Integer),
    column("source", sa.Text),
    sa.Column("original", sa.Text),
    column("review", sa.Text),
    column("report", sa.Text),
    sa.Column("version", sa.Text, index=True),
    column("added_by", sa.Text),
    column("added_at", UtcDateTime),
    column("expires_at", UtcDateTime),
)

intake_reports = sa.Table(
    "intake_reports",
    metadata,
    column("digest", sa.Text, key=True),
    column("report", sa.LargeBinary),
)
