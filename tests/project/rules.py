"""The reference page of roles and prohibitions, from the policy files themselves."""

from __future__ import annotations

from strongroom.access.rules import Rule, read_rules, read_sources
from strongroom.types import Profile

HEAD = """# Rules

Who may do what, and what is refused to whom, as the files of each profile say it.

How a decision is made, and the numbers that rules compare with, stand in
[Policy](policy.md).
"""


def page() -> str:
    """Return the page."""
    read = {profile: read_rules(read_sources(profile, None)[1]) for profile in Profile}
    where: dict[Rule, list[Profile]] = {}
    for profile, rules in read.items():
        for rule in rules:
            where.setdefault(rule, []).append(profile)
    groups: dict[tuple[Profile, ...], list[Rule]] = {}
    for rule, profiles in where.items():
        if rule.effect == "forbid":
            groups.setdefault(tuple(profiles), []).append(rule)
    permits = {rule: x for rule, x in where.items() if rule.effect == "permit"}
    return "".join(
        (
            HEAD,
            _permits(permits),
            *(_prohibitions(place, rules) for place, rules in groups.items()),
        )
    )


def _permits(where: dict[Rule, list[Profile]]) -> str:
    lines = [
        f"| `{rule.role or 'everyone'}` | {rule.reason}{_only(profiles)}"
        f" | {', '.join(f'`{action}`' for action in sorted(rule.actions))} |\n"
        for rule, profiles in where.items()
    ]
    head = "\n## Roles\n\n| role | says | may |\n| --- | --- | --- |\n"
    return head + "".join(lines)


def _prohibitions(place: tuple[Profile, ...], rules: list[Rule]) -> str:
    lines = [f"| `{r.id}` | {r.reason} | {r.remedy} |\n" for r in rules]
    head = "| rule | says | what would allow it |\n| --- | --- | --- |\n"
    return f"\n## Prohibitions in {_named(place)}\n\n{head}{''.join(lines)}"


def _only(profiles: list[Profile]) -> str:
    every = len(profiles) == len(Profile)
    return "" if every else f" (in {_named(tuple(profiles))})"


def _named(profiles: tuple[Profile, ...]) -> str:
    if len(profiles) == len(Profile):
        return "every profile"
    *others, last = (f"`{profile}`" for profile in profiles)
    return f"{', '.join(others)} and {last}" if others else f"{last} only"
