"""A hub of models, asked by a program of ours that the library cannot leave.

What it answers is hostile: every line is bounded and checked, and every file is
compared with what the hub said before it was fetched.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from strongroom.errors import (
    InputError,
    IntegrityError,
    UnavailableError,
)
from strongroom.intake.hub_files import NOTES, HubFile, number, parse_file
from strongroom.intake.hub_hosts import may_send, verify_address
from strongroom.intake.hub_process import MOST_LINE, asking
from strongroom.intake.jobs import MOST_FILES
from strongroom.intake.listing import list_files
from strongroom.intake.names import verify_paths
from strongroom.intake.origins import NOWHERE, Origin
from strongroom.types import Secret

DEFAULT_MOST_BYTES: Final = 1 << 40
"""Of one commit: what is larger than a terabyte is asked for by name."""

_LISTING_SECONDS: Final = 600
_SLOWEST: Final = 64 << 10
"""Bytes a second, over a whole commit, below which a hub is not waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a hub has at a commit.

    Attributes:
        origin: Publisher, repository and commit.
        files: All of them.
        hosts: ``SCHEME://HOST`` of everything that answers for it, ordered.
    """

    origin: Origin
    files: tuple[HubFile, ...]
    hosts: tuple[str, ...]

    @property
    def length(self) -> int:
        """Bytes of all files."""
        return sum(file.length for file in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A hub, or a mirror of one.

    Attributes:
        endpoint: ``https://HOST``; plain ``http`` on this machine only.
        token: That the hub knows somebody by.
        environment: From which ``PASSED_ON`` is taken.
        most_bytes: Of one commit.
    """

    endpoint: str
    token: Secret | None = None
    environment: Mapping[str, str]
    most_bytes: int = DEFAULT_MOST_BYTES

    def __post_init__(self) -> None:
        verify_address(self.endpoint)

    def look(self, origin: Origin, home: Path) -> Listing:
        """Return what the hub has at a commit.

        Args:
            origin: Publisher, repository and commit, all of them.
            home: A private folder, for notes of the library.

        Raises:
            MissingError: It has nothing there, or nothing for us.
            DeniedError: It asks for somebody whom it knows.
            InputError: There is too much, or a name that nothing is written under.
            IntegrityError: It answers with another commit, or nonsense.
            SetupError: The library is not installed.
            UnavailableError: It does not answer.
        """
        order = {**self.order(origin), "do": "list", "longest": MOST_LINE}
        with asking(
            order, home, environment=self.environment, seconds=_LISTING_SECONDS
        ) as answers:
            count = number(next(answers, {}).get("files"))
            if not 0 < count <= MOST_FILES:
                raise InputError(f"{count} files are not 1 to {MOST_FILES}")
            files = tuple(parse_file(next(answers, {})) for _ in range(count))
            hosts = _hosts(self.endpoint, next(answers, {}))
        verify_paths(file.path for file in files)
        listing = Listing(origin=origin, files=files, hosts=hosts)
        if listing.length > self.most_bytes:
            raise InputError(
                f"{origin.address} has {listing.length} bytes of {self.most_bytes}",
                hint="--most-bytes raises the limit",
            )
        return listing

    def fetch(
        self,
        listing: Listing,
        folder: Path,
        home: Path,
        progress: Callable[[int], None],
    ) -> None:
        """Write the files of a commit to an empty folder; check each of them.

        Args:
            listing: From ``look``; no other host is asked.
            folder: Empty, and private.
            home: A private folder, for notes of the library.
            progress: Told bytes fetched since the last call.

        Raises:
            IntegrityError: What came is not what was listed.
            MissingError: It is gone.
            DeniedError: The hub asks for somebody whom it knows.
            SetupError: The library is not installed.
            UnavailableError: A host does not answer, is too slow, or the disk is full.
        """
        order = {
            **self.order(listing.origin),
            "do": "fetch",
            "longest": max(file.length for file in listing.files) + MOST_LINE,
            "folder": str(folder),
            "hosts": list(listing.hosts),
            "paths": [file.path for file in listing.files],
        }
        seconds = _LISTING_SECONDS + listing.length // _SLOWEST
        with asking(
            order, home, environment=self.environment, seconds=seconds
        ) as answers:
            for file in listing.files:
                came = number(next(answers, {}).get("fetched"))
                if came != file.length:  # before the next: together they fill a disk
                    raise _other(file)
                progress(came)
        shutil.rmtree(folder / NOTES, ignore_errors=True)
        _, found = list_files(folder)
        if set(found) != {file.path for file in listing.files}:
            raise IntegrityError("what was fetched are not the files that were listed")
        for file in listing.files:
            _verify_file(folder, file)

    def order(self, origin: Origin = NOWHERE) -> dict[str, Any]:
        """Return how an order to the program begins.

        Args:
            origin: That it is about.
        """
        return {
            "endpoint": self.endpoint,
            "token": self.token.reveal().decode() if self.token else False,
            "repository": origin.full_name,
            "commit": origin.commit,
        }


def _hosts(endpoint: str, answer: Mapping[str, Any]) -> tuple[str, ...]:
    hosts = answer.get("hosts")
    if not isinstance(hosts, list) or not hosts:
        raise IntegrityError("the hub named no hosts")
    if not all(may_send(endpoint, str(host)) for host in hosts):
        raise IntegrityError("the hub names hosts to which it may not send")
    return tuple(str(host) for host in hosts)


def _verify_file(folder: Path, file: HubFile) -> None:
    """Check that a file is what the hub listed.

    Raises:
        IntegrityError: It is not, or the hub did not say what it is.
        UnavailableError: It cannot be read.
    """
    try:
        descriptor = os.open(folder / file.path, os.O_RDONLY | os.O_NOFOLLOW)
        with open(descriptor, "rb") as opened:
            length = os.fstat(descriptor).st_size
            start = b"" if file.sha256 else b"blob %d\0" % length
            kind = "sha256" if file.sha256 else "sha1"  # what git names bytes by
            digest = hashlib.new(kind, start, usedforsecurity=False)
            while piece := opened.read(1 << 20):
                digest.update(piece)
    except OSError as error:
        raise UnavailableError(
            f"{file.path[:80]!a} was fetched and cannot be read: {error.strerror}"
        ) from None
    if (length, digest.hexdigest()) != (file.length, file.sha256 or file.blob):
        raise _other(file)


def _other(file: HubFile) -> IntegrityError:
    return IntegrityError(f"{file.path[:80]!a} is not the file that the hub listed")
