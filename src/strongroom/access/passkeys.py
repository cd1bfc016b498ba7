"""Passkeys as stored: whose they are, how far their counters came, if they count.

active ──copied──▶ suspended ──remove──▶ removed        nothing leads back
  └──────────────remove─────────────────────▲
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from strongroom.access import assertions
from strongroom.access.accounts import ACCOUNTS, Account
from strongroom.access.assertions import Assertion, Registered
from strongroom.database import passkey_tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import ConflictError, DeniedError, InputError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Ledger, Writing
from strongroom.settings import RelyingParty
from strongroom.types import AccountId, PasskeyId, Random, new_id

MAX_LABEL = 64
MOST_PASSKEYS = 10
"""Of one account; each one more is one more that can be lost."""


class PasskeyState(StrEnum):
    """Whether a passkey counts; nothing leads back to active."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A public key whose other half an authenticator keeps.

    Attributes:
        id: ``account/passkey-…``, so that a deleted one is missed.
        credential: What the authenticator calls it; unique in the room.
        public_key: In COSE form.
        sign_count: The highest counter that it showed.
        label: What its holder calls it.
        device: ``bound`` to one device, or ``synced`` between several.
        attestation: What the authenticator said of itself; not judged.
    """

    id: str
    revision: int = 1
    account: AccountId
    credential: bytes
    public_key: bytes
    sign_count: int
    label: str
    device: str
    attestation: bytes
    created_at: datetime
    state: PasskeyState

    @property
    def name(self) -> PasskeyId:
        """The id without the account."""
        return PasskeyId(self.id.rpartition("/")[2])


PASSKEYS: GuardedTable[Passkey] = GuardedTable(passkey_tables.passkeys, Passkey)


class CounterError(DeniedError):
    """A passkey's counter did not grow: there may be a copy of it.

    Attributes:
        passkey: Which one.
        count: What it showed.
    """

    def __init__(self, passkey: Passkey, count: int) -> None:
        super().__init__(
            "the passkey's counter did not grow, as if there were a copy of it;"
            " it is suspended",
            hint="use another second factor, and tell an analyst",
            reasons=("passkey-counter",),
        )
        self.passkey = passkey
        self.count = count


def active_passkeys(transaction: Transaction, account: AccountId) -> list[Passkey]:
    """Return the passkeys of an account that count, oldest first.

    In a transaction that writes, the caller has locked the account.

    Raises:
        IntegrityError: One was deleted, forged, altered or restored.
    """
    found = PASSKEYS.find_all(transaction, prefix=f"{account}/")
    counting = [key for key in found if key.state is PasskeyState.ACTIVE]
    return sorted(counting, key=lambda key: (key.created_at, key.id))


def add(
    writing: Writing,
    account: Account,
    registered: Registered,
    *,
    label: str,
    random: Random,
) -> Passkey:
    """Let a new passkey count, and record it; the caller has locked the account.

    Raises:
        InputError: The label cannot be used.
        ConflictError: It is somebody's already, or the account has too many.
    """
    if not 0 < len(label) <= MAX_LABEL or not label.isprintable():
        raise InputError(f"a passkey's label has 1 to {MAX_LABEL} letters")
    if len(active_passkeys(writing, account.id)) >= MOST_PASSKEYS:
        raise ConflictError(
            f"{account.name} has {MOST_PASSKEYS} passkeys",
            hint="strongroom account passkey remove ID",
        )
    columns = PASSKEYS.columns
    if PASSKEYS.find(writing, columns.credential == registered.credential):
        raise ConflictError("this passkey is registered already")
    passkey = PASSKEYS.insert(
        writing,
        Passkey(
            id=f"{account.id}/{new_id('passkey', random)}",
            account=account.id,
            credential=registered.credential,
            public_key=registered.public_key,
            sign_count=registered.sign_count,
            label=label,
            device=registered.device,
            attestation=registered.attestation,
            created_at=writing.now,
            state=PasskeyState.ACTIVE,
        ),
    )
    writing.append(
        Event(
            kind="passkey.added",
            actor=account.id,
            subject=account.id,
            facts={
                "account": account.id,
                "passkey": passkey.name,
                "credential": base64.b64encode(registered.credential).decode(),
                "public_key": [*assertions.plain_key(registered.public_key)],
                "device": registered.device,
            },
        )
    )
    return passkey


def accept(
    writing: Writing,
    account: AccountId,
    assertion: Assertion,
    *,
    challenge: bytes,
    party: RelyingParty,
) -> Passkey:
    """Take an assertion by one of an account's passkeys; return which one.

    The caller has locked the account, and appends the entry that names the
    changed row.

    Args:
        writing: The open transaction.
        account: Whose passkey it must be.
        assertion: What was signed.
        challenge: 32 bytes that had to be signed.
        party: Where it had to be signed.

    Raises:
        DeniedError: It is by no passkey of the account that counts, or does not
            verify.
        CounterError: The counter did not grow; see ``suspending``.
    """
    for passkey in active_passkeys(writing, account):
        if passkey.credential == assertion.credential:
            break
    else:
        raise DeniedError(
            "this passkey is not one of the account's",
            hint="strongroom account passkey list",
        )
    count = assertions.verify_assertion(
        assertion, public_key=passkey.public_key, challenge=challenge, party=party
    )
    if not counter_grew(passkey.sign_count, count):
        raise CounterError(passkey, count)
    if count == passkey.sign_count:  # it has no counter
        return passkey
    return PASSKEYS.replace(writing, passkey, sign_count=count)


def counter_grew(stored: int, shown: int) -> bool:
    """Return whether a counter is what an authenticator without a copy shows.

    Source: WebAuthn Level 3, section 7.2, step 22: both zero, or larger.
    """
    return shown > stored or shown == stored == 0


@contextmanager
def suspending(ledger: Ledger) -> Iterator[None]:
    """Suspend a passkey whose counter did not grow, after the block's rollback.

    Raises:
        CounterError: Always, if the block raised it.
    """
    try:
        yield
    except CounterError as error:
        with ledger.transaction() as writing:
            ACCOUNTS.get(writing, error.passkey.account, lock=True)
            passkey = PASSKEYS.get(writing, error.passkey.id, lock=True)
            if passkey.state is PasskeyState.ACTIVE:
                PASSKEYS.replace(writing, passkey, state=PasskeyState.SUSPENDED)
            writing.append(
                Event(
                    kind="passkey.suspended",
                    actor=passkey.account,
                    facts={
                        "account": passkey.account,
                        "passkey": passkey.name,
                        "count": error.count,
                        "stored": passkey.sign_count,
                    },
                )
            )
        raise


def remove(writing: Writing, passkey: Passkey, *, by: AccountId) -> Passkey:
    """Let a passkey count no more, nor what it signed; its label goes too.

    The caller has locked the account.

    Raises:
        ConflictError: It was removed before.
    """
    if passkey.state is PasskeyState.REMOVED:
        raise ConflictError(f"{passkey.name} was removed before")
    passkey = PASSKEYS.replace(writing, passkey, state=PasskeyState.REMOVED, label="")
    writing.append(
        Event(
            kind="passkey.removed",
            actor=by,
            subject=passkey.account,
            facts={"account": passkey.account, "passkey": passkey.name, "by": by},
        )
    )
    return passkey


def forget_labels(writing: Writing, account: AccountId) -> None:
    """Take away what somebody called their passkeys; what they signed stays proven.

    The caller has locked the account, and appends the entry that names the rows.
    """
    for passkey in PASSKEYS.find_all(writing, prefix=f"{account}/"):
        if passkey.label:
            PASSKEYS.replace(writing, passkey, label="")
