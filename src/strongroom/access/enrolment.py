"""From an invitation to an account that can act."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from strongroom import canonical
from strongroom.access import passwords
from strongroom.access.accounts import ACCOUNTS, Account, AccountState, changed
from strongroom.errors import ConflictError, DeniedError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import AccountId, Factor, Random, Secret

ENROLMENT_TTL = timedelta(hours=72)
"""How long an invitation can be used."""


def invite(
    writing: Writing, account: Account, *, by: AccountId | None, random: Random
) -> tuple[Account, Secret]:
    """Return a one-time code with which the account's owner enrols.

    Raises:
        ConflictError: The account is past its invitation.
    """
    if account.state is not AccountState.INVITED:
        raise ConflictError(f"{account.name} is {account.state}, not invited")
    code = Secret(random(10).hex().encode())
    account = ACCOUNTS.replace(
        writing,
        account,
        enrolment_hash=_code_hash(account, code),
        enrolment_until=writing.now + ENROLMENT_TTL,
    )
    writing.append(changed(account, by=by))
    return account, code


def check_invitation(account: Account, code: Secret, *, now: datetime) -> None:
    """Check the one-time code of an invited account.

    Raises:
        DeniedError: The code is wrong, used, or too old.
    """
    invited = account.state is AccountState.INVITED  # not one who left meanwhile
    expected = account.enrolment_hash or bytes(32)
    given = _code_hash(account, code)
    fresh = account.enrolment_until is not None and now <= account.enrolment_until
    if not hmac.compare_digest(expected, given) or not (fresh and invited):
        raise DeniedError(
            "the invitation is wrong, used, or too old",
            hint="ask an administrator for: strongroom account invite NAME",
        )


def activate(
    writing: Writing,
    account: Account,
    password: Secret,
    *,
    cost: passwords.Cost = passwords.DEFAULT_COST,
) -> Account:
    """Let an invited account act from now on, with this password.

    The caller has checked the invitation, or founds the room; ``cost`` is that of
    guessing the password.

    Raises:
        InputError: The password is too short.
    """
    account = ACCOUNTS.replace(
        writing,
        account,
        state=AccountState.ACTIVE,
        password_hash=passwords.hash_password(password, cost=cost),
        enrolment_hash=None,
        enrolment_until=None,
    )
    writing.append(
        Event(
            kind="account.enrolled",
            actor=account.id,
            facts={"account": account.id, "factor": Factor.PASSWORD},
        )
    )
    return account


def _code_hash(account: Account, code: Secret) -> bytes:
    """Return the stored form of a code, which is for one account."""
    typed = code.reveal().strip()
    return canonical.digest("strongroom/v1/invitation", account.id, typed)
