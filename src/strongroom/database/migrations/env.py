"""Runs migrations on the connection that ``migrating.upgrade`` hands over."""

from __future__ import annotations

from alembic import context

from strongroom.database.columns import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
