"""``strongroom custodian``, and rooms whose keys lie in a token."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from strongroom.crypto.custody.file import FileCustodian
from strongroom.crypto.custody_file import read_custody_file, unlock
from strongroom.crypto.custody_trust import TrustFile
from strongroom.errors import DeniedError
from strongroom.types import Secret
from tests.cli.conftest import Office
from tests.cli.terminal import PASSPHRASE, PASSWORD, Done, Terminal, type_command
from tests.contracts.handovers import RECOVERY
from tests.contracts.served import serving
from tests.journeys.rooms import CHEAP
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


def test_a_room_is_made_whose_weights_lie_with_another_process(
    tmp_path: Path,
) -> None:
    """No passphrase of it is asked for; the custodian learns its room, and keeps it."""
    file = tmp_path / "weights.custody"
    custodian = FileCustodian.create(
        file, name="weights", passphrase=PIN, random=os.urandom, cost=CHEAP
    )
    secret = written(tmp_path / "passphrase", PASSPHRASE)
    password = written(tmp_path / "password", PASSWORD)
    people = ("--approver", "ines:safety", "--approver", "tom:review")

    def init(folder: str) -> Done:
        return type_command(
            *("init", str(tmp_path / folder), "--profile", "standard"),
            *("--name", "root", "--team", "office", *people),
            *("--custodian", f"weights=unix:{path}?uid={os.geteuid()}"),
            *("--passphrase-file", secret, "--password-file", password, "--json"),
        )

    with serving(custodian, file) as path:
        assert init("room").status == 0
        assert custodian.anchor().size > 0
        second = init("second")
        assert (second.status, "serves another room" in second.err) == (77, True)
        assert not (tmp_path / "second").exists()


def test_the_recovery_key_of_a_custodian_is_named_by_its_operator(
    tmp_path: Path,
) -> None:
    file = tmp_path / "weights.custody"
    FileCustodian.create(
        file, name="weights", passphrase=PIN, random=os.urandom, cost=CHEAP
    )
    done = type_command("custodian", "trust", str(file), RECOVERY.id, "--json")

    assert done.json == {"file": str(file), "key": RECOVERY.id}
    assert TrustFile(file, random=os.urandom).read() == RECOVERY.id
    other = type_command("custodian", "trust", str(file), "the one on the paper")
    assert (other.status, "key: recovery-" in other.err) == (65, True)
    absent = type_command("custodian", "trust", str(tmp_path / "x"), RECOVERY.id)
    assert absent.status == 66


def test_only_users_that_exist_are_allowed(tmp_path: Path) -> None:
    secret = written(tmp_path / "passphrase", PASSPHRASE)
    done = type_command(
        *("custodian", "serve", str(tmp_path / "x"), "--socket", str(tmp_path / "s")),
        *("--allow", "nobody-at-all", "--passphrase-file", secret),
    )
    assert (done.status, "no user 'nobody-at-all'" in done.err) == (66, True)


def test_a_passphrase_is_changed_and_the_entry_says_so(
    solo: Terminal, quick: Path
) -> None:
    """The file opens with the new one alone; an older copy with the old one."""
    file = quick / "room" / "custodians" / "home"
    before = file.read_bytes()
    new = written(quick / "new", "another passphrase altogether")

    said = solo.ok("custodian", "passphrase", "home", "--new-passphrase-file", new)

    assert said == {"domain": "home", "file": str(file)}
    assert solo.run("ledger", "tail").status == 77
    with pytest.raises(DeniedError):
        FileCustodian.open(file, Secret(PASSPHRASE.encode()))
    FileCustodian.open(file, Secret(b"another passphrase altogether"))
    copy = quick / "copy"
    copy.write_bytes(before)
    copy.chmod(0o600)
    assert unlock(read_custody_file(copy), Secret(PASSPHRASE.encode()))
    file.write_bytes(before)
    kinds = [row["kind"] for row in solo.run("ledger", "tail", "--json").rows]
    assert "passphrase.changed" in kinds


def test_a_passphrase_is_not_changed_by_whoever_may_not(
    office: Office, quick: Path
) -> None:
    new = written(quick / "new", "another passphrase altogether")
    words = ("custodian", "passphrase", "weights", "--new-passphrase-file", new)
    file = office.folder / "custodians" / "weights"
    before = file.read_bytes()

    assert office.at("ana").run(*words).status == 77
    assert file.read_bytes() == before


def test_a_domain_that_is_not_there_is_named_before_anybody_types(
    solo: Terminal,
) -> None:
    done = solo.run("custodian", "passphrase", "hoem")

    assert (done.status, "hoem" in done.err) == (65, True)
    assert "new passphrase" not in done.err.lower()
