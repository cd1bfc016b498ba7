"""Who may do what: Cedar rules, loaded once, asked in every transaction.

The rules stand in ``policies/``: ``common.cedar`` for every profile and one file
per profile, checked against ``schema.cedarschema`` at start.  Cedar has no
memory: counts and exposure are facts that the caller computes from verified
rows in the transaction that acts on the answer.

Cedar *skips* a rule that it cannot evaluate, so a broken prohibition would open.
Here any error is a refusal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import cedarpy

from strongroom import canonical
from strongroom.access import explain
from strongroom.access.questions import (
    Principal,
    Question,
    Resource,
    entities_json,
    request_json,
)
from strongroom.access.rules import Rule, read_rules, read_sources
from strongroom.errors import DeniedError, InputError, SetupError
from strongroom.types import Profile

__all__ = [
    "Allow",
    "Decision",
    "Deny",
    "Policy",
    "Principal",
    "Question",
    "Resource",
    "Rule",
]

UNCLEAR = "facts-unclear"
"""Stands for a rule when the question does not fit the schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """Policy said yes.

    Attributes:
        rules: Ids of the rules that allow it.
    """

    rules: tuple[str, ...]

    def unwrap(self) -> Allow:
        """Return itself; the other answer raises."""
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny:
    """Policy said no.

    Attributes:
        reasons: Ids of the rules that forbid it; empty when no rule allows it.
        sentences: One sentence per reason, or why no rule allows it.
        nearest: Id of the rule that comes nearest to allowing it, when none does.
        would_allow: What would have to change, one sentence each; all of them.
    """

    reasons: tuple[str, ...]
    sentences: tuple[str, ...]
    nearest: str | None = None
    would_allow: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Everything that forbids it."""
        return "; ".join(self.sentences)

    @property
    def hint(self) -> str:
        """Everything that would have to change."""
        return "; ".join(self.would_allow)

    def unwrap(self) -> Allow:
        """Raise this refusal.

        Raises:
            DeniedError: Always.
        """
        raise DeniedError(self.sentence, hint=self.hint, reasons=self.reasons)


Decision: TypeAlias = Allow | Deny


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules in force.

    Attributes:
        profile: Which profile they are for.
        rules: Every rule, in the order of the files.
        digest: Hexadecimal SHA-256 over schema and rules, for the ledger.
    """

    profile: Profile
    rules: tuple[Rule, ...]
    digest: str
    _policies: cedarpy.PolicySet = field(repr=False, compare=False)
    _schema: cedarpy.Schema = field(repr=False, compare=False)

    @classmethod
    def load(cls, profile: Profile, folder: Path | None = None) -> Policy:
        """Return the rules of ``profile``, checked.

        Args:
            profile: Whose file to add to ``common.cedar``.
            folder: Where a house keeps its own files; None means those that
                came with the package.

        Raises:
            SetupError: A file is absent, too long or not Cedar; the rules do not
                fit the schema; or a rule has no id, reason, or allowed form.
        """
        return _parsed(profile, *read_sources(profile, folder))

    def decide(self, question: Question) -> Decision:
        """Return whether ``question`` is allowed, and if not, why not.

        Anything unclear is refused: facts that do not fit the schema, or a rule
        that Cedar cannot evaluate.
        """
        try:
            request = request_json(question)
        except InputError as error:
            return _unclear(str(error))
        answer = cedarpy.is_authorized(
            request, self._policies, entities_json(question), self._schema
        )
        found = answer.diagnostics
        if found.errors:  # of the question, or of a rule; then there may be no answer
            return _unclear(found.errors[0])
        names = found.id_annotations_by_reason
        rules = tuple(sorted(names[reason] for reason in found.reasons))
        return Allow(rules=rules) if answer.allowed else self._deny(question, rules)

    def _deny(self, question: Question, reasons: tuple[str, ...]) -> Deny:
        """Return the refusal with its sentences, in the order of the files."""
        hit = [rule for rule in self.rules if rule.id in reasons]
        said = explain.sentences(question, hit)
        wanted = explain.remedies(question, hit)
        nearest = explain.nearest_permit(question, self.rules)
        if nearest is not None:
            said = (*said, nearest.sentence) if not hit else said
            wanted = (*wanted, nearest.remedy) if nearest.remedy else wanted
        return Deny(
            reasons=tuple(rule.id for rule in hit),
            sentences=said,
            nearest=nearest.rule if nearest else None,
            would_allow=wanted,
        )


@lru_cache(maxsize=8)
def _parsed(profile: Profile, schema_text: str, rules_text: str) -> Policy:
    """Return the rules in these texts, checked.

    Kept, since checking takes 40 ms and drills, the demo and tests open many rooms
    with the same rules.

    Raises:
        SetupError: As ``Policy.load`` does.
    """
    try:
        schema = cedarpy.Schema.from_str(schema_text)
        policies = cedarpy.PolicySet.from_str(rules_text)
        checked = cedarpy.validate_policies(rules_text, schema)
    except ValueError as error:
        raise SetupError(f"policy does not parse: {error}") from None
    if not checked.validation_passed:
        first = checked.errors[0]
        raise SetupError(f"policy does not fit its schema: {first}")
    return Policy(
        profile=profile,
        rules=read_rules(rules_text),
        digest=canonical.digest("strongroom/v1/policy", schema_text, rules_text).hex(),
        _policies=policies,
        _schema=schema,
    )


def _unclear(why: str) -> Deny:
    """Return the refusal of a question that could not be judged."""
    return Deny(
        reasons=(UNCLEAR,),
        sentences=(f"the question cannot be judged: {why}",),
    )
