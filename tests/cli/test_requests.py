"""Agreeing, refusing, revoking: as people type it."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Office
from tests.cli.terminal import Terminal

ASK = ("request", "llm", "--segment", "biases", "--purpose", "probe the biases")


@pytest.fixture
def house(published: Office) -> Office:
    """Give an office with one published restricted model."""
    return published


def test_two_approvals_of_two_teams_make_a_permit(house: Office) -> None:
    ana = house.at("ana")
    request = ana.ok(*ASK, "--for", "2h", "--ticket", "OPS-7")["request"]

    first = house.at("ines").run("approve", request)
    second = house.at("tom").run("approve", request[:16])

    assert "1 more approval is needed" in first.out
    assert "it is done" in second.out
    assert ana.ok("open", request)["segments"] == ["biases"]


def test_the_list_says_what_is_missing(house: Office) -> None:
    request = house.at("ana").ok(*ASK)["request"]
    house.at("ines").ok("approve", request)

    shown = house.at("tom").run("requests")
    waiting = house.at("tom").ok("requests")

    assert request[:16] in shown.out
    assert "1 of 2" in shown.out
    assert "1 more approval is needed" in waiting["missing"]
    assert waiting["asker"] == "ana"
    assert len(waiting["approved_by"]) == 1


def test_an_approver_reads_exactly_what_is_asked_for(house: Office) -> None:
    request = house.at("ana").ok(*ASK, "--ticket", "OPS-7", "--for", "2h")["request"]

    shown = house.at("ines").run("requests", request[:16])
    wants = house.at("ines").ok("requests", request)["wants"]

    assert wants["model"] == "llm@1"
    assert wants["segments"] == "biases"
    assert (wants["purpose"], wants["ticket"]) == ("probe the biases", "OPS-7")
    for said in ("probe the biases", "OPS-7", "2 h", "llm@1", "ana"):
        assert said in shown.out


def test_a_declined_or_withdrawn_request_waits_no_more(house: Office) -> None:
    ana, tom = house.at("ana"), house.at("tom")
    first, second = (ana.ok(*ASK)["request"] for _ in range(2))

    assert tom.ok("decline", first, "--reason", "ask for less")["state"] == "declined"
    assert ana.ok("requests", first)["reason"] == "ask for less"
    assert "ask for less" in ana.run("requests", first).out
    assert ana.ok("withdraw", second)["state"] == "withdrawn"

    assert tom.run("requests").out == "no request waits\n"
    states = {row["state"] for row in tom.ok("requests", "--all")}
    assert {"declined", "withdrawn"} <= states
    late = tom.run("approve", first)
    assert late.status == 73
    assert f"hint: strongroom requests {first}" in late.err


def test_whoever_declines_is_not_counted_among_those_who_agree(house: Office) -> None:
    """The letters of the decliner's id were counted: 34 of 2 had agreed."""
    ana, tom = house.at("ana"), house.at("tom")
    declined = ana.ok(*ASK)["request"]
    tom.ok("decline", declined)

    (row,) = [r for r in tom.ok("requests", "--all") if r["request"] == declined]
    shown = tom.run("requests", "--all").out

    assert row["approved_by"] == []
    assert row["declined_by"].startswith("account-")
    assert "34 of 2" not in shown


def test_a_revoked_permit_opens_no_more(house: Office) -> None:
    ana = house.at("ana")
    request = ana.ok(*ASK)["request"]
    for name in ("ines", "tom"):
        house.at(name).ok("approve", request)
    ana.ok("open", request)

    revoked = house.at("ines").ok("revoke", request, "--reason", "lost laptop")

    assert revoked["state"] == "revoked"
    assert revoked["released_bytes"] > 0
    done = ana.run("open", request)
    assert done.status == 77
    assert "revoked" in done.err


# Attackers


def test_nobody_approves_their_own_request(house: Office) -> None:
    request = house.at("ana").ok(*ASK)["request"]

    done = house.at("ana").run("approve", request)

    assert done.status == 77


def test_a_colleague_does_not_withdraw_it(house: Office) -> None:
    request = house.at("ana").ok(*ASK)["request"]

    assert house.at("ben").run("withdraw", request).status == 77


def test_what_every_request_starts_with_decides_none(house: Office) -> None:
    """With one request in the room, an id that was forgotten approved that one."""
    house.at("ana").ok(*ASK)

    for text in ("", "r", "request", "request-"):
        done = house.at("ines").run("approve", text)
        assert done.status == 65
        assert "does not say which request" in done.err


def test_a_permit_of_somebody_else_is_of_no_use(house: Office, solo: Terminal) -> None:
    ana = house.at("ana")
    request = ana.ok(*ASK)["request"]
    for name in ("ines", "tom"):
        house.at(name).ok("approve", request)

    assert house.at("ben").run("open", request).status in {66, 77}
    assert solo.run("open", request).status == 66
