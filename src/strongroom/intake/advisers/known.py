"""Which advisers there are: a line for each, and an adapter of this package.

An adviser is a Python package of others that the house installs; nothing of it is
imported here, nor anywhere outside the sandbox.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata

from strongroom.errors import SetupError


@dataclass(frozen=True, slots=True, kw_only=True)
class Adviser:
    """A scanner of others, and how it is asked.

    Attributes:
        asked: Module and function, of the shape ``Ask``.
        packages: What it imports in the sandbox beside the standard library.
        distribution: What pip calls it.
    """

    asked: str
    packages: tuple[str, ...]
    distribution: str

    def version(self) -> str | None:
        """Return which one is installed; ``None`` if none is."""
        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return None


_HERE = "strongroom.intake.advisers"

ADVISERS: Mapping[str, Adviser] = {
    "hayward": Adviser(
        asked=f"{_HERE}.haywards:ask",
        packages=("hayward", "defusedxml"),
        distribution="hayward",
    ),
    "picklescan": Adviser(
        asked=f"{_HERE}.picklescans:ask",
        packages=("picklescan", "numpy"),
        distribution="picklescan",
    ),
}
"""By the name that ``room.toml`` calls it by."""


def verify_known(names: Iterable[str], known: Mapping[str, Adviser] = ADVISERS) -> None:
    """Check that advisers of these names are made.

    Args:
        names: In lower case.
        known: Those that are made.

    Raises:
        SetupError: One is not.
    """
    unknown = sorted(set(names) - known.keys())
    if unknown:
        raise SetupError(
            f"no adviser is called {unknown[0][:40]!r}",
            hint=f"advisers = some of {', '.join(sorted(known))}, under [intake]"
            " in room.toml",
        )
