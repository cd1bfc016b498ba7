"""Head-counts and the drill as people read them."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Office


def test_lists_and_exposure_say_who_could_be_handed_what(
    office: Office, model: Path
) -> None:
    asked = office.at("olga").ok("seal", model, "--as", "llm")["request"]
    office.at("ines").ok("approve", asked)

    listed = office.at("ines").run("account", "list")
    shown = office.at("ines").run("exposure", "llm")

    for text in (listed.err, shown.out):
        assert "could be handed:  open 0, internal 0, restricted 2 people" in text
        assert "oldest permit:    none is in force" in text
        assert "revoked, refused: not measured; strongroom account drill ID" in text
    document = office.at("ines").ok("exposure", "llm")["room"]
    assert document["people_by_class"] == {"open": 0, "internal": 0, "restricted": 2}


def test_a_drill_says_how_soon_a_revocation_is_felt(
    office: Office, model: Path
) -> None:
    asked = office.at("olga").ok("seal", model, "--as", "llm")["request"]
    office.at("ines").ok("approve", asked)
    wanted = ("request", "llm", "--segment", "biases", "--purpose", "a drill")
    permit = office.at("ana").ok(*wanted, "--break-glass", "a drill")["permit"]

    done = office.at("ana").run("account", "drill", permit)

    assert done.status == 0, done.err
    assert "after it was revoked" in done.out
    assert "largest person" not in office.at("ines").run("exposure", "llm").out
    drill = office.at("ines").ok("exposure", "llm")["room"]["revocation_drill"]
    assert drill["permit"] == permit
    assert drill["microseconds"] > 0
