"""``strongroom intake sign``, and what ``add`` makes of it."""

from __future__ import annotations

from pathlib import Path

from tests.cli.terminal import Terminal
from tests.intake.signers import Pair, make_authority, openssl


def test_what_one_signs_another_takes_in(
    solo: Terminal, foreign: Path, pair: Pair
) -> None:
    signed = solo.ok("intake", "sign", foreign, "--key", pair.private)
    signature = signed["signature"]

    options = ("--signature", signature, "--key", pair.public)
    added = solo.run("intake", "add", foreign, "--as", "tiny", *options)

    assert added.status == 0
    assert f"signed as 'foreign' by key {signed['key']}" in added.out
    again = solo.run("intake", "sign", foreign, "--key", pair.private)
    assert (again.status, "is there already" in again.err) == (73, True)


def test_a_key_under_a_passphrase_signs_with_it_alone(
    solo: Terminal, foreign: Path, quick: Path, pair: Pair
) -> None:
    locked, word, wrong = (quick / name for name in ("locked", "word", "wrong"))
    word.write_text("open sesame\n")
    wrong.write_text("open barley\n")
    options = ("-aes-256-cbc", "-passout", f"file:{word}", "-out", locked)
    openssl("pkey", "-in", pair.private, *options)
    sign = ("intake", "sign", foreign, "--key", locked)

    assert solo.run(*sign).status == 78
    assert solo.run(*sign, "--key-passphrase-file", wrong).status == 65
    solo.ok(*sign, "--key-passphrase-file", word)


def test_a_changed_file_is_refused(solo: Terminal, foreign: Path, pair: Pair) -> None:
    signed = solo.ok("intake", "sign", foreign, "--key", pair.private)
    (foreign / "config.json").write_text("{}")

    options = ("--signature", signed["signature"], "--key", pair.public)
    added = solo.run("intake", "add", foreign, "--as", "tiny", *options)

    assert added.status == 65
    assert "1 file there and not signed: 'config.json'" in added.out


def test_a_certificate_is_believed_for_its_authority(
    solo: Terminal, foreign: Path, quick: Path, pair: Pair
) -> None:
    authority = make_authority(quick)
    certificate, _ = authority.issue(pair)
    to = foreign / "model.sig"  # where the command of the OpenSSF leaves it

    words = ("--key", pair.private, "--certificate", certificate, "--signature", to)
    solo.ok("intake", "sign", foreign, *words)
    options = ("--signature", to, "--certificates", authority.certificate)
    added = solo.run("intake", "add", foreign, "--as", "tiny", *options)

    assert added.status == 0, added.err
    assert "1 file signed as 'foreign'" in added.out


def test_statements_are_written_once(
    solo: Terminal, foreign: Path, quick: Path
) -> None:
    added = solo.ok("intake", "add", foreign, "--as", "tiny")
    bill = quick / "bill.json"
    shown = ("intake", "show", added["intake"], "--sbom", bill)
    words = (*shown, "--statements", quick / "said")

    solo.ok(*words)

    names = sorted(path.name for path in (quick / "said").iterdir())
    assert names == ["rewriting.dsse.json", "verdict.dsse.json"]
    assert "machine-learning-model" in bill.read_text()
    assert solo.run(*words).status == 73


def test_a_signature_and_somebody_it_is_by_belong_together(
    solo: Terminal, foreign: Path, pair: Pair
) -> None:
    for options in (
        ("--key", pair.public),
        ("--signature", pair.public),
        ("--signature", pair.public, "--key", pair.public, "--certificates", "x"),
    ):
        done = solo.run("intake", "add", foreign, *options)
        assert (done.status, "needs somebody to be by" in done.err) == (65, True)
    nothing = solo.run("intake", "sign", "nope", "--key", pair.private)
    assert (nothing.status, "no file or folder nope" in nothing.err) == (66, True)
    missing = solo.run("intake", "sign", foreign, "--key", foreign / "none")
    assert (missing.status, "there is no file" in missing.err) == (66, True)
