"""Asks policy inside a transaction, and records what it refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from strongroom import canonical
from strongroom.access import projects, sessions
from strongroom.access.accounts import Account
from strongroom.access.policy import Deny, Policy, Principal, Question, Resource
from strongroom.access.sessions import Actor
from strongroom.access.standing import standing_facts
from strongroom.access.terms import TermsTable
from strongroom.canonical import Json
from strongroom.errors import DeniedError, InputError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Ledger, Reading, Writing
from strongroom.types import id_bytes

_MOST_TYPED = 200
"""Characters kept of a name that somebody typed and was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The one way to ask whether somebody may.

    Attributes:
        ledger: Where refusals are recorded.
        policy: The rules in force.
        terms: The numbers in force.
    """

    ledger: Ledger
    policy: Policy
    terms: TermsTable

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
        context: dict[str, object] = {
            **self.terms.of_action(action).facts(),
            "now": transaction.now,
            **standing_facts(
                transaction,
                account,
                action,
                resource,
                terms=self.terms.training,
                now=transaction.now,
            ),
            **(facts or {}),
        }
        if actor.factor_at is not None:
            context["factor"] = {"kind": str(actor.factor), "at": actor.factor_at}
        question = Question(
            principal=Principal(
                account=account.id,
                kind=account.kind,
                roles=frozenset(account.roles),
                team=account.team,
                state=str(account.state),
                owner=account.owner,
                projects=projects.projects_of(transaction, account.id),
            ),
            action=action,
            resource=resource,
            context=context,
        )
        decision = self.policy.decide(question)
        if isinstance(decision, Deny):
            raise DeniedError(
                decision.sentence, hint=decision.hint, reasons=decision.reasons
            )
        return account

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
            typed = {} if known or release else {"named": _typed(resource)}
            with self.ledger.transaction() as writing:
                writing.append(
                    Event(
                        kind=kind,
                        actor=actor.account,
                        session=actor.session,
                        facts={**facts, "rules": list(error.reasons)},
                        private=typed,
                    )
                )
            raise


def _typed(text: str) -> str:
    """Return what somebody typed, bounded and as Unicode."""
    return text[:_MOST_TYPED].encode(errors="replace").decode()


def _is_id(text: str) -> bool:
    """Return whether ``text`` may stand in the clear: a random id, or the room."""
    try:
        id_bytes(text)
    except InputError:
        return text == "room"
    return True
