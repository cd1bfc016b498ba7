"""The tables of what is known to be bad; ``tables`` imports them."""

from __future__ import annotations

import sqlalchemy as sa

from strongroom.database.columns import column, guarded, metadata
from strongroom.database.times import UtcDateTime

advisory_feeds = guarded(
    "advisory_feeds",
    column("number", sa.BigInteger),
    column("digest", sa.Text),
    column("taken_at", UtcDateTime),
)

advisory_issuers = guarded(
    "advisory_issuers",
    column("place", sa.Integer),
    column("number", sa.BigInteger),
    column("since", UtcDateTime),
)

advisory_hits = guarded(
    "advisory_hits",
    column("intake", sa.Text, index=True),
    column("advisory", sa.Text),
    column("number", sa.BigInteger),
    column("found_at", UtcDateTime),
)

advisory_bundles = sa.Table(
    "advisory_bundles",
    metadata,
    column("digest", sa.Text, key=True),
    column("bundle", sa.LargeBinary),
)
