"""Questions that an authenticator answers once, soon, and for one purpose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from strongroom.access.accounts import Account
from strongroom.database import passkey_tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.database.times import format_time
from strongroom.errors import DeniedError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import AccountId, Random, SessionId, new_id

CHALLENGE_BYTES = 32
CHALLENGE_TTL = timedelta(minutes=5)
"""From being asked to the answer; looking for the key is allowed to take two."""


class Purpose(StrEnum):
    """What an answer is for; it is good for nothing else."""

    ADD = "add"
    LOGIN = "login"
    STEP_UP = "step-up"


class ChallengeState(StrEnum):
    """Whether a challenge can still be answered; time ends it too."""

    OPEN = "open"
    USED = "used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One question.

    Attributes:
        value: 32 random bytes that the authenticator signs.
        source: Where a login comes from, for limiting; else empty.
    """

    id: str
    revision: int = 1
    account: AccountId
    purpose: Purpose
    value: bytes
    source: str
    expires_at: datetime
    state: ChallengeState


CHALLENGES: GuardedTable[Challenge] = GuardedTable(passkey_tables.challenges, Challenge)


def ask(
    writing: Writing,
    account: Account,
    purpose: Purpose,
    *,
    random: Random,
    session: SessionId | None = None,
    source: str = "",
) -> Challenge:
    """Store and record a new question for somebody."""
    challenge = CHALLENGES.insert(
        writing,
        Challenge(
            id=new_id("challenge", random),
            account=account.id,
            purpose=purpose,
            value=random(CHALLENGE_BYTES),
            source=source,
            expires_at=writing.now + CHALLENGE_TTL,
            state=ChallengeState.OPEN,
        ),
    )
    writing.append(
        Event(
            kind="passkey.challenged",
            actor=account.id,
            session=session,
            facts={
                "account": account.id,
                "challenge": challenge.id,
                "ceremony": purpose,
                "expires": format_time(challenge.expires_at),
            },
        )
    )
    return challenge


def find(
    transaction: Transaction, challenge_id: str, *, lock: bool = False
) -> Challenge | None:
    """Return the question of this id, if there is one."""
    if not (challenge_id.isascii() and challenge_id.isprintable()):
        return None  # a database may not even compare it
    columns = CHALLENGES.columns
    found = CHALLENGES.find(transaction, columns.id == challenge_id, lock=lock)
    return found[0] if found else None


def take(
    writing: Writing,
    challenge_id: str,
    purpose: Purpose,
    *,
    account: AccountId | None = None,
) -> Challenge:
    """Use a question up, in the transaction that takes the answer, and return it.

    The caller appends the entry that names the changed row.

    Args:
        writing: The open transaction.
        challenge_id: From ``ask``.
        purpose: What the answer is to be used for.
        account: Who had to be asked; ``None`` if the question says who answers.

    Raises:
        DeniedError: There is none, it was for something or somebody else, or it
            was answered before, or too long ago.
    """
    challenge = find(writing, challenge_id, lock=True)
    if (
        challenge is None
        or challenge.purpose is not purpose
        or account not in (None, challenge.account)
        or challenge.state is not ChallengeState.OPEN
        or writing.now >= challenge.expires_at
    ):
        raise DeniedError(
            "the passkey's answer is to no question that is open",
            hint="begin again; there are five minutes to answer",
        )
    return CHALLENGES.replace(writing, challenge, state=ChallengeState.USED)


def forget_sources(writing: Writing, account: AccountId) -> None:
    """Take away where somebody's logins came from.

    The caller appends the entry that names the rows.
    """
    columns = CHALLENGES.columns
    for challenge in CHALLENGES.find(
        writing, columns.account == account, columns.source != ""
    ):
        CHALLENGES.replace(writing, challenge, source="")
