"""Tricks with opcodes: the same payload where another reader does not look."""

from __future__ import annotations

from collections.abc import Iterator

from tests.corpus.assembling import TEXT, by_global, by_stack, call, pickled, short
from tests.corpus.samples import Sample, malicious
from tests.intake.formats.pickle_attacks import ATTACKS

RUNS = by_global("posix", "system")
HARMLESS_HERE = {"nothing", "no_end"}


def samples() -> Iterator[Sample]:
    """Give every trick of the reader's own tests, and the same inside other data."""
    for name, (_, data) in ATTACKS.items():
        if name not in HARMLESS_HERE and len(data) < 1 << 16:
            yield malicious("pickle-op", name, "model.pkl", data, name)
    for name, data in _tricks():
        yield malicious("pickle-op", name, "model.pkl", data)


def _tricks() -> Iterator[tuple[str, bytes]]:
    run = call(RUNS, TEXT)
    yield "after-much-data", pickled(b"(" + b"K\x01" * 5000 + b"t0" + run)
    yield "by-memo", pickled(RUNS + b"q\x000h\x00(" + short(TEXT) + b"tR", 4)
    yield "by-memoize", pickled(RUNS + b"\x940h\x00(" + short(TEXT) + b"tR", 4)
    yield "in-a-list", pickled(b"]" + run + b"a")
    yield "in-a-dict-key", pickled(b"}" + run + b"Ns")
    yield (
        "in-a-state",
        pickled(by_global("collections", "OrderedDict") + b")R" + run + b"b"),
    )
    yield "in-a-set", pickled(b"\x8f(" + run + b"\x90", 4)
    yield "second-pickle", pickled(b"N") + pickled(run)
    yield "after-spaces", b"   " + pickled(run)
    yield "protocol-0-text", b"cposix\nsystem\n(V" + TEXT.encode() + b"\ntR."
    yield (
        "newobj",
        pickled(by_global("subprocess", "Popen") + b"(" + short(TEXT) + b"t\x81", 4),
    )
    yield (
        "newobj-ex",
        pickled(by_stack("subprocess", "Popen") + b"(" + short(TEXT) + b"t}\x92", 4),
    )
    yield (
        "build-setstate",
        pickled(
            by_stack("builtins", "object")
            + b")\x81}"
            + short("__setstate__")
            + by_stack("posix", "system")
            + b"sb"
            + short(TEXT)
            + b"b",
            4,
        ),
    )
    yield (
        "reduce-of-reduce",
        pickled(call(call(by_global("builtins", "getattr"), "os", "system"), TEXT)),
    )
    yield (
        "name-with-unicode",
        pickled(b"c\xef\xbd\x8fs\nsystem\n(" + short(TEXT) + b"tR", 4),
    )
    yield "name-with-nul", pickled(b"cos\x00\nsystem\n(" + short(TEXT) + b"tR", 4)
    yield "name-with-space", pickled(b"c os\nsystem\n(" + short(TEXT) + b"tR", 4)
    yield (
        "fake-torch-name",
        pickled(call(by_global("torch._utils ", "_rebuild_tensor_v2"), TEXT)),
    )
    yield "long-module-name", pickled(b"c" + b"a." * 5000 + b"os\nsystem\n)R")
    yield "stop-in-the-middle", pickled(b"N") + run + b"."
    yield "dup-and-call", pickled(RUNS + b"2(" + short(TEXT) + b"tR", 4)
    yield "persistent-storage", pickled(b"(" + short("storage") + run + b"tQ", 4)
    yield "memo-in-reverse", pickled(short(TEXT) + b"\x940" + RUNS + b"h\x00\x85R", 4)
    yield "bytes-in-front", b"\x00" * 16 + pickled(run)
