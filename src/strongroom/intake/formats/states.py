"""Reads the trees that intake writes beside the weights of a checkpoint.

They come in when a checkpoint that somebody else re-wrote is added, and each time that
what a worker wrote is read again.

Source: ``docs/specification/rewritten-state.md``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from strongroom.canonical import Json, from_json, to_json
from strongroom.errors import InputError, IntegrityError
from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.formats.state_templates import MAPPINGS, review_state
from strongroom.intake.names import is_plain_name, verify_path
from strongroom.intake.rewriting import Options, Rewritten, Workplace
from strongroom.intake.sources import Source

KIND = "rewritten-state"
FORMAT = "strongroom/rewritten-state/v1"
MOST_BYTES = 1 << 30

_RULE = "state/form"
_REAL = re.compile(r"nan|-?inf|-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?")
_TEXTS: Mapping[str, re.Pattern[str]] = {
    "int": re.compile(r"-?[0-9]+"),
    "float": _REAL,
    "bytes": re.compile(r"(?:[0-9a-f]{2})*"),
    "bytearray": re.compile(r"(?:[0-9a-f]{2})*"),
    "dtype": re.compile(r"[a-z0-9_]{1,40}"),
    "device": re.compile(r"[a-z]{1,20}(?::[0-9]{1,4})?"),
    "layout": re.compile(r"[a-z_]{1,40}"),
}
_SEQUENCES = frozenset({"tuple", "set", "frozenset", "deque", "size"})
_COMPRESSED = ("tensor", "tensor", "tensor", "size")
COMPOSED: Mapping[str, Sequence[Sequence[str]]] = {
    "sparse-coo": [("tensor", "tensor", "size", "truth")],
    "sparse-csr": [_COMPRESSED],
    "sparse-csc": [_COMPRESSED],
    "sparse-bsr": [_COMPRESSED],
    "sparse-bsc": [_COMPRESSED],
    "quantised": [
        ("tensor", "text", "float", "whole"),
        ("tensor", "text", "tensor", "tensor", "whole"),
    ],
    "nested": [("tensor",) * 4],
    "conjugated": [("tensor",), ("negated",)],
    "negated": [("tensor",), ("conjugated",)],
}
"""For each kind of tensor that is made of others, the kinds of its parts."""

_STUB_PARTS = frozenset({"stub", "arguments", "dict", "items", "state"})


def rewrite(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Write the same tree to a new file.

    Args:
        source: The JSON file.
        workplace: Where it is written, under its own name.
        options: Not used.

    Raises:
        RefusedError: It is no canonical JSON, a node is of no kind that is known, or
            a template in it could do more than put text together.
    """
    del options
    if source.length > MOST_BYTES:
        raise RefusedError("json/size", f"document has {source.length} bytes")
    try:
        document = from_json(
            source.read_exactly(0, source.length), at_most_bytes=MOST_BYTES
        )
    except IntegrityError as error:
        raise RefusedError(_RULE, str(error)) from None
    match document:
        case {"format": str(form), "root": root, **rest} if form == FORMAT and not rest:
            stubs = _verify(root)
        case _:
            raise RefusedError(_RULE, f"document is not of the format {FORMAT}")
    data = to_json(document)
    templates, findings = review_state(root, data)
    with workplace.create(source.path) as file:
        file.append(data)
    facts: dict[str, Json] = {"stubs": sorted(stubs)} if stubs else {}
    return Rewritten(
        kind=KIND,
        outputs=(source.path,),
        facts=facts | ({"templates": templates} if templates else {}),
        findings=findings,
    )


def _verify(root: Json) -> set[str]:
    """Check every node, without recursion; return the names of stubs.

    Raises:
        RefusedError: One is malformed.
    """
    stubs: set[str] = set()
    waiting: list[Json] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            waiting.extend(_below(node))
            if "stub" in node:
                stubs.add(str(node["stub"]))
        elif isinstance(node, Sequence) and not isinstance(node, str):
            waiting.extend(node)
    return stubs


def _below(node: Mapping[str, Json]) -> Iterable[Json]:
    """Return the nodes in one that is an object.

    Raises:
        RefusedError: It is malformed.
    """
    if "stub" in node:
        return _below_stub(node)
    if len(node) == 1:
        ((kind, value),) = node.items()
        read = _READ.get(kind)
        found = None if read is None else read(kind, value)
        if found is not None:
            return found
    raise RefusedError(_RULE, f"a node of {quoted(' '.join(node))} is malformed")


def _below_stub(node: Mapping[str, Json]) -> Iterable[Json]:
    parts = [node[key] for key in sorted(node.keys() & {"arguments", "state"})]
    pairs = _items("dict", node.get("dict", []))
    items = _items("items", node.get("items", []))
    name = node["stub"]
    if (
        not node.keys() <= _STUB_PARTS
        or pairs is None
        or items is None
        or not (isinstance(name, str) and is_plain_name(name))
    ):
        raise RefusedError(_RULE, "a stub is malformed")
    return [*parts, *pairs, *items]


def _text(kind: str, value: Json) -> Iterable[Json] | None:
    fits = isinstance(value, str) and _TEXTS[kind].fullmatch(value)
    return () if fits else None


def _items(kind: str, value: Json) -> Sequence[Json] | None:
    if not isinstance(value, list) or (kind in MAPPINGS and len(value) % 2):
        return None
    return value


def _parts(kind: str, value: Json) -> Sequence[Json] | None:
    """Return the parts of a tensor that is made of others."""
    if not isinstance(value, list):
        return None
    kinds = tuple(map(_kind_of, value))
    return value if kinds in COMPOSED[kind] else None


def _kind_of(node: Json) -> str:
    match node:
        case None | bool():
            return "truth"
        case str():
            return "text"
        case int():
            return "whole"
        case {"int": _}:
            return "whole"
        case dict() if len(node) == 1:
            return str(next(iter(node)))
    return ""


def _complex(_: str, value: Json) -> Iterable[Json] | None:
    match value:
        case [str(real), str(imaginary)] if _REAL.fullmatch(real) and _REAL.fullmatch(
            imaginary
        ):
            return ()
    return None


def _tensor(_: str, value: Json) -> Iterable[Json] | None:
    match value:
        case {"file": str(file), "name": str(name), **rest} if is_plain_name(name):
            pass
        case _:
            return None
    try:
        verify_path(file)
    except InputError:
        return None
    dtype = rest.pop("dtype", "int8")
    if rest or "/" in file or not isinstance(dtype, str):
        return None
    return _text("dtype", dtype)


_READ: Mapping[str, Callable[[str, Json], Iterable[Json] | None]] = {
    **dict.fromkeys(_TEXTS, _text),
    **dict.fromkeys(_SEQUENCES | MAPPINGS, _items),
    **dict.fromkeys(COMPOSED, _parts),
    "complex": _complex,
    "tensor": _tensor,
    "array": _tensor,
}
"""For each kind of node, what gives the nodes in it; None for what is malformed."""
