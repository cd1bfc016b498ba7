"""Which samples of a corpus scanners flag, by family: the table of ``peers.md``.

    python -m tests.corpus FOLDER
    python -m benchmarks.peers.flagged FOLDER

Each scanner runs as a command in an environment of its own; see ``scanners``.  A sample
is flagged if picklescan counts an infected file in its folder (over all folders at once
it stops at the 7z sample), hayward has a finding of its default severity there (strict:
medium, or a file that it could not read whole), modelaudit one that is a warning or
critical.  Prints a row for each family.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.peers.scanners import installed, quiet_environment

THREADS = 2
_GRAVE = {"critical", "high"}
_COVERAGE = ("MFV-SKIP-", "MFV-7Z-001", "MFV-GGUF-004", "MFV-LFS-001")


def main(words: list[str]) -> None:
    """Print the table for the corpus in a folder."""
    root = Path(words[0]).absolute()
    with (root / "manifest.csv").open(encoding="utf-8", newline="") as file:
        samples = {
            row["name"]: f"{row['label']}: {row['family']}"
            for row in csv.DictReader(file)
        }
    scans: dict[str, Callable[[], set[str]]] = {
        "picklescan": lambda: _picklescan(root, samples),
        "picklescan --strict": lambda: _picklescan(root, samples, "--strict"),
        "hayward": lambda: _hayward(root, strict=False),
        "hayward strict": lambda: _hayward(root, strict=True),
        "modelaudit": lambda: _modelaudit(root),
    }
    flagged = {name: scan() & samples.keys() for name, scan in scans.items()}
    print("| family | samples | " + " | ".join(flagged) + " |")
    print("|---" * (len(flagged) + 2) + "|")
    for family, count in Counter(samples.values()).items():
        found = [sum(samples[n] == family for n in names) for names in flagged.values()]
        print(f"| {family} | {count} | " + " | ".join(map(str, found)) + " |")


def _picklescan(root: Path, samples: Iterable[str], *words: str) -> set[str]:
    def infected(name: str) -> bool:
        said = _run("picklescan", *words, "--path", str(root / name)).stdout
        _, summary, count = said.partition(b"Infected files: ")
        return bool(summary) and not count.startswith(b"0")

    names = list(samples)
    with ThreadPoolExecutor(THREADS) as pool:
        every = zip(names, pool.map(infected, names), strict=True)
        return {name for name, yes in every if yes}


def _hayward(root: Path, *, strict: bool) -> set[str]:
    said = _run("hayward", "scan", "--quiet", "--format", "json", str(root))
    wanted = _GRAVE | {"medium"} if strict else _GRAVE
    return {
        _sample(root, one["file"])
        for one in _document(said)["findings"]
        if one["severity"] in wanted
        or (strict and one["rule_id"].startswith(_COVERAGE))
    }


def _modelaudit(root: Path) -> set[str]:
    said = _run("modelaudit", "scan", "--format", "json", str(root))
    return {
        _sample(root, str(one.get("location") or ""))
        for one in _document(said)["issues"]
        if one["severity"] in {"warning", "critical"}
    }


def _sample(root: Path, place: str) -> str:
    """Return the folder of a file, from how a scanner names the file."""
    return place.removeprefix(f"{root}/").partition("/")[0]


def _document(said: subprocess.CompletedProcess[bytes]) -> Any:  # noqa: ANN401
    text = said.stdout.decode(errors="replace")
    return json.loads(text[text.index("{") :])


def _run(program: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        (str(installed() / program), *words),
        check=False,
        capture_output=True,
        env=quiet_environment(),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
