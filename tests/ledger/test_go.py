"""Go's transparency-log packages read what we write, and refuse what is changed.

They share no line with Strongroom, so a mistake that our writer and our verifier
both make would show here.  Debian: ``golang-go golang-golang-x-mod-dev``.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from strongroom.crypto.mldsa import MlDsaSigner
from strongroom.ledger.note import split_note
from strongroom.ledger.second import second_line
from strongroom.ledger.tiles import node_reader
from strongroom.ledger.tree import consistency_proof
from strongroom.types import Secret
from tests.conftest import require
from tests.ledger import naive
from tests.ledger.exports import (
    ORIGIN,
    SmallLedger,
    cosigned,
    ledger_of,
    signing_key,
    witness_key,
)

SOURCE = Path(__file__).parent / "go" / "check.go"
LIBRARIES = Path("/usr/share/gocode")  # where Debian keeps Go sources
PACKAGE = LIBRARIES / "src/golang.org/x/mod/sumdb/tlog"
LEDGER = ledger_of(600)
KEY = LEDGER.key.text()

Check = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Check:
    """Return a function that runs the program, built once."""
    go = shutil.which("go")
    present = go is not None and PACKAGE.exists()
    require("golang-go with golang-golang-x-mod-dev", present=present)
    assert go is not None
    built = tmp_path_factory.mktemp("go")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(built),
        "GO111MODULE": "off",
        "GOPATH": str(LIBRARIES),
        "GOCACHE": str(built / "cache"),
        "GOFLAGS": "",
    }
    program = built / "check"
    command = [go, "build", "-o", str(program), str(SOURCE)]
    subprocess.run(command, env=environment, cwd=built, check=True)

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return LEDGER.write(tmp_path / "export")


@pytest.mark.parametrize("size", [1, 255, 256, 257, 600])
def test_go_finds_every_entry_in_the_tiles_of_the_checkpoint(
    size: int, check: Check, tmp_path: Path
) -> None:
    ledger = ledger_of(size)

    done = check(ledger.write(tmp_path / "export"), ledger.key.text())

    assert (done.returncode, done.stderr) == (0, "")
    root = ledger.note().split("\n")[2]
    assert done.stdout == f"{size} entries under root {root}\n"


def test_go_needs_three_levels_of_tiles_for_many_entries(
    check: Check, tmp_path: Path
) -> None:
    ledger = SmallLedger(entries=[b"%d" % index for index in range(66_000)])

    done = check(ledger.write(tmp_path / "export"), KEY)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("66000 entries")


@pytest.mark.parametrize("index", [0, 255, 256, 511, 512, 599])
def test_go_accepts_our_proof_files_and_refuses_every_flipped_bit(
    index: int, check: Check, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "entry.tlog-proof"
    file.write_text(LEDGER.proof(index).to_text())

    done = check(folder, KEY, "proof", file, str(index))

    assert (done.returncode, done.stderr) == (0, "")
    assert "flipped bits are refused" in done.stdout


@pytest.mark.parametrize("older", [1, 2, 255, 256, 300, 512, 599, 600])
def test_go_accepts_our_growth_proofs_and_refuses_every_flipped_bit(
    older: int, check: Check, folder: Path, tmp_path: Path
) -> None:
    proof = consistency_proof(node_reader(LEDGER.tiles()), older=older, newer=600)
    lines = [base64.b64encode(value).decode() for value in proof]
    (tmp_path / "proof").write_text("\n".join(lines))
    (tmp_path / "older").write_text(LEDGER.note(older))

    done = check(folder, KEY, "growth", tmp_path / "older", tmp_path / "proof")

    assert (done.returncode, done.stderr) == (0, "")
    assert "flipped bits are refused" in done.stdout


def test_go_passes_over_a_second_signature_of_the_ledger(
    check: Check, folder: Path
) -> None:
    """It stands under the ledger's own name, with the key id of ML-DSA-65."""
    note, seed = LEDGER.note(), Secret(bytes(32))
    line = second_line(split_note(note).text, ORIGIN, MlDsaSigner(seed))
    (folder / "checkpoint").write_text(note + line)

    done = check(folder, KEY)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("600 entries under root")


def test_go_accepts_our_cosignatures_and_refuses_every_flipped_bit(
    check: Check, folder: Path, tmp_path: Path
) -> None:
    for number in (2, 1):
        (tmp_path / "note").write_text(cosigned(LEDGER.note(), number))
        key = witness_key(number).text()
        done = check(folder, KEY, "witness", tmp_path / "note", key)
        assert (done.returncode, done.stderr) == (0, "")
        assert "flipped bits are refused" in done.stdout
    other = check(folder, KEY, "witness", tmp_path / "note", witness_key(3).text())
    assert other.returncode == 1


@pytest.mark.parametrize(
    "name", ["checkpoint", "tile/0/001", "tile/1/000.p/2", "tile/entries/002.p/88"]
)
def test_go_refuses_an_export_with_a_flipped_bit(
    name: str, check: Check, folder: Path
) -> None:
    path = folder / name
    honest = path.read_bytes()
    for bit in (0, 100, 4 * len(honest), 8 * len(honest) - 1):
        path.write_bytes(naive.flipped(honest, bit))
        assert check(folder, KEY).returncode == 1


def test_go_refuses_a_checkpoint_under_another_key(check: Check, folder: Path) -> None:
    other = SmallLedger(signer=signing_key(8)).key.text()

    done = check(folder, other)

    assert (done.returncode, done.stdout) == (1, "")
    assert "no verifiable signatures" in done.stderr
