"""Measures every tool in turn, one process each, and prints what each took.

For opening: fresh memory with a warm and with a cold page cache, and memory that is
used again.  Medians over the rounds, and ours beside each peer: the median of the
peer's time over ours in the same round.  Above 1, ours is faster.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.memory import touch_elsewhere
from benchmarks.opened_model import bring_into_cache, drop_from_cache
from benchmarks.peers.environment import peers_python, run_worker
from benchmarks.peers.worker import Task
from benchmarks.rounds import load
from benchmarks.sealed_model import language_model, minilm

LARGE_ROUNDS = 3
SMALL_ROUNDS = 5
OURS = "strongroom"
NAMES = (
    OURS,
    "safetensors",
    "tensorizer",
    "tensorizer verified",
    "tensorizer encrypted",
    "cryptotensors",
    "age",
)


@dataclass(frozen=True, slots=True)
class Stored:
    """One model as every tool stores it, in folders of a folder."""

    source: Path
    folder: Path
    python: Path = field(default_factory=peers_python)

    def run(self, action: str, tool: str, rounds: int = 1) -> dict[str, Any]:
        """Let a tool do something in a process of its own."""
        place = self.folder / tool.replace(" ", "-")
        task = Task(
            action=action,
            tool=tool,
            source=str(self.source),
            folder=str(place),
            state=f"{place}.state",
            rounds=rounds,
        )
        return run_worker(self.python, task)

    def files(self, tool: str) -> list[Path]:
        """Return the larger files that a tool stored."""
        place = self.folder / tool.replace(" ", "-")
        return [p for p in place.rglob("*") if p.is_file() and p.stat().st_size > 2**16]


def compare_peers(
    gib: float, compare: Callable[[Path, int], dict[str, object]]
) -> dict[str, object]:
    """Return what a comparison finds for a large model and, if it is there, MiniLM.

    Args:
        gib: Size of the large model; 0 leaves it out.
        compare: Given a plain safetensors file and how many rounds.
    """
    figures: dict[str, object] = {}
    if gib:
        with tempfile.TemporaryDirectory(prefix="strongroom-bench-") as folder:
            large = language_model(Path(folder), gib)
            figures["peers"] = compare(large, LARGE_ROUNDS)
    real = minilm()
    if real is not None:
        figures["minilm"] = compare(real, SMALL_ROUNDS)
    return figures


def compare_opening(source: Path, rounds: int) -> dict[str, object]:
    """Return what opening took each tool."""
    size = source.stat().st_size
    with tempfile.TemporaryDirectory(prefix="strongroom-peers-") as name:
        stored = Stored(source, Path(name))
        for tool in NAMES:
            stored.run("seal", tool)
        found: dict[str, object] = {"bytes": size, "rounds": rounds, "load": load()}
        for state, prepare in (("warm", bring_into_cache), ("cold", drop_from_cache)):
            found[state] = _in_turn(
                lambda tool, prepare=prepare: _fresh(stored, tool, prepare),  # type: ignore[misc]
                rounds,
                size,
            )
        for tool in NAMES:
            bring_into_cache(stored.files(tool))
        again = {tool: stored.run("reuse", tool, 2 * rounds + 1) for tool in NAMES}
        found["reused"] = _table(
            {tool: [answer["took"]] for tool, answer in again.items()}, size
        )
        found["unlock_seconds"] = round(again[OURS]["unlock"], 3)
    return found


def compare_sealing(source: Path, rounds: int) -> dict[str, object]:
    """Return what sealing, with everything synced, took each tool."""
    size = source.stat().st_size
    with tempfile.TemporaryDirectory(prefix="strongroom-peers-") as name:
        stored = Stored(source, Path(name))
        table = _in_turn(lambda tool: stored.run("seal", tool)["took"], rounds, size)
    return {"bytes": size, "rounds": rounds, "load": load(), "seal": table}


def _fresh(
    stored: Stored, tool: str, prepare: Callable[[Sequence[Path]], None]
) -> list[dict[str, Any]]:
    prepare(stored.files(tool))
    touch_elsewhere(2 * stored.source.stat().st_size)
    took: list[dict[str, Any]] = stored.run("open", tool)["took"]
    return took


def _in_turn(
    measure: Callable[[str], list[dict[str, Any]]], rounds: int, size: int
) -> dict[str, object]:
    """Measure all tools once a round, beginning with another one each time."""
    found: dict[str, list[list[dict[str, Any]]]] = {tool: [] for tool in NAMES}
    for number in range(rounds):
        first = number % len(NAMES)
        for tool in NAMES[first:] + NAMES[:first]:
            found[tool].append(measure(tool))
    return _table(found, size)


def _table(
    found: dict[str, list[list[dict[str, Any]]]], size: int
) -> dict[str, object]:
    flat = {
        tool: [t for took in rounds for t in took] for tool, rounds in found.items()
    }
    ours = [took["wall"] for took in flat[OURS]]
    return {
        tool: {
            "milliseconds": round(1000 * statistics.median(t["wall"] for t in took), 1),
            "cpu_seconds_per_gb": round(
                statistics.median(t["cpu"] for t in took) * 1e9 / size, 3
            ),
            "peak_over_bytes": round(max(t["peak"] for t in took) / size, 2),
            "ratio": round(
                statistics.median(
                    t["wall"] / mine for t, mine in zip(took, ours, strict=True)
                ),
                2,
            ),
        }
        for tool, took in flat.items()
    }
