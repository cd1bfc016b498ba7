"""Models made of names and shapes, without a disk."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from strongroom.intake.formats import safetensors, safetensors_writer
from strongroom.vault.sources import Fingerprint, SourceFile

Tensor = tuple[str, str, Sequence[int]]


def plain_file(path: str, size: int) -> SourceFile:
    return SourceFile(path=path, size=size, fingerprint=_fingerprint(size), header=None)


def tensor_file(path: str, tensors: Sequence[Tensor]) -> SourceFile:
    """A safetensors file whose tensors lie in the order of the format."""
    entries = safetensors_writer.place(tensors)
    return entries_file(path, safetensors_writer.header_bytes(entries), entries)


def entries_file(
    path: str, raw: bytes, entries: Sequence[safetensors.TensorEntry]
) -> SourceFile:
    size = len(raw) + (entries[-1].end if entries else 0)
    header = safetensors.SafetensorsHeader(raw=raw, tensors=tuple(entries), metadata={})
    return SourceFile(
        path=path, size=size, fingerprint=_fingerprint(size), header=header
    )


def _fingerprint(size: int) -> Fingerprint:
    return Fingerprint(device=1, inode=1, size=size, modified_ns=1, changed_ns=1)


_NAMES = st.sampled_from(
    [
        "embed_tokens.weight",
        "wte",
        "lm_head.weight",
        "pooler.dense.weight",
        "rotary",
        *(f"model.layers.{depth}.{part}" for depth in range(5) for part in "abc"),
        *(f"encoder.layer.{depth}.w" for depth in range(3)),
        *(f"x{stack}.{depth}.w" for stack in range(10) for depth in range(2)),
    ]
) | st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1)
_SHAPES = st.lists(st.integers(0, 40), max_size=3)
_TENSORS = st.lists(
    st.tuples(_NAMES, st.sampled_from(["F32", "BF16", "U8", "I64"]), _SHAPES),
    max_size=12,
    unique_by=lambda tensor: tensor[0],
).filter(lambda tensors: all(name != "__metadata__" for name, _, _ in tensors))


@st.composite
def models(draw: st.DrawFn) -> tuple[SourceFile, ...]:
    """Folders with any number of safetensors and other files, not all empty."""
    shards = draw(st.lists(_TENSORS, max_size=4))
    sizes = draw(st.lists(st.integers(0, 5000) | st.integers(0, 5_000_000), max_size=5))
    files = [tensor_file(f"m{i}.safetensors", t) for i, t in enumerate(shards)]
    files += [plain_file(f"f{i}.json", size) for i, size in enumerate(sizes)]
    if not any(file.size for file in files):
        files.append(plain_file("one", 1))
    return tuple(files)
