"""``Strongroom``: what one person does with a room, from Python.

The object is bound to whoever acts.  ``login`` returns another one; in a
``solo`` room, whoever has the passphrase is its owner at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from strongroom.access import attempts
from strongroom.access.authenticators.port import Authenticator
from strongroom.access.request import Request
from strongroom.access.sessions import Actor, Session
from strongroom.client import passkeys
from strongroom.client.cleaning import Cleaned, clean
from strongroom.client.intake import Intakes
from strongroom.client.logins import log_in
from strongroom.client.naming import class_named, default_name
from strongroom.client.opened import OpenedModel
from strongroom.client.opening import open_model
from strongroom.client.places import check_apart
from strongroom.client.records import Records
from strongroom.client.room import Room
from strongroom.client.usable import permit_for
from strongroom.crypto.arena import Arena
from strongroom.errors import DeniedError
from strongroom.permits.drafts import RequestDraft, default_duration
from strongroom.permits.permit import PermitRow
from strongroom.permits.requests import Asked
from strongroom.types import Classification, Secret
from strongroom.vault import drafts
from strongroom.vault.vault import Sealed


class Strongroom:
    """A room, and who acts in it."""

    def __init__(self, room: Room, actor: Actor | None) -> None:
        """Bind a room to an actor; ``None`` until somebody logs in."""
        self.room = room
        self._actor = actor

    def __enter__(self) -> Strongroom:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def actor(self) -> Actor:
        """Who acts.

        Raises:
            DeniedError: Nobody is logged in.
        """
        if self._actor is None:
            raise DeniedError("nobody is logged in", hint="strongroom login NAME")
        return self._actor

    @property
    def bound(self) -> bool:
        """Whether somebody acts."""
        return self._actor is not None

    @cached_property
    def records(self) -> Records:
        """The ledger and the requests in it."""
        return Records(self.room, lambda: self.actor)

    @cached_property
    def intakes(self) -> Intakes:
        """What came in from outside."""
        return Intakes(self.room, lambda: self.actor)

    @cached_property
    def passkeys(self) -> passkeys.Passkeys:
        """The actor's passkeys."""
        return passkeys.Passkeys(self.room, lambda: self.actor)

    def login(
        self,
        name: str,
        password: Secret,
        code: str | None = None,
        *,
        authenticator: Authenticator | None = None,
        source: str | None = None,
    ) -> tuple[Strongroom, Session, Secret]:
        """Log in; return the room bound to the account, the session and its token.

        Args:
            name: Of the account.
            password: Its password.
            code: TOTP or recovery code, once the account has a second factor.
            authenticator: Instead of the code, what holds a passkey of the account.
            source: Where the attempt comes from; this user here unless given.

        Raises:
            DeniedError: Name, password, code or passkey are wrong.
            UnavailableError: No authenticator is there, or nobody touched it.
        """
        place, proof = source or attempts.local_source(), authenticator or code
        session, token = log_in(self.room, name, password, proof, source=place)
        return self.resume(token), session, token

    def resume(self, token: Secret) -> Strongroom:
        """Return the room bound to whoever holds this token.

        Raises:
            DeniedError: The session ended.
        """
        return Strongroom(self.room, self.room.sessions.actor(token))

    def logout(self) -> None:
        """End the session at once."""
        self.room.sessions.close(self.actor, why="logout")

    def seal(
        self,
        path: Path | str,
        *,
        name: str | None = None,
        project: str | None = None,
        classification: Classification | str | None = None,
        parent: str | None = None,
        plan: str | None = None,
        custodians: int | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Sealed:
        """Seal a file or folder as the next version of a model; see ``SealOptions``.

        Args:
            path: A safetensors file, any other file, or a folder.
            name: Of the model; the last part of the path unless given.
            project: Name of the project it belongs to.
            classification: ``open``, ``internal`` or ``restricted``.
            parent: As ``NAME@VERSION``.
            plan: Text of a plan file.
            custodians: How many must act together; as ``room.toml`` says if ``None``.
            progress: Told the bytes sealed since the last call, from threads.

        Raises:
            InputError: It cannot be sealed; the message says why.
            DeniedError: Policy refuses.
            SetupError: The room has fewer custodians than are asked for.
            ConflictError: Somebody sealed the same name meanwhile.
            UnavailableError: A store or the database did not accept it.
        """
        source = Path(path)
        check_apart(source, self.room.settings.folder)
        wanted = self.room.settings.custodians if custodians is None else custodians
        options = drafts.SealOptions(
            name=default_name(source) if name is None else name,
            project=project,
            classification=class_named(classification),
            parent=parent,
            plan=plan,
            custodians=wanted,
        )
        return self.room.vault.seal(self.actor, source, options, progress=progress)

    def request(
        self,
        target: str,
        *,
        segments: Sequence[str] = (),
        purpose: str = "",
        ticket: str = "",
        duration: timedelta | None = None,
        lineage: bool = False,
        at_most_bytes: int | None = None,
        break_glass: str | None = None,
        authenticator: Authenticator | None = None,
    ) -> Asked:
        """Ask for segments; see ``permits.requests.Requests.ask``.

        Args:
            target: ``NAME``, ``NAME@3`` or ``NAME@prod``.
            segments: Names; all unless given.
            purpose: What for.
            ticket: Where more is written.
            duration: Of the permit; 4 hours unless given, one past the approvals.
            lineage: Whether it covers every version of the lineage.
            at_most_bytes: Of plaintext; all of the segments if ``None``.
            break_glass: Why it cannot wait for approvals; ``None`` if it can.
            authenticator: Signs that reason, as ``hardened`` asks for.

        Raises:
            MissingError: There is no such version or segment.
            InputError: Duration or bytes make no sense, or nothing is to be signed.
            DeniedError: It could not be allowed whoever agreed.
            UnavailableError: No authenticator is there, or nobody touched it.
        """
        draft = RequestDraft(
            target=target,
            segments=tuple(segments),
            purpose=purpose,
            ticket=ticket,
            duration=(default_duration(break_glass) if duration is None else duration),
            lineage=lineage,
            at_most_bytes=at_most_bytes,
            break_glass=break_glass,
        )
        if authenticator is not None:
            return self.passkeys.request(draft, authenticator)
        return self.room.requests.ask(self.actor, draft)

    def approve(
        self, request: str, *, authenticator: Authenticator | None = None
    ) -> Request:
        """Agree to a request, by signing it if an authenticator is given.

        The last approval carries it out.

        Raises:
            MissingError: There is no such request.
            DeniedError: The actor may not approve this one, or did not sign it.
            ConflictError: It is decided already, or this person answered.
            UnavailableError: No authenticator is there, or nobody touched it.
        """
        if authenticator is not None:
            return self.passkeys.approve(request, authenticator)
        return self.room.approvals.approve(self.actor, request)

    def decline(self, request: str, *, reason: str = "") -> Request:
        """Refuse a request for good.

        Raises:
            MissingError: There is no such request.
            DeniedError: The actor may not decide this one.
            ConflictError: It is decided already.
        """
        return self.room.approvals.decline(self.actor, request, reason=reason)

    def withdraw(self, request: str) -> Request:
        """Take one's own request back.

        Raises:
            MissingError: There is no such request.
            DeniedError: It is somebody else's.
            ConflictError: It is decided already.
        """
        return self.room.approvals.withdraw(self.actor, request)

    def revoke(self, permit: str, *, reason: str = "") -> PermitRow:
        """Stop every further release on a permit.

        Raises:
            MissingError: There is no such permit.
            DeniedError: It is not the actor's to revoke.
            ForkError: A custodian or a witness saw another history.
        """
        row = self.room.desk.revoke(self.actor, permit, reason=reason)
        self.room.anchor()
        self.room.ask_witnesses(seldom=True)
        return row

    def open(
        self,
        target: str,
        *,
        segments: Sequence[str] = (),
        purpose: str = "",
        arena: Arena | None = None,
    ) -> OpenedModel:
        """Open segments on a permit, or ask for them and open at once.

        Args:
            target: Id of a permit or of its request; or ``NAME``, ``NAME@3``.
            segments: Names; all that the permit covers, or all, unless given.
            purpose: What for, when this has to ask first.
            arena: Memory of a former handle to use again.

        Raises:
            DeniedError: No permit covers it, or others have to agree first.
            MissingError: There is no such permit, version or segment.
            IntegrityError: Something is not what was written.
            UnavailableError: A custodian or store does not answer.
        """
        draft = RequestDraft(target=target, segments=tuple(segments), purpose=purpose)
        row, name = permit_for(self.room, self.actor, draft)
        return open_model(
            self.room, self.actor, row, name=name, segments=segments, arena=arena
        )

    def clean(self) -> Cleaned:
        """Remove what nobody could open, and what interruptions left."""
        return clean(self.room)

    def close(self) -> None:
        """Anchor, have witnesses sign, keep what was seen; close the database.

        Raises:
            ForkError: The database is not what a custodian, a witness or we saw last.
        """
        self.room.close()
