"""Which installed packages an advisory concerns, by the versions that OSV states.

Anything unclear is a finding: a version that cannot be compared, an event that says
nothing.

Source: Open Source Vulnerability format 1.6, ``affected``, "Evaluation"; PEP 440 by
``packaging``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from strongroom.intake.advisories import Advisory
from strongroom.intake.findings import MOST_MESSAGE, Finding, Level
from strongroom.intake.osv import AffectedPackage

_FIRST = "0"
"""In an event: before every version, also those before 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One package as it is installed.

    Attributes:
        name: As its metadata states it; empty if they do not.
        version: As its metadata state it.
    """

    name: str
    version: str


def judge_installed(
    installed: Iterable[Installed], advisories: Iterable[Advisory]
) -> Iterator[tuple[str, Finding]]:
    """Yield the name of each package that is concerned, and why.

    Args:
        installed: Every package.
        advisories: Those withdrawn are passed over.
    """
    by_name: dict[str, list[tuple[Advisory, AffectedPackage]]] = {}
    for advisory in advisories:
        for affected in () if advisory.withdrawn else advisory.packages:
            name = canonicalize_name(affected.name)
            by_name.setdefault(name, []).append((advisory, affected))
    for package in installed:
        version = _parsed(package.version)
        if not package.name or version is None:
            yield package.name, _unclear(package)
            continue
        for advisory, affected in by_name.get(canonicalize_name(package.name), ()):
            if is_affected(version, affected):
                yield package.name, _concerned(package, advisory)


def is_affected(version: Version, affected: AffectedPackage) -> bool:
    """Return whether a version is one of those that are concerned."""
    listed = (_parsed(text) for text in affected.versions)
    return version in listed or any(
        _in_range(version, events) for events in affected.ranges
    )


def _in_range(version: Version, events: tuple[tuple[str, str], ...]) -> bool:
    """Return whether the last event up to a version leaves it concerned.

    An event whose version cannot be compared leaves everything concerned.
    """
    placed: list[tuple[Version, str]] = []
    concerned = ("introduced", _FIRST) in events
    for what, text in events:
        at = _parsed(text)
        if at is None:
            return True
        placed.append((at, what))
    limits = [at for at, what in placed if what == "limit"]
    if limits and version >= max(limits):
        return False
    for at, what in sorted(placed):
        if what == "introduced" and version >= at:
            concerned = True
        elif (what == "fixed" and version >= at) or (
            what == "last_affected" and version > at
        ):
            concerned = False
    return concerned


def _parsed(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _concerned(package: Installed, advisory: Advisory) -> Finding:
    words = f"{package.name} {package.version}: {advisory.id}: {advisory.summary}"
    return Finding(
        rule="advisory/package",
        level=Level.ERROR,
        message=words.rstrip(": ")[:MOST_MESSAGE],
    )


def _unclear(package: Installed) -> Finding:
    return Finding(
        rule="advisory/version",
        level=Level.WARNING,
        message=f"{package.name[:100]!a} is installed as {package.version[:100]!a},"
        " which cannot be compared with any version",
    )
