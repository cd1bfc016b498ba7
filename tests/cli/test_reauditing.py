"""``strongroom intake reaudit``: by a bundle whose key the room pins."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from strongroom import canonical
from strongroom.app import open_strongroom
from strongroom.intake.additions import Addition
from strongroom.intake.readers import VERSION
from strongroom.types import Secret
from strongroom.vault.drafts import SealOptions
from tests.cli.bundles import pin, write_bundle
from tests.cli.terminal import PASSPHRASE, Terminal
from tests.intake.older import Older
from tests.intake.rooms import reading_here
from tests.journeys.rooms import QUICK


def test_a_room_is_judged_by_a_bundle_of_its_issuer(
    solo: Terminal, quick: Path
) -> None:
    bundle = write_bundle(quick / "bundle.json", 3)
    unpinned = solo.run("intake", "reaudit", "--bundle", bundle)
    assert (unpinned.status, "pins no key" in unpinned.err) == (78, True)

    pin(solo.folder)
    none = solo.run("intake", "reaudit", "--sarif", quick / "found.sarif")
    assert (none.status, "no bundle" in none.out) == (65, True)
    assert none.out.startswith("nothing judged")
    log = json.loads((quick / "found.sarif").read_text())
    assert log["runs"][0]["results"][0]["ruleId"] == "advisory/none"

    found = solo.ok("intake", "reaudit", "--bundle", bundle)
    assert found == {
        "bundle": 3,
        "judged": 0,
        "reread": 0,
        "recalled": [],
        "findings": [],
    }
    assert solo.ok("intake", "reaudit")["bundle"] == 3
    older = solo.run(
        "intake", "reaudit", "--bundle", write_bundle(quick / "older.json", 2)
    )
    assert "older than 3" in older.err
    (quick / "advisory.json").write_text('{\n "id": "HOUSE-1"}')
    other = solo.run("intake", "reaudit", "--bundle", quick / "advisory.json")
    assert other.status == 76
    assert "bundle of advisories is not taken" in other.err
    assert "room.toml names" in other.err  # it said no more than: not canonical JSON


def test_what_older_readers_admitted_is_read_again_on_demand(
    solo: Terminal, quick: Path
) -> None:
    """Through the sandbox; nothing else has it read again."""
    model = quick / "foreign" / "model.safetensors"
    model.parent.mkdir()
    save_file({f"w{n}": np.arange(9000) + n for n in range(4)}, model)
    both = solo.run("intake", "reaudit", "--reread", "--dry-run")
    assert (both.status, "neither --self nor --dry-run" in both.err) == (65, True)
    with open_strongroom(
        solo.folder,
        passphrases={"*": Secret(PASSPHRASE.encode())},
        password_cost=QUICK,
    ) as room:
        added = reading_here(room, reads=Older()).intakes.add(
            Addition(path=model, project="default"), SealOptions(name="tiny")
        )
    assert added.intake.state == "waiting"
    assert solo.ok("intake", "show", added.intake.id)["read_again"] is None
    pin(solo.folder)

    bundle = write_bundle(quick / "bundle.json", 1)
    before = solo.run("intake", "reaudit", "--bundle", bundle)
    assert (before.status, "advisory/reader" in before.out) == (65, True)
    assert "strongroom intake reaudit --reread" in before.out
    done = solo.run("intake", "reaudit", "--reread", "--most", "1")
    assert (done.status, done.err) == (0, "")
    assert "1 read again" in done.out
    assert "reread/same" in done.out
    shown = solo.run("intake", "show", added.intake.id)
    assert f"by readers of version {VERSION}: the same came out" in shown.out
    after = solo.ok("intake", "reaudit", "--reread")
    assert (after["reread"], after["findings"]) == (0, [])


def test_what_is_installed_is_judged_by_the_same_bundle(
    solo: Terminal, quick: Path
) -> None:
    """Without any service, whose silence could pass for an answer."""
    pin(solo.folder)
    assert solo.run("intake", "reaudit", "--self").status == 65
    affected: canonical.Json = {
        "package": {"ecosystem": "PyPI", "name": "SQLAlchemy"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
    }
    clean = write_bundle(quick / "clean.json", 1)
    bad = write_bundle(quick / "bad.json", 2, [{"id": "A-1", "affected": [affected]}])

    assert solo.ok("intake", "reaudit", "--self", "--bundle", clean)["findings"] == []
    found = solo.run("intake", "reaudit", "--self", "--bundle", bad)
    assert (found.status, "advisory/package" in found.out) == (65, True)
    solo.ok("intake", "reaudit", "--bundle", clean)
    assert solo.ok("intake", "reaudit", "--self")["judged"] > 20
