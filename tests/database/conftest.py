"""Fixtures of the tests of the database."""

from tests.ledger.fixtures import sqlite_world, world

__all__ = ["sqlite_world", "world"]
