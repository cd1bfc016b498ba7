"""Packages that an advisory names are read in OSV's form, or the bundle is refused."""

from __future__ import annotations

import pytest

from strongroom.canonical import Json
from strongroom.errors import InputError
from strongroom.intake.osv import AffectedPackage, parse_affected

PACKAGE: Json = {"ecosystem": "PyPI", "name": "torch"}


def test_ranges_and_versions_of_a_package_are_kept() -> None:
    events: Json = [{"introduced": "0"}, {"fixed": "2.6.0"}]
    item: Json = {
        "package": PACKAGE,
        "ranges": [
            {"type": "ECOSYSTEM", "events": events},
            {"type": "GIT", "repo": "elsewhere", "events": [{"introduced": "0"}]},
        ],
        "versions": ["2.5.0", "2.5.1"],
    }

    assert parse_affected([item]) == (
        AffectedPackage(
            name="torch",
            ranges=((("introduced", "0"), ("fixed", "2.6.0")),),
            versions=frozenset({"2.5.0", "2.5.1"}),
        ),
    )


def test_packages_of_elsewhere_are_passed_over() -> None:
    npm: Json = {"package": {"ecosystem": "npm", "name": "left-pad"}}
    commits: Json = {"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}

    assert parse_affected([npm, commits]) == ()


@pytest.mark.parametrize(
    "item",
    [
        None,
        {"package": "torch"},
        {"package": {"ecosystem": "PyPI"}},
        {"package": PACKAGE, "version": ["1"]},
        {"package": PACKAGE, "versions": "1"},
        {"package": PACKAGE, "versions": [1]},
        {"package": PACKAGE, "ranges": [{"type": "SEMVER", "events": [1]}]},
        {"package": PACKAGE, "ranges": [{"type": "ECOSYSTEM", "events": []}]},
        {"package": PACKAGE, "ranges": [{"type": "ECOSYSTEM", "events": [{}]}]},
    ],
)
def test_what_is_malformed_is_refused(item: Json) -> None:
    with pytest.raises(InputError):
        parse_affected([item])
