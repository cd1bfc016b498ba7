"""What a request asks for, in words, for whoever decides it."""

from __future__ import annotations

from pathlib import Path

from strongroom.cli.request_details import summary
from tests.cli.conftest import Office


def test_each_kind_of_request_says_what_it_is_about(
    office: Office, model: Path
) -> None:
    root, ines = office.at("root"), office.at("ines")
    sealed = office.at("olga").ok("seal", model, "--as", "llm")["request"]

    added = root.ok("account", "add", "cy", "--team", "gamma", "--role", "researcher")
    moved = root.ok("account", "roles", "ben", "--team", "beta", "--role", "operator")
    caps = root.ok("model", "caps", "llm", "--person", "20", "--pair", "30")

    found = {row["request"]: row["wants"] for row in ines.ok("requests")}
    assert found == {
        sealed: {"model": "llm@1"},
        added["request"]: {
            "account": "cy (person)",
            "team": "gamma",
            "roles": "researcher",
        },
        moved["request"]: {"account": "ben", "team": "beta", "roles": "operator"},
        caps["request"]: {"model": "llm", "caps": "20 % a person, 30 % a pair"},
    }
    assert "cy (person)" in ines.run("requests").out


def test_a_request_is_shown_to_its_asker_and_to_nobody_who_has_no_part_in_it(
    office: Office, model: Path
) -> None:
    asked = office.at("olga").ok("seal", model, "--as", "llm")["request"]

    assert office.at("ben").run("requests", asked).status == 66
    assert office.at("olga").ok("requests", asked)["wants"] == {"model": "llm@1"}


def test_a_list_shows_the_model_and_its_segments() -> None:
    wants = {"model": "llm@1", "segments": "biases, head", "for": "4 h"}

    assert summary(wants) == "llm@1: biases, head"
    assert summary({}) == ""


def test_a_list_counts_segments_that_would_fill_the_screen() -> None:
    wants = {"model": "llm@1", "segments": "a, b, c, d"}

    assert summary(wants) == "llm@1: 4 segments"
