"""``strongroom intake issuers``: another key, and the file that has to pin it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from strongroom.crypto.signing import SigningKey
from strongroom.types import Secret
from tests.cli.bundles import ISSUER, pin, write_bundle
from tests.cli.terminal import Terminal

NEXT = SigningKey(Secret(bytes(range(50, 82))))


def test_an_issuer_is_replaced_and_the_next_one_begins_anew(
    solo: Terminal, quick: Path
) -> None:
    reaudit, key = ("intake", "reaudit"), NEXT.public.raw.hex()
    pin(solo.folder)
    assert "no bundle" in solo.run("intake", "issuers", "list").out
    assert solo.run("intake", "issuers", "replace", key).status == 73
    highest = write_bundle(quick / "highest.json", 2**53 - 1)
    solo.ok(*reaudit, "--bundle", highest)

    replaced = solo.run("intake", "issuers", "replace", key)

    assert f'key = "{key}"' in replaced.out
    refused = solo.run(*reaudit, "--bundle", highest)
    assert (refused.status, key in refused.err) == (78, True)
    pin(solo.folder, NEXT)
    awaited = solo.run(*reaudit)
    assert (awaited.status, "advisory/issuer" in awaited.out) == (65, True)
    first = write_bundle(quick / "first.json", 1, key=NEXT)
    assert solo.ok(*reaudit, "--bundle", first)["bundle"] == 1
    shown = solo.run("intake", "issuers", "list").out
    assert ISSUER.public.raw.hex() in shown
    assert "no longer" in shown


def test_a_key_is_whole_on_a_narrow_screen(solo: Terminal, quick: Path) -> None:
    """At 80 columns its last four digits were not printed."""
    pin(solo.folder)
    solo.ok("intake", "reaudit", "--bundle", write_bundle(quick / "first.json", 1))

    shown = replace(solo, environment={"COLUMNS": "80"}).run(
        "intake", "issuers", "list"
    )

    assert max(map(len, shown.out.splitlines())) <= 80
    assert ISSUER.public.raw.hex() in shown.out
    assert "bundle 1" in " ".join(shown.out.split())
