"""Every small fault that can be planted in one module, as text.

The operators are those of cosmic-ray and mutmut, and the removal of a guard or of a
statement, which neither has and which is what an attacker would wish for.  Not touched:
docstrings, annotations, decorators, ``if TYPE_CHECKING``, the texts of errors, and what
stands in f-strings (Python 3.11 does not say where).
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

_OTHER: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
    ast.Mult: ast.FloorDiv(),
    ast.Div: ast.Mult(),
    ast.FloorDiv: ast.Mult(),
    ast.Mod: ast.FloorDiv(),
    ast.Pow: ast.Mult(),
    ast.LShift: ast.RShift(),
    ast.RShift: ast.LShift(),
    ast.BitOr: ast.BitAnd(),
    ast.BitAnd: ast.BitOr(),
    ast.BitXor: ast.BitAnd(),
}
"""What stands in an operator's place."""

_TURNED: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.LtE(),
    ast.LtE: ast.Lt(),
    ast.Gt: ast.GtE(),
    ast.GtE: ast.Gt(),
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
    ast.In: ast.NotIn(),
    ast.NotIn: ast.In(),
}
"""What stands in a comparison's place."""

_NAMES_A_TYPE = {"NewType", "TypeVar", "cast"}

Found = tuple[ast.expr | ast.stmt, str]
"""A place, and the text to put there."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Mutant:
    """One fault: what stands at bytes ``[start, end)`` is replaced by ``text``."""

    start: int
    end: int
    text: str

    def planted(self, source: bytes) -> bytes:
        """Return the module with the fault."""
        return source[: self.start] + self.text.encode() + source[self.end :]

    def shown(self, source: bytes) -> str:
        """Return the line, what stood there and what stands there now."""
        line = source.count(b"\n", 0, self.start) + 1
        before = " ".join(source[self.start : self.end].decode().split())
        return f"{line}: {before} -> {self.text}"


def mutants_of(source: bytes) -> tuple[Mutant, ...]:
    """Return every fault that compiles and says something else, in order."""
    return tuple(sorted(_that_differ(source, candidates(source))))


def chosen(source: bytes, count: int, seed: str) -> tuple[Mutant, ...]:
    """Return ``count`` of them at random, or all; the same for the same seed."""
    found = candidates(source)
    random.Random(seed).shuffle(found)  # noqa: S311  # repeatable, and no secret
    return tuple(sorted(islice(_that_differ(source, found), count)))


def candidates(source: bytes) -> list[Mutant]:
    """Return every fault, also what the compiler would find, in order."""
    begins = [0]
    for line in source.splitlines(keepends=True):
        begins.append(begins[-1] + len(line))
    return sorted(
        {
            Mutant(
                start=begins[node.lineno - 1] + node.col_offset,
                end=begins[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0),
                text=text,
            )
            for node, text in _faults(ast.parse(source).body)
        }
    )


def _that_differ(source: bytes, found: Iterable[Mutant]) -> Iterator[Mutant]:
    written = ast.dump(ast.parse(source))
    return (m for m in found if _differs(m.planted(source), written))


def _differs(source: bytes, written: str) -> bool:
    try:
        return ast.dump(ast.parse(source)) != written
    except SyntaxError:
        return False


def _faults(nodes: Iterable[ast.AST], *, error: bool = False) -> Iterator[Found]:
    """Yield what can be planted below ``nodes``.

    Args:
        nodes: Statements or expressions.
        error: Whether they make an error, whose texts nobody has to test.
    """
    for node in nodes:
        if _is_left_alone(node):
            continue
        inside = error or _makes_an_error(node)
        if isinstance(node, ast.stmt):
            yield from _of_statement(node)
        elif isinstance(node, ast.ExceptHandler) and node.type:
            yield node.type, "()"
        elif isinstance(node, ast.comprehension):
            for condition in node.ifs:
                yield condition, "True"
        elif isinstance(node, ast.Constant):
            yield from _of_constant(node, error=inside)
        elif isinstance(node, ast.expr):
            yield from _of_expression(node)
        yield from _faults(_parts(node), error=inside)


def _is_left_alone(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    if isinstance(node, ast.Call):
        return _called(node) in _NAMES_A_TYPE
    if isinstance(node, ast.BinOp):
        last = ast.unparse(node.right)
        return isinstance(node.op, ast.BitOr) and last[:1].isupper()  # of types
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]) in {"__all__", "__slots__"}
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text or isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom)


def _makes_an_error(node: ast.AST) -> bool:
    if isinstance(node, ast.keyword):
        return node.arg == "hint"
    return isinstance(node, ast.Call) and _called(node).endswith("Error")


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a node consists of, without annotations and decorators."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "bases"}:
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST):
                yield part


def _of_statement(node: ast.stmt) -> Iterator[Found]:
    match node:
        case ast.Expr(value=ast.Call()) | ast.Raise():
            yield node, "pass"
        case ast.If(test=test):
            yield test, "True"
            yield test, "False"
        case ast.While(test=test):
            yield test, "False"
        case ast.For(iter=iterated):
            yield iterated, "()"
        case ast.Return(value=ast.expr() as value):
            if not isinstance(value, ast.Constant):
                yield value, "None"
        case ast.AugAssign(op=operator):
            changed = ast.AugAssign(
                target=node.target, op=_OTHER[type(operator)], value=node.value
            )
            yield node, ast.unparse(changed)
        case ast.Break():
            yield node, "continue"
        case ast.Continue():
            yield node, "break"


def _of_expression(node: ast.expr) -> Iterator[Found]:
    match node:
        case ast.BoolOp(op=operator, values=values):
            other = ast.Or() if isinstance(operator, ast.And) else ast.And()
            yield _put(node, ast.BoolOp(op=other, values=values))
            for index in range(len(values)):
                rest = values[:index] + values[index + 1 :]
                left = ast.BoolOp(op=operator, values=rest) if rest[1:] else rest[0]
                yield _put(node, left)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield _put(node, operand)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OTHER:
            yield _put(
                node, ast.BinOp(left=left, op=_OTHER[type(operator)], right=right)
            )
        case ast.IfExp(test=test):
            yield test, "True"
            yield test, "False"
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            for index, compared in enumerate(ops):
                turned = [*ops[:index], _TURNED[type(compared)], *ops[index + 1 :]]
                changed = ast.Compare(left=left, ops=turned, comparators=comparators)
                yield _put(node, changed)


def _of_constant(node: ast.Constant, *, error: bool) -> Iterator[Found]:
    match node.value:
        case bool(value):
            yield node, str(not value)
        case int(value) | float(value):
            yield node, f"({value + 1})"
            yield node, f"({value - 1})"
        case str(value) if not error:
            yield node, repr(f"XX{value}")
        case bytes(value):
            yield node, repr(b"XX" + value)


def _put(node: ast.expr, changed: ast.expr) -> Found:
    return node, f"({ast.unparse(changed)})"
