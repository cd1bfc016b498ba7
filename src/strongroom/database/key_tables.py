"""The tables of keys in change; ``tables`` imports them."""

from __future__ import annotations

import sqlalchemy as sa

from strongroom.database.columns import column, guarded
from strongroom.database.times import UtcDateTime

root_keys = guarded(
    "root_keys",
    column("domain", sa.Text, index=True),
    column("custodian", sa.Text),
    column("file", sa.Text),
    column("state", sa.Text),
    column("created_at", UtcDateTime),
)
