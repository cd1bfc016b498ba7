"""``strongroom intake sources``: what is expected is checked, whoever brings it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.cli.conftest import Office
from tests.cli.terminal import Terminal
from tests.intake.signers import Pair, make_pair


def test_a_source_is_listed_by_its_key_and_what_it_signs_comes_in(
    solo: Terminal, foreign: Path, quick: Path, pair: Pair
) -> None:
    other, third = make_pair(quick, "other"), make_pair(quick, "third")
    solo.ok(
        *("intake", "sources", "add", "acme", "--publisher", "acme"),
        *("--key", other.public, "--key", pair.public),
    )
    good, bad = quick / "good.sig", quick / "bad.sig"
    solo.ok("intake", "sign", foreign, "--key", pair.private, "--signature", good)
    solo.ok("intake", "sign", foreign, "--key", third.private, "--signature", bad)
    add = ("intake", "add", foreign, "--as", "tiny", "--source", "acme")

    assert solo.run(*add).status == 65  # it signs, and there is no signature
    refused = solo.run(*add, "--signature", bad)
    assert (refused.status, "signature/invalid" in refused.out) == (65, True)
    assert solo.run(*add, "--again", "--signature", good).status == 0
    listed = solo.ok("intake", "sources", "list")
    assert (listed["name"], listed["publisher"]) == ("acme", "acme")
    assert set(listed["signers"]) == {pair.key.fingerprint, other.key.fingerprint}
    shown = solo.run("intake", "sources", "list").out
    assert "2 keys" in shown


def test_a_source_is_listed_by_a_digest(solo: Terminal, foreign: Path) -> None:
    digest = solo.ok("intake", "add", foreign, "--as", "tiny")["digest"]
    sources = ("intake", "sources", "add")
    solo.ok(*sources, "right", "--expect", f"sha256:{digest}")
    solo.ok(*sources, "wrong", "--expect", "0" * 64)
    add = ("intake", "add", foreign, "--as", "other", "--again", "--source")

    assert solo.run(*add, "wrong").status == 65
    assert solo.run(*add, "right", "--expect", "0" * 64).status == 65
    assert solo.run(*add, "right").status == 0


def test_a_source_that_was_removed_vouches_for_nothing(
    solo: Terminal, foreign: Path, pair: Pair
) -> None:
    solo.ok("intake", "sources", "add", "acme", "--key", pair.public)
    again = solo.run("intake", "sources", "add", "acme", "--key", pair.public)
    assert again.status == 73

    solo.ok("intake", "sources", "remove", "acme")

    done = solo.run("intake", "add", foreign, "--source", "acme")
    assert (done.status, "there is no source 'acme'" in done.err) == (66, True)
    assert solo.run("intake", "sources", "remove", "acme").status == 66
    assert "no source is listed yet" in solo.run("intake", "sources", "list").out
    solo.ok("intake", "sources", "add", "acme", "--key", pair.public)


def test_a_source_is_listed_by_the_digest_of_each_file(
    solo: Terminal, foreign: Path, quick: Path
) -> None:
    data = (foreign / "model.safetensors").read_bytes()
    sums = quick / "SHA256SUMS"
    sums.write_text(f"{hashlib.sha256(data).hexdigest()}  model.safetensors\n")
    solo.ok("intake", "sources", "add", "acme", "--sums", sums)
    add = ("intake", "add", foreign, "--as", "tiny", "--source", "acme")

    assert solo.run(*add).status == 0
    (foreign / "more.txt").write_text("more")
    add = ("intake", "add", foreign, "--as", "other", "--source", "acme")
    refused = solo.run(*add)
    assert (refused.status, "source/files" in refused.out) == (65, True)
    assert "1 file other than those that the source acme" in refused.out
    sums.write_bytes(b"\n")
    empty = solo.run("intake", "sources", "add", "b", "--sums", sums)
    assert (empty.status, "no digest of a file is listed" in empty.err) == (65, True)
    assert "sha256sum" in empty.err
    sums.write_bytes(b"\xff")
    assert solo.run("intake", "sources", "add", "b", "--sums", sums).status == 65


def test_whoever_approves_reads_what_a_source_vouches_for(
    office: Office, pair: Pair
) -> None:
    root, ines = office.at("root"), office.at("ines")
    asked = root.ok(
        *("intake", "sources", "add", "acme", "--publisher", "acme"),
        *("--key", pair.public, "--expect", "1a" * 32),
    )

    shown = ines.run("requests", asked["request"]).out
    ines.ok("approve", asked["request"])

    assert asked["state"] == "pending"
    for said in ("acme", "1a" * 32, pair.key.fingerprint):
        assert said in shown.replace("\n", "").replace(" ", "")
    assert root.ok("intake", "sources", "list")["name"] == "acme"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ((), "vouches for nothing"),
        (("--expect", "abc"), "64 hexadecimal digits"),
        (("--expect", "0" * 64, "--publisher", "a", "--repository", "b",
          "--commit", "main"), "a branch or a tag says something else"),
        (("--expect", "0" * 64, "--commit", "a1" * 20), "a repository"),
    ],
)  # fmt: skip
def test_what_says_something_else_tomorrow_is_not_listed(
    solo: Terminal, options: tuple[str, ...], why: str
) -> None:
    done = solo.run("intake", "sources", "add", "acme", *options)

    assert (done.status, why in done.err) == (65, True)


def test_a_key_is_not_named_beside_a_source(
    solo: Terminal, foreign: Path, pair: Pair
) -> None:
    solo.ok("intake", "sources", "add", "acme", "--key", pair.public)

    done = solo.run("intake", "add", foreign, "--source", "acme", "--key", pair.public)

    assert (done.status, "the source says whose" in done.err) == (65, True)
