"""What each tool's files hide and notice; every cell is one attempt.

Runs in the environment of the peers, on one small model; prints one line of JSON.
A tool *refuses* if opening raises anything; it *accepts* if tensors come back.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file

from benchmarks.peers.tools import TOOLS, Source, Tensors

ROWS, COLUMNS = 1024, 2048
KIB = 1024
_STRANGE = ("__encryption__", "__signature__", "__crypto_keys__", "__policy__")


def main() -> None:
    """Try everything with the tools named, or with all."""
    names = sys.argv[1:] or list(TOOLS)
    print(json.dumps({name: properties(name) for name in names}))


def properties(name: str) -> dict[str, str]:
    """Return the row of one tool."""
    with tempfile.TemporaryDirectory(prefix="strongroom-properties-") as place:
        trial = Trial(name, Path(place))
        return {
            "names of tensors in the stored bytes": trial.readable(b"layers.3.secret"),
            "weights in the stored bytes": trial.readable(trial.some_weights()),
            "one bit of a weight flipped": trial.after(_flip),
            "the end cut off": trial.after(_cut),
            "two parts of the stored bytes exchanged": trial.after(_exchange),
            "last week's weights in the place of today's": trial.rolled_back(),
            "everything put back as it was last week": trial.put_back(),
            "the description of the cryptography removed": trial.after(_strip),
            "one tensor without the others": trial.one_tensor(),
        }


class Trial:
    """One small model, sealed twice by one tool: last week's form and today's."""

    def __init__(self, name: str, place: Path) -> None:
        """Seal both versions."""
        self.tool = TOOLS[name](place / "state")
        self._place = place
        self.old = _weights(1)
        self.new = _weights(2)
        self._last_week, self.folder = place / "last-week", place / "today"
        self.folder.mkdir()
        self.tool.prepare(self.folder)
        self._seal(self.old, place / "old.safetensors")
        shutil.copytree(self.folder, self._last_week)
        self._seal(self.new, place / "new.safetensors")
        shutil.copytree(self.folder, place / "good")

    def _seal(self, weights: Tensors, path: Path) -> None:
        save_file(weights, path)
        self.tool.seal(Source(path, weights), self.folder)

    def stored(self) -> list[Path]:
        """Return the files that hold weights, the largest first."""
        place = self.folder / self.tool.weights
        found = [p for p in place.rglob("*") if p.is_file()]
        large = [p for p in found if p.stat().st_size > 256 * KIB]
        return sorted(large, key=lambda p: p.stat().st_size, reverse=True)

    def some_weights(self) -> bytes:
        """Return 64 bytes out of the middle of a tensor."""
        tensor = self.new["layers.3.secret.weight"].flatten().view(torch.uint8)
        return bytes(tensor[100_000:100_064].numpy())

    def readable(self, wanted: bytes) -> str:
        """Say whether these bytes stand in any stored file."""
        files = [p for p in self.folder.rglob("*") if p.is_file()]
        return "readable" if any(wanted in p.read_bytes() for p in files) else "hidden"

    def after(self, change: Callable[[Path, Path], bool]) -> str:
        """Say what opening does after a change of the largest stored file."""
        paths = self.stored()
        if not change(paths[0], paths[-1]):
            return "has none"
        return self._outcome()

    def rolled_back(self) -> str:
        """Say what opening does with last week's weights where today's lie.

        A tool that keeps more than weights keeps the rest as it is.
        """
        today = self.stored()
        old = {p.relative_to(self._last_week) for p in self._last_week.rglob("*")}
        fresh = [p for p in today if p.relative_to(self.folder) not in old] or today
        stale = [self._last_week / p.relative_to(self.folder) for p in today]
        stale = [path for path in stale if path.exists()]
        for path, former in zip(fresh, stale, strict=True):
            shutil.copyfile(former, path)
        return self._outcome()

    def put_back(self) -> str:
        """Say what opening does with all of last week's files, whatever they are."""
        shutil.rmtree(self.folder)
        shutil.copytree(self._last_week, self.folder)
        return self._outcome()

    def one_tensor(self) -> str:
        """Say whether one tensor can be opened alone."""
        self.tool.unlock(self.folder)
        name = "layers.3.secret.weight"
        try:
            opened = self.tool.open(self.folder, [name])
        except Exception as error:  # whatever a peer raises
            return f"refused: {type(error).__name__}"
        alone = set(opened) == {name} and _equal(opened[name], self.new[name])
        return "yes" if alone else "no"

    def _outcome(self) -> str:
        """Open what lies there, and put today's good files back."""
        try:
            self.tool.unlock(self.folder)
            opened = self.tool.open(self.folder)
        except Exception as error:  # whatever a peer raises
            return f"refused: {type(error).__name__}"
        finally:
            shutil.rmtree(self.folder)
            shutil.copytree(self._place / "good", self.folder)
        same = all(
            name in opened and _equal(opened[name], tensor)
            for name, tensor in self.new.items()
        )
        return "not noticed, harmless" if same else "accepted"


def _weights(seed: int) -> Tensors:
    generator = torch.Generator().manual_seed(seed)
    return {
        f"layers.{number}.secret.weight": torch.randint(
            -(2**15), 2**15, (ROWS, COLUMNS), dtype=torch.int16, generator=generator
        ).view(torch.bfloat16)
        for number in range(8)
    }


def _equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Compare bits: random weights have numbers that do not equal themselves."""
    return bool(torch.equal(one.view(torch.int16), other.view(torch.int16)))


def _flip(path: Path, _: Path) -> bool:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2 + 12_345] ^= 1
    path.write_bytes(raw)
    return True


def _cut(path: Path, _: Path) -> bool:
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) - len(raw) // 4])
    return True


def _exchange(first: Path, other: Path) -> bool:
    """Exchange two stretches inside of tensors, or two whole files."""
    if first != other:
        one, two = first.read_bytes(), other.read_bytes()
        first.write_bytes(two)
        other.write_bytes(one)
        return True
    raw = bytearray(first.read_bytes())
    quarter = len(raw) // 4
    here = slice(quarter, quarter + 64 * KIB)
    there = slice(3 * quarter, 3 * quarter + 64 * KIB)
    raw[here], raw[there] = raw[there], raw[here]
    first.write_bytes(raw)
    return True


def _strip(path: Path, _: Path) -> bool:
    """Remove what says that a safetensors-like file is encrypted or signed."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    if length > len(raw):
        return False
    try:
        header = json.loads(raw[8 : 8 + length])
    except ValueError:
        return False
    stated = header.get("__metadata__", {})
    kept = {key: value for key, value in stated.items() if key not in _STRANGE}
    if len(kept) == len(stated):
        return False
    header["__metadata__"] = kept
    text = json.dumps({key: value for key, value in header.items() if value}).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + raw[8 + length :])
    return True


if __name__ == "__main__":
    main()
