"""``strongroom custodian``, and rooms whose keys lie in a token."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.terminal import PASSPHRASE, Terminal, type_command
from tests.softhsm import PIN, SoftHsm


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_the_custodians_of_a_room_are_listed(solo: Terminal) -> None:
    row = solo.ok("custodian", "list")

    assert row == {"domain": "home", "custodian": "file:custodians/home"}


def test_a_custodian_is_made_outside_of_a_room(tmp_path: Path) -> None:
    secret = written(tmp_path / "passphrase", PASSPHRASE)
    file = tmp_path / "weights.custody"
    words = ("custodian", "create", str(file), "--name", "weights")
    done = type_command(*words, "--passphrase-file", secret, "--json")

    assert done.json["name"] == "weights"
    assert json.loads(file.read_bytes())["root_key_id"] == done.json["root_key"]
    assert type_command(*words, "--passphrase-file", secret).status == 73


def test_a_room_keeps_its_root_key_in_a_token(
    hsm: SoftHsm, tmp_path: Path, model: Path
) -> None:
    """Made, sealed into, and opened again by the PIN; the wrong one opens nothing."""
    uri = hsm.new_token("room 7")
    pin = written(tmp_path / "pin", PIN.reveal().decode())
    wrong = written(tmp_path / "wrong", "wrong 123")
    room = ("--room", str(tmp_path / "room"))
    home = ("--custodian", f"home={uri}")

    def strongroom(*words: str, secret: str = pin) -> int:
        hsm.begin_anew()
        return type_command(*words, *room, "--passphrase-file", secret).status

    assert strongroom("init", *home, "--name", "me") == 0
    assert f'custodian = "{uri}"' in (tmp_path / "room" / "room.toml").read_text()
    assert strongroom("seal", str(model), "--as", "m") == 0
    assert strongroom("open", "m", "--purpose", "a test", secret=wrong) == 77
    out = str(tmp_path / "out")
    assert strongroom("open", "m", "--purpose", "a test", "--to", out) == 0
    serial = type_command("custodian", "list", "--module", hsm.library, "--json").rows
    assert "room 7" in {row["token"] for row in serial}


def test_a_custodian_for_no_domain_is_refused(tmp_path: Path) -> None:
    secret = written(tmp_path / "passphrase", PASSPHRASE)
    for text in ("away=file:x", "home"):
        done = type_command(
            *("init", str(tmp_path / "room"), "--custodian", text),
            *("--passphrase-file", secret, "--name", "me"),
        )
        assert done.status == 65
        assert "--custodian DOMAIN=URI" in done.err
