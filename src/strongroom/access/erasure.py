"""Erases the name and the free text of somebody who left.

What stays: the account's id, every entry, every proof, every byte of exposure,
counted under that id, every signature.  What goes: the account's name and password,
the words of their requests, what they called their passkeys, where their logins came
from, and private text that is theirs or about them, with its salts.

Copies made before are not reached: backups, exports, what somebody wrote down.
"""

from __future__ import annotations

import sqlalchemy as sa

from strongroom.access import challenges, passkeys
from strongroom.access.accounts import ACCOUNTS, Account, AccountState, find_account
from strongroom.access.approvals import Approvals
from strongroom.access.gate import Gate
from strongroom.access.policy import Resource
from strongroom.access.request import (
    ERASED_BODY,
    REQUESTS,
    Request,
    RequestState,
)
from strongroom.access.sessions import Actor
from strongroom.canonical import Json
from strongroom.database.engine import Transaction
from strongroom.database.scrub import scrub
from strongroom.errors import ConflictError
from strongroom.ledger import erasure
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import AccountId, AccountKind

ACTION = "person:erase"
_TABLES = ("private_facts", "accounts", "requests", "passkeys", "challenges")
_PREFIX = "erased-"
_ID_CHARACTERS = 12  # of 26: a name that nobody else has


class Erasures:
    """Takes requests to erase somebody, and carries them out."""

    def __init__(self, gate: Gate, approvals: Approvals) -> None:
        """Wire the shell; approved requests are carried out here."""
        self._gate = gate
        self._ledger = gate.ledger
        self._approvals = approvals
        approvals.executors[ACTION] = _erase
        approvals.afterwards[ACTION] = self.scrub

    def ask(self, actor: Actor, name: str) -> Request:
        """Ask for an erasure; in ``standard`` an approver of another team agrees.

        Raises:
            MissingError: There is no such account.
            ConflictError: It has not left, or was erased already.
            DeniedError: The actor may not ask for it.
            UnavailableError: It is done, and the bytes are still in the files,
                since others use the database; ``scrub`` again.
        """
        with (
            self._gate.recording_refusals(actor, ACTION, name),
            self._ledger.transaction() as writing,
        ):
            account = find_account(writing, name)
            resource = Resource(kind="Account", id=account.id)
            asker = self._gate.require(writing, actor, ACTION, resource)
            _check_erasable(account)
            payload: dict[str, Json] = {"account": account.id}
            request = self._approvals.ask(
                writing,
                actor,
                asker,
                ACTION,
                payload,
                terms=self._gate.terms.of_action(ACTION),
            )
        self._approvals.after_commit(request)
        return request

    def scrub(self) -> None:
        """Let what was erased leave the files of the database.

        Raises:
            UnavailableError: Others use the database; try again.
        """
        scrub(self._ledger.database, *_TABLES)


def is_erased(account: Account) -> bool:
    """Return whether name and text of this account were erased."""
    return account.name == erased_name(account.id)


def erased_name(account: AccountId) -> str:
    """Return the name that an account has instead of its own."""
    return _PREFIX + account.rpartition("-")[2][:_ID_CHARACTERS]


def _erase(writing: Writing, request: Request) -> None:
    """Remove the text, and record which entries lost it.

    Raises:
        ConflictError: The account came back, or was erased meanwhile.
        StaleError: An entry about them has no index yet.
    """
    account_id = AccountId(str(request.payload()["account"]))
    account = ACCOUNTS.get(writing, account_id, lock=True)
    _check_erasable(account)
    asked = _requests_of(writing, account)
    person = erasure.Person(
        account=account.id,
        name=account.name,
        requests=frozenset(str(r.id) for r in asked),
    )
    texts = erasure.find(writing, person)
    erasure.remove(writing, texts)
    for row in asked:
        REQUESTS.replace(writing, row, body=ERASED_BODY)
    ACCOUNTS.replace(
        writing,
        account,
        name=erased_name(account.id),
        password_hash=None,
        enrolment_hash=None,
        enrolment_until=None,
    )
    passkeys.forget_labels(writing, account.id)
    challenges.forget_sources(writing, account.id)
    writing.append(
        Event(
            kind=erasure.ERASED,
            actor=request.asker,
            facts={
                "account": account.id,
                "request": request.id,
                "count": len(texts),
                "entries": [text.position for text in texts],
            },
        )
    )


def _requests_of(transaction: Transaction, account: Account) -> list[Request]:
    """Return what they asked for, and the request that made their account."""
    theirs = REQUESTS.find(
        transaction,
        REQUESTS.columns.asker == account.id,
        REQUESTS.columns.body != ERASED_BODY,
    )
    for request in REQUESTS.find(
        transaction,
        REQUESTS.columns.action == "account:create",
        REQUESTS.columns.asker != account.id,
        REQUESTS.columns.body != ERASED_BODY,
        REQUESTS.columns.state != sa.literal(str(RequestState.PENDING)),
    ):
        if request.payload()["name"] == account.name:
            theirs.append(request)
    return theirs


def _check_erasable(account: Account) -> None:
    if account.kind is not AccountKind.PERSON:
        raise ConflictError(f"{account.name} is no person")
    if account.state is not AccountState.LEFT:
        raise ConflictError(
            f"{account.name} is {account.state}; only who has left is erased",
            hint="strongroom account leave NAME",
        )
    if is_erased(account):
        raise ConflictError(f"{account.id} was erased already")
