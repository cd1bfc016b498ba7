"""Rewrites the index of a model in shards, after all shards were rewritten.

An index says which file holds which tensor, and loaders open those files by the names
that stand there: a name that leads elsewhere opens something else.
"""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.errors import InputError
from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.formats.documents import Value, read_document, write_document
from strongroom.intake.names import verify_path
from strongroom.intake.rewriting import Rewritten, Workplace
from strongroom.intake.sources import Source

KIND = "index"
MOST_BYTES = 32 << 20

_OURS = "model.safetensors.index.json"
_RENAMED = {"pytorch_model.bin.index.json": _OURS}
"""What transformers looks for beside shards of the other kind."""


def rewrite_index(
    source: Source, workplace: Workplace, done: Mapping[str, Rewritten]
) -> Rewritten:
    """Write the index with the names that the shards have now.

    Args:
        source: The index.
        workplace: Where the new one goes.
        done: What became of every other file, by the path that the supplier gave it.

    Raises:
        RefusedError: It is no index, names a file that is not beside it, or one that
            did not become weights.
    """
    document = read_document(source, at_most_bytes=MOST_BYTES)
    folder = source.path.rpartition("/")[0]
    renamed: dict[str, str] = {}
    weight_map: dict[str, Value] = {}
    for tensor, shard in _weight_map(document).items():
        if shard not in renamed:
            renamed[shard] = _renamed(shard, folder, done)
        weight_map[tensor] = renamed[shard]
    name = _placed(_RENAMED.get(source.path.rpartition("/")[2], ""), source.path)
    changes = [f"{old} is now {new}" for old, new in renamed.items() if old != new]
    if name in workplace.names:
        return Rewritten(
            kind=KIND, changes=(f"left out: {name} stands beside it already",)
        )
    write_document(
        workplace, name, {"metadata": _metadata(document), "weight_map": weight_map}
    )
    return Rewritten(kind=KIND, outputs=(name,), changes=tuple(changes[:20]))


def _weight_map(document: Value) -> dict[str, str]:
    """Return the tensors and their files.

    Raises:
        RefusedError: There is no such map, or a name is no plain one.
    """
    found = document.get("weight_map") if isinstance(document, dict) else None
    if not isinstance(found, dict) or not found:
        raise RefusedError("index/form", "index has no weight_map")
    shards: dict[str, str] = {}
    for tensor, shard in found.items():
        if not isinstance(shard, str) or "/" in shard or "\\" in shard:
            raise RefusedError(
                "index/name", f"tensor {quoted(tensor)} lies in {quoted(str(shard))}"
            )
        try:
            verify_path(shard)
        except InputError as error:
            raise RefusedError("index/name", str(error)) from None
        shards[tensor] = shard
    return shards


def _metadata(document: Value) -> dict[str, Value]:
    """Return the sizes that an index states, which are all that a loader reads."""
    found = document.get("metadata") if isinstance(document, dict) else None
    numbers = found.items() if isinstance(found, dict) else ()
    return {key: value for key, value in numbers if type(value) in {int, float}}


def _renamed(shard: str, folder: str, done: Mapping[str, Rewritten]) -> str:
    result = done.get(_placed(shard, f"{folder}/x" if folder else "x"))
    outputs = result.outputs if result else ()
    weights = [name for name in outputs if name.endswith(".safetensors")]
    if not weights:
        raise RefusedError(
            "index/absent",
            f"index names {quoted(shard)}, which is not there or holds no weights",
            hint="add the whole folder; or leave out the index too: --leave-out NAME",
        )
    return weights[0].rpartition("/")[2]


def _placed(name: str, beside: str) -> str:
    """Return the path of a name in the folder of another; that one for an empty one."""
    folder, slash, _ = beside.rpartition("/")
    return f"{folder}{slash}{name}" if name else beside
