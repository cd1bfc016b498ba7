"""The environment in which other tools run: beside ours, built when it is wanted.

It sees torch, safetensors and what Strongroom needs in the environment that runs the
benchmark; the peers and all that they drag along are only in theirs.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.peers.worker import Task

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / ".venv" / "peers"  # goes when .venv is built again
LOCK = ROOT / "requirements" / "peers.lock"


def peers_python() -> Path:
    """Return the interpreter of the peers; build its environment if need be."""
    python, stamp = PLACE / "bin" / "python", PLACE / "built"
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="ascii") != digest:
        shutil.rmtree(PLACE, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(PLACE))
        quiet = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        hashed = ("--require-hashes", "--no-deps", "--only-binary", ":all:", "-r")
        _run(str(python), *quiet, *hashed, str(LOCK))
        inside = subprocess.run(
            (
                str(python),
                "-c",
                "import sysconfig; print(sysconfig.get_path('purelib'))",
            ),
            check=True,
            stdout=subprocess.PIPE,
        )
        beside = Path(inside.stdout.decode().strip(), "beside.pth")
        beside.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        stamp.write_text(digest, encoding="ascii")
    if shutil.which("age") is None:
        raise SystemExit("age is not installed: apt-get install age libsodium23")
    return python


def run_worker(python: Path, task: Task) -> dict[str, Any]:
    """Let one tool do one task in a new process, and return what it told."""
    done = subprocess.run(
        (str(python), "-m", "benchmarks.peers.worker"),
        input=json.dumps(asdict(task)).encode(),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        cwd=ROOT,
        check=True,
    )
    answer = json.loads(done.stdout)
    if not isinstance(answer, dict):
        raise SystemExit(f"{task.tool} told nothing")
    return answer


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
