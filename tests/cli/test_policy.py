"""``strongroom policy``: checked, explained, tested."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Office
from tests.cli.terminal import Terminal, type_command


@pytest.mark.parametrize("profile", ["solo", "standard"])
def test_our_own_rules_hold_together_without_a_room(profile: str) -> None:
    done = type_command("policy", "check", "--profile", profile)

    assert done.status == 0
    assert f"of {profile} parse and fit the schema" in done.out
    assert "restricted" in done.out


def test_a_program_gets_the_rules_and_the_terms() -> None:
    shown = type_command("policy", "check", "--profile", "standard", "--json").json

    assert "person-cap" in shown["prohibitions"]
    assert shown["classes"]["restricted"]["person_cap_percent"] == 25


def test_rules_that_do_not_parse_stop_the_check(tmp_path: Path) -> None:
    for name in ("schema.cedarschema", "common.cedar", "solo.cedar"):
        (tmp_path / name).write_text("permit (")

    done = type_command(
        "policy", "check", "--profile", "solo", "--rules", str(tmp_path)
    )

    assert done.status == 78
    assert done.err.startswith("strongroom: error: policy does not parse")


def test_what_would_be_allowed_names_the_rule(solo: Terminal, model: Path) -> None:
    solo.ok("seal", model, "--as", "tiny")

    done = solo.run("policy", "explain", "request:create", "tiny")

    assert "request:create: allowed" in done.out
    assert "by researcher" in done.out


def test_what_would_be_denied_names_the_rule_and_the_remedy(
    office: Office, model: Path
) -> None:
    asked = office.at("olga").ok("seal", model, "--as", "llm")["request"]
    office.at("ines").ok("approve", asked)

    whole = office.at("ana").run("policy", "explain", "request:create", "llm")
    part = office.at("ana").ok(
        *("policy", "explain", "segment:release", "llm", "--segment", "biases")
    )

    assert "request:create: denied" in whole.out
    assert "person-cap" in whole.out
    assert "What would allow it" in whole.out
    assert part["allowed"] is False
    assert "approvals-reached" in part["rules"]
    assert office.at("ines").run("ledger", "tail").out.count("refused") == 0


def test_no_role_for_it_names_the_nearest_rule(office: Office) -> None:
    shown = office.at("ana").ok("policy", "explain", "project:create")

    assert shown["nearest"] == "administrator"
    assert "administrator" in " ".join(shown["would_allow"])


def test_an_action_that_does_not_exist_is_answered_with_those_that_do(
    solo: Terminal,
) -> None:
    done = solo.run("policy", "explain", "weights:steal")

    assert done.status == 65
    assert "segment:release" in done.err


def test_answers_are_held_to_what_is_expected(tmp_path: Path) -> None:
    questions = tmp_path / "questions.toml"
    questions.write_text(
        """
        [[question]]
        name = "a researcher asks for a little"
        roles = ["researcher"]
        action = "request:create"
        expect = "allow"

        [[question]]
        name = "an administrator opens"
        roles = ["administrator", "researcher"]
        action = "segment:release"
        expect = "deny"
        because = ["administrator-reads-no-weights"]
        """
    )
    words = ("policy", "test", str(questions), "--profile", "standard")

    done = type_command(*words)

    assert (done.status, done.out) == (0, "2 of 2 answers as expected\n")
    assert [row["ok"] for row in type_command(*words, "--json").rows] == [True, True]


def test_an_answer_that_differs_is_shown_and_ends_with_76(tmp_path: Path) -> None:
    questions = tmp_path / "questions.toml"
    questions.write_text(
        '[[question]]\nroles = ["auditor"]\naction = "model:seal"\nexpect = "allow"\n'
    )

    done = type_command("policy", "test", str(questions), "--profile", "standard")

    assert done.status == 76
    assert "wrong: question 1" in done.out
