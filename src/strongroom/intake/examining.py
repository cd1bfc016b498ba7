"""The seam between the shell of quarantine and what reads files in a sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from strongroom.intake.receiving import ReceivedFile
from strongroom.intake.reports import SnapshotReport
from strongroom.intake.rewriting import Options


class Examine(Protocol):
    """Reads files where they can do no harm."""

    def __call__(
        self,
        descriptor: int,
        files: Sequence[ReceivedFile],
        options: Options,
        output: Path,
    ) -> SnapshotReport:
        """Identify and re-write files; return what was found, verified.

        Args:
            descriptor: Of the private copy, open for reading.
            files: Where each lies in it.
            options: What the person who adds them chose; what they leave out is
                reported, and neither read nor written.
            output: An empty folder for what is re-written.

        Raises:
            SetupError: The sandbox lacks something.
            UnavailableError: The disk is nearly full.
            OSError: The disk does not do what it should; ``Quarantine`` says which.
        """
