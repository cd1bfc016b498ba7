"""A source on the allow-list, and what it vouches for.

(others agree) ──▶ listed ──remove──▶ removed
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from strongroom.crypto.ecdsa import EcKey
from strongroom.database import intake_tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import InputError, MissingError
from strongroom.intake.findings import (
    MOST_MESSAGE,
    Finding,
    Level,
    counted,
    listed,
)
from strongroom.intake.names import verify_paths
from strongroom.intake.origins import NOWHERE, Origin
from strongroom.intake.receiving import Received
from strongroom.types import AccountId, SourceId

MOST_SUMS: Final = 1_000
"""Files of one source: a model has fewer, and whoever approves reads them."""

_SUM: Final = re.compile(r"([0-9a-f]{64}) [ *](?:\./)?(.+)")


class SourceState(StrEnum):
    """Whether a source may be named."""

    LISTED = "listed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSource:
    """Somebody, or something, that is expected.

    Attributes:
        name: How people name it.
        publisher: As ``Origin`` has it, with the next two; empty for any.
        digests: Hexadecimal SHA-256, as for ``--expect``: it has one of these.
        sums: ``HEX  PATH`` of every file: it has these, and no others.
        keys: Public keys, DER as hexadecimal: one of them signs.
    """

    id: SourceId
    revision: int = 1
    name: str
    state: SourceState
    publisher: str
    repository: str
    commit: str
    digests: tuple[str, ...]
    sums: tuple[str, ...]
    keys: tuple[str, ...]
    listed_by: AccountId
    listed_at: datetime

    @property
    def origin(self) -> Origin:
        """The part of a hub that it speaks of."""
        return Origin(
            publisher=self.publisher, repository=self.repository, commit=self.commit
        )

    @property
    def vouched(self) -> Origin:
        """Where files are from that it vouches for, if nobody said so.

        A signature says whose they are, and only their digest of which commit.
        """
        if self.digests or self.sums:
            return self.origin
        return Origin(publisher=self.publisher, repository=self.repository)

    @property
    def signers(self) -> tuple[EcKey, ...]:
        """The keys of which one has to sign."""
        return tuple(EcKey(bytes.fromhex(key)) for key in self.keys)

    @property
    def files(self) -> Mapping[str, str]:
        """Hexadecimal SHA-256 by path."""
        return {line[66:]: line[:64] for line in self.sums}


SOURCES: GuardedTable[ListedSource] = GuardedTable(
    intake_tables.intake_sources, ListedSource
)


def parse_sums(text: str) -> tuple[str, ...]:
    """Return the lines of a file that ``sha256sum`` wrote, in one form, by path.

    Raises:
        InputError: A line is another, a path is one that nobody could write to, or
            there are none or too many.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(
            "no digest of a file is listed",
            hint="write it with sha256sum in the model's folder",
        )
    if len(lines) > MOST_SUMS:
        raise InputError(
            f"{len(lines)} digests are more than {MOST_SUMS}",
            hint="expect the digest of the whole instead: --expect sha256:HEX",
        )
    found: dict[str, str] = {}
    for line in lines:
        match = _SUM.fullmatch(line)
        if match is None or match[2] in found:
            raise InputError(
                f"{line[:80]!a} is no line of digest and path, or the path is there"
                " twice",
                hint="write it with sha256sum in the model's folder",
            )
        found[match[2]] = match[1]
    verify_paths(found)
    return tuple(f"{found[path]}  {path}" for path in sorted(found))


def find_source(transaction: Transaction, name: str) -> ListedSource:
    """Return the source of this name that is listed.

    Raises:
        MissingError: There is none.
    """
    found = listed_as(transaction, name)
    if not found:
        raise MissingError(
            f"there is no source {name[:80]!r}",
            hint="strongroom intake sources list",
        )
    return found[0]


def listed_as(transaction: Transaction, name: str) -> list[ListedSource]:
    """Return the source of this name that is listed, or nothing."""
    columns = SOURCES.columns
    return SOURCES.find(
        transaction, columns.name == name, columns.state == SourceState.LISTED
    )


def check_listed(
    transaction: Transaction, source: ListedSource | None
) -> Iterator[Finding]:
    """Yield an error if a source was taken off the list since it was named.

    Args:
        transaction: In which is recorded what it vouched for; it stays on the list
            until then.
        source: That was named; ``None`` if none was.

    Raises:
        MissingError: Its row was deleted.
    """
    if source is None:
        return
    row = SOURCES.get(transaction, source.id, lock=True)
    if row.state is not SourceState.LISTED:
        yield _error(
            "source/removed",
            f"the source {source.name} was taken off the list meanwhile",
        )


def check_source(
    source: ListedSource, received: Received, said: Origin
) -> Iterator[Finding]:
    """Yield an error for each way in which files are not what a source vouches for.

    Its signature is another's to check.

    Args:
        source: That was named.
        received: What was copied.
        said: Where somebody says that it is from; ``NOWHERE`` if they do not.
    """
    if said != NOWHERE and not source.origin.covers(said):
        yield _error(
            "source/origin",
            f"the source {source.name} is {source.origin.address}, and this is"
            f" from {said.address}",
        )
    found = {file.path: file.sha256 for file in received.files}
    if source.digests and received.digests.isdisjoint(source.digests):
        yield _error(
            "source/digest",
            f"the original has the digest {received.digest}, which the source"
            f" {source.name} does not vouch for",
        )
    wanted = source.files
    other = {
        path
        for path in wanted.keys() | found.keys()
        if wanted.get(path) != found.get(path)
    }
    if wanted and other:
        yield _error(
            "source/files",
            f"{counted(len(other), 'file')} other than those that the source"
            f" {source.name} vouches for: {listed(sorted(other))}",
        )


def _error(rule: str, message: str) -> Finding:
    return Finding(rule=rule, level=Level.ERROR, message=message[:MOST_MESSAGE])
