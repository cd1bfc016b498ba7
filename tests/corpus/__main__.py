"""Writes every sample, each in a folder of its own, and a manifest in CSV."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from tests.corpus.samples import every_sample


def write(folder: Path) -> int:
    """Write every sample below ``folder``; return how many."""
    folder.mkdir(parents=True)
    count = 0
    with (folder / "manifest.csv").open("x", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("name", "family", "label", "source", "files"))
        for sample in every_sample():
            for path, data in sample.files.items():
                place = folder / sample.name / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
            rows.writerow((sample.name, sample.family, sample.label, sample.source, len(sample.files)))  # fmt: skip
            count += 1
    return count


if __name__ == "__main__":
    print(f"{write(Path(sys.argv[1]))} samples in {sys.argv[1]}")
