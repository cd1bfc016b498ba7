"""The tables of what people owe and are asked; ``tables`` imports them."""

from __future__ import annotations

import sqlalchemy as sa

from strongroom.database.columns import column, guarded, metadata
from strongroom.database.times import UtcDateTime

break_glass = guarded(
    "break_glass",
    column("account", sa.Text, index=True),
    column("opener", sa.Text),
    column("team", sa.Text),
    column("permit", sa.Text, index=True),
    column("opened_at", UtcDateTime),
    column("due_at", UtcDateTime),
    column("state", sa.Text, index=True),
    column("notice", sa.Text),
    sa.Column("reviewer", sa.Text),
    sa.Column("reviewed_at", UtcDateTime),
)

training = guarded(
    "training",
    column("account", sa.Text, index=True),
    column("kind", sa.Text),
    column("name", sa.Text),
    sa.Column("until", UtcDateTime),
    column("added_by", sa.Text),
    column("added_at", UtcDateTime),
)

access_reviews = guarded(
    "access_reviews",
    column("started_by", sa.Text),
    column("started_at", UtcDateTime),
    column("due_at", UtcDateTime),
    column("state", sa.Text, index=True),
)

access_items = guarded(
    "access_items",
    column("review", sa.Text, index=True),
    column("account", sa.Text, index=True),
    column("thing", sa.Text),
    column("answer", sa.Text, index=True),
    sa.Column("answered_by", sa.Text),
    sa.Column("answered_at", UtcDateTime),
)

attempts = sa.Table(
    "attempts",
    metadata,
    column("subject", sa.LargeBinary, key=True),
    column("failures", sa.Integer),
    column("wait_until", UtcDateTime),
)
