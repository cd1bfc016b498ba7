"""What the outsider's program says of second signatures."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from strongroom.crypto.mldsa import MlDsaSigner
from strongroom.crypto.signing import SigningKey
from strongroom.ledger import verify
from strongroom.ledger.checkpoint import VerifierKey
from strongroom.ledger.note import split_note
from strongroom.ledger.second import second_key_text, second_line
from strongroom.types import Secret
from tests.crypto.test_mldsa import VECTORS
from tests.ledger.exports import ORIGIN, ledger_of

LEDGER = ledger_of(5)
KEY = LEDGER.key.text()
SIGNER = MlDsaSigner(Secret(bytes(range(32))))
OTHER = MlDsaSigner(Secret(bytes(range(1, 33))))
SECOND = second_key_text(ORIGIN, SIGNER.public)


def signed(note: str, *signers: MlDsaSigner) -> str:
    text = split_note(note).text
    return note + "".join(second_line(text, ORIGIN, one) for one in signers)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give an export whose checkpoint carries both signatures."""
    folder = LEDGER.write(tmp_path / "export")
    (folder / "checkpoint").write_text(signed(LEDGER.note(), SIGNER))
    return folder


def check(*arguments: str | Path, second: str | None = SECOND) -> dict[str, Any]:
    """Return the report of one run, whose status must agree with it."""
    shown = io.StringIO()
    more = ["--second-key", second] if second is not None else []
    with contextlib.redirect_stdout(shown):
        words = [*map(str, arguments), "--key", KEY, *more, "--json"]
        status = verify.main(words)
    report: dict[str, Any] = json.loads(shown.getvalue())
    assert status == (65 if report["problems"] else 0)
    return report


def test_a_checkpoint_that_another_implementation_signed_holds() -> None:
    note, second = VECTORS["note"]["text"], VECTORS["note"]["key"]
    seed = Secret(bytes.fromhex(VECTORS["manifest"]["ed25519_seed"]))
    own = VerifierKey(origin=ORIGIN, public=SigningKey(seed).public.raw).text()
    found = verify.Check("", second=second)

    assert found.newest(note.encode(), own)[0] == VECTORS["note"]["size"]


def test_the_second_key_is_checked_when_it_is_given(folder: Path) -> None:
    report = check(folder)
    name, short, _ = SECOND.split("+", 2)

    assert report["problems"] == []
    assert report["second_signature"] == f"ML-DSA-65, by {name}+{short}"
    assert report["other_signatures"] == 0
    assert "not checked" in check(folder, second=None)["second_signature"]


def test_a_proof_carries_both_too(tmp_path: Path) -> None:
    proof, entry = tmp_path / "entry-2.tlog-proof", tmp_path / "entry-2.json"
    text = LEDGER.proof(2).to_text()
    proof.write_text(text)
    entry.write_bytes(LEDGER.entries[2])
    files = ("--proof", proof, "--entry", entry)
    assert check(*files)["problems"] == ["the second key did not sign the checkpoint"]
    head, _, note = text.partition("\n\n")
    proof.write_text(f"{head}\n\n{signed(note, SIGNER)}")

    assert check(*files)["problems"] == []


def test_what_was_kept_from_before_may_carry_one(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text(LEDGER.note(3))

    assert check(folder, "--older", tmp_path / "kept")["problems"] == []


@pytest.mark.parametrize(
    ("note", "problem"),
    [
        (LEDGER.note(), "the second key did not sign"),
        (signed(LEDGER.note(), OTHER), "the second key did not sign"),
        (
            LEDGER.note() + signed(LEDGER.note(3), SIGNER).splitlines()[-1] + "\n",
            "the second signature is wrong",
        ),
        (signed(LEDGER.note(), SIGNER)[:-9] + "AAAAAAA=\n", "signature is wrong"),
    ],
)
def test_a_second_signature_that_is_missing_or_wrong_is_named(
    folder: Path, note: str, problem: str
) -> None:
    """ATT&CK T1600: the room's Ed25519 key is forged, and the history rewritten."""
    (folder / "checkpoint").write_text(note)

    assert problem in "".join(check(folder)["problems"])


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        ("nonsense", "another ledger's"),
        (second_key_text("elsewhere.example/room", SIGNER.public), "another ledger's"),
        (KEY, "no name+hash+base64"),
        (SECOND[:-4], "no name+hash+base64"),
    ],
)
def test_what_is_no_second_key_is_refused(
    folder: Path, second: str, problem: str
) -> None:
    assert problem in "".join(check(folder, second=second)["problems"])


def test_without_the_library_it_says_what_is_missing(folder: Path) -> None:
    """A bare machine checks everything else, and takes nothing for checked."""
    command = [sys.executable, "-I", "-S", verify.__file__, str(folder), "--key", KEY]
    done = subprocess.run(
        [*command, "--second-key", SECOND],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (65, "")
    assert "needs the Python package cryptography" in done.stdout
