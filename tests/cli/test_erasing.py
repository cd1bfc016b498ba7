"""``strongroom account erase``: an administrator asks, another team agrees."""

from __future__ import annotations

from tests.cli.conftest import Office
from tests.cli.test_witnesses import outsider


def test_a_person_who_left_is_erased(office: Office) -> None:
    root, ines = office.at("root"), office.at("ines")
    assert root.run("account", "erase", "ana").status == 73
    root.ok("account", "leave", "ana", "--reason", "her train left")

    asked = root.ok("account", "erase", "ana")
    assert asked["erased"] is False
    ines.ok("approve", asked["request"])

    names = [row["name"] for row in root.ok("account", "list")]
    assert "ana" not in names
    assert any(name.startswith("erased-") for name in names)
    room = office.folder / "room.db"
    files = b"".join(p.read_bytes() for p in room.parent.glob("room.db*"))
    assert b"her train left" not in files
    root.ok("ledger", "verify")
    assert root.ok("requests", "--all")  # what was erased is listed as that


def test_the_same_again_only_makes_bytes_leave_the_files(office: Office) -> None:
    root, ines = office.at("root"), office.at("ines")
    root.ok("account", "leave", "ben")
    request = root.ok("account", "erase", "ben")["request"]
    ines.ok("approve", request)
    (name,) = (
        row["name"]
        for row in root.ok("account", "list")
        if row["name"].startswith("erased-")
    )

    done = root.run("account", "erase", name)

    assert done.status == 0
    assert "its bytes left the database's files" in done.out
    assert "backups, exports" in done.out


def test_an_export_after_an_erasure_holds_for_outsiders(office: Office) -> None:
    root, ines = office.at("root"), office.at("ines")
    root.ok("account", "leave", "olga", "--reason", "gone fishing")
    ines.ok("approve", root.ok("account", "erase", "olga")["request"])
    folder = root.runtime / "export"
    root.ok("ledger", "export", folder, "--private")

    key = (folder / "key").read_text().strip()
    done = outsider(folder, "--key", key)

    assert done.returncode == 0, done.stdout
    text = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    assert b"gone fishing" not in text
