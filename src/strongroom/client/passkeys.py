"""Passkeys of one actor: each method asks the authenticator once."""

from __future__ import annotations

from collections.abc import Callable

from strongroom.access.authenticators.port import Authenticator
from strongroom.access.passkeys import Passkey
from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.client.room import Room
from strongroom.permits.drafts import RequestDraft
from strongroom.permits.requests import Asked


class Passkeys:
    """What an actor does with passkeys; ``Strongroom.passkeys`` makes one."""

    def __init__(self, room: Room, actor: Callable[[], Actor]) -> None:
        """Bind to a room and to whoever acts."""
        self._room = room
        self._actor = actor

    def add(self, authenticator: Authenticator, *, label: str) -> Passkey:
        """Register a passkey, which counts from then on; see ``Keyring.add``."""
        asked = self._room.persons.keyring.begin_add(self._actor())
        answer = authenticator.create(asked.options)
        return self._room.persons.keyring.add(
            self._actor(), asked.challenge, answer, label=label
        )

    def listed(self, name: str | None = None) -> list[Passkey]:
        """Return one's own, or somebody else's for those who look after people."""
        return self._room.persons.keyring.listed(self._actor(), name)

    def remove(self, passkey: str) -> Passkey:
        """Let one count no more, nor what it signed."""
        return self._room.persons.keyring.remove(self._actor(), passkey)

    def step_up(self, authenticator: Authenticator) -> Actor:
        """Prove it again in this session; return the actor with a fresh factor."""
        asked = self._room.persons.proving.begin_step_up(self._actor())
        answer = authenticator.get(asked.options)
        return self._room.persons.proving.step_up(
            self._actor(), asked.challenge, answer
        )

    def approve(self, request: str, authenticator: Authenticator) -> Request:
        """Agree to a request by signing exactly it."""
        approvals = self._room.approvals
        asked = approvals.begin_approval(self._actor(), request)
        answer = authenticator.get(asked.options)
        return approvals.approve(self._actor(), request, signed=answer)

    def request(self, draft: RequestDraft, authenticator: Authenticator) -> Asked:
        """Go past the approvals by signing what is asked for, and why."""
        requests = self._room.requests
        asked, question = requests.begin_signed(self._actor(), draft)
        answer = authenticator.get(question.options)
        return requests.sign(self._actor(), asked, answer)
