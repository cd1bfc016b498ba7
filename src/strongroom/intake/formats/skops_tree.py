"""Reads the schema of a skops file: a tree of nodes, each built by a loader.

    {"__loader__": "ObjectNode", "__module__": "sklearn...", "__class__": "KMeans",
     "__id__": 1, "content": NODE}

A loader may import, call or look up what its node names.  So each loader that is known
here has exactly the fields that skops writes, and the names it may have; those that
call (``MethodNode``, ``OperatorFuncNode``, ``PartialNode``) are not known
(CVE-2025-54412, CVE-2025-54413).

Source: ``skops/io`` of skops 0.16.0, protocol 2.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from strongroom.errors import InputError
from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.formats import documents
from strongroom.intake.formats.documents import Value
from strongroom.intake.formats.skops_types import (
    ESTIMATORS,
    FUNCTIONS,
    GENERATORS,
    LOSSES,
    PLAIN,
    SCALARS,
    TOLD,
)
from strongroom.intake.listed_types import verify_types

PROTOCOL = 2
_MOST_ID = 1 << 64
_OBJECT = "ObjectNode"  # makes an object without calling its class, and sets its state
_COMMON = frozenset({"__class__", "__module__", "__loader__", "__id__"})
_NOT_JSON = frozenset({"NaN", "Infinity", "-Infinity"})
"""Numbers that skops stores as Python's own json writes them."""

Node = dict[str, Value]
File = Callable[[str, str], str]
"""Takes in a member for a loader, and says what it is called from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loader:
    """What a node of one loader may be.

    Attributes:
        types: Module and class that it may name.
        fields: That it has beside the common ones.
        below: Gives the nodes in it.
    """

    types: frozenset[str]
    fields: frozenset[str]
    below: Callable[[Node, File], Iterable[Value]]


@dataclass(slots=True)
class Found:
    """What stands in a tree.

    Attributes:
        types: Module and class of every node.
        listed: Those of them that only the house lets in.
    """

    types: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)


def read_tree(root: Node, take: File, types: frozenset[str] = frozenset()) -> Found:
    """Check every node of a tree, and name its files anew.

    Args:
        root: The schema, without what it says of itself; changed in place.
        take: Called for each file that a node names.
        types: That the house lets in: of plain objects, and of nothing that is called.

    Raises:
        RefusedError: A node is malformed, of a loader that is not known, or of a class
            that skops would have to be told to trust and the house does not list.
    """
    found = Found()
    waiting: list[Value] = [root]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict):
            raise _malformed("a node")
        loader = _loader(node, types)
        name = f"{node['__module__']}.{node['__class__']}"
        found.types.add(name)
        if name not in loader.types:
            found.listed.add(name)
        waiting.extend(reversed(list(loader.below(node, take))))
    return found


def _loader(node: Node, types: frozenset[str]) -> _Loader:
    """Return the loader of a node that may be of it, or of these types."""
    kind, name = node.get("__loader__"), node.get("__class__")
    module, number = node.get("__module__"), node.get("__id__", 1)
    if not (
        isinstance(kind, str) and isinstance(name, str) and isinstance(module, str)
    ):
        raise _malformed("a node")
    known = _LOADERS.get(kind)
    type_ = f"{module}.{name}"
    is_listed = kind == _OBJECT and type_ in types
    if known is None or (type_ not in known.types and not is_listed):
        raise RefusedError(
            "skops/type",
            f"{quoted(kind)} of {quoted(type_)} is not known to be harmless",
            hint=_remedy(kind, type_),
        )
    wrong = type(number) is not int or not 0 <= number < _MOST_ID
    if wrong or not node.keys() <= _COMMON | known.fields:
        raise _malformed(kind)
    return known


def _remedy(kind: str, type_: str) -> str:
    """Return what to do about a type that no house listed."""
    convert = "where the file is trusted: convert the model to ONNX with skl2onnx"
    try:
        verify_types([type_])
    except InputError:
        return convert
    listed = ", or list the type: [intake] skops_types in room.toml, and --again"
    return convert + (listed if kind == _OBJECT else "")


def _malformed(what: str) -> RefusedError:
    return RefusedError(
        "skops/form", f"{quoted(what)} has another form than skops writes"
    )


def _fields(node: Node, *names: str) -> dict[str, Value]:
    """Return the content of a node, an object with exactly these fields."""
    content = node.get("content")
    if not isinstance(content, dict) or content.keys() != set(names):
        raise _malformed(str(node["__loader__"]))
    return content


def _items(node: Node, _: File) -> Iterable[Value]:
    content = node.get("content")
    if not isinstance(content, list):
        raise _malformed(str(node["__loader__"]))
    return content


def _table(node: Node, _: File) -> Iterable[Value]:
    content = node.get("content")
    if not isinstance(content, dict):
        raise _malformed("DictNode")
    return [node.get("key_types"), *content.values()]


def _nothing(_: Node, __: File) -> Iterable[Value]:
    return ()


def _state(node: Node, _: File) -> Iterable[Value]:
    content = node.get("content")
    return () if content is None else (content,)


def _pair(*names: str) -> Callable[[Node, File], Iterable[Value]]:
    return lambda node, _: list(_fields(node, *names).values())


def _slice(node: Node, _: File) -> Iterable[Value]:
    for value in _fields(node, "start", "stop", "step").values():
        if value is not None and type(value) is not int:
            raise _malformed("SliceNode")
    return ()


def _json(node: Node, _: File) -> Iterable[Value]:
    text = node.get("content")
    if not isinstance(text, str) or node.get("is_json") is not True:
        raise _malformed("JsonNode")
    if text not in _NOT_JSON:
        node["content"] = json.dumps(documents.parse(text.encode("utf-8", "replace")))
    return ()


def _bytes(node: Node, take: File) -> Iterable[Value]:
    node["file"] = take(_text(node, "file"), "bin")
    return ()


def _array(node: Node, take: File) -> Iterable[Value]:
    match node:
        case {"type": "numpy", "file": str(file)} if "content" not in node:
            node["file"] = take(file, "npy")
            return ()
        case {"type": "json", "content": [*items], "shape": dict(shape)} if (
            "file" not in node
        ):
            return [*items, shape]
    raise _malformed("NdArrayNode")


def _generator(node: Node, _: File) -> Iterable[Value]:
    content = _fields(node, "bit_generator", "seed_seq")
    match content["bit_generator"]:
        case {"content": {"bit_generator": {"content": str(name)}}} if name in {
            json.dumps(known) for known in GENERATORS
        }:
            return list(content.values())
    raise _malformed("RandomGeneratorNode")


def _loss(node: Node, _: File) -> Iterable[Value]:
    match node.get("__reduce__"):
        case {"args": dict(arguments), **rest} if not rest:
            return [node.get("content"), arguments]
    raise _malformed("LossNode")


def _text(node: Mapping[str, Value], name: str) -> str:
    value = node.get(name)
    if not isinstance(value, str):
        raise _malformed(str(node["__loader__"]))
    return value


def _of(
    types: str | frozenset[str],
    fields: str,
    below: Callable[[Node, File], Iterable[Value]],
) -> _Loader:
    named = frozenset(types.split()) if isinstance(types, str) else types
    return _Loader(types=named, fields=frozenset(fields.split()), below=below)


_LOADERS: Mapping[str, _Loader] = {
    "DictNode": _of(
        "builtins.dict collections.OrderedDict", "content key_types", _table
    ),
    "DefaultDictNode": _of(
        "collections.defaultdict", "content", _pair("main", "default_factory")
    ),
    "ListNode": _of("builtins.list", "content", _items),
    "SetNode": _of("builtins.set", "content", _items),
    "TupleNode": _of("builtins.tuple", "content", _items),
    "BytesNode": _of("builtins.bytes", "file", _bytes),
    "BytearrayNode": _of("builtins.bytearray", "file", _bytes),
    "SliceNode": _of("builtins.slice", "content", _slice),
    "JsonNode": _of("builtins.str", "content is_json", _json),
    "TypeNode": _of(PLAIN | SCALARS, "", _nothing),
    "FunctionNode": _of(FUNCTIONS, "", _nothing),
    _OBJECT: _of(ESTIMATORS, "content", _state),
    "NdArrayNode": _of(SCALARS | {"numpy.ndarray"}, "type file content shape", _array),
    "DTypeNode": _of(TOLD, "content", _state),
    "MaskedArrayNode": _of("numpy.ma.MaskedArray", "content", _pair("data", "mask")),
    "RandomStateNode": _of("numpy.random.mtrand.RandomState", "content", _state),
    "RandomGeneratorNode": _of(
        "numpy.random._generator.Generator", "content", _generator
    ),
    "LossNode": _of(LOSSES, "content __reduce__", _loss),
}
