"""Where the CPU time of an opening goes: the whole way, warm, into reused memory.

After every few milliseconds of CPU time of this process (the kernel's tick, asked for
one), whichever thread used it, the stack of the main thread is looked at, and the time
counted for the innermost function in ``STAGES``.  The main thread waits while others
read and decrypt, so that is one stage; of it ``system`` is the share that the kernel
used, which is copying from the page cache, and the rest is nearly all AES.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import FrameType

from benchmarks.bench_open import sealed_room
from benchmarks.opened_model import bring_into_cache
from benchmarks.rounds import going_first, load
from benchmarks.sealed_model import language_model, minilm
from strongroom.client.client import Strongroom
from strongroom.crypto.arena import Arena

TICK_SECONDS = 0.001
SMALL_OPENINGS, LARGE_OPENINGS = 100, 15
WORK = "read and decrypt"
ROWS = "guarded rows, in 50 statements"
STAGES = {
    "crypto/opening.py read_items": WORK,
    "crypto/segment.py open_object": "headers, key derivation, commitments",
    "crypto/segment.py SealedSegment._indexed": "sealed indexes",
    "client/opened.py OpenedModel.tensors": "tensors over the memory",
    "permits/reader.py open_answer": "verify the answer and the manifest",
    "crypto/hpke.py ReaderKey.generate": "the reader's key",
    "ledger/anchors.py Anchors.covering": "checkpoint and proof",
    "ledger/anchors.py Anchors.unwrap": "anchor and unwrap the shares",
    "permits/shares.py Shares.hand_out": "derive keys and seal them to the reader",
    "crypto/signing.py SigningKey.sign": "signatures",
    "ledger/sequencer.py sequence": "sequence the entry and sign the checkpoint",
    "ledger/sequencer.py store": "write the entry",
    "access/policy.py Policy.decide": "policy",
    "database/guarded.py GuardedTable._select": ROWS,
    "database/guarded.py GuardedTable.require_all": ROWS,
    "database/guarded.py GuardedTable.insert": ROWS,
    "database/guarded.py GuardedTable.replace": ROWS,
    "permits/holdings.py exposure_after": "exposure",
    "permits/holdings.py charge": "charge what is released",
    "permits/releases.py record_release": "record the release",
    "vault/versions.py load_manifest": "the desk reads the manifest",
    "permits/selection.py select_from": "the desk reads the manifest",
    "permits/releases.py load_wraps": "wraps",
    "database/engine.py Database.writing": "begin and commit",
    "permits/desk.py Desk.release": "the rest of the desk",
    "client/client.py Strongroom.open": "the rest",
}


def main() -> None:
    """Measure, and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gib", type=float, default=1.0, help="0 for MiniLM alone")
    arguments = parser.parse_args()
    figures: dict[str, object] = {"bench": "profile"}
    with tempfile.TemporaryDirectory(prefix="strongroom-bench-") as name:
        folder = Path(name)
        if arguments.gib:
            large = language_model(folder, arguments.gib)
            figures["large"] = profile(large, folder / "large", LARGE_OPENINGS)
        small = minilm()
        if small is not None:
            figures["minilm"] = profile(small, folder / "small", SMALL_OPENINGS)
    print(json.dumps({**figures, "load": load()}))


def profile(path: Path, folder: Path, openings: int) -> dict[str, object]:
    """Return milliseconds of CPU of each stage of one opening of a model."""
    room, permit = sealed_room(path, folder)
    arena = Arena(2 * path.stat().st_size)
    bring_into_cache([p for p in folder.rglob("*") if p.is_file()])
    opened(room, permit, arena)
    seen: Counter[str] = Counter()

    def look(number: int, frame: FrameType | None) -> None:
        del number
        seen[stage_of(frame)] += 1

    signal.signal(signal.SIGPROF, look)
    kernel = kernel_seconds()
    walls, burned = [], time.process_time()
    for _ in range(openings):
        with going_first():
            began = time.perf_counter()
            signal.setitimer(signal.ITIMER_PROF, TICK_SECONDS, TICK_SECONDS)
            opened(room, permit, arena)
            signal.setitimer(signal.ITIMER_PROF, 0)
            walls.append(time.perf_counter() - began)
    cpu, kernel = time.process_time() - burned, kernel_seconds() - kernel
    room.close()
    return {
        "milliseconds": round(1000 * statistics.median(walls), 1),
        "cpu_milliseconds": round(1000 * cpu / openings, 1),
        "system_milliseconds": round(1000 * kernel / openings, 1),
        "stages": {
            stage: round(1000 * cpu / openings * count / seen.total(), 2)
            for stage, count in seen.most_common()
        },
        "ticks": seen.total(),
        "openings": openings,
    }


def opened(room: Strongroom, permit: str, arena: Arena) -> None:
    """Open everything, as torch tensors, and let them go."""
    room.open(permit, arena=arena).tensors("torch")


def stage_of(frame: FrameType | None) -> str:
    """Return the stage of the innermost function that has one."""
    while frame is not None:
        code = frame.f_code
        place = "/".join(Path(code.co_filename).parts[-2:])
        stage = STAGES.get(f"{place} {code.co_qualname}")
        if stage is not None:
            return stage
        frame = frame.f_back
    return "outside"


def kernel_seconds() -> float:
    """Return the CPU time that the kernel used for this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_stime


if __name__ == "__main__":
    main()
