"""Which advisories concern what was admitted, by the facts that its report has.

Nothing is read again, and most reports are not even parsed: their bytes are searched
for what the advisories name, and only those where something stands are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from strongroom.canonical import from_json, to_json
from strongroom.errors import IntegrityError
from strongroom.intake.advisories import Advisory, Selector
from strongroom.intake.facts import gather
from strongroom.intake.intakes import MOST_REPORT_BYTES

Facts = Mapping[Selector, frozenset[str]]
"""What an artifact is, in the words in which advisories name it."""

_READER = re.compile(rb'"strongroom-readers ([0-9]{1,9})"')
_ALL_BELOW = ".*"
_ANY_CASE = frozenset({Selector.PUBLISHERS, Selector.REPOSITORIES})
"""Hubs take these names in upper and lower case alike."""
_MOST_ORIGIN_BYTES = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Advisories in force, made ready to be looked for in many reports.

    Attributes:
        advisories: None of them withdrawn.
        strings: Every text that one names, as it stands between the quotes of a
            report.
        starts: How such a text begins where the whole of it is not known, or cannot
            be found between quotes since it has one.
        names: Of publishers and repositories, in lower case.
    """

    advisories: tuple[Advisory, ...]
    strings: frozenset[bytes]
    starts: tuple[bytes, ...]
    names: frozenset[bytes]

    @classmethod
    def of(cls, advisories: Iterable[Advisory]) -> Join:
        """Return the join with these advisories, without those withdrawn."""
        in_force = tuple(one for one in advisories if not one.withdrawn)
        strings: set[bytes] = set()
        starts: set[bytes] = set()
        names: set[bytes] = set()
        for advisory in in_force:
            for selector, values in advisory.selectors.items():
                if selector in _ANY_CASE:
                    names.update(to_json(value)[1:-1].lower() for value in values)
                    continue
                for value in values:
                    quoted = to_json(value)
                    if b'"' in quoted[1:-1]:
                        starts.add(quoted)
                    if selector is Selector.DOMAINS:
                        starts.add(quoted[:-1] + b":")
                    if value.endswith(_ALL_BELOW):
                        starts.add(quoted[:-2])  # without the star and the quote
                    strings.add(quoted[1:-1])
        return cls(
            advisories=in_force,
            strings=frozenset(strings),
            starts=tuple(sorted(starts)),
            names=frozenset(names),
        )

    def hits(self, *reports: bytes, reader: int | None = None) -> list[Advisory]:
        """Return the advisories that concern what reports are about.

        Args:
            reports: On one thing.  Canonical JSON, of digests that were verified.
            reader: Version of the readers that count; those of the first report
                unless given.

        Raises:
            IntegrityError: It is no report.
        """
        version = reader_of(reports[0]) if reader is None else reader
        facts = [facts_of(one) for one in reports if self._may_hit(one)]
        return [
            one
            for one in self.advisories
            if version < one.readers_below
            or any(_concerns(one, each) for each in facts)
        ]

    def _may_hit(self, report: bytes) -> bool:
        """Return whether anything that is named can stand in a report.

        Splitting at every quote takes a fifth of what a regular expression for JSON
        strings does, and is only wrong about texts with a quote in them.
        """
        return (
            any(start in report for start in self.starts)
            or not self.strings.isdisjoint(report.split(b'"'))
            or not self.names.isdisjoint(_origin(report).lower().split(b'"'))
        )


def _origin(report: bytes) -> bytes:
    """Return the part of a report in which its origin stands, if it has one."""
    return report.rpartition(b'"origin":')[2][:_MOST_ORIGIN_BYTES]


def reader_of(report: bytes) -> int:
    """Return the version of the readers that made a report; 0 if it is not theirs.

    The member is the last but one of canonical JSON, and its name with both quotes
    stands in no text: there they are escaped.
    """
    found = _READER.match(report.rpartition(b'"reader":')[2])
    return int(found[1]) if found else 0


def facts_of(report: bytes) -> dict[Selector, frozenset[str]]:
    """Return the facts in a report, those of members of archives among them.

    Raises:
        IntegrityError: It is no report.
    """
    document = from_json(report, at_most_bytes=MOST_REPORT_BYTES)
    match document:
        case {"digest": str(digest), "files": [*files], **others}:
            pass
        case _:
            raise IntegrityError("a stored report has another form")
    known = [file for file in files if isinstance(file, Mapping)]
    found = gather((str(file["path"]), file["facts"]) for file in known)
    return {
        Selector.INTAKES: frozenset({digest}),
        Selector.FILES: frozenset(str(file["sha256"]) for file in known),
        Selector.TENSORS: frozenset(sha256 for _, _, sha256 in found.tensors),
        Selector.TEMPLATES: frozenset(found.templates),
        Selector.GLOBALS: frozenset(found.globals),
        Selector.DOMAINS: frozenset(found.domains),
        **_places(others.get("origin")),
    }


def _places(origin: object) -> Facts:
    """Return where files are from; a report from before that was kept says nothing."""
    match origin:
        case {"publisher": publisher, "repository": repository, "commit": commit}:
            said = {
                Selector.PUBLISHERS: publisher,
                Selector.REPOSITORIES: repository,
                Selector.COMMITS: commit,
            }
            return {
                name: _compared(name, (str(text),))
                for name, text in said.items()
                if text
            }
    return {}


def _compared(selector: Selector, values: Iterable[str]) -> frozenset[str]:
    """Return values as they are compared: names on hubs without the case of ASCII."""
    if selector in _ANY_CASE:
        return frozenset(value.encode().lower().decode() for value in values)
    return frozenset(values)


def _concerns(advisory: Advisory, facts: Facts) -> bool:
    for selector, values in advisory.selectors.items():
        known = facts.get(selector, frozenset())
        if not known.isdisjoint(_compared(selector, values)):
            return True
        if selector is Selector.GLOBALS:
            modules = tuple(v[:-1] for v in values if v.endswith(_ALL_BELOW))
            if modules and any(name.startswith(modules) for name in known):
                return True
    return False
