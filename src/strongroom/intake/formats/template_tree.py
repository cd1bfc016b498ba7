"""Parses a chat template, and lets only what templates need stand in it.

A template is a program that whoever loads the model runs, sometimes outside of any
sandbox (CVE-2024-34359).  Its tree is walked, never run, and everything that is not
listed here is refused: other statements, names with a leading underscore, calls of
anything but a few functions and methods of text and containers, and looking up
attributes by a name that the template puts together itself.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence

from jinja2 import nodes
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.formats.template_flow import made_names, makes_text, walk
from strongroom.intake.formats.template_words import (
    CALLS,
    FILTERS,
    FORBIDDEN,
    METHODS,
    STATEMENTS,
    TESTS,
)

_OF_FRAMES = (
    *("gi_", "cr_", "ag_", "tb_", "co_", "func_"),
    *("f_back", "f_builtins", "f_code", "f_globals", "f_locals"),
)
"""What leads from a generator or a function to Python itself."""

_BY_NAME = {"map": FILTERS - {"map"}, "select": TESTS, "reject": TESTS}
_BY_ATTRIBUTE = frozenset({"selectattr", "rejectattr", "sort", "unique", "sum", "join"})


class Generation(Extension):
    """The tag ``generation`` of transformers: marks what an assistant said."""

    tags = {"generation"}  # noqa: RUF012  # as jinja2 declares it

    def parse(self, parser: Parser) -> nodes.Node:
        """Return the body alone; the mark does nothing to the text."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body, lineno=line)


def environment() -> ImmutableSandboxedEnvironment:
    """Return the environment that templates are parsed in, with nothing folded."""
    return ImmutableSandboxedEnvironment(  # nosec: text for a model, no page
        trim_blocks=True,
        lstrip_blocks=True,
        optimized=False,
        extensions=[Generation, "jinja2.ext.loopcontrols"],
        cache_size=0,
    )


def parse(text: str) -> nodes.Template:
    """Return the tree of a template in which only what is listed stands.

    Raises:
        RefusedError: It is no template, too large, or could do more than put
            text together.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown escape in a string
            tree = environment().parse(text)
    except RecursionError:
        raise RefusedError("template/size", "template is nested too deep") from None
    except (TemplateError, ValueError, OverflowError, AssertionError) as error:
        raise RefusedError(
            "template/syntax", f"template is malformed: {quoted(str(error))}"
        ) from None
    verify(tree)
    return tree


def digest(tree: nodes.Template) -> str:
    """Return the SHA-256 of the tree: the same for layouts that mean the same."""
    hasher = hashlib.sha256()
    for node in walk(tree):
        hasher.update(label(node))
    return hasher.hexdigest()


def label(node: nodes.Node) -> bytes:
    """Return what one node is, without what is below it: a line of ASCII."""
    fields = [
        (name, value if isinstance(value, str | int | float | None) else _count(value))
        for name, value in node.iter_fields()
    ]
    return ascii((type(node).__name__, fields)).encode() + b"\n"


def _count(value: object) -> str:
    return f"[{len(value)}]" if isinstance(value, Sequence) else "[node]"


def verify(tree: nodes.Template) -> None:
    """Check every node of a tree.

    Raises:
        RefusedError: As for ``parse``.
    """
    every = list(walk(tree))
    macros = {node.name for node in every if isinstance(node, nodes.Macro)}
    callable_names = CALLS | macros
    made = made_names(every)
    looks_up = False
    for node in every:
        looks_up |= isinstance(node, nodes.Getitem) and _verify_key(node.arg, made)
        _verify_node(node, callable_names)
    if looks_up:
        for node in every:
            if isinstance(node, nodes.Const) and "__" in str(node.value):
                raise _refused("template/lookup", str(node.value))


def _verify_node(node: nodes.Node, callable_names: frozenset[str]) -> None:
    if type(node).__name__ not in STATEMENTS:
        raise _refused("template/statement", type(node).__name__)
    if isinstance(node, nodes.Name | nodes.NSRef):
        _verify_name(node, callable_names)
    elif isinstance(node, nodes.Macro):
        _verify_plain(node.name)
    elif isinstance(node, nodes.Getattr):
        _verify_plain(node.attr)
    elif isinstance(node, nodes.Call):
        _verify_call(node, callable_names)
    elif isinstance(node, nodes.Filter):
        _verify_filter(node)
    elif isinstance(node, nodes.Test) and node.name not in TESTS:
        raise _refused("template/test", node.name)


def _verify_name(
    node: nodes.Name | nodes.NSRef, callable_names: frozenset[str]
) -> None:
    """Check that a name is plain, and that none that is called gets a new value."""
    if node.name != "_":  # what people call a name that they do not need
        _verify_plain(node.name)
    if isinstance(node, nodes.NSRef):
        _verify_plain(node.attr)
    elif node.name in FORBIDDEN or (node.ctx != "load" and node.name in callable_names):
        raise _refused("template/name", node.name)


def _verify_plain(name: str) -> None:
    if name.startswith(("_", *_OF_FRAMES)) or name in {"mro", "format", "format_map"}:
        raise _refused("template/attribute", name)


def _verify_call(node: nodes.Call, callable_names: frozenset[str]) -> None:
    callee = node.node
    if isinstance(callee, nodes.Name):
        fits, shown = callee.name in callable_names, callee.name
    elif isinstance(callee, nodes.Getattr):
        fits, shown = callee.attr in METHODS, callee.attr
    else:
        fits, shown = False, type(callee).__name__
    if not fits or node.dyn_args is not None or node.dyn_kwargs is not None:
        raise _refused("template/call", shown)


def _verify_filter(node: nodes.Filter) -> None:
    if node.name not in FILTERS:
        raise _refused("template/filter", node.name)
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise _refused("template/filter", node.name)
    if node.name in _BY_NAME and node.args:
        first = node.args[0]
        chosen = first.value if isinstance(first, nodes.Const) else None
        if chosen not in _BY_NAME[node.name]:
            raise _refused("template/filter", f"{node.name}({chosen!r})")
    if node.name in _BY_NAME or node.name in _BY_ATTRIBUTE:
        _verify_attributes(node)


def _verify_attributes(node: nodes.Filter) -> None:
    """Check the names that a filter looks up by itself: constants without ``_``."""
    named = [k.value for k in node.kwargs if k.key in {"attribute", "default"}]
    if node.name.endswith("attr"):
        named += node.args[:1]
        test = node.args[1] if len(node.args) > 1 else nodes.Const("defined")
        if not isinstance(test, nodes.Const) or test.value not in TESTS:
            raise _refused("template/filter", node.name)
    elif node.name in _BY_ATTRIBUTE:
        named += node.args[1:] if node.name != "sum" else node.args[:1]
    for value in named:
        text = value.value if isinstance(value, nodes.Const) else None
        if isinstance(value, nodes.Const) and not isinstance(text, str):
            continue  # reverse=true and the like
        if text is None or any(p.startswith("_") for p in str(text).split(".")):
            raise _refused("template/filter", f"{node.name}({text!r})")


def _verify_key(key: nodes.Node, made: set[str]) -> bool:
    """Check what stands between brackets; return whether it is not a constant."""
    if isinstance(key, nodes.Slice):
        return False  # jinja2 hands a slice to the object, not to getattr
    if isinstance(key, nodes.Const):
        if isinstance(key.value, str):
            _verify_plain(key.value)
        return False
    if makes_text(key, made):
        raise _refused("template/lookup", "a name that the template puts together")
    return True


def _refused(rule: str, name: str) -> RefusedError:
    what = rule.partition("/")[2]
    return RefusedError(
        rule,
        f"chat template uses the {what} {quoted(name)}, which no template needs",
        hint="have the template reviewed, and add the model with a known one",
    )
