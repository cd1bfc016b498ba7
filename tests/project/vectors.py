"""Published vectors, as the tests of this folder load them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parents[1] / "vectors"
FILES = sorted(path.stem for path in VECTORS.glob("*.json"))

Case = dict[str, Any]


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


def load(name: str) -> Case:
    found: Case = json.loads((VECTORS / f"{name}.json").read_text())
    return found


def cases(name: str, key: str = "refused") -> list[Case]:
    """Return the cases of a file that must be refused, each with what it is."""
    found: list[Case] = load(name)[key]
    return found
