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

intake_sources = guarded(
    "intake_sources",
    column("name", sa.Text),
    column("state", sa.Text),
    column("publisher", sa.Text),
    column("repository", sa.Text),
    column("commit", sa.Text),
    column("digests", sa.Text),
    column("sums", sa.Text),
    column("keys", sa.Text),
    column("listed_by", sa.Text),
    column("listed_at", UtcDateTime),
)
sa.Index(  # two requests for one name cannot both be carried out
    "uq_intake_sources_listed",
    intake_sources.c.name,
    unique=True,
    sqlite_where=intake_sources.c.state == "listed",
    postgresql_where=intake_sources.c.state == "listed",
)

intake_reports = sa.Table(
    "intake_reports",
    metadata,
    column("digest", sa.Text, key=True),
    column("report", sa.LargeBinary),
)

later_readings = guarded(
    "later_readings",
    column("reader", sa.Integer),
    column("outcome", sa.Text),
    column("report", sa.Text),
    column("read_at", UtcDateTime),
)
