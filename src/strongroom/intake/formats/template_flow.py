"""Walks a template, and follows the text that it puts together to where it goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jinja2 import nodes

from strongroom.intake.findings import RefusedError

MOST_DEPTH = 150
MOST_NODES = 100_000
_MAKING = (nodes.Concat, nodes.Mul, nodes.Mod, nodes.Macro)
_MAKERS = frozenset({"join", "replace"})


def walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    """Yield every node, parents first, without recursion.

    Raises:
        RefusedError: The tree is too deep or too large.
    """
    left: list[tuple[nodes.Node, int]] = [(tree, 0)]
    seen = 0
    while left:
        node, depth = left.pop()
        seen += 1
        if depth > MOST_DEPTH or seen > MOST_NODES:
            raise RefusedError(
                "template/size", "template is nested too deep or too long"
            )
        yield node
        below = [(child, depth + 1) for child in node.iter_child_nodes()]
        left.extend(reversed(below))


def made_names(every: Sequence[nodes.Node]) -> set[str]:
    """Return the names that may hold text which the template put together."""
    sources: list[tuple[set[str], nodes.Node | None]] = []
    macros = [node for node in every if isinstance(node, nodes.Macro)]
    names = {macro.name for macro in macros}
    given = {argument.name for macro in macros for argument in macro.args}
    for node in every:
        if isinstance(node, nodes.Assign):
            sources.append((_stored(node.target), node.node))
        elif isinstance(node, nodes.For):
            sources.append((_stored(node.target), node.iter))
        elif isinstance(node, nodes.AssignBlock):
            sources.append((_stored(node.target), None))
        elif isinstance(node, nodes.Macro):
            sources += ((given, value) for value in node.defaults)
        elif (
            isinstance(node, nodes.Call)
            and isinstance(node.node, nodes.Name)
            and node.node.name in names
        ):  # any argument may get what any call gives
            sources += ((given, value) for value in node.args)
            sources += ((given, pair.value) for pair in node.kwargs)
    made: set[str] = set()
    while True:
        before = len(made)
        for names, value in sources:
            if value is None or makes_text(value, made):
                made |= names
        if len(made) == before:
            return made


def _stored(target: nodes.Node) -> set[str]:
    every = walk(target)
    return {n.name for n in every if isinstance(n, nodes.Name | nodes.NSRef)}


def makes_text(value: nodes.Node, made: set[str]) -> bool:
    """Return whether an expression could give text that stands nowhere as such."""
    for node in walk(value):
        if isinstance(node, _MAKING) or (
            isinstance(node, nodes.Name) and node.name in made
        ):
            return True
        if isinstance(node, nodes.Add) and not _is_arithmetic(node):
            return True
        if isinstance(node, nodes.Filter) and node.name in _MAKERS:
            return True
        if isinstance(node, nodes.Call) and not _is_harmless_call(node):
            return True
    return False


def _is_arithmetic(node: nodes.Add) -> bool:
    return any(
        isinstance(side, nodes.Const) and isinstance(side.value, int)
        for side in (node.left, node.right)
    )


def _is_harmless_call(node: nodes.Call) -> bool:
    if isinstance(node.node, nodes.Name):
        return node.node.name in {"range", "namespace", "dict"}
    return isinstance(node.node, nodes.Getattr) and node.node.attr not in _MAKERS
