"""The tables of keys in change; ``tables`` imports them."""

from __future__ import annotations

import sqlalchemy as sa

from strongroom.database.columns import column, guarded, metadata
from strongroom.database.times import UtcDateTime

root_keys = guarded(
    "root_keys",
    column("domain", sa.Text, index=True),
    column("custodian", sa.Text),
    column("file", sa.Text),
    column("state", sa.Text),
    column("created_at", UtcDateTime),
)

rekeys = guarded(
    "rekeys",
    column("artifact", sa.Text),
    column("number", sa.BigInteger),
    column("generation", sa.BigInteger),
    column("segments", sa.Text),
    column("suite", sa.Integer),
    column("state", sa.Text, index=True),
    column("begun_by", sa.Text),
    column("begun_at", UtcDateTime),
)

rekeyed = sa.Table(
    "rekeyed",
    metadata,
    column("artifact", sa.Text, key=True),
    column("version", sa.BigInteger, key=True),
    column("generation", sa.BigInteger, key=True),
    column("segment", sa.Text, key=True),
    column("signed", sa.LargeBinary),
)

shreds = guarded("shreds", column("request", sa.Text), column("at", UtcDateTime))
