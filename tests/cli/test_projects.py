"""``strongroom project``: what people and models belong to."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Office
from tests.cli.terminal import Terminal


def test_a_project_is_made_and_listed(solo: Terminal) -> None:
    solo.ok("project", "add", "vision")

    names = {row["name"] for row in solo.ok("project", "list")}
    assert names == {"default", "vision"}
    assert solo.run("project", "add", "vision").status == 73


def test_only_members_work_on_its_models(office: Office, model: Path) -> None:
    root, olga = office.at("root"), office.at("olga")
    root.ok("project", "add", "vision")
    assert olga.run("seal", model, "--project", "vision").status == 77

    root.ok("project", "member", "vision", "olga")
    assert olga.run("seal", model, "--project", "vision").status == 0

    root.ok("project", "member", "vision", "olga", "--remove")
    assert olga.run("seal", model, "--project", "vision").status == 77


def test_an_owner_belongs_to_the_project_and_is_named(office: Office) -> None:
    member = ("project", "member", "default", "ana")
    done = office.at("root").ok(*member, "--owner")

    assert done["state"] == "owner"
    assert office.at("ana").ok("account", "show", "ana")["owns"] == ["default"]
    assert office.at("root").run(*member, "--owner", "--remove").status == 65


def test_a_name_that_cannot_be_used_is_refused(solo: Terminal) -> None:
    assert solo.run("project", "add", "../x").status == 65
    assert solo.run("project", "member", "absent", "me").status == 66


def test_a_researcher_makes_no_project(office: Office) -> None:
    assert office.at("ana").run("project", "add", "vision").status == 77
