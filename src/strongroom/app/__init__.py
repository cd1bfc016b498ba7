"""Builds rooms from settings; the only package that names adapters."""

from __future__ import annotations

from strongroom.app.adapters import (
    Passphrases,
    database_url,
    needs_secret,
    open_domains,
)
from strongroom.app.founding import create_strongroom
from strongroom.app.wiring import Clock, build, clock, open_ledger, open_strongroom

__all__ = [
    "Clock",
    "Passphrases",
    "build",
    "clock",
    "create_strongroom",
    "database_url",
    "needs_secret",
    "open_domains",
    "open_ledger",
    "open_strongroom",
]
