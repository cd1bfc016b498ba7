"""Writes what a checkpoint holds beside tensors as JSON that says every type.

Source: ``docs/specification/rewritten-state.md``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeAlias

from strongroom.canonical import Json
from strongroom.intake.findings import RefusedError, counted, quoted
from strongroom.intake.formats.pickle_values import (
    Call,
    Group,
    Name,
    Persistent,
    Table,
    Value,
)
from strongroom.intake.formats.torch_arrays import array_of, raw_of, scalar_of
from strongroom.intake.formats.torch_names import DTYPES, LAYOUTS, NAMES
from strongroom.intake.formats.torch_parts import Composed, Pieces
from strongroom.intake.formats.torch_storages import is_bare_storage
from strongroom.intake.formats.torch_tensors import Tensor

MOST_DEPTH = 30
"""Of containers in containers; each takes two levels of the 64 of canonical JSON."""

MOST_NODES = 1_000_000
"""Of the tree.  One list may stand in many places, so the tree can be larger than the
pickle: thirty lists that each hold the next one twice would be 2**30 nodes."""

MOST_LETTERS = 64 << 20
"""Of all texts and bytes in the tree.  One text may stand in many places as well."""

Path: TypeAlias = tuple[str, ...]
Place: TypeAlias = Callable[[Path, Tensor, bytes | None], Json]
"""Says where a tensor is written that stands at a path, and the bytes of a tensor whose
storage lies in the pickle itself."""

TensorOf: TypeAlias = Callable[[Value], Tensor | Composed | None]
"""Says which tensor a name, call or reference stands for, if it stands for one, or what
that is made of."""

_EXACT_INTEGER = 2**53
_DEVICE = re.compile(r"[a-z]{1,20}(:[0-9]{1,4})?")


class Tree:
    """Turns values into JSON, node by node, and hands tensors on."""

    def __init__(self, place: Place, tensor_of: TensorOf, pieces: Pieces) -> None:
        self._place = place
        self._pieces = pieces
        self._tensor_of = tensor_of
        self._nodes = 0
        self._letters = 0
        self._depth = 0
        self._changed: Counter[tuple[str, str]] = Counter()

    def changes(self) -> tuple[str, ...]:
        """Return what was changed, in sentences."""
        return tuple(
            f"{counted(count, noun)} {became}"
            for (noun, became), count in sorted(self._changed.items())
        )

    def node(self, value: Value, path: Path = ()) -> Json:
        """Return the JSON of a value.

        Args:
            value: What stands at ``path``.
            path: Keys and numbers that lead to it.

        Raises:
            RefusedError: It is nested too deep, has too many parts, or is something
                that is no part of a checkpoint.
        """
        self._nodes += 1
        self._depth += 1
        if isinstance(value, (str, bytes, bytearray)):
            self._letters += len(value)
        elif isinstance(value, int):
            self._letters += value.bit_length() // 3  # about its digits
        if self._letters > MOST_LETTERS:
            raise RefusedError(
                "torch/depth", f"the checkpoint holds over {MOST_LETTERS} letters"
            )
        if self._depth > MOST_DEPTH or self._nodes > MOST_NODES:
            raise RefusedError(
                "torch/depth",
                f"the checkpoint is nested deeper than {MOST_DEPTH}, has over "
                f"{MOST_NODES} parts, or contains itself",
                place=quoted(".".join(path)),
            )
        found = self._container(value, path)
        self._depth -= 1
        return found

    def _container(self, value: Value, path: Path) -> Json:  # noqa: PLR0911  # a table
        if isinstance(value, (Call, Name, Persistent)):
            tensor = self._tensor_of(value)
            if isinstance(tensor, Composed):
                return self._parts(tensor, path)
            if tensor is not None:
                if is_bare_storage(value):
                    self._changed["storage", "became a tensor of one dimension"] += 1
                return {"tensor": self._place(path, tensor, None)}
        match value:
            case list():
                return self._items(value, path)
            case tuple():
                return {"tuple": self._items(value, path)}
            case Table():
                return {"dict": self._pairs(value, path)}
            case Group():
                kind = "frozenset" if value.is_frozen else "set"
                return {kind: self._items(value.items.values(), path)}
            case Call():
                return self._call(value, path)
            case Name() if value not in NAMES:
                return {"stub": str(value)}
            case Persistent() if (named := _class_of(value)) and named not in NAMES:
                return {"stub": str(named)}
        return _leaf(value, path)

    def _parts(self, tensor: Composed, path: Path) -> Json:
        self._changed[f"{tensor.kind} tensor", "taken apart"] += 1
        nodes: list[Json] = [
            self.node(part, (*path, name) if name else path)
            for name, part in tensor.parts
        ]
        tensor.verify(self._pieces)
        return {tensor.kind: nodes}

    def _items(self, values: Iterable[Value], path: Path) -> list[Json]:
        return [self.node(v, (*path, str(n))) for n, v in enumerate(values)]

    def _pairs(self, table: Table, path: Path) -> list[Json]:
        """Return keys and values in turn: a dict keeps its order, JSON objects none."""
        found: list[Json] = []
        for key, value in table.pairs.values():
            found.append(self.node(key, path))
            found.append(self.node(value, (*path, _part(key))))
        return found

    def _call(self, call: Call, path: Path) -> Json:
        array = array_of(call)
        if array is not None:
            if array.is_swapped:
                self._changed["big-endian array", "turned round"] += 1
            return {"array": self._place(path, array.window, array.data)}
        scalar = scalar_of(call)
        if scalar is not None:
            return _leaf(scalar, path)
        raw = raw_of(call)
        if raw is not None:
            return self.node(raw, path)
        if not isinstance(call.callee, Name) or call.callee not in NAMES:
            return self._stub(call, path)
        return self._known(call, call.callee, path)

    def _known(  # noqa: PLR0911, PLR0912  # a table
        self, call: Call, callee: Name, path: Path
    ) -> Json:
        """Return what a call makes that torch knows and that is no tensor."""
        match callee.name, call.arguments:
            case "OrderedDict", () if _is_metadata(call.state):
                return {"ordered-dict": self._pairs(call.table, path)}
            case "OrderedDict", (list(pairs),) if not call.table.pairs and _is_metadata(
                call.state
            ):
                return {"ordered-dict": self._pairs(_table(pairs, path), path)}
            case "Counter", (Table() as table,):
                return {"counter": self._pairs(table, path)}
            case "deque", () | ((),) | ((), None | int()):
                return {"deque": self._items(call.items, path)}
            case "defaultdict", () | (None,):
                return {"dict": self._pairs(call.table, path)}
            case "defaultdict", (Name() as factory,) if factory in NAMES:
                return {"dict": self._pairs(call.table, path)}
            case ("set" | "frozenset") as kind, (list(items),):
                return {kind: self._items(items, path)}
            case "bytearray", (inner,) if (data := raw_of(inner)) is not None:
                return _leaf(bytearray(data), path)
            case "bytearray", ():
                return _leaf(bytearray(), path)
            case "complex", (float(real), float(imaginary)):
                return _leaf(complex(real, imaginary), path)
            case "TorchVersion", (str(version),):
                return _leaf(version, path)
            case "Size", (tuple(lengths),):
                return {"size": self._items(lengths, path)}
            case "device", (str(kind), *index):
                return {"device": _device(kind, index, path)}
            case "_get_layout", (str(layout),) if layout in LAYOUTS:
                return {"layout": layout.removeprefix("torch.")}
        raise _unknown(f"what {quoted(str(callee))} makes here", path)

    def _stub(self, call: Call, path: Path) -> Json:
        """Return what hung on an object of an unknown class; salvage only."""
        callee = _class_of(call.callee)
        found: dict[str, Json] = {
            "stub": "what a call made" if callee is None else str(callee)[:512]
        }
        if call.arguments:
            found["arguments"] = self.node(call.arguments, path)
        if call.table.pairs:
            found["dict"] = self._pairs(call.table, path)
        if call.items:
            found["items"] = self._items(call.items, path)
        if call.is_built:
            found["state"] = self.node(call.state, path)
        return found


def _class_of(value: Value) -> Name | None:
    """Return a class that is named, alone or with its source beside it."""
    match value:
        case Name():
            return value
        case Persistent(id=("module", Name() as kind, *_) | (Name() as kind, *_)):
            return kind
    return None


def number(value: float | complex) -> Json:
    """Return the JSON of a number: exact, and no float of JSON's own."""
    if isinstance(value, complex):
        return {"complex": [repr(value.real), repr(value.imag)]}
    if isinstance(value, float):
        return {"float": repr(value)}
    return value if abs(value) < _EXACT_INTEGER else {"int": str(value)}


def _leaf(value: Value | complex, path: Path) -> Json:
    match value:
        case None | bool() | str():
            return value
        case int() | float() | complex():
            return number(value)
        case bytes():
            return {"bytes": value.hex()}
        case bytearray():
            return {"bytearray": value.hex()}
        case Name(module="torch", name=name) if name in DTYPES:
            return {"dtype": name}
    what = "a bare storage" if isinstance(value, Persistent) else quoted(str(value))
    raise _unknown(what, path)


def _part(key: Value) -> str:
    """Return how a key stands in the name of a tensor."""
    if isinstance(key, tuple):
        return ".".join(str(part) for part in key)
    return key if isinstance(key, str) else str(key)


def _is_metadata(state: Value) -> bool:
    """Return whether it is None, or the versions of modules that torch keeps."""
    return state is None or (
        isinstance(state, Table) and set(state.pairs) == {"_metadata"}
    )


def _table(pairs: list[Value], path: Path) -> Table:
    """Return the table of a list of pairs, as Python 2 wrote ordered dicts."""
    table = Table()
    for pair in pairs:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:  # noqa: PLR2004
            raise _unknown("an ordered dict of what are no pairs", path)
        table.put(pair[0], pair[1])
    return table


def _device(kind: str, index: list[Value], path: Path) -> str:
    name = ":".join([kind, *map(str, index)])
    if not _DEVICE.fullmatch(name):
        raise _unknown("a device of an unknown name", path)
    return name


def _unknown(what: str, path: Path) -> RefusedError:
    return RefusedError(
        "torch/value",
        f"the checkpoint holds {what}, which is no tensor, number, text or container",
        place=quoted(".".join(path)),
    )
