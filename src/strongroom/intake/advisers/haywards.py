"""Asks hayward, as ``hayward scan`` would be asked about one file.

It wants a path, so each file is copied inside the sandbox, under its own name, since
the name says as what hayward reads it; one at a time, and removed at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from strongroom.intake.advisers.remarks import Remark, Weight
from strongroom.intake.sources import Source


def ask(source: Source, folder: str) -> Iterator[Remark]:
    """Yield what hayward says of a file, with the ids of its rules.

    Args:
        source: The file.
        folder: Empty; the copy lies there meanwhile.
    """
    from hayward import ModelFileScanner, Severity, is_coverage_gap  # an extra

    grave = {Severity.CRITICAL, Severity.HIGH}  # where its command fails by default
    place = Path(folder, os.path.basename(source.path))
    try:
        with place.open("xb") as file:
            for piece in source.pieces():
                file.write(piece)
        found = ModelFileScanner().scan_file(place)
    finally:
        place.unlink(missing_ok=True)
    for one in sorted(found, key=lambda one: one.severity_order):
        weight = Weight.ALARM if one.severity in grave else Weight.REMARK
        if is_coverage_gap(one):
            weight = Weight.UNREAD
        yield Remark.of(weight, f"{one.rule_id}, {one.severity.value}: {one.message}")
