"""Which tests answer for a module: its own first, then those that come near it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path("src", "strongroom")
FOLDERS = (
    "access",
    "app",
    "contracts",
    "crypto",
    "ledger",
    "machines",
    "permits",
    "specification",
)
"""Where the tests of a module are looked for that has no test file of its name.

Commands, journeys and the attacks play whole stories: they take minutes, and a fault
that only they find is found where nobody looks for it.
"""
MOST = 5
"""Files of the second stage; more take too long for each survivor."""


def stages(root: Path, module: Path) -> tuple[tuple[Path, ...], ...]:
    """Return the test files that a fault has to survive, stage by stage.

    Args:
        root: The tree.
        module: Below ``src/strongroom``.

    Returns:
        The test file of the module's name, if there is one.  Then contracts, and the
        smallest of those of its package and of the specification that import the
        module, or that belong to modules that do.
    """
    own = _own(root, module)
    folders = (module.parts[0], "specification") if own else FOLDERS
    near = {path for path in _near(root, module, folders) if path != own}
    by_size = sorted(near, key=lambda path: _later(root, path))
    found = ((own,) if own else (), tuple(by_size[:MOST]))
    return tuple(stage for stage in found if stage)


def _later(root: Path, path: Path) -> tuple[bool, int]:
    """Return what sorts contracts first, then by size."""
    return path.parts[1] != "contracts", (root / path).stat().st_size


def _own(root: Path, module: Path) -> Path | None:
    path = Path("tests") / module.parent / f"test_{module.name}"
    return path if (root / path).exists() else None


def _near(root: Path, module: Path, folders: tuple[str, ...]) -> Iterator[Path]:
    wanted = _import_of(module)
    for folder in folders:
        for path in sorted((root / "tests" / folder).rglob("test_*.py")):
            if wanted.search(path.read_text()):
                yield path.relative_to(root)
        for path in sorted((root / PACKAGE / folder).rglob("*.py")):
            own = _own(root, path.relative_to(root / PACKAGE))
            if own and wanted.search(path.read_text()):
                yield own


def _import_of(module: Path) -> re.Pattern[str]:
    """Return what finds an import of the module, in either spelling."""
    *folders, name = ("strongroom", *module.with_suffix("").parts)
    package = re.escape(".".join(folders))
    return re.compile(
        rf"from {package}\.{name} import|import {package}\.{name}\b"
        rf"|from {package} import (\([^)]*|[^\n]*)\b{name}\b"
    )
