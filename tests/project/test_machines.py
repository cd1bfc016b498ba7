"""Every state machine of the product has been run beside a model."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

MACHINES = {
    "AccountState": "machines/test_accounts.py",
    "FactorState": "machines/test_factors.py",
    "GlassState": "machines/test_glass.py",
    "IntakeState": "machines/test_intakes.py",
    "PasskeyState": "machines/test_passkeys.py",
    "PermitState": "machines/test_permits.py",
    "RequestState": "access/test_approvals.py",
    "ReviewState": "machines/test_reviews.py",
    "RootState": "machines/test_roots.py",
    "SessionState": "machines/test_sessions.py",
    "VersionState": "machines/test_versions.py",
}
"""Which test runs the machine of an enumeration of states."""

ONE_STEP = {
    "NoticeState": "due until people were told, or could not be",
    "ChallengeState": "open until it is used",
    "RecoveryState": "active until it is retired",
    "RekeyState": "active until it has ended",
    "SourceState": "listed until it is removed",
}
"""Enumerations without a machine, and all that happens to them."""


def enumerations() -> Iterator[str]:
    """Give the name of every enumeration of states in the product."""
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.name.endswith("State"):
                yield node.name


def test_every_state_machine_is_run_beside_a_model() -> None:
    assert sorted(enumerations()) == sorted([*MACHINES, *ONE_STEP])
    for path in MACHINES.values():
        assert "(RuleBasedStateMachine)" in (ROOT / "tests" / path).read_text()
