"""Reads cells of tables that no MAC covers, whatever somebody put there."""

from __future__ import annotations

from strongroom.errors import IntegrityError


def blob(cell: object) -> bytes:
    """Return the bytes in a cell.

    SQLite keeps values of any type in any column, and ``bytes`` of a number would be
    that many zeros.

    Raises:
        IntegrityError: It holds something else.
    """
    if not isinstance(cell, bytes | memoryview):
        raise IntegrityError(
            "a row holds something else than bytes",
            hint="strongroom ledger verify; restore a backup",
        )
    return bytes(cell)


def text(cell: object) -> str:
    """Return the text in a cell.

    Raises:
        IntegrityError: It holds something else.
    """
    if not isinstance(cell, str):
        raise IntegrityError(
            "a row holds something else than text",
            hint="strongroom ledger verify; restore a backup",
        )
    return cell
