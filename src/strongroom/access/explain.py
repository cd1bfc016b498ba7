"""Sentences for a refusal: what stands against it, and what would allow it.

The words stand beside the rules, as ``@reason`` and ``@remedy``; here the facts
of the question are put into them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from string import Template

from strongroom.access.questions import Question
from strongroom.access.rules import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The permit that comes nearest when none allows the action.

    Attributes:
        rule: Its id; None when no permit lists the action at all.
        sentence: Why it does not apply.
        remedy: What would make it apply; empty when nothing would.
    """

    rule: str | None
    sentence: str
    remedy: str


def sentences(question: Question, rules: Iterable[Rule]) -> tuple[str, ...]:
    """Return the reason of each rule, with the facts of ``question``."""
    words = _words(question)
    return tuple(Template(rule.reason).safe_substitute(words) for rule in rules)


def remedies(question: Question, rules: Iterable[Rule]) -> tuple[str, ...]:
    """Return what would satisfy each rule that something would satisfy."""
    words = _words(question)
    texts = (Template(rule.remedy).safe_substitute(words) for rule in rules)
    return tuple(dict.fromkeys(text for text in texts if text))


def nearest_permit(question: Question, rules: Sequence[Rule]) -> Nearest | None:
    """Return the nearest permit, or None when one does apply.

    Nearest is the first in the files that lists the action: permits have no
    other condition than the role.
    """
    action = question.action
    permits = [r for r in rules if r.effect == "permit" and action in r.actions]
    held = {role.value for role in question.principal.roles}
    if any(rule.role is None or rule.role in held for rule in permits):
        return None
    if not permits:
        return Nearest(rule=None, sentence=f"no rule allows {action}", remedy="")
    roles = " or ".join(rule.role or "" for rule in permits)
    return Nearest(
        rule=permits[0].id,
        sentence=f"no rule allows {action} without the role {roles}",
        remedy=f"an administrator gives the account the role {permits[0].role}",
    )


def _words(question: Question) -> dict[str, str]:
    """Return what may stand after a dollar sign in a reason or a remedy."""
    facts = question.context
    return {
        "state": question.principal.state,
        **_cap_words(facts, "person"),
        **_cap_words(facts, "pair"),
        **_count_words(facts, "approvals", "approvals", "approvalsRequired"),
        **_count_words(facts, "teams", "approverTeams", "teamsRequired"),
        **_time_words(facts),
        **_glass_words(facts),
        "courses": "; ".join(_texts(facts.get("coursesLacking"))),
    }


def _cap_words(facts: Mapping[str, object], who: str) -> dict[str, str]:
    after, cap = _number(facts, f"{who}BytesAfter"), _number(facts, f"{who}CapBytes")
    return {
        f"{who}_after": f"{after:,}",
        f"{who}_cap": f"{cap:,}",
        f"{who}_over": f"{max(after - cap, 0):,}",
    }


def _count_words(
    facts: Mapping[str, object], word: str, have: str, need: str
) -> dict[str, str]:
    count, required = _number(facts, have), _number(facts, need)
    return {
        word: str(count),
        f"{word}_required": str(required),
        f"{word}_missing": str(max(required - count, 0)),
    }


def _time_words(facts: Mapping[str, object]) -> dict[str, str]:
    now, factor = facts.get("now"), facts.get("factor")
    at = factor.get("at") if isinstance(factor, Mapping) else None
    waited, wait = facts.get("requestedAt"), _duration(facts, "wait")
    words = {
        "factor_max_age": spell(_duration(facts, "factorMaxAge")),
        "wait": spell(wait),
    }
    if isinstance(now, datetime) and isinstance(at, datetime):
        age = now - at
        words["factor_age"] = (
            f"{spell(age)} old" if age >= timedelta(0) else "dated in the future"
        )
    if isinstance(now, datetime) and isinstance(waited, datetime):
        words["wait_left"] = spell(_left(wait, since=waited, now=now))
    return words


def _glass_words(facts: Mapping[str, object]) -> dict[str, str]:
    found = facts.get("breakGlass")
    glass = found if isinstance(found, Mapping) else {}
    return {
        "glass_lasts": spell(_duration(glass, "lasts")),
        "glass_longest": spell(_duration(glass, "longest")),
        "reviews_overdue": str(_number(facts, "reviewsOverdue")),
        "reviews_rejected": str(_number(facts, "reviewsRejected")),
    }


def _left(wait: timedelta, *, since: datetime, now: datetime) -> timedelta:
    try:
        return max(since - now + wait, timedelta(0))
    except OverflowError:  # a wait of a million years; say the longest there is
        return timedelta.max


def spell(duration: timedelta) -> str:
    """Return a duration as a person says it, such as ``1 h 12 min``."""
    seconds = int(duration.total_seconds())
    units = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    parts = []
    for size, name in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"


def _texts(value: object) -> list[str]:
    return sorted(map(str, value)) if isinstance(value, list) else []


def _number(facts: Mapping[str, object], name: str) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) else 0


def _duration(facts: Mapping[str, object], name: str) -> timedelta:
    value = facts.get(name)
    return value if isinstance(value, timedelta) else timedelta(0)
