"""Going past the approvals, and the review after it: as people type it."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Office
from tests.cli.test_passkeys import key_of

ASK = ("--segment", "biases", "--purpose", "probe the biases")
REVIEW = ("review", "breakglass")


@pytest.fixture
def house(published: Office) -> Office:
    """Give an office with one published restricted model."""
    return published


def test_open_goes_past_the_approvals_and_says_what_follows(house: Office) -> None:
    done = house.at("ana").run("open", "llm", *ASK, "--break-glass", "it burns")

    assert done.status == 0, done.err
    assert "every record verified" in done.out
    assert "past the approvals until" in done.err
    assert "nobody was told: notifications.toml has no target" in done.err


def test_request_goes_past_them_too(house: Office) -> None:
    asked = house.at("ana").ok("request", "llm", *ASK, "--break-glass", "it burns")

    assert asked["permit"]
    assert asked["told"] == {"reached": 0, "failed": []}


def test_whoever_has_a_key_signs_why_it_cannot_wait(house: Office) -> None:
    ana = house.at("ana")
    ana.ok("account", "passkey", "add", *key_of(ana))
    signed = ("--break-glass", "it burns", "--passkey", *key_of(ana))

    asked = ana.ok("request", "llm", *ASK, *signed)
    opened = ana.ok("open", "llm", *ASK, *signed)

    assert asked["permit"] != opened["permit"]
    assert (asked["state"], asked["told"]["reached"]) == ("approved", 0)


def test_another_team_lists_and_reviews_it(house: Office) -> None:
    permit = house.at("ana").ok("request", "llm", *ASK, "--break-glass", "it burns")
    ines = house.at("ines")

    (row,) = ines.run(*REVIEW, "--json").rows
    assert (row["opener"], row["overdue"], row["notice"]) == ("ana", False, "failed")
    assert "ana" in ines.run(*REVIEW).out
    shown = ines.run(*REVIEW, permit["permit"]).out
    assert "it burns" in shown
    assert "probe the biases" in shown
    assert house.at("ben").run(*REVIEW, permit["permit"]).status == 66
    reviewed = ines.ok(*REVIEW, permit["permit"], "--reject", "it could wait")

    assert reviewed["state"] == "rejected"
    refused = house.at("ana").run("request", "llm", *ASK)
    assert "an administrator lets the account go on" in refused.err
    resumed = house.at("root").ok(*REVIEW, permit["permit"], "--resume", "settled")
    assert resumed["state"] == "resumed"
    assert ines.run(*REVIEW).out == "no opening waits for a review\n"
    assert len(ines.run(*REVIEW, "--all", "--json").rows) == 1


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("request", "llm", *ASK, "--break-glass", ""), 77, "no reason was given"),
        (("open", "llm", *ASK, "--break-glass", " "), 77, "no reason was given"),
        (
            ("request", "llm", *ASK, "--break-glass", "x", "--for", "2h"),
            77,
            "it lasts 1 h at most",
        ),
        (("open", "permit-x", "--break-glass", "x"), 65, "here is one"),
        (("open", "llm", *ASK, "--passkey"), 65, "--passkey signs the reason"),
        (("request", "llm", *ASK, "--passkey"), 65, "--passkey signs the reason"),
        ((*REVIEW, "permit-none"), 66, "no openings past the approvals"),
        ((*REVIEW, "permit-"), 65, "does not say which"),
        (
            (*REVIEW, "permit-x", "--accept", "a", "--reject", "b"),
            65,
            "a review accepts or rejects",
        ),
        ((*REVIEW, "--accept", "a"), 65, "a review is of one permit"),
        ((*REVIEW, "permit-x", "--accept", ""), 65, "a review says why"),
        (
            (*REVIEW, "permit-none", "--accept", "a"),
            66,
            "no openings past the approvals",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence_and_one_hint(
    house: Office, words: tuple[str, ...], status: int, sentence: str
) -> None:
    done = house.at("ana").run(*words)

    assert sentence in done.err
    assert "strongroom: hint: " in done.err
    assert done.status == status


def test_nobody_reviews_their_own(house: Office) -> None:
    permit = house.at("ana").ok("request", "llm", *ASK, "--break-glass", "it burns")

    done = house.at("ana").run(*REVIEW, permit["permit"], "--accept", "fine")

    assert done.status == 77
    assert "nobody reviews what they" in done.err
