"""The tables: ledger first, then who, then what, then who may.

A table made by ``_guarded`` holds rows that decisions rely on: one row an id, a
revision, and a MAC (see ``guards``).  The others need none: they are signed,
sealed, hashed into the ledger, or only limit guessing.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from strongroom.database.times import UtcDateTime

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


_COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # its rowid type


def _guarded(name: str, *items: sa.schema.SchemaItem) -> sa.Table:
    """Return a table whose rows carry a revision and a MAC."""
    return sa.Table(
        name,
        metadata,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        *items,
        sa.Column("mac", sa.LargeBinary, nullable=False),
    )


def _column(
    name: str,
    kind: type[sa.types.TypeEngine[Any]],
    *,
    key: bool = False,
    index: bool = False,
    unique: bool = False,
) -> sa.Column[Any]:
    """Return a column that is never null."""
    return sa.Column(
        name,
        kind,
        nullable=False,
        primary_key=key,
        autoincrement=False if key else "auto",
        index=index or None,
        unique=unique or None,
    )


# --- the ledger -------------------------------------------------------------

entries = sa.Table(
    "entries",
    metadata,
    # ids grow but may commit out of order; ``position`` is the index in the tree
    sa.Column("id", _COUNTER, primary_key=True),
    sa.Column("position", sa.BigInteger, unique=True),
    _column("at", UtcDateTime),
    _column("kind", sa.Text, index=True),
    _column("body", sa.LargeBinary),
    _column("leaf", sa.LargeBinary),
    sa.Column("attached", sa.LargeBinary),
)

entry_rows = sa.Table(
    "entry_rows",
    metadata,
    _column("entry_id", sa.BigInteger, key=True),
    _column("table_name", sa.Text, key=True),
    _column("row_id", sa.Text, key=True),
    _column("revision", sa.Integer),
    _column("mac", sa.LargeBinary),
    sa.Index("ix_entry_rows_row", "table_name", "row_id", "entry_id"),
)

private_facts = sa.Table(
    "private_facts",
    metadata,
    _column("entry_id", sa.BigInteger, key=True),
    _column("subject", sa.Text, index=True),
    _column("salt", sa.LargeBinary),
    _column("payload", sa.Text),
)

tiles = sa.Table(
    "tiles",
    metadata,
    _column("level", sa.Integer, key=True),
    _column("number", sa.BigInteger, key=True),
    _column("hashes", sa.LargeBinary),
)

checkpoints = sa.Table(
    "checkpoints",
    metadata,
    _column("size", sa.BigInteger, key=True),
    # unique: two sequencers cannot both extend the same tree
    _column("previous_size", sa.BigInteger, unique=True),
    _column("frontier", sa.LargeBinary),
    _column("note", sa.Text),
)

room_keys = sa.Table(
    "room_keys",
    metadata,
    _column("name", sa.Text, key=True),
    _column("root_key_id", sa.Text, key=True),
    _column("wrapped", sa.LargeBinary),
)

# --- who --------------------------------------------------------------------

teams = _guarded("teams", _column("name", sa.Text, unique=True))

accounts = _guarded(
    "accounts",
    _column("name", sa.Text, unique=True),
    _column("kind", sa.Text),
    _column("team", sa.Text),
    sa.Column("owner", sa.Text),
    _column("roles", sa.Text),
    _column("state", sa.Text),
    sa.Column("password_hash", sa.Text),
    sa.Column("enrolment_hash", sa.LargeBinary),
    sa.Column("enrolment_until", UtcDateTime),
    _column("created_at", UtcDateTime),
)

second_factors = _guarded(
    "second_factors",
    _column("account", sa.Text, index=True),
    _column("secret", sa.LargeBinary),
    _column("last_step", sa.BigInteger),
    _column("recovery_hashes", sa.Text),
    _column("state", sa.Text),
    _column("created_at", UtcDateTime),
)

sessions = _guarded(
    "sessions",
    _column("account", sa.Text, index=True),
    _column("token_hash", sa.LargeBinary, unique=True),
    _column("factor", sa.Text),
    sa.Column("factor_at", UtcDateTime),
    _column("opened_at", UtcDateTime),
    _column("expires_at", UtcDateTime),
    _column("state", sa.Text),
)

attempts = sa.Table(
    "attempts",
    metadata,
    _column("subject", sa.LargeBinary, key=True),
    _column("failures", sa.Integer),
    _column("wait_until", UtcDateTime),
)

projects = _guarded(
    "projects",
    _column("name", sa.Text, unique=True),
    _column("state", sa.Text),
    _column("created_at", UtcDateTime),
)

members = _guarded(
    "members",
    _column("project", sa.Text, index=True),
    _column("account", sa.Text, index=True),
    _column("state", sa.Text),
)

# --- what -------------------------------------------------------------------

artifacts = _guarded(
    "artifacts",
    _column("name", sa.Text, unique=True),
    _column("project", sa.Text),
    _column("classification", sa.Text),
    _column("roots", sa.Text),
    _column("created_at", UtcDateTime),
)

versions = _guarded(
    "versions",
    _column("artifact", sa.Text, index=True),
    _column("number", sa.BigInteger),
    _column("generation", sa.BigInteger),
    _column("state", sa.Text),
    sa.Column("parent", sa.Text),
    _column("manifest_digest", sa.Text),
    _column("plain_bytes", sa.BigInteger),
    _column("sealed_by", sa.Text),
    _column("sealed_at", UtcDateTime),
)

pointers = _guarded(
    "pointers",
    _column("artifact", sa.Text, index=True),
    _column("name", sa.Text),
    _column("version", sa.BigInteger),
)

manifests = sa.Table(
    "manifests",
    metadata,
    _column("artifact", sa.Text, key=True),
    _column("version", sa.BigInteger, key=True),
    _column("generation", sa.BigInteger, key=True),
    _column("signed", sa.LargeBinary),
)

wraps = sa.Table(
    "wraps",
    metadata,
    _column("artifact", sa.Text, key=True),
    _column("version", sa.BigInteger, key=True),
    _column("generation", sa.BigInteger, key=True),
    _column("segment", sa.Text, key=True),
    _column("share", sa.Integer, key=True),
    _column("root_key_id", sa.Text, key=True),
    _column("wrapped", sa.LargeBinary),
)

footprints = sa.Table(
    "footprints",
    metadata,
    _column("digest", sa.Text, key=True),
    _column("extents", sa.LargeBinary),
)

# --- who may ----------------------------------------------------------------

lineages = _guarded(
    "lineages",
    sa.Column("person_cap_percent", sa.Integer),
    sa.Column("pair_cap_percent", sa.Integer),
)

requests = _guarded(
    "requests",
    _column("action", sa.Text),
    _column("asker", sa.Text, index=True),
    _column("asker_team", sa.Text),
    _column("body", sa.Text),
    _column("digest", sa.Text),
    _column("approvals", sa.Integer),
    _column("distinct_teams", sa.Integer),
    _column("state", sa.Text, index=True),
    _column("created_at", UtcDateTime),
    _column("expires_at", UtcDateTime),
)

approvals = _guarded(
    "approvals",
    _column("request", sa.Text, index=True),
    _column("digest", sa.Text),
    _column("approver", sa.Text),
    _column("team", sa.Text),
    _column("decision", sa.Text),
    _column("factor", sa.Text),
    sa.Column("factor_at", UtcDateTime),
    _column("at", UtcDateTime),
    _column("valid_until", UtcDateTime),
    sa.UniqueConstraint("request", "approver"),
)

permits = _guarded(
    "permits",
    _column("request", sa.Text, unique=True),
    _column("account", sa.Text, index=True),
    _column("roots", sa.Text),
    _column("released_bytes", sa.BigInteger),
    _column("expires_at", UtcDateTime),
    _column("state", sa.Text),
    _column("signed", sa.LargeBinary),
)

releases = _guarded(
    "releases",
    _column("permit", sa.Text, index=True),
    _column("account", sa.Text),
    _column("reader_digest", sa.Text),
    _column("artifact", sa.Text),
    _column("version", sa.BigInteger),
    _column("generation", sa.BigInteger),
    _column("segments", sa.Text),
    _column("footprints", sa.Text),
    _column("plain_bytes", sa.BigInteger),
    _column("at", UtcDateTime),
)

holdings = _guarded(
    "holdings",
    _column("account", sa.Text, index=True),
    _column("root", sa.Text, index=True),
    _column("footprint", sa.Text),
    _column("plain_bytes", sa.BigInteger),
    _column("at", UtcDateTime),
)
