"""Renders a chat template with a made-up chat, to see what it says.

Only after its tree was checked, in jinja2's sandbox, and with a limit on steps and on
text: a template may not be hostile, and still never end.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

from jinja2 import nodes
from jinja2.exceptions import TemplateError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from strongroom.intake.formats.template_flow import walk
from strongroom.intake.formats.template_tree import Generation

MOST_STEPS = 50_000
MOST_SECONDS = 1.0
MOST_TEXT = 65_536
_MOST_LITERAL = 256  # so that steps times text stays small
_MOST_OUTPUT = 1 << 20

CHAT: tuple[dict[str, str], ...] = (
    {"role": "user", "content": "How are you?"},
    {"role": "assistant", "content": "Well, thank you."},
    {"role": "user", "content": "What is the capital of France?"},
)
_WORDS = {"bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": True}


class EndlessError(Exception):
    """A template takes more steps, or makes more text, than a chat needs."""


class BrokenError(Exception):
    """A template does not take this chat: by its own word, or by a mistake."""


_BREAKS = (
    TemplateError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    NameError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What a program that nobody tested raises, before and while it runs."""


class _Bounded(ImmutableSandboxedEnvironment):
    """The sandbox, with every value that it makes bounded."""

    intercepted_binops = frozenset({"*", "+", "%"})

    def call_binop(
        self, context: Context, operator: str, left: object, right: object
    ) -> object:
        if operator == "*":
            _bound(_length(left) * abs(right if isinstance(right, int) else 1))
            _bound(_length(right) * abs(left if isinstance(left, int) else 1))
        if operator == "%" and isinstance(left, str):
            raise TemplateError("text is formatted, which is not tried here")
        return _checked(_OPERATORS[operator](left, right))

    def call(
        __self,  # noqa: N805  # as jinja2 names it, because of the words after it
        __context: Context,
        __obj: object,
        *args: object,
        **kwargs: object,
    ) -> object:
        name, owner = getattr(__obj, "__name__", ""), getattr(__obj, "__self__", "")
        if name == "replace":
            _bound_replace(owner, *args)
        if name == "join":
            _bound_join(*args, owner)
        return _checked(super().call(__context, __obj, *args, **kwargs))


def render(tree: nodes.Template, *, clock: Callable[[], float]) -> str:
    """Return what a checked template makes of the chat, cut at 64 KiB.

    Args:
        tree: As ``template_tree.parse`` gave it; it is changed.
        clock: Seconds of this thread's own time.

    Raises:
        EndlessError: It takes too many steps or makes too much text.
        BrokenError: It breaks.
    """
    environment = _Bounded(
        trim_blocks=True,
        lstrip_blocks=True,
        optimized=False,
        finalize=_Budget(_MOST_OUTPUT).take,
        extensions=[Generation, "jinja2.ext.loopcontrols"],
        cache_size=0,
    )
    environment.globals.update(raise_exception=_says, strftime_now=lambda _: "")
    for name, before, skip in _GROWING:
        environment.filters[name] = _bounded(environment.filters[name], before, skip)
    _shorten(tree)
    tree.set_environment(environment)
    try:
        template = environment.from_string(tree)
        run = partial(template.render, messages=list(CHAT), **_WORDS)
        return _traced(run, clock)[:MOST_TEXT]
    except _BREAKS as error:
        raise BrokenError(str(error) or type(error).__name__) from None


def _shorten(tree: nodes.Template) -> None:
    """Cut literals, and let texts be joined by the bounded filter alone."""
    for node in list(walk(tree)):
        if isinstance(node, nodes.TemplateData):
            node.data = node.data[:_MOST_LITERAL]
        elif isinstance(node, nodes.Const) and isinstance(node.value, str):
            node.value = node.value[:_MOST_LITERAL]
        for name, value in list(node.iter_fields()):
            if isinstance(value, nodes.Concat):
                setattr(node, name, _joined(value))
            elif isinstance(value, list):
                value[:] = [
                    _joined(v) if isinstance(v, nodes.Concat) else v for v in value
                ]
        if isinstance(node, nodes.AssignBlock) and node.filter is None:
            node.filter = nodes.Filter(None, "trim", [], [], None, None)


def _joined(node: nodes.Concat) -> nodes.Filter:
    return nodes.Filter(nodes.List(node.nodes), "join", [], [], None, None)


def _traced(run: Callable[[], str], clock: Callable[[], float]) -> str:
    """Run with every line of Python counted, then put the old tracer back."""
    left, until = MOST_STEPS, clock() + MOST_SECONDS

    def count(frame: FrameType, event: str, argument: object) -> Any:  # noqa: ANN401  # typeshed's
        nonlocal left
        left -= 1
        if left < 0 or clock() > until:
            raise EndlessError(f"more than {MOST_STEPS} steps or {MOST_SECONDS} s")
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        return run()
    finally:
        sys.settrace(before)


class _Budget:
    """Counts text on its way out."""

    def __init__(self, left: int) -> None:
        self._left = left

    def take(self, value: object) -> object:
        self._left -= len(value) if isinstance(value, str) else 1
        if self._left < 0:
            raise EndlessError(f"more than {_MOST_OUTPUT} characters")
        return value


def _bounded(
    filter_: Callable[..., object], before: Callable[..., None], skip: int
) -> Callable[..., object]:
    """Return the filter with a check before and after; marks of jinja2 are kept.

    Args:
        filter_: One of jinja2's own.
        before: Is given what the filter is given.
        skip: How many words in front are jinja2's own, such as the context.
    """

    def bounded(*args: object, **kwargs: object) -> object:
        before(*args[skip:], *kwargs.values())
        return _checked(filter_(*args, **kwargs))

    bounded.__dict__.update(filter_.__dict__)
    return bounded


def _bound_join(values: object = (), separator: object = "", *_: object) -> None:
    parts = list(values) if isinstance(values, list | tuple | str) else []
    _bound(sum(map(_length, parts)) + len(parts) * _length(separator))


def _bound_replace(
    text: object, _old: object = "", new: object = "", *_: object
) -> None:
    _bound((_length(text) + 1) * (_length(new) + 1))


def _bound_indent(text: object, *widths: object) -> None:
    for width in widths:
        _bound((_length(text) + 1) * (abs(width) if isinstance(width, int) else 64))


def _checked(value: object) -> object:
    _bound(abs(value) >> 46 if isinstance(value, int) else _length(value))
    return value


def _length(value: object) -> int:
    return len(value) if isinstance(value, str | list | tuple) else 0


def _bound(size: int) -> None:
    if size > MOST_TEXT:
        raise EndlessError("a value grows without end")


def _says(message: object) -> None:
    raise TemplateError(str(message)[:200])


_OPERATORS: dict[str, Callable[[object, object], object]] = {
    "*": operator.mul,
    "+": operator.add,
    "%": operator.mod,
}

# What jinja2 hands in front: a context for what may escape, nothing for indent.
_GROWING: tuple[tuple[str, Callable[..., None], int], ...] = (
    ("join", _bound_join, 1),
    ("replace", _bound_replace, 1),
    ("indent", _bound_indent, 0),
)
