"""Policy files that are not in order stop the start, and say why."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.access.policy import Policy
from strongroom.access.rules import Rule, read_rules, read_sources
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


NOTES = '@id("x") @reason("y") '
READS = 'action == Strongroom::Action::"policy:read", resource);'


@pytest.mark.parametrize(
    "who",
    [
        'principal == Strongroom::Role::"auditor"',
        'principal in Strongroom::Team::"auditor"',
        "principal is Strongroom::Person",
    ],
)
def test_a_permit_for_anything_but_a_role_stops_the_start(who: str) -> None:
    with pytest.raises(SetupError, match="permit x is not for a role"):
        read_rules(f"{NOTES} permit({who}, {READS}")


def test_a_permit_says_its_role_and_each_of_its_actions() -> None:
    several = 'Strongroom::Action::"a", Strongroom::Action::"b"'
    text = f"""
      {NOTES} permit(principal in Strongroom::Role::"auditor", {READS}
      @id("z") @reason("w") @remedy("v")
      permit(principal, action in [{several}], resource);
      @id("f") @reason("g") forbid(principal, {READS}
      @id("h") @reason("i") @remedy("j") forbid(principal, {READS}
    """

    assert read_rules(text) == (
        Rule(
            id="x",
            effect="permit",
            reason="y",
            remedy="",
            role="auditor",
            actions=frozenset({"policy:read"}),
        ),
        Rule(
            id="z",
            effect="permit",
            reason="w",
            remedy="",
            role=None,
            actions=frozenset({"a", "b"}),
        ),
        Rule(id="f", effect="forbid", reason="g", remedy="", role=None),
        Rule(id="h", effect="forbid", reason="i", remedy="j", role=None),
    )


def test_a_forbid_has_neither_role_nor_actions() -> None:
    (rule,) = read_rules(f"{NOTES} forbid(principal, {READS}")

    assert (rule.remedy, rule.role, rule.actions) == ("", None, frozenset())


def test_more_than_ten_rules_keep_their_order() -> None:
    names = [f"r{number}" for number in range(25)]
    text = "".join(
        f'@id("{name}") @reason("y") forbid(principal, {READS}' for name in names
    )

    assert [rule.id for rule in read_rules(text)] == names


@pytest.mark.parametrize(
    "name", ["schema.cedarschema", "common.cedar", "standard.cedar", "hardened.cedar"]
)
def test_every_file_of_a_profile_is_read(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(SetupError, match=f"there is no {name}"):
        read_sources(Profile.HARDENED, folder)


def test_a_profile_has_the_rules_of_all_and_its_own_in_this_order(
    folder: Path,
) -> None:
    for file in folder.glob("*.cedar"):
        file.write_text(file.stem)
    (folder / "schema.cedarschema").write_text("schema")

    texts = {profile: read_sources(profile, folder) for profile in Profile}
    assert texts == {
        Profile.SOLO: ("schema", "common\nsolo"),
        Profile.SMALL: ("schema", "common\nsmall"),
        Profile.STANDARD: ("schema", "common\nstandard"),
        Profile.HARDENED: ("schema", "common\nstandard\nhardened"),
    }


@pytest.mark.parametrize("more", [0, 1])
def test_a_file_has_a_quarter_of_a_mebibyte_at_most(folder: Path, more: int) -> None:
    (folder / "solo.cedar").write_bytes(b"/" * (262_144 + more))
    if not more:
        assert read_sources(Profile.SOLO, folder)[1].endswith("//")
        return

    with pytest.raises(SetupError, match="is longer than 262144 bytes"):
        read_sources(Profile.SOLO, folder)
