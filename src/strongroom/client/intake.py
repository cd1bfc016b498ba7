"""Takes models in from outside, and decides on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.canonical import Json
from strongroom.client.called import Called, called
from strongroom.client.issuers import Issuers
from strongroom.client.reaudits import Reaudits
from strongroom.client.room import Room
from strongroom.client.sources import Sources
from strongroom.errors import MissingError
from strongroom.intake.additions import Addition
from strongroom.intake.attestations import attest
from strongroom.intake.fetching import Bar, no_bar
from strongroom.intake.hub import Hub
from strongroom.intake.intakes import Intake
from strongroom.intake.listed_sources import find_source
from strongroom.intake.origins import Origin
from strongroom.intake.quarantine import Private
from strongroom.intake.upstreams import Upstream
from strongroom.vault.comparing import Compared
from strongroom.vault.drafts import SealOptions
from strongroom.vault.vault import Sealed

Progress = Callable[[str, int], None]
"""Told a stage (``copying``, ``holding``, ``sealing``) and bytes done in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of an addition.

    Attributes:
        intake: As it is now.
        report: What was found, as ``Verdict.document``.
        known: Whether the same bytes had been added before; then nothing was done.
        sealed: What was re-written, in quarantine; ``None`` if it was known, or is
            refused.
    """

    intake: Intake
    report: Json
    known: bool
    sealed: Sealed | None


class Intakes:
    """What one person does with things from outside.

    Attributes:
        sources: Who vouches for them.
        issuers: Whose advisories count.
        reaudits: What is known of them since.
    """

    def __init__(self, room: Room, actor: Callable[[], Actor]) -> None:
        """Bind it to a room and whoever acts."""
        self._room = room
        self._actor = actor
        self.reaudits = Reaudits(room, actor)
        self.sources = Sources(room, actor)
        self.issuers = Issuers(room, actor)

    def add(
        self,
        addition: Addition,
        options: SealOptions,
        *,
        source: str | None = None,
        bundle: bytes | None = None,
        progress: Progress = lambda _stage, _bytes: None,
    ) -> Added:
        """Take files in: keep the original sealed, re-write it, seal the result.

        The result waits in quarantine until somebody accepts it.

        Args:
            addition: What to take in.
            options: Under which name, project and class to seal the result.
            source: Name of the source that vouches for it.
            bundle: The source's signature, where it signs.
            progress: Told how far it is, also from threads.

        Raises:
            InputError: It cannot be copied, or the result cannot be sealed.
            DeniedError: The actor may not take it in.
            MissingError: There is no such project, parent or source.
            SetupError: The sandbox lacks something.
            UnavailableError: A disk, a store or the database does not answer.
        """
        actor = self._actor()
        # Checked before anything is copied.  The class decides who has to agree, so it
        # must still be this one when the result is sealed.
        options = replace(
            options, classification=self._room.vault.verify_options(actor, options)
        )
        addition = replace(
            addition, name=options.name, classification=options.classification
        )
        if source is not None:
            addition = self._room.outside.allow_list.expected(addition, source, bundle)
        self._room.sandbox().verify()
        with self._room.outside.quarantine.receiving(
            actor, addition, progress=lambda done: progress("copying", done)
        ) as private:
            sealed = None
            if not private.known:
                sealed = self._take_in(actor, private, addition, options, progress)
        intake, report = self.show(private.intake.id)
        return Added(intake=intake, report=report, known=private.known, sealed=sealed)

    def verify(self, options: SealOptions, *, source: str | None = None) -> None:
        """Check what ``add`` would refuse for its options, before files are fetched.

        Args:
            options: Under which name, project and class to seal the result.
            source: Name of the source that vouches for it.

        Raises:
            InputError: The options contradict what exists.
            DeniedError: The actor may not seal this.
            MissingError: There is no such project, parent or source.
            ConflictError: A first version of this name waits.
        """
        self._room.vault.verify_options(self._actor(), options)
        if source is not None:
            with self._room.ledger.reading() as reading:
                find_source(reading, source)

    def fetched(
        self, origin: Origin, hub: Hub, *, project: str, bar: Bar = no_bar
    ) -> AbstractContextManager[Path]:
        """Give a private folder with the files of a commit, to ``add``; remove it then.

        Args:
            origin: Publisher, repository and commit.
            hub: That has it.
            project: Name of the project that it is for.
            bar: Given how many bytes it is, shows those that came.

        Raises:
            DeniedError: The actor may not take it in, or the hub refuses.
            MissingError: There is no such project, or no such commit.
            InputError: There is too much, or a name that nothing is written under.
            IntegrityError: The hub answers with something else than it said.
            SetupError: The library for hubs is not installed.
            UnavailableError: A host or the disk does not answer, or is full.
        """
        return self._room.outside.fetching.fetched(
            self._actor(), origin, hub, project=project, bar=bar
        )

    def _take_in(
        self,
        actor: Actor,
        private: Private,
        addition: Addition,
        options: SealOptions,
        progress: Progress,
    ) -> Sealed | None:
        """Seal the original, and what is re-written from it unless it is refused."""
        if private.intake.original is None:
            self._room.vault.hold(
                actor,
                private.copy,
                private.intake,
                private.project.id,
                progress=lambda done: progress("holding", done),
            )
        examined = self._room.outside.quarantine.examine(actor, private, addition)
        if examined.receipt is None:
            return None
        return self._room.vault.seal(
            actor,
            private.output,
            options,
            receipt=examined.receipt,
            progress=lambda done: progress("sealing", done),
        )

    def all(self) -> list[Intake]:
        """Return every intake, newest first.

        Raises:
            DeniedError: The actor may not read them.
        """
        return self._room.outside.quarantine.listed(self._actor())

    def called(self, intakes: Sequence[Intake]) -> list[Called]:
        """Return how each is called.

        Raises:
            DeniedError: The actor may not read them.
            IntegrityError: A name is not what its entry commits to.
        """
        return called(self._room, self._actor(), intakes)

    def show(self, identifier: str) -> tuple[Intake, Json]:
        """Return an intake and its report, ``None`` before it was examined.

        Raises:
            DeniedError: The actor may not read it.
            MissingError: There is no such intake.
        """
        return self._room.outside.quarantine.show(self._actor(), identifier)

    def statements(self, identifier: str) -> dict[str, bytes]:
        """Return what outsiders are told of an intake, signed, by names of files.

        Raises:
            DeniedError: The actor may not read it.
            MissingError: There is no such intake, or it was not examined yet.
        """
        intake, report = self.show(identifier)
        if report is None:
            raise MissingError(f"{intake.id} was not examined yet")
        return attest(intake, report, self._room.keys.manifest)

    def accept(self, identifier: str) -> Request:
        """Let the result be asked for, once whoever has to agree agrees.

        Raises:
            MissingError: There is no such intake.
            ConflictError: It was refused, accepted, or asked for already.
            DeniedError: The actor may not accept it.
            IntegrityError: The report on it was deleted or altered.
        """
        return self._room.outside.admission.accept(self._actor(), identifier)

    def refuse(self, identifier: str, *, reason: str = "") -> Intake:
        """Give the result up, for good.

        Raises:
            MissingError: There is no such intake.
            ConflictError: It was refused or accepted already.
            DeniedError: The actor may not refuse it.
        """
        return self._room.outside.admission.refuse(
            self._actor(), identifier, reason=reason
        )

    def compare(self, identifier: str, path: Path) -> Compared:
        """Return what a file or a folder changes about what was admitted.

        Raises:
            DeniedError: The actor may not read what was admitted.
            MissingError: There is no such intake, or it was not examined.
            InputError: It cannot be copied.
            SetupError: The sandbox lacks something.
            UnavailableError: A disk or the database does not answer, or is full.
        """
        return self._room.outside.comparing.run(self._actor(), identifier, path)

    def newest(self, hub: Hub, identifier: str | None = None) -> list[Upstream]:
        """Return what a hub says of what was admitted from one; nothing is fetched.

        What it does not answer is in the answer, as the error that it is.

        Args:
            hub: That is asked.
            identifier: Of an intake; everything that is accepted unless said.

        Raises:
            DeniedError: The actor may not read what was admitted.
            MissingError: There is no such intake, or it was not examined.
            InputError: It is not known to be from a hub.
            SetupError: The library for hubs is not installed.
            UnavailableError: A disk or the database does not answer, or is full.
        """
        return self._room.outside.upstreams.ask(self._actor(), hub, identifier)
