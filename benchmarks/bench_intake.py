"""Re-write a torch checkpoint, memory file system to memory file system.

Ours reads the checkpoint, checks every CRC, writes safetensors and hashes every tensor.
``again`` reads what came out a second time and compares every byte, as the second
worker does before anything is taken.  ``copy`` is the least that any intake has to do:
copy the file and compute its SHA-256, by one thread.  ``digest`` is SHA-256 alone,
``crc`` CRC-32 alone, each by two threads.  All in one process, interleaved; the
sealed original is not in it.  ``sandboxed`` is the whole reading as intake does it: two
workers in two sandboxes, and what the host looks at; ``without`` reads and reads again
in this process.
``--peers`` adds what scanners of pickles need for the same file, as commands.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from benchmarks.peers.scanners import scan_seconds
from benchmarks.rounds import going_first, interleave, load, weigh_more
from strongroom.canonical import to_json
from strongroom.intake.formats import torch_legacy, torch_zip
from strongroom.intake.jobs import Item
from strongroom.intake.reading import SandboxReader
from strongroom.intake.reported import parse_report
from strongroom.intake.rereading import reread
from strongroom.intake.rewriting import Options, Rewrite, Workplace
from strongroom.intake.sources import PIECE_BYTES, Source
from strongroom.sandboxes.bubblewrap import BubblewrapSandbox

LAYERS = 24
THREADS = 2
FORMS: dict[str, Rewrite] = {
    "zip": torch_zip.rewrite,
    "legacy": torch_legacy.rewrite,
}


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--gib", type=float, default=1.0)
    parser.add_argument("--peers", action="store_true", help="scanners beside it")
    arguments = parser.parse_args()
    first = weigh_more()
    figures: dict[str, object] = {"bench": "intake", "threads": THREADS}
    with tempfile.TemporaryDirectory(prefix="strongroom-", dir="/dev/shm") as name:
        folder = Path(name)
        for form, rewrite in FORMS.items():
            path = folder / f"{form}.pt"
            _save(path, arguments.gib, is_zip=form == "zip")
            figures[form] = _measure(path, rewrite, folder / "out", arguments.rounds)
            if arguments.peers:
                figures[f"{form}_scanners_seconds"] = scan_seconds(path)
            path.unlink()
    print(json.dumps({**figures, "weighs_more": first, "load": load()}))


def _measure(
    path: Path, rewrite: Rewrite, place: Path, rounds: int
) -> dict[str, object]:
    """Return medians over the rounds for one checkpoint."""
    size = path.stat().st_size
    descriptor = os.open(path, os.O_RDONLY)
    source = Source(descriptor=descriptor, start=0, length=size, path=path.name)
    kept = place.parent / "kept"
    kept.mkdir()
    rewrite(source, Workplace(kept, kept), Options())
    written, opened = _windows(kept)
    reader = SandboxReader(BubblewrapSandbox())
    item = Item(path=path.name, offset=0, length=size)
    cases: dict[str, Callable[[], object]] = {
        "without": lambda: _without(rewrite, source, place),
        "sandboxed": lambda: _sandboxed(reader, descriptor, item, place / "taken"),
        "ours": lambda: rewrite(source, Workplace(place, place), Options()),
        "again": lambda: _verified(written, place),
        "copy": lambda: _copy(source, place / "copy"),
        "digest": lambda: _by_parts(source, lambda data, _: _hashed(data)),
        "crc": lambda: _by_parts(source, zlib.crc32),
    }
    times = interleave(
        cases,
        rounds,
        before=place.mkdir,
        after=lambda: shutil.rmtree(place),
        during=going_first,
    )
    for number in (descriptor, *opened):
        os.close(number)
    shutil.rmtree(kept)
    return {
        "ratio_to_copy_with_digest": times.ratio("copy"),
        "again_cpu_to_ours": round(
            times.cpu_milliseconds("again") / times.cpu_milliseconds("ours"), 2
        ),
        "sandboxed_to_without": times.ratio("sandboxed", "without"),
        "cpu_ratio_to_copy_with_digest": times.cpu_ratio("copy"),
        "gb_per_second": round(size / times.milliseconds("ours") / 1e6, 2),
        "milliseconds": {name: times.milliseconds(name) for name in cases},
        "cpu_milliseconds": {name: times.cpu_milliseconds(name) for name in cases},
        "bytes": size,
        "rounds": rounds,
    }


def _save(path: Path, gib: float, *, is_zip: bool) -> None:
    """Write a state dict of layers like those of a language model."""
    width = int((gib * 2**30 / 4 / LAYERS / 12) ** 0.5)
    state: dict[str, torch.Tensor] = {}
    for layer in range(LAYERS):
        for name, rows in (("attention", 4), ("up", 4), ("down", 4)):
            state[f"layers.{layer}.{name}.weight"] = torch.randn(rows * width, width)
        state[f"layers.{layer}.norm.weight"] = torch.randn(width)
    torch.save(state, path, _use_new_zipfile_serialization=is_zip)


def _windows(folder: Path) -> tuple[list[Source], list[int]]:
    """Return a window on each file of a folder, and their descriptors."""
    paths = sorted(folder.iterdir())
    opened = [os.open(path, os.O_RDONLY) for path in paths]
    windows = [
        Source(descriptor=n, start=0, length=path.stat().st_size, path=path.name)
        for n, path in zip(opened, paths, strict=True)
    ]
    return windows, opened


def _verified(written: Sequence[Source], scratch: Path) -> None:
    """Read again what was written.

    Raises:
        RuntimeError: It does not come out the same.
    """
    report = parse_report(to_json(reread(written, str(scratch))), files=len(written))
    if any(each.findings for each in report):
        raise RuntimeError("what was written does not come out the same")


def _without(rewrite: Rewrite, source: Source, place: Path) -> None:
    """Do what both workers do, in this process."""
    rewrite(source, Workplace(place, place), Options())
    written, opened = _windows(place)
    _verified(written, place)
    for number in opened:
        os.close(number)


def _sandboxed(
    reader: SandboxReader, descriptor: int, item: Item, output: Path
) -> None:
    """Read as intake does.

    Raises:
        RuntimeError: Nothing came out.
    """
    output.mkdir()
    report = reader(descriptor, [item], Options(), output)
    if report.findings or not report.files[0].outputs:
        raise RuntimeError(f"nothing came out: {report.findings}")


def _copy(source: Source, path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("wb", buffering=0) as file:
        for piece in source.pieces():
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _by_parts(source: Source, step: Callable[[bytes, int], int]) -> None:
    """Run over all pieces, half of them on each thread."""
    half = source.length // THREADS // PIECE_BYTES * PIECE_BYTES
    parts = [(0, half), (half, source.length - half)]

    def run(part: tuple[int, int]) -> None:
        value = 0
        for piece in source.pieces(*part):
            value = step(piece, value)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(run, parts))


def _hashed(data: bytes) -> int:
    return hashlib.sha256(data).digest()[0]


if __name__ == "__main__":
    main()
