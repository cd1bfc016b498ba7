"""The tables: ledger first, then who, then what, then who may.

A table made by ``guarded`` holds rows that decisions rely on: one row an id, a
revision, and a MAC (see ``guards``).  The others need none: they are signed,
sealed, hashed into the ledger, or only limit guessing.
"""

from __future__ import annotations

import sqlalchemy as sa

from strongroom.database import (  # noqa: F401  whoever needs all, has these
    advisory_tables,
    intake_tables,
    key_tables,
    passkey_tables,
    people_tables,
)
from strongroom.database.columns import COUNTER, IDENTIFIER, column, guarded, metadata
from strongroom.database.times import UtcDateTime

# --- the ledger -------------------------------------------------------------

entries = sa.Table(
    "entries",
    metadata,
    # ids grow but may commit out of order; ``position`` is the index in the tree
    sa.Column("id", COUNTER, primary_key=True),
    sa.Column("position", sa.BigInteger, unique=True),
    column("at", UtcDateTime),
    column("kind", sa.Text, index=True),
    column("body", sa.LargeBinary),
    column("leaf", sa.LargeBinary),
    column("mac", sa.LargeBinary),  # what the sequencer checks before it signs
    sa.Column("attached", sa.LargeBinary),
)

entry_rows = sa.Table(
    "entry_rows",
    metadata,
    column("entry_id", sa.BigInteger, key=True),
    column("table_name", sa.Text, key=True),
    column("row_id", IDENTIFIER, key=True),
    column("revision", sa.Integer),
    column("mac", sa.LargeBinary),
    sa.Index("ix_entry_rows_row", "table_name", "row_id", "entry_id"),
)

private_facts = sa.Table(
    "private_facts",
    metadata,
    column("entry_id", sa.BigInteger, key=True),
    column("subject", sa.Text, index=True),
    column("salt", sa.LargeBinary),
    column("payload", sa.Text),
)

tiles = sa.Table(
    "tiles",
    metadata,
    column("level", sa.Integer, key=True),
    column("number", sa.BigInteger, key=True),
    column("hashes", sa.LargeBinary),
)

checkpoints = sa.Table(
    "checkpoints",
    metadata,
    column("size", sa.BigInteger, key=True),
    # unique: two sequencers cannot both extend the same tree
    column("previous_size", sa.BigInteger, unique=True),
    column("frontier", sa.LargeBinary),
    column("note", sa.Text),
)

cosignatures = sa.Table(
    "cosignatures",
    metadata,
    column("size", sa.BigInteger, key=True),
    column("witness", sa.Text, key=True),  # its public key, as people keep it
    column("seconds", sa.BigInteger),
    column("line", sa.Text),
)

confirmed = sa.Table(
    "confirmed",
    metadata,
    column("size", sa.BigInteger, key=True),
    column("frontier", sa.LargeBinary),
    column("rows", sa.LargeBinary),
    column("mac", sa.LargeBinary),
)

room_keys = sa.Table(
    "room_keys",
    metadata,
    column("name", sa.Text, key=True),
    column("root_key_id", sa.Text, key=True),
    column("wrapped", sa.LargeBinary),
)

# --- who --------------------------------------------------------------------

teams = guarded("teams", column("name", sa.Text, unique=True))

accounts = guarded(
    "accounts",
    column("name", sa.Text, unique=True),
    column("kind", sa.Text),
    column("team", sa.Text),
    sa.Column("owner", sa.Text),
    column("roles", sa.Text),
    column("state", sa.Text),
    sa.Column("password_hash", sa.Text),
    sa.Column("enrolment_hash", sa.LargeBinary),
    sa.Column("enrolment_until", UtcDateTime),
    column("created_at", UtcDateTime),
)

second_factors = guarded(
    "second_factors",
    column("account", sa.Text, index=True),
    column("secret", sa.LargeBinary),
    column("last_step", sa.BigInteger),
    column("recovery_hashes", sa.Text),
    column("state", sa.Text),
    column("created_at", UtcDateTime),
)

sessions = guarded(
    "sessions",
    column("account", sa.Text, index=True),
    column("token_hash", sa.LargeBinary, unique=True),
    column("factor", sa.Text),
    sa.Column("factor_at", UtcDateTime),
    column("opened_at", UtcDateTime),
    column("expires_at", UtcDateTime),
    column("state", sa.Text),
)

projects = guarded(
    "projects",
    column("name", sa.Text, unique=True),
    column("state", sa.Text),
    column("created_at", UtcDateTime),
)

members = guarded(
    "members",
    column("project", sa.Text, index=True),
    column("account", sa.Text, index=True),
    column("state", sa.Text),
)

# --- what -------------------------------------------------------------------

artifacts = guarded(
    "artifacts",
    column("name", sa.Text, unique=True),
    column("project", sa.Text),
    column("classification", sa.Text),
    column("roots", sa.Text),
    column("created_at", UtcDateTime),
)

versions = guarded(
    "versions",
    column("artifact", sa.Text, index=True),
    column("number", sa.BigInteger),
    column("generation", sa.BigInteger),
    column("state", sa.Text),
    sa.Column("parent", sa.Text),
    column("manifest_digest", sa.Text),
    column("plain_bytes", sa.BigInteger),
    column("sealed_by", sa.Text),
    column("sealed_at", UtcDateTime),
)

model_references = guarded(
    "model_references",
    column("artifact", sa.Text, index=True),
    column("name", sa.Text),
    column("version", sa.BigInteger),
)

manifests = sa.Table(
    "manifests",
    metadata,
    column("artifact", sa.Text, key=True),
    column("version", sa.BigInteger, key=True),
    column("generation", sa.BigInteger, key=True),
    column("signed", sa.LargeBinary),
)

wraps = sa.Table(
    "wraps",
    metadata,
    column("artifact", sa.Text, key=True),
    column("version", sa.BigInteger, key=True),
    column("generation", sa.BigInteger, key=True),
    column("segment", sa.Text, key=True),
    column("share", sa.Integer, key=True),
    column("root_key_id", sa.Text, key=True),
    column("wrapped", sa.LargeBinary),
)

recovery_keys = guarded(
    "recovery_keys",
    column("public", sa.LargeBinary),
    column("domains", sa.Text),
    column("set_id", sa.Integer),
    column("shares", sa.Integer),
    column("threshold", sa.Integer),
    column("state", sa.Text, index=True),
    column("created_at", UtcDateTime),
)

footprints = sa.Table(
    "footprints",
    metadata,
    column("digest", sa.Text, key=True),
    column("extents", sa.LargeBinary),
)

# --- who may ----------------------------------------------------------------

lineages = guarded(
    "lineages",
    sa.Column("first_version", sa.BigInteger),
    column("permits", sa.Text),
    sa.Column("person_cap_percent", sa.Integer),
    sa.Column("pair_cap_percent", sa.Integer),
)

requests = guarded(
    "requests",
    column("action", sa.Text),
    column("asker", sa.Text, index=True),
    column("asker_team", sa.Text),
    column("body", sa.Text),
    column("digest", sa.Text),
    column("approvals", sa.Integer),
    column("distinct_teams", sa.Integer),
    column("state", sa.Text, index=True),
    column("created_at", UtcDateTime),
    column("expires_at", UtcDateTime),
)

approvals = guarded(
    "approvals",
    column("request", sa.Text, index=True),
    column("digest", sa.Text),
    column("approver", sa.Text),
    column("team", sa.Text),
    column("decision", sa.Text),
    column("factor", sa.Text),
    sa.Column("factor_at", UtcDateTime),
    column("at", UtcDateTime),
    column("valid_until", UtcDateTime),
    sa.UniqueConstraint("request", "approver"),
)

permits = guarded(
    "permits",
    column("request", sa.Text, unique=True),
    column("account", sa.Text, index=True),
    column("roots", sa.Text),
    column("released_bytes", sa.BigInteger),
    column("expires_at", UtcDateTime),
    column("state", sa.Text),
    column("signed", sa.LargeBinary),
)

releases = guarded(
    "releases",
    column("permit", sa.Text, index=True),
    column("account", sa.Text),
    column("reader_digest", sa.Text),
    column("artifact", sa.Text),
    column("version", sa.BigInteger),
    column("generation", sa.BigInteger),
    column("segments", sa.Text),
    column("footprints", sa.Text),
    column("plain_bytes", sa.BigInteger),
    column("at", UtcDateTime),
)

holdings = guarded(
    "holdings",
    column("account", sa.Text, index=True),
    column("root", sa.Text, index=True),
    column("footprint", sa.Text),
    column("plain_bytes", sa.BigInteger),
    column("at", UtcDateTime),
)
