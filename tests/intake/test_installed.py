"""Installed packages are compared with ranges as OSV says; what is unclear counts."""

from __future__ import annotations

import pytest

from strongroom.intake.advisories import Advisory
from strongroom.intake.installed import Installed, judge_installed
from strongroom.intake.osv import AffectedPackage

Events = tuple[tuple[str, str], ...]


def rules(
    version: str, *ranges: Events, versions: tuple[str, ...] = (), name: str = "torch"
) -> list[str]:
    package = AffectedPackage(name="Torch", ranges=ranges, versions=frozenset(versions))
    advisory = Advisory(id="GHSA-1", summary="it is bad", packages=(package,))
    installed = [Installed(name=name, version=version)]
    return [finding.rule for _, finding in judge_installed(installed, [advisory])]


HIT = ["advisory/package"]
FIXED: Events = (("introduced", "0"), ("fixed", "2.6.0"))
TWICE: Events = (
    ("introduced", "3"),
    ("fixed", "3.2"),
    ("introduced", "1.0"),
    ("fixed", "2.0"),
)


@pytest.mark.parametrize(
    ("version", "events", "found"),
    [
        ("2.5.9", FIXED, HIT),
        ("2.6.0", FIXED, []),
        ("2.6.0rc1", FIXED, HIT),
        ("0.0.0.dev1", FIXED, HIT),
        ("2.10", FIXED, []),
        ("0.9", TWICE, []),
        ("1.0", TWICE, HIT),
        ("2.5", TWICE, []),
        ("3.1", TWICE, HIT),
        ("3.2", TWICE, []),
        ("1.5", (("introduced", "1"), ("last_affected", "1.5")), HIT),
        ("1.5.1", (("introduced", "1"), ("last_affected", "1.5")), []),
        ("9", (("introduced", "1"),), HIT),
        ("9", (("introduced", "1"), ("limit", "8")), []),
        ("7", (("introduced", "1"), ("limit", "8")), HIT),
        ("7", (("introduced", "1"), ("fixed", "what")), HIT),
    ],
)
def test_a_version_is_in_a_range_or_not(
    version: str, events: Events, found: list[str]
) -> None:
    assert rules(version, events) == found


def test_single_versions_count_too_and_names_are_compared_as_pypi_does() -> None:
    assert rules("2.5", versions=("2.5.0",)) == HIT
    assert rules("2.5.1", versions=("2.5.0",)) == []
    assert rules("2.5", FIXED, name="TORCH") == HIT
    assert rules("2.5", FIXED, name="torchvision") == []


def test_what_cannot_be_compared_is_a_finding() -> None:
    assert rules("unknown", FIXED) == ["advisory/version"]
    assert rules("1.0", FIXED, name="") == ["advisory/version"]


def test_what_was_withdrawn_is_passed_over() -> None:
    package = AffectedPackage(name="a", ranges=(FIXED,), versions=frozenset())
    withdrawn = Advisory(id="GHSA-1", withdrawn=True, packages=(package,))

    assert not list(judge_installed([Installed(name="a", version="1")], [withdrawn]))
