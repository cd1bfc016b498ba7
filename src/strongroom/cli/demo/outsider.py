"""The exported ledger, checked by programs that share nothing with the room."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path

from strongroom.cli.demo.house import House
from strongroom.cli.demo.steps import Outcome, Refusal, judge, perform
from strongroom.errors import IntegrityError, UnavailableError

GO_LIBRARIES = Path("/usr/share/gocode")
"""Where Debian's golang-golang-x-mod-dev puts its source."""

_NOTES = GO_LIBRARIES / "src/golang.org/x/mod/sumdb/note"
_SECONDS = 60
_ROOT_DIGITS = 16
_INSIDE_FIRST_ENTRY = 40


def check_from_outside(house: House, folder: Path) -> Iterator[Outcome]:
    """Export the ledger and have it checked by Python alone, and by Go if it is here.

    Args:
        house: Whose ledger.
        folder: New; gets the export and the programs.
    """
    folder.mkdir()
    export, key = folder / "export", house.room.room.ledger.verifier.text()
    yield perform("export", lambda: _export(house, export))
    program = folder / "verify.py"
    program.write_bytes(_text("strongroom.ledger", "verify.py"))
    yield perform("outsider-python", lambda: _python(program, export, key))
    altered = folder / "altered"
    shutil.copytree(export, altered)
    _flip_bit(altered)
    yield judge(
        "altered-export",
        Refusal(error=IntegrityError, says="do not have the signed root"),
        lambda: _python(program, altered, key),
    )
    yield perform("outsider-go", lambda: _go(folder, export, key))


def _export(house: House, folder: Path) -> str:
    entries = house.acting_as("ada").records.export(folder)
    return f"{entries} entries, hashes and the signed checkpoint; no free text"


def _python(program: Path, export: Path, key: str) -> str:
    command = [sys.executable, "-I", str(program), str(export), "--key", key, "--json"]
    found = json.loads(_run(command, program.parent, ok=(0, 65)))
    if not found["ok"]:
        raise IntegrityError("; ".join(found["problems"]))
    return (
        f"{found['entries']} entries under root {found['root'][:_ROOT_DIGITS]}…;"
        f" {found['witness']}"
    )


def _go(folder: Path, export: Path, key: str) -> str:
    go = shutil.which("go")
    if go is None or not _NOTES.exists():
        return "not run: Go and golang-golang-x-mod-dev are not here"
    program = folder / "outsider.go"
    program.write_bytes(_text("strongroom.cli.demo", "outsider.go"))
    printed = _run([go, "run", str(program), str(export), key], folder, ok=(0,))
    size, root = printed.split()[0], base64.b64decode(printed.split()[-1]).hex()
    return f"{size} entries under root {root[:_ROOT_DIGITS]}…"


def _run(command: Sequence[str], folder: Path, *, ok: tuple[int, ...]) -> str:
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "GO111MODULE": "off",
        "GOPATH": str(GO_LIBRARIES),
        "GOCACHE": os.environ.get("GOCACHE", str(folder / "go-cache")),
    }
    try:
        done = subprocess.run(  # noqa: S603 (our own words, no shell)
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"{command[0]} did not run: {error}") from None
    if done.returncode not in ok:
        raise IntegrityError(done.stderr.strip().rpartition("\n")[2][:300])
    return done.stdout


def _flip_bit(export: Path) -> None:
    path = next(p for p in sorted((export / "tile/entries").rglob("*")) if p.is_file())
    data = bytearray(path.read_bytes())
    data[_INSIDE_FIRST_ENTRY] ^= 1
    path.write_bytes(data)


def _text(package: str, name: str) -> bytes:
    return (resources.files(package) / name).read_bytes()
