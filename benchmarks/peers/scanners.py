"""Scanners of models as commands, in an environment of their own.

Each is told to look at one file; only its time counts here, not what it says.  Versions
are pinned, their dependencies are not.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / ".venv" / "scanners"  # goes when .venv is built again
PINNED = ("picklescan==1.0.5", "hayward==1.4.1", "modelaudit==0.2.54")
COMMANDS: dict[str, tuple[str, ...]] = {
    "picklescan --strict": ("picklescan", "--strict", "--path"),
    "hayward": ("hayward", "scan", "--max-size", "4G"),
    "modelaudit": ("modelaudit", "scan"),
}
_QUIET = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "NO_ANALYTICS": "1"}
_MOST_SECONDS = 120


def scan_seconds(path: Path) -> dict[str, float | str]:
    """Return how long each scanner looked at one file, or why there is no figure."""
    folder = installed()
    return {name: _seconds(folder, name, path) for name in COMMANDS}


def _seconds(folder: Path, name: str, path: Path) -> float | str:
    program, *words = COMMANDS[name]
    began = time.perf_counter()
    try:
        done = subprocess.run(
            (str(folder / program), *words, str(path)),
            check=False,
            capture_output=True,
            env=quiet_environment(),
            timeout=_MOST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"over {_MOST_SECONDS}"
    seconds = round(time.perf_counter() - began, 2)
    return (
        seconds if done.returncode in {0, 1} else f"{seconds}, status {done.returncode}"
    )


def quiet_environment() -> dict[str, str]:
    """Return the variables of this process, and those that stop telemetry."""
    return {**os.environ, **_QUIET}


def installed() -> Path:
    """Return the folder of the commands; build the environment if need be."""
    stamp = PLACE / "built"
    if not stamp.exists() or stamp.read_text(encoding="ascii") != " ".join(PINNED):
        _run(sys.executable, "-m", "venv", "--clear", str(PLACE))
        quiet = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        _run(str(PLACE / "bin" / "python"), *quiet, *PINNED)
        stamp.write_text(" ".join(PINNED), encoding="ascii")
    return PLACE / "bin"


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
