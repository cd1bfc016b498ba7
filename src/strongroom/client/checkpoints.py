"""Puts a checkpoint that intake re-wrote together again.

Source: ``docs/specification/rewritten-state.md``.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from strongroom.canonical import Json, from_json
from strongroom.errors import InputError

FORMAT = "strongroom/rewritten-state/v1"
MOST_BYTES = 1 << 30

FetchTensor: TypeAlias = Callable[[str, str, str], object]
"""Gives the tensor of a file: ``(file, name, dtype) -> tensor``.  The type is empty, or
that of a complex tensor that is stored with a last dimension of two real numbers."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)  # it may be a key
class Remnant:
    """What is left of something that Python's own types have no place for.

    Attributes:
        kind: ``array``, ``dtype``, ``device``, ``layout`` or ``stub``; of a tensor that
            is made of others, such as ``sparse-coo``, what the specification calls it.
        value: A tensor for an array, a tuple for what is made of others, a name for
            the rest.
        parts: Of a stub: what hung on it, restored.
    """

    kind: str
    value: object
    parts: Mapping[str, object]


def restore_state(document: bytes, fetch: FetchTensor) -> object:
    """Return what was saved, with tensors in their places.

    Args:
        document: The JSON file, whole.
        fetch: Gives the tensors.

    Raises:
        InputError: The document is not of this format.
        IntegrityError: It is not canonical JSON.
    """
    state = from_json(document, at_most_bytes=MOST_BYTES)
    match state:
        case {"format": str(form), "root": root} if form == FORMAT:
            return _restored(root, fetch)
    raise InputError(f"document is not of the format {FORMAT}")


def _restored(node: Json, fetch: FetchTensor) -> object:
    if isinstance(node, list):
        return [_restored(item, fetch) for item in node]
    if not isinstance(node, dict):
        return node
    if "stub" in node:
        parts = {k: _restored(v, fetch) for k, v in node.items() if k != "stub"}
        return Remnant(kind="stub", value=node["stub"], parts=parts)
    try:
        ((kind, value),) = node.items()
        return _made(kind, value, fetch)
    except (ValueError, TypeError, KeyError):
        raise InputError("a node of the document is malformed") from None


def _made(kind: str, value: Json, fetch: FetchTensor) -> object:
    """Return the value of a node that has one key."""
    if kind in _NUMBERS or kind in _BYTES:
        return _scalar(kind, value)
    if kind in {"tensor", "array"} and isinstance(value, dict):
        dtype = value.get("dtype", "")
        found = fetch(str(value["file"]), str(value["name"]), str(dtype))
        return found if kind == "tensor" else Remnant(kind=kind, value=found, parts={})
    if kind in {"dtype", "device", "layout"}:
        return Remnant(kind=kind, value=value, parts={})
    if not isinstance(value, list):
        raise InputError(f"a node of the kind {kind[:40]!a} is malformed")
    items = [_restored(item, fetch) for item in value]
    if kind in _COMPOSED:
        return Remnant(kind=kind, value=tuple(items), parts={})
    if kind in _SEQUENCES:
        return _SEQUENCES[kind](items)
    if kind in _MAPPINGS:
        return _MAPPINGS[kind](_pairs(items))
    raise InputError(f"a node is of the unknown kind {kind[:40]!a}")


def _scalar(kind: str, value: Json) -> object:
    match value:
        case str() if kind in _BYTES:
            return _BYTES[kind](bytes.fromhex(value))
        case str() if kind != "complex":
            return _NUMBERS[kind](value)
        case [str(real), str(imaginary)] if kind == "complex":
            return complex(float(real), float(imaginary))
    raise InputError(f"a node of the kind {kind} is malformed")


def _pairs(items: list[object]) -> Iterator[tuple[object, object]]:
    return zip(items[::2], items[1::2], strict=True)


def _counter(pairs: Iterator[tuple[object, object]]) -> object:
    return Counter(dict(pairs))


_NUMBERS: Mapping[str, Callable[[str], object]] = {
    "int": int,
    "float": float,
    "complex": complex,
}
_BYTES: Mapping[str, Callable[[bytes], object]] = {
    "bytes": bytes,
    "bytearray": bytearray,
}
_COMPOSED = frozenset(
    {
        *("sparse-coo", "sparse-csr", "sparse-csc", "sparse-bsr", "sparse-bsc"),
        *("quantised", "nested", "conjugated", "negated"),
    }
)
_SEQUENCES: Mapping[str, Callable[[list[object]], object]] = {
    "deque": deque,
    "tuple": tuple,
    "size": tuple,
    "set": set,
    "frozenset": frozenset,
}
_MAPPINGS: Mapping[str, Callable[[Iterator[tuple[object, object]]], object]] = {
    "dict": dict,
    "ordered-dict": OrderedDict,
    "counter": _counter,
}
