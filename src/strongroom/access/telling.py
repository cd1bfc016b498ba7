"""Telling people outside the room, after the commit, and recording whether it worked.

What is sent names ids, accounts and models, and no free text: it rests with
services that nobody here can erase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from strongroom.access.sessions import Actor
from strongroom.ledger.log import Writing

About: TypeAlias = Literal["break-glass", "access-review"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What people are told.

    Attributes:
        about: Which targets want it.
        subject: Id of the permit or review.
        title: One line.
        text: What happened, and what to type.
        person: Whose own targets are told; the room's if ``None``.
    """

    about: About
    subject: str
    title: str
    text: str
    person: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who heard of it.

    Attributes:
        reached: Targets that took the message.
        failed: What went wrong with the others, a sentence each.
    """

    reached: int = 0
    failed: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What to show whoever caused the message."""
        if self.failed:
            return f"not everybody was told: {'; '.join(self.failed)}"
        if not self.reached:
            return "nobody was told: notifications.toml has no target for it"
        return f"{self.reached} told" if self.reached > 1 else "told at once"


Tell: TypeAlias = Callable[[Message], Told]
"""Sends a message; says what failed and never raises for a target."""


def tell_each(tell: Tell, messages: Iterable[Message]) -> Told:
    """Send several messages; return who heard of any."""
    heard = [tell(message) for message in messages]
    return Told(
        reached=sum(told.reached for told in heard),
        failed=tuple(dict.fromkeys(why for told in heard for why in told.failed)),
    )


def tell_nobody(_: Message) -> Told:
    """Send nothing, as where no target is set up."""
    return Told()


def record_told(writing: Writing, actor: Actor, message: Message, told: Told) -> None:
    """Append the entry that says whether a message reached anybody."""
    writing.append(
        actor.event(
            "notice.sent",
            {
                "about": message.about,
                "subject": message.subject,
                "reached": told.reached,
                "failed": len(told.failed),
            },
            private={"why": "; ".join(told.failed)} if told.failed else {},
        )
    )
