"""Looks at what a reader wrote of bytes that nobody chose."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from campaigns._inert import fault_in
from strongroom.canonical import to_json
from strongroom.intake.findings import Level
from strongroom.intake.reported import parse_report
from strongroom.intake.rereading import reread
from strongroom.intake.sources import Source


def verify_written(folder: Path) -> None:
    """Verify that what a reader wrote loads, is inert, and is read to the same again.

    Raises:
        AssertionError: It is not, and a room would have refused it or let it in.
    """
    written = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.stat().st_size
    }
    for name, path in written.items():
        fault = fault_in(name, path.read_bytes())
        if fault:
            raise AssertionError(f"{name} {fault}")
    with ExitStack() as stack:
        sources = [_source(stack, name, path) for name, path in written.items()]
        report = parse_report(to_json(reread(sources, str(folder))), files=len(sources))
    for source, read in zip(sources, report, strict=True):
        for finding in read.findings:
            if finding.level is Level.ERROR:
                raise AssertionError(f"read again, {source.path}: {finding.message}")


def _source(stack: ExitStack, name: str, path: Path) -> Source:
    descriptor = os.open(path, os.O_RDONLY)
    stack.callback(os.close, descriptor)
    return Source(descriptor=descriptor, start=0, length=path.stat().st_size, path=name)
