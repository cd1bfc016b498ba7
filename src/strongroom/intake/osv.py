"""Which versions of a package an advisory concerns, in the form of OSV.

Only ``ECOSYSTEM`` ranges and lists of versions of PyPI are kept: of other packages
the room has none.  What is malformed refuses the whole bundle, since an advisory that
is skipped is an advisory that nobody reads.

Source: Open Source Vulnerability format 1.6, ``affected``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.canonical import Json
from strongroom.errors import InputError

PYPI = "PyPI"
EVENTS = frozenset({"introduced", "fixed", "last_affected", "limit"})

_MOST_TEXT = 300
_AFFECTED = frozenset(
    {
        "package",
        "severity",
        "ranges",
        "versions",
        "ecosystem_specific",
        "database_specific",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedPackage:
    """A package of PyPI, and which of its versions are concerned.

    Attributes:
        name: As PyPI shows it.
        ranges: Each a tuple of events ``(what, version)``, in the bundle's order;
            ``what`` is one of ``EVENTS``.
        versions: Single versions that are concerned too.
    """

    name: str
    ranges: tuple[tuple[tuple[str, str], ...], ...]
    versions: frozenset[str]


def parse_affected(items: Json) -> tuple[AffectedPackage, ...]:
    """Return the packages of PyPI among the ``affected`` of an advisory.

    Raises:
        InputError: One has another form.
    """
    packages = (_package(item) for item in list_of(items))
    return tuple(package for package in packages if package is not None)


def list_of(value: Json) -> tuple[Json, ...]:
    """Return the items of a list.

    Raises:
        InputError: It is none.
    """
    if not isinstance(value, list):
        raise InputError("what should be a list is none")
    return tuple(value)


def text_of(value: Json) -> str:
    """Return a text that can be shown, of 1 to 300 characters.

    Raises:
        InputError: It is none.
    """
    if (
        not isinstance(value, str)
        or not 0 < len(value) <= _MOST_TEXT
        or not value.isprintable()
    ):
        raise InputError("what should be a short text that can be shown is none")
    return value


def _package(item: Json) -> AffectedPackage | None:
    """Return a package of PyPI; nothing for one of another ecosystem."""
    if not isinstance(item, Mapping) or not item.keys() <= _AFFECTED:
        raise InputError("an affected package has other members than OSV names")
    package = item.get("package")
    if package is None:  # OSV allows ranges of commits without a package
        return None
    if not isinstance(package, Mapping):
        raise InputError("a package is no object")
    name, ecosystem = text_of(package.get("name")), text_of(package.get("ecosystem"))
    if ecosystem != PYPI:
        return None
    ranges = tuple(_range(one) for one in list_of(item.get("ranges", [])))
    return AffectedPackage(
        name=name,
        ranges=tuple(events for events in ranges if events),
        versions=frozenset(text_of(v) for v in list_of(item.get("versions", []))),
    )


def _range(item: Json) -> tuple[tuple[str, str], ...]:
    """Return the events of a range of versions; none of one of commits."""
    match item:
        case {"type": "ECOSYSTEM", "events": [_, *_] as events}:
            return tuple(_event(event) for event in events)
        case {"type": "GIT", "events": [_, *_]}:
            return ()
    raise InputError("a range has another form than OSV states")


def _event(item: Json) -> tuple[str, str]:
    if isinstance(item, Mapping) and len(item) == 1:
        ((what, version),) = item.items()
        if what in EVENTS:
            return what, text_of(version)
    raise InputError("an event of a range is not one of those that OSV names")
