"""Giving up keys at the command line."""

from __future__ import annotations

from pathlib import Path

from tests.cli.terminal import Terminal


def test_keys_are_given_up_and_who_could_still_open_is_said(
    solo: Terminal, model: Path
) -> None:
    solo.ok("seal", model, "--as", "llm")
    refused = solo.run("key", "shred", "llm")
    assert refused.status == 78
    assert "--yes" in refused.err

    done = solo.ok("key", "shred", "llm", "--segment", "architecture", "--yes")
    assert done["state"] == "approved"
    assert done["segments"] == ["architecture"]
    assert {(x["kind"], x["name"]) for x in done["still_open"]} == {
        ("root", "home"),
        ("sealer", "me"),
    }
    said = solo.run("key", "shred", "llm", "--yes").out
    assert "Backups of the database from before still hold the wraps." in said
    assert solo.run("open", "llm", "--purpose", "a test").status == 66
