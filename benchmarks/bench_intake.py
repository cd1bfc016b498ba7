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

``--tensors N`` reads files of N tiny tensors of each format instead: microseconds for
each tensor by the clock and of CPU, and the time of the library that people load such
files with over ours.  ``sandboxed`` has the start of two workers in it.
"""

from __future__ import annotations

import argparse
import gc
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

from benchmarks.many_tensors import ENDINGS, Form
from benchmarks.many_tensors import FORMS as MANY
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
from strongroom.intake.worker import collect_seldom
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
    parser.add_argument("--tensors", type=int, help="so many tiny ones instead")
    arguments = parser.parse_args()
    first = weigh_more()
    if arguments.tensors:
        many = _many(arguments.tensors, arguments.rounds)
        print(json.dumps({"bench": "intake", **many, "load": load()}))
        return
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


def _many(count: int, rounds: int) -> dict[str, object]:
    """Return what each tensor costs in each format."""
    figures: dict[str, object] = {"tensors": count, "rounds": rounds}
    gc.freeze()  # torch's own objects are in no worker
    collect_seldom()
    with tempfile.TemporaryDirectory(prefix="strongroom-", dir="/dev/shm") as name:
        for kind, form in MANY.items():
            path = Path(name, f"model{ENDINGS.get(kind, '.' + kind)}")
            form.write(path, count)
            figures[kind] = _each(path, form, count, rounds)
            path.unlink()
    return figures


def _each(path: Path, form: Form, count: int, rounds: int) -> dict[str, object]:
    """Return medians over the rounds, in microseconds for each tensor."""
    (source,), opened = _windows_on([path])
    place, kept = path.parent / "out", path.parent / "kept"
    kept.mkdir()
    form.rewrite(source, Workplace(kept, kept), Options())
    written, more = _windows(kept)
    reader = SandboxReader(BubblewrapSandbox())
    item = Item(path=path.name, offset=0, length=source.length)
    cases: dict[str, Callable[[], object]] = {
        "ours": lambda: form.rewrite(source, Workplace(place, place), Options()),
        "again": lambda: _verified(written, place),
        "sandboxed": lambda: _sandboxed(reader, opened[0], item, place / "taken"),
        "library": lambda: form.load(path),
    }
    times = interleave(
        cases,
        rounds,
        before=place.mkdir,
        after=lambda: shutil.rmtree(place),
        during=going_first,
    )
    for number in (*opened, *more):
        os.close(number)
    shutil.rmtree(kept)
    return {
        "library_to_ours": times.ratio("library"),
        "cpu_library_to_ours": times.cpu_ratio("library"),
        "microseconds": {c: round(1000 * times.milliseconds(c) / count) for c in cases},
        "cpu_microseconds": {
            c: round(1000 * times.cpu_milliseconds(c) / count) for c in cases
        },
    }


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
    return _windows_on(sorted(folder.iterdir()))


def _windows_on(paths: Sequence[Path]) -> tuple[list[Source], list[int]]:
    """Return a window on each file, and their descriptors."""
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
