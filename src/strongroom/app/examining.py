"""Wires the sandbox that reads what comes from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from strongroom.access.gate import Gate
from strongroom.intake.quarantine import Quarantine
from strongroom.intake.receiving import ReceivedFile
from strongroom.intake.reports import SnapshotReport
from strongroom.intake.rewriting import Options
from strongroom.sandboxes.port import Sandbox
from strongroom.settings import Settings
from strongroom.types import Random


def wire_quarantine(
    gate: Gate, settings: Settings, sandbox: Callable[[], Sandbox], random: Random
) -> Quarantine:
    """Return the room's quarantine; a sandbox is made when something is read."""

    def examine(
        descriptor: int,
        files: Sequence[ReceivedFile],
        options: Options,
        output: Path,
    ) -> SnapshotReport:
        # Not before it is needed: most commands read nothing from outside.
        from strongroom.intake.reading import SandboxReader

        return SandboxReader(sandbox())(descriptor, files, options, output)

    return Quarantine(
        gate,
        examine=examine,
        folder=settings.folder.absolute() / "quarantine",  # the sandbox is elsewhere
        random=random,
    )
