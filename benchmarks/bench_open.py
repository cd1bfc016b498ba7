"""Open sealed weights, beside stock safetensors and a plain read of the bytes.

Warm page cache, two threads, destinations that are used again on all sides;
interleaved rounds, medians of per-round ratios.  All files are dropped from the
cache after they are written, and read once from beginning to end.

*Ours* checks header, commitment, index and every tag, and ends with torch tensors
over the arena.  *Product* is ``Strongroom.open`` on a permit of a room on SQLite and
its tensors: policy, exposure, a ledger entry, an anchored checkpoint, the release and
the signed manifest come on top.  *Stock* is ``load_file`` and ``copy_`` into
parameters.  *Plain* is ``preadv`` into the arena.  *Limit* reads and decrypts the
same records and does nothing else.  Beside these: fresh processes with a warm and a
cold cache, the memory that opening takes, and what one tensor reads.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file

from benchmarks.fresh_process import SIDES, measure_fresh
from benchmarks.opened_model import (
    THREADS,
    Sealed,
    bring_into_cache,
    decrypt_only,
    new_arena,
    open_sealed,
    read_plain,
)
from benchmarks.peers.comparison import compare_opening, compare_peers
from benchmarks.rounds import going_first, interleave, load, weigh_more
from benchmarks.sealed_model import (
    Source,
    as_bytes,
    language_model,
    minilm,
    seal_source,
    with_keys,
)
from strongroom.access.founding import Founder
from strongroom.app import create_strongroom
from strongroom.client.arrays import as_tensor
from strongroom.client.client import Strongroom
from strongroom.crypto.arena import Arena
from strongroom.crypto.opening import ObjectReader
from strongroom.crypto.passphrases import Cost
from strongroom.stores.folder import FolderStore
from strongroom.types import Profile, Secret

FRESH_ROUNDS = 5
MIB = 1024 * 1024
QUICK_TO_GUESS = Cost(memory_kib=19 * 1024, passes=2, lanes=1)  # not measured here


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--gib", type=float, default=1.0)
    parser.add_argument("--peers", action="store_true", help="other tools beside it")
    arguments = parser.parse_args()
    if arguments.peers:
        print(json.dumps(compare_peers(arguments.gib, compare_opening)))
        return
    first = weigh_more()
    torch.set_num_threads(THREADS)
    figures: dict[str, object] = {"bench": "open", "threads": THREADS}
    with tempfile.TemporaryDirectory(prefix="strongroom-bench-") as name:
        folder = Path(name)
        large = language_model(folder, arguments.gib)
        figures |= measure(large, folder / "large", arguments.rounds)
        real = minilm()
        if real is not None:
            rounds = 4 * arguments.rounds
            figures["minilm"] = measure(real, folder / "small", rounds)
    print(json.dumps({**figures, "weighs_more": first, "load": load()}))


def measure(path: Path, folder: Path, rounds: int) -> dict[str, object]:
    """Return medians over the rounds for one safetensors file."""
    store = FolderStore(folder / "objects")
    source = Source.of(path)
    sealed = with_keys(seal_source(source, store, "model"))
    room, permit = sealed_room(path, folder / "room")
    weights = source.weights  # copies: what is mapped stays in the cache as it is
    parameters = {n: torch.empty_like(t) for n, t in weights.items()}
    size = sum(t.nbytes for t in weights.values())
    arena = new_arena(sealed)
    cases: dict[str, Callable[[], object]] = {
        "ours": lambda: tensors(store, sealed, arena),
        "product": lambda: room.open(permit, arena=arena).tensors("torch"),
        "stock": lambda: copy_into(path, parameters),
        "plain": lambda: read_plain(path, size, arena),
        "limit": lambda: decrypt_only(folder / "objects", sealed, arena),
    }
    files = [store for store in folder.rglob("*") if store.stat().st_size > MIB]
    bring_into_cache([path, *files])
    for name in ("ours", "product"):
        verify_equal(cases[name](), weights)
    times = interleave(cases, rounds, during=going_first)
    room.close()
    del source, weights
    fresh = measure_fresh(path, folder / "objects", sealed, size, FRESH_ROUNDS)
    return {
        "ratio_to_safetensors": times.ratio("stock"),
        "ratio_product_to_safetensors": times.ratio("stock", "product"),
        "ratio_to_plain_read": times.ratio("plain"),
        "ratio_of_limit_to_plain_read": times.ratio("plain", "limit"),
        "ratio_to_limit": times.ratio("limit"),
        "cpu_ratio_to_safetensors": times.cpu_ratio("stock"),
        "cpu_ratio_to_plain_read": times.cpu_ratio("plain"),
        "cpu_ratio_of_limit_to_plain_read": times.cpu_ratio("plain", "limit"),
        "cpu_ratio_to_limit": times.cpu_ratio("limit"),
        "ratio_fresh_warm_to_plain_read": fresh.warm.ratio("plain"),
        "ratio_fresh_cold_to_plain_read": fresh.cold.ratio("plain"),
        "ratio_fresh_warm_to_limit": fresh.warm.ratio("limit"),
        "ratio_fresh_cold_to_limit": fresh.cold.ratio("limit"),
        "fresh_warm_milliseconds": [fresh.warm.milliseconds(s) for s in SIDES],
        "fresh_cold_milliseconds": [fresh.cold.milliseconds(s) for s in SIDES],
        "memory_over_tensors": max(fresh.peaks) - size,
        "one_tensor": one_tensor(store, sealed, parameters),
        "milliseconds": {name: times.milliseconds(name) for name in cases},
        "cpu_milliseconds": {name: times.cpu_milliseconds(name) for name in cases},
        "gb_per_second": round(size / times.milliseconds("ours") / 1e6, 2),
        "bytes": size,
        "bytes_sealed": sum(one.facts.length for one in sealed),
        "tensors": len(parameters),
        "segments": len(sealed),
        "rounds": rounds,
    }


def sealed_room(path: Path, folder: Path) -> tuple[Strongroom, str]:
    """Return a room of one person with the model in it, and a permit for all of it."""
    room, _ = create_strongroom(
        folder,
        profile=Profile.SOLO,
        passphrases={"*": Secret(b"a passphrase for a benchmark")},
        owner=Founder(name="me", team="me", password=Secret(b"a password of it")),
        cost=QUICK_TO_GUESS,
    )
    room.seal(path, name="model")
    asked = room.request("model", purpose="a benchmark")
    if asked.permit is None:
        raise SystemExit("the request waits for somebody")
    return room, asked.permit.id


def tensors(
    store: ObjectReader, sealed: Sequence[Sealed], arena: Arena, *names: str
) -> dict[str, torch.Tensor]:
    """Return opened weights as torch tensors over the arena."""
    return {
        tensor.item.name: as_tensor(
            tensor.memory, tensor.item.dtype or "", tensor.item.shape or (), "torch"
        )
        for tensor in open_sealed(store, sealed, arena, *names)
    }


def copy_into(path: Path, parameters: dict[str, torch.Tensor]) -> None:
    """Load with stock safetensors, and copy into parameters."""
    for name, tensor in load_file(path).items():
        parameters[name].copy_(tensor)


def verify_equal(opened: object, weights: dict[str, torch.Tensor]) -> None:
    """Stop unless everything came back."""
    if not isinstance(opened, dict) or opened.keys() != weights.keys():
        raise SystemExit("other tensors were opened")
    if any(as_bytes(opened[n]) != as_bytes(weights[n]) for n in weights):
        raise SystemExit("opened weights differ")


class CountingReader:
    """A store that counts the bytes that are read of it."""

    def __init__(self, store: FolderStore) -> None:
        """Read from ``store``."""
        self._store = store
        self.bytes = 0

    def size(self, name: str) -> int:
        """Return the length of an object."""
        return self._store.size(name)

    def read_into(self, name: str, offset: int, buffer: bytearray | memoryview) -> None:
        """Read, and count."""
        self.bytes += len(buffer)
        self._store.read_into(name, offset, buffer)


def one_tensor(
    store: FolderStore, sealed: Sequence[Sealed], like: dict[str, torch.Tensor]
) -> dict[str, object]:
    """Return what opening one tensor reads, of the segment that it lies in."""
    name = sorted(like, key=lambda n: like[n].nbytes)[len(like) // 2]
    for one in sealed:
        counted = CountingReader(store)
        arena = Arena(2 * like[name].nbytes)
        found = tensors(counted, [one], arena, name)
        if name in found and found[name].shape == like[name].shape:
            return {
                "bytes": like[name].nbytes,
                "bytes_read": counted.bytes,
                "bytes_of_its_segment": one.facts.length,
            }
    raise SystemExit(f"{name} lies in several segments")


if __name__ == "__main__":
    main()
