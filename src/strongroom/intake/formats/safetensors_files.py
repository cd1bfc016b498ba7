"""Rewrites safetensors files: the same tensors under a header of ours.

The format runs nothing, but two parsers can read one file differently, and its free
text reaches whoever prints it.  So the header is read by the strict reader, most of
the free text is left out, and the file is laid out anew.
"""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.intake.findings import RefusedError, listed, refusing
from strongroom.intake.formats.safetensors import (
    PREFIX_BYTES,
    SafetensorsHeader,
    read_header,
)
from strongroom.intake.names import with_ending
from strongroom.intake.rewriting import Options, Rewritten, Workplace
from strongroom.intake.sources import Source
from strongroom.intake.weights import Weight, digest_facts, write_weights

KIND = "safetensors"
MOST_HEADER_BYTES = 25_000_000
"""Of a header that enters.  The package reads four times as much."""

MOST_TENSORS = 100_000
"""That enter.  The largest open models have about 60,000 in a file."""

_FRAMEWORKS = frozenset({"pt", "tf", "flax", "np", "numpy", "mlx", "jax", "paddle"})


def rewrite(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Write the same tensors to a new file, and say what was left out.

    Args:
        source: A safetensors file.
        workplace: Where the new file goes, under the old name.
        options: Not used.

    Raises:
        RefusedError: The header is malformed or means different things to different
            readers, tensors overlap or leave a gap, or there are too many.
    """
    del options
    header = _header(source)
    kept = _metadata(header)
    weights = [
        Weight(
            name=entry.name,
            dtype=entry.dtype,
            shape=entry.shape,
            source=source,
            offset=len(header.raw) + entry.begin,
        )
        for entry in header.tensors
    ]
    name = with_ending(source.path, ".safetensors")
    with refusing("safetensors/header"):
        digests = write_weights(workplace, name, weights, kept)
    lost = sorted(header.metadata.keys() - kept.keys())
    return Rewritten(
        kind=KIND,
        outputs=(name,),
        facts={"tensors": digest_facts(digests)},
        changes=(f"free text of the header left out: {listed(lost)}",) if lost else (),
    )


def _header(source: Source) -> SafetensorsHeader:
    claimed = int.from_bytes(source.read(0, PREFIX_BYTES), "little")
    if source.length >= PREFIX_BYTES and claimed > MOST_HEADER_BYTES:
        raise RefusedError(
            "safetensors/size",
            f"header claims {claimed} bytes, over the cap of {MOST_HEADER_BYTES}",
        )
    with refusing("safetensors/header"):
        header = read_header(source.read, source.length)
    if len(header.tensors) > MOST_TENSORS:
        raise RefusedError(
            "safetensors/size",
            f"file has {len(header.tensors)} tensors; {MOST_TENSORS} are the most",
        )
    return header


def _metadata(header: SafetensorsHeader) -> Mapping[str, str]:
    """Return the free text that a library reads: framework, and names left out.

    ``safetensors.torch.save_model`` writes a tied tensor once and notes its other
    names: ``{"lm_head.weight": "embed.weight"}``.
    """
    names = {entry.name for entry in header.tensors}
    kept: dict[str, str] = {}
    for key, value in header.metadata.items():
        framework = key == "format" and value in _FRAMEWORKS
        if framework or (key not in names and value in names):
            kept[key] = value
    return kept
