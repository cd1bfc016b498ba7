"""What somebody wants to take in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from strongroom.intake.rewriting import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """What somebody wants to take in.

    Attributes:
        path: A file or a folder.
        project: Name of the project it is for.
        origin: Where they got it, in their words or as ``hf://ORG/NAME@COMMIT``.
        expect: Hexadecimal SHA-256 that a single file, or the list of files, has.
        options: For its readers.
        again: Examine it although it is known already.
    """

    path: Path
    project: str
    origin: str = ""
    expect: str | None = None
    options: Options = field(default_factory=Options)
    again: bool = False
