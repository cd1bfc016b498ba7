"""Policy files that are not in order stop the start, and say why."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.access.policy import Policy
from strongroom.errors import SetupError
from strongroom.types import Profile
from tests.access.house import POLICIES


def test_a_permit_names_its_role_and_actions() -> None:
    rules = {rule.id: rule for rule in POLICIES["standard"].rules}

    assert rules["key-holder"].role == "key-holder"
    assert rules["key-holder"].actions == {"key:manage", "model:show", "ledger:read"}
    assert rules["everyone"].role is None


def test_rules_come_in_the_order_of_the_files() -> None:
    ids = [rule.id for rule in POLICIES["standard"].rules]

    assert ids[0] == "everyone"
    assert ids[-1] == "restricted-keeps-its-terms"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("forbid(principal, action, resource);", "needs an @id"),
        ('@id("x") forbid(principal, action, resource);', "needs an @id and a @reason"),
        (
            '@id("leaver") @reason("y") forbid(principal, action, resource);',
            "two rules",
        ),
        (
            '@id("x") @reason("y") permit(principal,'
            ' action == Strongroom::Action::"policy:read", resource) when { true };',
            "has a condition",
        ),
        ('@id("x") @reason("y") permit(principal, action, resource);', "its actions"),
        (
            '@id("x") @reason("y") permit(principal == Strongroom::Person::"ana",'
            ' action == Strongroom::Action::"policy:read", resource);',
            "not for a role",
        ),
        (
            '@id("x") @reason("y") permit(principal == ?principal, action, resource);',
            "template",
        ),
        (
            '@id("x") @reason("y") forbid(principal, action, resource)'
            " when { context.breakGlass };",
            "does not fit its schema",
        ),
        (
            '@id("x") @reason("y") forbid(principal, action, resource)'
            " when { context.ledgerHealthy };",
            "does not fit its schema",
        ),
        (
            '@id("x") @reason("y")'
            ' forbid(principal, action == Strongroom::Action::"steal", resource);',
            "does not fit its schema",
        ),
        ("forbid everything", "does not parse"),
    ],
)
def test_rules_that_are_not_in_order_stop_the_start(
    folder: Path, text: str, said: str
) -> None:
    with (folder / "standard.cedar").open("a") as file:
        file.write(text)

    with pytest.raises(SetupError, match=said):
        Policy.load(Profile.STANDARD, folder)


def test_a_schema_that_does_not_parse_stops_the_start(folder: Path) -> None:
    (folder / "schema.cedarschema").write_text("entity {")

    with pytest.raises(SetupError, match="does not parse"):
        Policy.load(Profile.STANDARD, folder)


def test_an_absent_file_stops_the_start(folder: Path) -> None:
    (folder / "solo.cedar").unlink()

    with pytest.raises(SetupError, match=r"there is no solo\.cedar"):
        Policy.load(Profile.SOLO, folder)


@pytest.mark.parametrize(
    ("content", "said"), [(b"/" * 300_000, "longer"), (b"// \xff", "UTF-8")]
)
def test_a_file_that_is_no_text_or_endless_stops_the_start(
    folder: Path, content: bytes, said: str
) -> None:
    (folder / "common.cedar").write_bytes(content)

    with pytest.raises(SetupError, match=said):
        Policy.load(Profile.SOLO, folder)
