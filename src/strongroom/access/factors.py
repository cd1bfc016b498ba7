"""Second factors as stored: the TOTP secret sealed, used steps remembered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from strongroom.access import passkeys, totp
from strongroom.access.accounts import Account
from strongroom.canonical import encode
from strongroom.crypto import wraps
from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import DeniedError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import AccountId, Factor, Random, Secret, new_id


class FactorState(StrEnum):
    """Whether a second factor counts."""

    PENDING = "pending"
    ACTIVE = "active"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactor:
    """A TOTP secret and the recovery codes that stand in for it."""

    id: str
    revision: int = 1
    account: AccountId
    secret: bytes
    last_step: int
    recovery_hashes: tuple[str, ...] = field(repr=False)
    state: FactorState
    created_at: datetime


FACTORS: GuardedTable[SecondFactor] = GuardedTable(tables.second_factors, SecondFactor)


def active_factor(transaction: Transaction, account: AccountId) -> SecondFactor | None:
    """Return the second factor that counts for an account, if it has one.

    In a transaction that writes, the caller has locked the account: whoever begins
    or confirms a factor does the same.

    Raises:
        IntegrityError: Somebody's was deleted, forged, altered or restored.
    """
    # All of them: an account whose factor was deleted would not be asked for a code.
    for factor in FACTORS.find_all(transaction, prefix=f"{account}/"):
        if factor.state is FactorState.ACTIVE:
            return factor
    return None


def has_factor(transaction: Transaction, account: AccountId) -> bool:
    """Return whether an account has a second factor of any kind.

    In a transaction that writes, the caller has locked the account.

    Raises:
        IntegrityError: Somebody's was deleted, forged, altered or restored.
    """
    return bool(
        active_factor(transaction, account)
        or passkeys.active_passkeys(transaction, account)
    )


def require_fresh(
    writing: Writing,
    account: AccountId,
    *,
    proved_at: datetime | None,
    at_most_old: timedelta,
) -> None:
    """Refuse to change the second factors of a session that did not prove one.

    Args:
        writing: Where they are read; the caller has locked the account.
        account: Whose they are.
        proved_at: When the session proved one; ``None`` if never.
        at_most_old: How long ago that may be.

    Raises:
        DeniedError: There is a second factor, and it was not proved lately.
    """
    if not has_factor(writing, account):
        return
    if proved_at is None or writing.now - proved_at > at_most_old:
        raise DeniedError(
            "replacing a second factor needs a login with the former one",
            hint="strongroom login NAME, with a code, a recovery code or --passkey",
        )


def begin(writing: Writing, account: Account, *, key: Secret, random: Random) -> Secret:
    """Store a pending secret and return it, to be shown once as a QR code.

    The caller has locked the account, and appends the entry that names the new row.
    """
    secret = totp.new_secret(random)
    factor_id = f"{account.id}/{new_id('factor', random)}"
    FACTORS.insert(
        writing,
        SecondFactor(
            id=factor_id,
            account=account.id,
            secret=wraps.seal_field(
                key, secret, _context(factor_id, account.id), random
            ),
            last_step=0,
            recovery_hashes=(),
            state=FactorState.PENDING,
            created_at=writing.now,
        ),
    )
    return secret


def confirm(
    writing: Writing, account: Account, code: str, *, key: Secret, random: Random
) -> list[str]:
    """Make the pending factor the one that counts; return its recovery codes.

    The caller appends the entry that names the changed rows.

    Raises:
        DeniedError: The code is wrong, or no enrolment is pending.
    """
    columns = FACTORS.columns
    pending = FACTORS.find(
        writing,
        columns.account == account.id,
        columns.state == FactorState.PENDING,
        lock=True,
    )
    if not pending:
        raise DeniedError("no enrolment is pending", hint="strongroom account enrol")
    newest = max(pending, key=lambda factor: factor.created_at)
    step = totp.verify(
        _open(newest, key), code, now=writing.now, last_step=newest.last_step
    )
    codes, hashes = totp.new_recovery_codes(random)
    former = active_factor(writing, account.id)
    for factor in (f for f in (*pending, former) if f and f.id != newest.id):
        FACTORS.replace(writing, factor, state=FactorState.REPLACED)
    FACTORS.replace(
        writing,
        newest,
        state=FactorState.ACTIVE,
        last_step=step,
        recovery_hashes=hashes,
    )
    return codes


def use(writing: Writing, factor: SecondFactor, code: str, *, key: Secret) -> Factor:
    """Accept a TOTP code or use up a recovery code; say which it was.

    The caller appends the entry that names the changed row.

    Raises:
        DeniedError: The code is wrong or was used before.
    """
    if totp.is_recovery_code(code):
        rest = totp.consume_recovery_code(code, factor.recovery_hashes)
        FACTORS.replace(writing, factor, recovery_hashes=rest)
        return Factor.RECOVERY_CODE
    step = totp.verify(
        _open(factor, key), code, now=writing.now, last_step=factor.last_step
    )
    FACTORS.replace(writing, factor, last_step=step)
    return Factor.TOTP


def event(account: Account, step: str) -> Event:
    """Return the entry for a change of an account's second factor."""
    return Event(
        kind="factor.changed",
        actor=account.id,
        facts={"account": account.id, "step": step},
    )


def _open(factor: SecondFactor, key: Secret) -> Secret:
    return wraps.open_field(key, factor.secret, _context(factor.id, factor.account))


def _context(factor: str, account: AccountId) -> bytes:
    return encode("strongroom/v1/totp-secret", factor, account)
