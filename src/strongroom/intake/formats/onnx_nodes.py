"""Checks what the nodes of an ONNX model name: operators, and functions of the model.

An operator is a function of whoever runs the model, so each must be of ONNX itself, of
ONNX Runtime's own list, or defined in the model; and its domain must be imported,
because a runtime without a version guesses one.  Whoever loads the model puts the nodes
of a function where it is called: a circle never ends, and ten calls in each of ten
functions are ten thousand million nodes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from strongroom.canonical import Json
from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.formats.onnx_operators import OPERATORS
from strongroom.intake.formats.protobuf import Document, Message

MOST_NODES = 2_000_000
"""With every function put where it is called; a file has room for as many fields."""

_STANDARD = "ai.onnx"
_Key: TypeAlias = tuple[str, str, str]
"""Domain, name and overload of a function."""


@dataclass(slots=True)
class _Part:
    """The graph, or a function: its nodes, and how often each function is called."""

    message: Message
    nodes: int = 0
    calls: Counter[_Key] = field(default_factory=Counter)


def verify_operators(document: Document) -> Json:
    """Return every operator that a node names, as ``domain:name``.

    Args:
        document: A whole model, with a graph.

    Raises:
        RefusedError: One is of a domain, or of a kind, that is not known, a domain is
            not imported, or functions call each other in a circle or too often.
    """
    model = document.root
    functions = _functions(model)
    domains = set(OPERATORS) | {domain for domain, _, _ in functions}
    imported = _imports(model, domains)
    if not imported:
        raise RefusedError("onnx/opset", "model does not say of which version it is")
    found: set[str] = set()
    parts = {key: _Part(message) for key, message in functions.items()}
    graph = _Part(model.messages("graph")[0])
    for part in (graph, *parts.values()):
        known = imported | _imports(part.message, domains)
        for node in _nodes(part.message):
            found.add(_verified(node, functions, known))
            part.nodes += 1
            if _key(node, "op_type") in functions:
                part.calls[_key(node, "op_type")] += 1
    _verify_calls(graph, parts)
    return sorted(found)


def _functions(model: Message) -> dict[_Key, Message]:
    """Return the functions of a model by domain, name and overload."""
    found: dict[_Key, Message] = {}
    for function in model.messages("functions"):
        key = _key(function, "name")
        shown = quoted(f"{key[0] or _STANDARD}:{key[1]}")
        if key in found:
            raise RefusedError("onnx/twice", f"model defines {shown} twice")
        if key[1] in OPERATORS.get(key[0], ()):
            raise RefusedError(
                "onnx/function", f"model defines {shown}, which is an operator already"
            )
        found[key] = function
    return found


def _imports(message: Message, domains: set[str]) -> set[str]:
    """Return the domains that a model or a function imports; a graph imports none."""
    versions: dict[str, int] = {}
    for one in message.messages("opset_import"):
        domain, version = _plain(one.text("domain")), one.number("version")
        if domain not in domains:
            raise RefusedError("onnx/operator", f"operators of {quoted(domain)}")
        if versions.setdefault(domain, version) != version:
            raise RefusedError(
                "onnx/opset", f"two versions of {quoted(domain or _STANDARD)}"
            )
    return set(versions)


def _verified(node: Message, functions: Mapping[_Key, Message], known: set[str]) -> str:
    """Return what a node names, as ``domain:name``."""
    key = domain, name, overload = _key(node, "op_type")
    place = node.text("name")[:200]
    shown = f"operator {quoted(name)} of {quoted(domain or _STANDARD)}"
    is_operator = not overload and name in OPERATORS.get(domain, ())
    if not is_operator and key not in functions:
        raise RefusedError("onnx/operator", f"{shown} is not known", place=place)
    if domain not in known:
        raise RefusedError(
            "onnx/opset", f"{shown}: the model does not import it", place=place
        )
    return f"{domain or _STANDARD}:{name}"


def _verify_calls(graph: _Part, parts: Mapping[_Key, _Part]) -> None:
    """Check that all nodes are few when functions stand where they are called."""
    sizes: dict[_Key, int] = {}
    for start in parts:
        waiting, open_ = [start], set[_Key]()
        while waiting:
            key = waiting[-1]
            missing = [k for k in parts[key].calls if k not in sizes]
            if key in sizes or not missing:
                sizes.setdefault(key, _size(parts[key], sizes))
                open_.discard(waiting.pop())
                continue
            open_.add(key)
            circle = open_.intersection(missing)
            if circle:
                name = quoted(":".join(min(circle)[:2]))
                raise RefusedError("onnx/function", f"function {name} calls itself")
            waiting.extend(missing)
    _size(graph, sizes)


def _size(part: _Part, sizes: Mapping[_Key, int]) -> int:
    """Return the nodes of a part with those of all that it calls."""
    total = part.nodes + sum(sizes[key] * n for key, n in part.calls.items())
    if total > MOST_NODES:
        raise RefusedError(
            "onnx/function", f"functions in functions make over {MOST_NODES} nodes"
        )
    return total


def _nodes(message: Message) -> Iterator[Message]:
    """Yield every node below a message, those of branches too."""
    left = [message]
    while left:
        found = left.pop()
        if found.schema == "NodeProto":
            yield found
        left.extend(f.value for f in found.fields if isinstance(f.value, Message))


def _key(message: Message, name: str) -> _Key:
    return _plain(message.text("domain")), message.text(name), message.text("overload")


def _plain(domain: str) -> str:
    return "" if domain == _STANDARD else domain
