"""Takes a chat template apart into what it says and what it asks.

Each part has a short digest, so that a table of digests tells what stands in no known
template.
"""

from __future__ import annotations

import hashlib

from jinja2 import nodes

from strongroom.intake.formats.template_flow import walk
from strongroom.intake.formats.template_tree import label

_SHOWN = 100


def parts(tree: nodes.Template) -> dict[str, list[tuple[str, str]]]:
    """Return the parts of a checked template by kind, each with its short digest.

    Kinds are ``text`` (what it says), ``condition`` (what it asks), and ``content``
    (what it asks of what people say, with words of its own).
    """
    found: dict[str, list[tuple[str, str]]] = {
        "text": [], "condition": [], "content": []
    }  # fmt: skip
    heard = _heard(tree)
    for node in walk(tree):
        if isinstance(node, nodes.TemplateData | nodes.Const):
            text = node.data if isinstance(node, nodes.TemplateData) else node.value
            if isinstance(text, str) and text.strip():
                found["text"].append((short_digest(text.strip()), text.strip()))
        elif isinstance(node, nodes.If | nodes.CondExpr):
            asked = short_digest(b"".join(map(label, walk(node.test))).decode())
            found["condition"].append((asked, _shown(node.test)))
            if _asks_what_was_said(node.test, heard):
                found["content"].append((asked, _shown(node.test)))
    return found


def short_digest(text: str) -> str:
    """Return 12 hex digits that stand for a part."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:12]


def _heard(tree: nodes.Template) -> set[str]:
    """Return names that hold what people said, or something made of it."""
    heard = {"content"}
    assigned = [n for n in walk(tree) if isinstance(n, nodes.Assign | nodes.For)]
    while True:
        before = len(heard)
        for node in assigned:
            value = node.node if isinstance(node, nodes.Assign) else node.iter
            if _names_heard(value, heard):
                heard |= {
                    n.name for n in walk(node.target) if isinstance(n, nodes.Name)
                }
        if len(heard) == before:
            return heard


def _names_heard(value: nodes.Node, heard: set[str]) -> bool:
    for node in walk(value):
        if isinstance(node, nodes.Name) and node.name in heard:
            return True
        if isinstance(node, nodes.Getattr) and node.attr == "content":
            return True
        if isinstance(node, nodes.Const) and node.value == "content":
            return True
    return False


def _asks_what_was_said(test: nodes.Node, heard: set[str]) -> bool:
    words = any(
        isinstance(node, nodes.Const)
        and isinstance(node.value, str)
        and node.value not in {"content", "text", "type", "role"}
        for node in walk(test)
    )
    return words and _names_heard(test, heard)


def _shown(test: nodes.Node) -> str:
    """Return the words of a condition in their order, for a person."""
    return " ".join(word for node in walk(test) if (word := _word(node)))[:_SHOWN]


def _word(node: nodes.Node) -> str:
    kind = type(node).__name__
    match node:
        case nodes.Name(name=name):
            return name
        case nodes.Const(value=value):
            return repr(value)
        case nodes.Getattr(attr=attribute):
            return f".{attribute}"
        case nodes.Operand(op=compared):
            return compared
        case nodes.Test(name=name) | nodes.Filter(name=name):
            return f"{kind.lower()}:{name}"
    return kind.lower() if kind in {"Not", "And", "Or"} else ""
