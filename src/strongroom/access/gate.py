"""Asks policy inside a transaction, and records what it refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from strongroom import canonical
from strongroom.access import factors, passwords, projects, sessions
from strongroom.access.accounts import Account
from strongroom.access.policy import Decision, Policy, Principal, Question, Resource
from strongroom.access.quorum import Tally
from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.access.standing import standing_facts
from strongroom.access.tally import Counting, tally
from strongroom.access.terms import TermsTable
from strongroom.canonical import Json
from strongroom.errors import DeniedError, InputError, SetupError
from strongroom.ledger.events import typed
from strongroom.ledger.log import Ledger, Reading, Writing
from strongroom.settings import RelyingParty
from strongroom.types import Factor, id_bytes


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to do to what, and what its rules read beyond the usual."""

    action: str
    resource: Resource
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The one way to ask whether somebody may.

    Attributes:
        ledger: Where refusals are recorded.
        policy: The rules in force.
        terms: The numbers in force.
        party: Where passkeys work; ``None`` if the room has none.
        password_cost: What guessing a password costs.
    """

    ledger: Ledger
    policy: Policy
    terms: TermsTable
    party: RelyingParty | None = None
    password_cost: passwords.Cost = passwords.DEFAULT_COST

    @property
    def rules_digest(self) -> str:
        """Digest of rules and numbers in force; hexadecimal, for the ledger."""
        return canonical.digest(
            "strongroom/v1/rules", self.policy.digest, self.terms.digest
        ).hex()

    def require(
        self,
        transaction: Writing | Reading,
        actor: Actor,
        action: str,
        resource: Resource,
        facts: Mapping[str, object] | None = None,
    ) -> Account:
        """Return the actor's account if policy allows the action now.

        Args:
            transaction: Where every fact is read, so that none is outdated.
            actor: Who asks.
            action: Such as ``segment:release``.
            resource: What it is about.
            facts: What the rules of this action read, beyond who, when, and the
                terms of an administrative action.

        Raises:
            DeniedError: A rule forbids it, or none allows it.
        """
        account = sessions.verify_actor(transaction, actor, now=transaction.now)
        self.decide(
            transaction, account, actor, Wish(action, resource, facts or {})
        ).unwrap()
        return account

    @contextmanager
    def reading(self, actor: Actor, action: str, what: str) -> Iterator[Reading]:
        """Give the ledger to somebody who may read what the room keeps.

        Args:
            actor: Who asks.
            action: Such as ``intake:read``.
            what: They ask for, in the entry of a refusal.

        Raises:
            DeniedError: A rule forbids it, or none allows it; recorded.
        """
        with (
            self.recording_refusals(actor, action, what),
            self.ledger.reading() as reading,
        ):
            self.require(reading, actor, action, Resource(kind="Room", id="room"))
            yield reading

    def admit(
        self, writing: Writing, account: Account, factor: Factor, at: datetime | None
    ) -> None:
        """Check that somebody may begin a session with this proof.

        Args:
            writing: Where the session begins.
            account: Who logs in, as read there.
            factor: The strongest proof that they gave.
            at: When they gave a second factor; ``None`` without one.

        Raises:
            DeniedError: A rule forbids it, or none allows it.
        """
        actor = Actor(account=account.id, factor=factor, factor_at=at)
        room = Resource(kind="Room", id="room")
        self.decide(writing, account, actor, Wish("session:open", room, {})).unwrap()

    def require_fresh_factor(self, writing: Writing, actor: Actor) -> None:
        """Check that a session may change second factors; its account is locked.

        Raises:
            DeniedError: There is one, and the session did not prove it lately: a
                stolen session must not get a factor of its own.
        """
        factors.require_fresh(
            writing,
            actor.account,
            proved_at=actor.factor_at,
            at_most_old=self.terms.administration.second_factor_max_age,
        )

    def tally(self, transaction: Writing | Reading, request: Request) -> Tally:
        """Return where the verified answers to a request leave it now.

        Raises:
            IntegrityError: An answer was forged, altered, restored, or lost its
                signature.
        """
        counting = Counting(
            party=self.party,
            signed_only=self.terms.signed_approvals,
            own_team_counts=self.terms.administration.own_team_counts,
        )
        return tally(transaction, request, now=transaction.now, counting=counting)

    def require_party(self) -> RelyingParty:
        """Return where passkeys work.

        Raises:
            SetupError: The room has none.
        """
        if self.party is None:
            raise SetupError(
                "room.toml does not say where passkeys work",
                hint='add: [passkeys] domain = "localhost"',
            )
        return self.party

    def decide(
        self,
        transaction: Writing | Reading,
        account: Account,
        actor: Actor,
        wish: Wish,
    ) -> Decision:
        """Return what policy says now; nothing is recorded, and nobody is stopped.

        Args:
            transaction: Where every fact is read.
            account: Who acts, as read there.
            actor: What they proved.
            wish: What they want.

        Raises:
            IntegrityError: A row was deleted, forged, altered or restored.
        """
        context: dict[str, object] = {
            **self.terms.of_action(wish.action).facts(),
            "now": transaction.now,
            **standing_facts(
                transaction,
                account,
                wish.action,
                wish.resource,
                terms=self.terms.training,
                now=transaction.now,
            ),
        }
        if actor.factor_at is not None:
            context["factor"] = {"kind": str(actor.factor), "at": actor.factor_at}
        principal = Principal(
            account=account.id,
            kind=account.kind,
            roles=frozenset(account.roles),
            team=account.team,
            state=str(account.state),
            owner=account.owner,
            projects=projects.projects_of(transaction, account.id),
        )
        question = Question(
            principal=principal,
            action=wish.action,
            resource=wish.resource,
            context={**context, **wish.facts},
        )
        return self.policy.decide(question)

    @contextmanager
    def recording_refusals(
        self, actor: Actor, action: str, resource: str, **release: Json
    ) -> Iterator[None]:
        """Record a refusal in its own entry, after the block's own rollback.

        Args:
            actor: Who asked.
            action: What was asked for.
            resource: Id of what it was about, or what somebody typed for it.
            **release: The facts of ``key.refused`` when keys were asked for.

        Raises:
            DeniedError: The refusal itself, once it is recorded.
            UnavailableError: It cannot be recorded; the database does not answer.
        """
        try:
            yield
        except DeniedError as error:
            kind = "key.refused" if release else "action.refused"
            known = _is_id(resource)
            facts = release or {
                "action": action,
                "resource": resource if known else None,
            }
            named = {} if known or release else {"named": typed(resource)}
            with self.ledger.transaction() as writing:
                writing.append(
                    actor.event(
                        kind, {**facts, "rules": list(error.reasons)}, private=named
                    )
                )
            raise


def _is_id(text: str) -> bool:
    """Return whether ``text`` may stand in the clear: a random id, or the room."""
    try:
        id_bytes(text)
    except InputError:
        return text == "room"
    return True
