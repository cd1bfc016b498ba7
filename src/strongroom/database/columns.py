"""How tables are written down: names of constraints, and two kinds of tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


IDENTIFIER = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Ids sort by their bytes on every database, so that a prefix is a range."""

COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # its rowid type


def guarded(name: str, *items: sa.schema.SchemaItem) -> sa.Table:
    """Return a table whose rows carry a revision and a MAC."""
    return sa.Table(
        name,
        metadata,
        sa.Column("id", IDENTIFIER, primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        *items,
        sa.Column("mac", sa.LargeBinary, nullable=False),
    )


def column(
    name: str,
    kind: type[sa.types.TypeEngine[Any]] | sa.types.TypeEngine[Any],
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
