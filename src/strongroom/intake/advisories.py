"""Bundles of advisories: one signed file that says what is known to be bad.

A bundle stands alone: it holds every advisory in force, so that the newest one is
enough.  Its number only grows, and it expires.  Nothing is asked of any service.

Source: Open Source Vulnerability format 1.6; ``docs/specification/advisories.md``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from strongroom.canonical import Json, from_json
from strongroom.crypto.signing import Signed, VerifyKey
from strongroom.database.times import parse_time
from strongroom.errors import InputError, IntegrityError
from strongroom.intake.osv import AffectedPackage, list_of, parse_affected, text_of

PURPOSE = "advisories"
"""Under which a bundle is signed."""

MOST_PAYLOAD_BYTES = 16 << 20
"""250,000 digests, or every advisory on PyPI of some years."""

MOST_BYTES = 2 * MOST_PAYLOAD_BYTES
"""Of the signed file, as of every envelope."""

MOST_VALUES = 1_000_000
"""In a bundle: each takes about 100 bytes once it is parsed."""

MOST_ADVISORIES = 50_000

EXTENSION = "strongroom"
"""Our member of ``database_specific``."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{1,99}")
_OSV = frozenset(
    {
        "schema_version",
        "id",
        "published",
        "modified",
        "withdrawn",
        "aliases",
        "upstream",
        "related",
        "summary",
        "details",
        "severity",
        "affected",
        "references",
        "credits",
        "database_specific",
    }
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_GLOBAL = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*(?:\.\*)?")
_MOST_NUMBER = 2**53 - 1


class Selector(StrEnum):
    """What of an admitted artifact an advisory may name."""

    FILES = "files"  # SHA-256 of a file as it came
    INTAKES = "intakes"  # digest of everything that came together
    TENSORS = "tensors"  # SHA-256 of a tensor as it was re-written
    TEMPLATES = "templates"  # digest of a chat template
    COMMITS = "commits"
    REPOSITORIES = "repositories"
    PUBLISHERS = "publishers"
    GLOBALS = "globals"  # of a pickle: module.name, or module.*
    DOMAINS = "domains"  # of operators


_FORMS: Mapping[Selector, re.Pattern[str]] = {
    Selector.FILES: _SHA256,
    Selector.INTAKES: _SHA256,
    Selector.TENSORS: _SHA256,
    Selector.TEMPLATES: _SHA256,
    Selector.COMMITS: _COMMIT,
    Selector.GLOBALS: _GLOBAL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """One thing that is known to be bad.

    Attributes:
        id: Such as ``GHSA-x8vc-j6vp-p8gh``.
        summary: One line; may be empty.
        withdrawn: Whether it is in force no longer.
        selectors: What it names; an artifact with any of it is concerned.
        readers_below: Whatever a reader of a lower version admitted is concerned;
            0 for none.
        packages: Of PyPI.
    """

    id: str
    summary: str = ""
    withdrawn: bool = False
    selectors: Mapping[Selector, frozenset[str]] = field(default_factory=dict)
    readers_below: int = 0
    packages: tuple[AffectedPackage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Everything that is known to be bad, as of one day.

    Attributes:
        number: Grows from bundle to bundle.
        issued: When it was made; the age of a feed counts from here.
        expires: From when on it says nothing any more.
        advisories: Each under an id of its own.
    """

    number: int
    issued: datetime
    expires: datetime
    advisories: tuple[Advisory, ...]


def open_bundle(data: bytes, key: VerifyKey) -> Bundle:
    """Return what a signed bundle says.

    Args:
        data: The file.
        key: Of whoever issues bundles for this room.

    Raises:
        IntegrityError: It is too long, has another form, or is not by this key.
    """
    signed = Signed.from_bytes(data, MOST_BYTES)
    return parse_bundle(signed.verify(PURPOSE, key))


def parse_bundle(payload: bytes) -> Bundle:
    """Return what a payload says, whoever wrote it.

    Raises:
        IntegrityError: It is too long, or has another form.
    """
    if len(payload) > MOST_PAYLOAD_BYTES:
        raise IntegrityError(f"bundle has more than {MOST_PAYLOAD_BYTES} bytes")
    if sum(map(payload.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise IntegrityError(f"bundle has more than {MOST_VALUES} values")
    document = from_json(payload, at_most_bytes=MOST_PAYLOAD_BYTES)
    try:
        return _bundle(document)
    except (InputError, ValueError) as error:
        raise IntegrityError(f"bundle of advisories is malformed: {error}") from None


def _bundle(document: Json) -> Bundle:
    match document:
        case {
            "v": int(version),
            "number": int(number),
            "issued": str(issued),
            "expires": str(expires),
            "advisories": [*items],
            **rest,
        } if not rest and version == 1 and version is not True:
            pass
        case _:
            raise InputError("it has other members than version 1 has")
    if isinstance(number, bool) or not 1 <= number <= _MOST_NUMBER:
        raise InputError("its number is no whole number from 1")
    if len(items) > MOST_ADVISORIES:
        raise InputError(f"it has more than {MOST_ADVISORIES} advisories")
    bundle = Bundle(
        number=number,
        issued=parse_time(issued),
        expires=parse_time(expires),
        advisories=tuple(_advisory(item) for item in items),
    )
    if bundle.expires <= bundle.issued:
        raise InputError("it expires before it is issued")
    if len({one.id for one in bundle.advisories}) != len(items):
        raise InputError("two advisories have one id")
    return bundle


def _advisory(item: Json) -> Advisory:
    if not isinstance(item, Mapping):
        raise InputError("an advisory is no object")
    identifier = item.get("id")
    if not isinstance(identifier, str) or not _ID.fullmatch(identifier):
        raise InputError("an advisory has no id")
    unknown = item.keys() - _OSV
    if unknown:
        raise InputError(f"{identifier} has members that OSV does not name")
    specific = item.get("database_specific", {})
    if not isinstance(specific, Mapping):
        raise InputError(f"{identifier}: database_specific is no object")
    selectors, readers_below = _extension(identifier, specific.get(EXTENSION, {}))
    summary = item.get("summary", "")
    return Advisory(
        id=identifier,
        summary=text_of(summary) if summary else "",
        withdrawn=item.get("withdrawn") is not None,
        selectors=selectors,
        readers_below=readers_below,
        packages=parse_affected(item.get("affected", [])),
    )


def _extension(
    identifier: str, members: Json
) -> tuple[dict[Selector, frozenset[str]], int]:
    """Return what our member names; a name that we do not know would hit nothing."""
    if not isinstance(members, Mapping):
        raise InputError(f"{identifier}: {EXTENSION} is no object")
    selectors: dict[Selector, frozenset[str]] = {}
    below = 0
    for name, value in members.items():
        if name == "readers_below":
            if type(value) is not int or value < 1:
                raise InputError(f"{identifier}: {name} is no whole number from 1")
            below = value
        elif name in set(Selector):
            selectors[Selector(name)] = frozenset(
                _value(identifier, Selector(name), one) for one in list_of(value)
            )
        else:
            raise InputError(f"{identifier} names something by {name[:40]!a}")
    return selectors, below


def _value(identifier: str, selector: Selector, item: Json) -> str:
    value = text_of(item)
    form = _FORMS.get(selector)
    if form is not None and not form.fullmatch(value):
        raise InputError(f"{identifier}: {value[:80]!a} is none of its {selector}")
    return value
