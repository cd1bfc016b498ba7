"""Policy files as they are read, before anything is asked of them.

A permit names a role and actions and has no condition; every condition is a
forbid with a reason.  So each refusal has a name, and which role would do can be
read off the permits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal, TypeAlias

import cedarpy

from strongroom.access.questions import NAMESPACE
from strongroom.errors import SetupError
from strongroom.settings.small_files import read_small
from strongroom.types import Profile

MAX_FILE_BYTES = 256 * 1024

LAYERS: Mapping[Profile, tuple[str, ...]] = {
    Profile.SOLO: ("solo",),
    Profile.SMALL: ("small",),
    Profile.STANDARD: ("standard",),
    Profile.HARDENED: ("standard", "hardened"),
}
"""Files of each profile, after those of all."""

_Json: TypeAlias = "dict[str, Any]"  # Cedar's own JSON form of a policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a policy file.

    Attributes:
        id: Its ``@id``.
        effect: Whether it permits or forbids.
        reason: Its ``@reason``, with ``$fact`` where a fact is put in.
        remedy: Its ``@remedy``; empty when nothing would help.
        role: Of a permit, the role it is for; None means everyone.
        actions: Of a permit, the actions.
    """

    id: str
    effect: Literal["permit", "forbid"]
    reason: str
    remedy: str = ""
    role: str | None = None
    actions: frozenset[str] = frozenset()


def read_sources(profile: Profile, folder: Path | None) -> tuple[str, str]:
    """Return the text of the schema and of the rules of ``profile``.

    Raises:
        SetupError: A file is absent, too long, or no UTF-8.
    """
    base = folder or resources.files("strongroom.access") / "policies"
    names = [f"{name}.cedar" for name in ("common", *LAYERS[profile])]
    schema = _read(base / "schema.cedarschema", "schema.cedarschema")
    return schema, "\n".join(_read(base / name, name) for name in names)


def read_rules(text: str) -> tuple[Rule, ...]:
    """Return the rules in the order in which they are written.

    Args:
        text: Cedar policies that parse.

    Raises:
        SetupError: A rule has no id or reason, two have the same id, it is a
            template, or it is a permit with a condition.
    """
    document = json.loads(cedarpy.policies_to_json_str(text))
    if document.get("templates"):
        raise SetupError("policy has a template; write the rule out")
    rules = tuple(_rule(policy) for policy in _in_order(document["staticPolicies"]))
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise SetupError(f"policy has two rules called {rule.id}")
        seen.add(rule.id)
    return rules


def _read(file: Traversable, name: str) -> str:
    data = read_small(file, MAX_FILE_BYTES, error=SetupError)
    if data is None:
        raise SetupError(f"there is no {name} at {file}")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise SetupError(f"{name} is no UTF-8") from None
    if len(data) > MAX_FILE_BYTES:
        raise SetupError(f"{name} is longer than {MAX_FILE_BYTES} bytes")
    return text


def _in_order(policies: Mapping[str, _Json]) -> Iterator[_Json]:
    """Yield the policies as written; Cedar numbers them ``policy0`` onwards."""
    for name in sorted(policies, key=lambda name: int(name.removeprefix("policy"))):
        yield policies[name]


def _rule(policy: _Json) -> Rule:
    notes = policy.get("annotations", {})
    name, reason = notes.get("id"), notes.get("reason")
    if not name or not reason:
        raise SetupError(f"rule {name or 'without a name'} needs an @id and a @reason")
    if policy["effect"] == "forbid":
        return Rule(
            id=name, effect="forbid", reason=reason, remedy=notes.get("remedy") or ""
        )
    if policy["conditions"]:
        raise SetupError(
            f"permit {name} has a condition",
            hint="write the condition as a forbid, so that a refusal has a name",
        )
    return Rule(
        id=name,
        effect="permit",
        reason=reason,
        role=_role(name, policy["principal"]),
        actions=_actions(name, policy["action"]),
    )


def _role(name: str, principal: _Json) -> str | None:
    """Return the role that a permit is for, or None for everyone.

    Raises:
        SetupError: It names something other than a role.
    """
    if principal["op"] == "All":
        return None
    entity = principal.get("entity", {})
    if principal["op"] != "in" or entity.get("type") != f"{NAMESPACE}::Role":
        raise SetupError(f"permit {name} is not for a role")
    return str(entity["id"])


def _actions(name: str, action: _Json) -> frozenset[str]:
    """Return the actions that a permit lists.

    Raises:
        SetupError: It lists none.
    """
    if action["op"] == "All":
        raise SetupError(f"permit {name} does not list its actions")
    entities = action.get("entities") or [action["entity"]]
    return frozenset(str(entity["id"]) for entity in entities)
