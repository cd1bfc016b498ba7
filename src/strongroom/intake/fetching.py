"""Fetches one commit from a hub into a private folder, and records what answered.

    policy ──▶ the hub lists the commit ──▶ an entry ──▶ its files, each checked

What was fetched is added like anything else from outside, and then the folder goes.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from strongroom.access.gate import Gate
from strongroom.access.policy import Resource
from strongroom.access.projects import find_project
from strongroom.access.sessions import Actor
from strongroom.errors import UnavailableError
from strongroom.intake.hub import Hub, Listing
from strongroom.intake.origins import Origin
from strongroom.intake.private_folders import private_folder, quarantine_disk
from strongroom.types import IntakeId, Random, new_id

_COPIES = 3
"""Of the plain bytes while an addition runs: fetched, received, re-written."""


Bar = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Given how many bytes come, gives what is told of those that came since."""


@contextmanager
def no_bar(_total: int) -> Iterator[Callable[[int], None]]:
    """Show nothing."""
    yield lambda _: None


class Fetching:
    """Brings in what lies on hubs."""

    def __init__(self, gate: Gate, *, folder: Path, random: Random) -> None:
        """Wire the shell.

        Args:
            gate: Asks policy.
            folder: For private copies, as the quarantine's.
            random: Source of names of folders.
        """
        self._gate = gate
        self._ledger = gate.ledger
        self._folder = folder
        self._random = random

    @contextmanager
    def fetched(
        self,
        actor: Actor,
        origin: Origin,
        hub: Hub,
        *,
        project: str,
        bar: Bar = no_bar,
    ) -> Iterator[Path]:
        """Give a folder with the files of a commit, called like the repository.

        Args:
            actor: Who takes it in.
            origin: Publisher, repository and commit.
            hub: That has it.
            project: Name of the project that it is for.
            bar: Given how many bytes it is, shows those that came.

        Raises:
            DeniedError: The actor may not take anything in for this project, or the
                hub asks for somebody whom it knows.
            MissingError: There is no such project, or no such commit.
            InputError: There is too much, or a name that nothing is written under.
            IntegrityError: The hub answers with something else than it said.
            SetupError: The library is not installed.
            UnavailableError: A host or the disk does not answer, or is full.
        """
        self._require(actor, project)
        name = IntakeId(new_id("intake", self._random))  # swept like an addition's
        with private_folder(self._folder, name) as private:
            home, folder = private / "home", private / "files" / origin.repository
            with quarantine_disk():
                home.mkdir(mode=0o700)
                folder.mkdir(mode=0o700, parents=True)
            listing = hub.look(origin, home)
            _verify_room(private, listing)
            self._record(actor, hub, listing)
            with bar(listing.length) as progress:
                hub.fetch(listing, folder, home, progress)
            yield folder

    def _require(self, actor: Actor, name: str) -> None:
        with (
            self._gate.recording_refusals(actor, "intake:add", name),
            self._ledger.reading() as reading,
        ):
            project = find_project(reading, name)
            self._gate.require(
                reading, actor, "intake:add", Resource(kind="Project", id=project.id)
            )

    def _record(self, actor: Actor, hub: Hub, listing: Listing) -> None:
        """Record whom we are about to believe, before a byte of a model comes."""
        with self._ledger.transaction() as writing:
            writing.append(
                actor.event(
                    "intake.fetching",
                    {
                        **listing.origin.to_json(),
                        "endpoint": hub.endpoint,
                        "hosts": list(listing.hosts),
                        "bytes": listing.length,
                        "files": [
                            [file.path, file.length, file.sha256 or file.blob]
                            for file in listing.files
                        ],
                    },
                )
            )


def _verify_room(folder: Path, listing: Listing) -> None:
    """Check that the disk can hold every copy that is made of a commit.

    Raises:
        UnavailableError: It cannot.
    """
    with quarantine_disk():
        free = shutil.disk_usage(folder).free
    if free < _COPIES * listing.length:
        raise UnavailableError(
            f"{listing.length} bytes need {_COPIES} times as many on the disk of the"
            f" quarantine, and it has {free}",
            hint="free some",
        )
