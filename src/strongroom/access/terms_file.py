"""Reads the terms of a profile from ``terms.toml``, ours or a house's own.

A table that contradicts itself stops the start.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import TypeVar

from strongroom import canonical
from strongroom.access.person_terms import BreakGlassTerms, flag, training_terms
from strongroom.access.terms import AdministrationTerms, Terms, TermsTable
from strongroom.errors import SetupError
from strongroom.settings.small_files import read_small
from strongroom.types import Classification, Profile

_T = TypeVar("_T", bound=AdministrationTerms | BreakGlassTerms)
_TERMS_BYTES = 64 * 1024
_MOST_SECONDS = 366 * 24 * 3600


def load_terms(profile: Profile, *, folder: Path | None = None) -> TermsTable:
    """Return the terms of ``profile``.

    Args:
        profile: Which table of the file to read.
        folder: Where a house keeps its own ``terms.toml``; None means the one
            that came with the package.

    Raises:
        SetupError: The file is absent, too long, no TOML, or contradicts itself.
    """
    source = folder or resources.files("strongroom.access") / "policies"
    data = read_small(source / "terms.toml", _TERMS_BYTES, error=SetupError)
    if data is None:
        raise SetupError(f"there is no terms.toml in {source}")
    return parse_terms(profile, data)


def parse_terms(profile: Profile, data: bytes) -> TermsTable:
    """Return the table of ``profile`` in the bytes of a ``terms.toml``.

    Raises:
        SetupError: It is too long, no TOML, or contradicts itself.
    """
    if len(data) > _TERMS_BYTES:
        raise SetupError(f"terms.toml is longer than {_TERMS_BYTES} bytes")
    try:
        document = tomllib.loads(data.decode())
    except (ValueError, RecursionError):
        raise SetupError("terms.toml is not TOML") from None
    table = _table(document, profile.value)
    try:
        return TermsTable(
            profile=profile,
            default_class=Classification(str(table.get("default_class"))),
            signed_approvals=flag(table, "signed_approvals"),
            classes={c: _terms(Terms, table, c.value) for c in Classification},
            administration=_terms(AdministrationTerms, table, "administration"),
            break_glass=(
                _terms(BreakGlassTerms, table, "break_glass")
                if "break_glass" in table
                else None
            ),
            training=training_terms(table.get("training")),
            digest=canonical.digest("strongroom/v1/terms", data).hex(),
        )
    except (ValueError, SetupError) as error:
        raise SetupError(f"terms.toml, {profile.value}: {error}") from None


def _table(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = document.get(name)
    if not isinstance(value, dict):
        raise SetupError(f"table {name} is absent")
    return value


def _terms(kind: type[_T], table: Mapping[str, object], name: str) -> _T:
    """Return the sub-table ``name`` as ``kind``; no key too many, none too few."""
    rows = _table(table, name)
    values: dict[str, object] = {}
    for field in fields(kind):
        seconds = field.type == "timedelta"
        key = f"{field.name}_seconds" if seconds else field.name
        if key not in rows and field.default is None:
            continue
        value = rows.get(key)
        wanted: type = bool if "bool" in str(field.type) else int
        if type(value) is not wanted:  # a bool is an int to isinstance
            raise SetupError(f"{name}.{key} is not {wanted.__name__}")
        values[field.name] = _duration(value) if seconds else value
    known = {f"{f.name}{end}" for f in fields(kind) for end in ("", "_seconds")}
    unknown = set(rows) - known
    if unknown:
        raise SetupError(f"{name} has an unknown key {min(unknown)}")
    return kind(**values)  # type: ignore[arg-type]  # checked against fields above


def _duration(seconds: object) -> timedelta:
    if not isinstance(seconds, int) or not 0 <= seconds <= _MOST_SECONDS:
        raise SetupError(f"{seconds} seconds is outside a year")
    return timedelta(seconds=seconds)
