"""Every rule that a reader can name stands on the page, and the other way round."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
INTAKE = ROOT / "src" / "strongroom" / "intake"
PAGE = ROOT / "docs" / "reference" / "intake-rules.md"
RULE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*")
MAKERS = {"Finding", "RefusedError", "refusing"}
ROW = re.compile(r"^\| `([a-z0-9/-]+)` \| (?:error|warning|note)", re.MULTILINE)


def named(path: Path) -> Iterator[str]:
    """Yield the strings of a module that have the form of a rule."""
    for node in ast.walk(ast.parse(path.read_text())):
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, str) and RULE.fullmatch(value):
            yield value


def rules_of(call: ast.Call) -> Iterator[str]:
    """Yield the rule that a call of what makes a finding or a refusal names."""
    if isinstance(call.func, ast.Name) and call.func.id in MAKERS:
        by_name = [word.value for word in call.keywords if word.arg == "rule"]
        for node in (*call.args[:1], *by_name):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_every_rule_of_a_reader_is_on_the_page_once() -> None:
    rows = ROW.findall(PAGE.read_text())
    families = {row.partition("/")[0] for row in rows}
    found = {
        rule
        for path in INTAKE.rglob("*.py")
        for rule in named(path)
        if rule.partition("/")[0] in families
    }

    assert sorted(rows) == sorted(found)


def test_no_rule_is_of_a_family_that_the_page_lacks() -> None:
    """Once only refusals were looked at, and two rules of findings had no row."""
    families = {row.partition("/")[0] for row in ROW.findall(PAGE.read_text())}
    raised = {
        rule
        for path in INTAKE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        for rule in rules_of(node)
    }

    assert {rule for rule in raised if rule.partition("/")[0] not in families} == set()
