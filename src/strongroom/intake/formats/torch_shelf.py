"""Gives each tensor of a checkpoint a file and a name, and writes each only once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from strongroom.canonical import Json
from strongroom.intake.findings import RefusedError, counted, listed, quoted
from strongroom.intake.formats.pickle_values import Call, Table, Value
from strongroom.intake.formats.strides import laid_out
from strongroom.intake.formats.torch_tensors import Tensor
from strongroom.intake.formats.torch_values import Path
from strongroom.intake.names import (
    MOST_NAME_BYTES,
    base_of,
    is_plain_name,
    with_ending,
)
from strongroom.intake.rewriting import Workplace, fill
from strongroom.intake.sources import Source
from strongroom.intake.weights import Weight

MOST_TENSORS = 100_000
GROWTH, FREE_BYTES = 4, 64 << 20
"""Views are written, and indices read, one by one: at most four times what came in."""

_HOMES = (
    "state_dict",
    "model_state_dict",
    "model",
    "module",
    "net",
    "weights",
    "params",
)
_ENDINGS = (".safetensors", ".optimizer.safetensors", ".json")
_TRAINING = re.compile(r"optim|sched|scaler|rng|random", re.IGNORECASE)


@dataclass(slots=True, kw_only=True)
class File:
    """One file of tensors that is being filled.

    Attributes:
        path: Its name.
        fact: Under which its digests are kept.
        weights: What goes into it.
        aliases: Other names of tensors, as ``safetensors.torch.save_model`` notes them.
        names: Every name that is taken, and how often it was wanted.
    """

    path: str
    fact: str
    weights: list[Weight] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)

    def name_for(self, parts: Path) -> str:
        """Return a name that is free, can stand in a header, and is as before."""
        # Measured first: a key of 100 MB may stand above every one of 100,000 tensors.
        is_long = sum(len(part) + 1 for part in parts) > MOST_NAME_BYTES
        wanted = "tensor" if is_long else ".".join(parts) or "tensor"
        if not is_plain_name(wanted) or wanted == "__metadata__":
            wanted = "tensor"
        name = wanted
        while name in self.names:
            # Counted on for each name, or many of one name would take for ever.
            self.names[wanted] += 1
            name = f"{wanted}#{self.names[wanted]}"
        self.names[name] = 1
        return name

    def add_alias(self, parts: Path, kept: str) -> None:
        """Note another name of a tensor, unless the file's metadata has that key."""
        name = self.name_for(parts)
        if name != "format":
            self.aliases[name] = kept

    def tells_all(self, root: Json) -> bool:
        """Return whether the tree is a plain state dict that says nothing more."""
        if not isinstance(root, dict) or not root.keys() <= {"dict", "ordered-dict"}:
            return False
        (pairs,) = root.values()
        if not isinstance(pairs, list) or not pairs:
            return False
        return all(
            isinstance(key, str)
            and isinstance(value, dict)
            and value
            == {
                "tensor": {"file": _last(self.path), "name": self.aliases.get(key, key)}
            }
            for key, value in zip(pairs[::2], pairs[1::2], strict=True)
        )


class Shelf:
    """Gives each tensor a file and a name, and says so in the tree.

    Attributes:
        path: What the files are named after, with another ending each.
        weights: The file of the model's tensors.
        training: The file of all others.
    """

    def __init__(
        self,
        value: Value,
        storages: Mapping[str, Source],
        source: Source,
        workplace: Workplace,
    ) -> None:
        """Begin with nothing placed.

        Args:
            value: The whole checkpoint, which shows where it keeps its weights.
            storages: Windows on the bytes of each storage.
            source: The file that all of it came from.
            workplace: Room for what has to be laid out anew.
        """
        self._storages = storages
        self._workplace = workplace
        self._most_bytes = GROWTH * source.length + FREE_BYTES
        self._bytes = self._count = self._laid_out = 0
        self._placed: dict[str, Mapping[str, Json]] = {}
        self._used: set[str] = set()
        self._home = _home(value)
        self._is_optimizer = _is_optimizer(value)
        self.path = _renamed(source.path, workplace)
        self.weights = File(path=with_ending(self.path, ".safetensors"), fact="tensors")
        self.training = File(
            path=with_ending(self.path, ".optimizer.safetensors"),
            fact="optimizer-tensors",
        )

    def place(self, path: Path, tensor: Tensor, data: bytes | None) -> Json:
        """Return where a tensor is written; the shape that ``Tree`` asks for."""
        parts = path[1:] if len(path) > 1 and path[0] == self._home else path
        is_training = self._is_training(path) and parts == path
        file = self.training if is_training else self.weights
        identity = _identity(tensor)
        known = self._placed.get(identity) if data is None else None
        if known is not None:
            if known["file"] == _last(file.path) and "dtype" not in known:
                file.add_alias(parts, str(known["name"]))
            return known
        name = file.name_for(parts)
        self._grow(tensor)
        source = self._storage(tensor) if data is None else self._kept(data)
        file.weights.append(self._weight(name, tensor, source))
        found: dict[str, Json] = {"file": _last(file.path), "name": name}
        if tensor.dtype.is_noted:
            found["dtype"] = tensor.dtype.name
        if data is None:
            self._placed[identity] = found
        return found

    def pieces(self, tensor: Tensor) -> Iterator[bytes]:
        """Yield the elements of a tensor in row order; the shape of ``Pieces``."""
        self._spend(tensor.bytes)  # one list may hold one sparse tensor 100,000 times
        source, offset = self._storage(tensor), tensor.offset * tensor.dtype.bytes
        if tensor.elements and not tensor.is_contiguous:
            source, offset = self._in_rows(source, tensor), 0
        yield from source.pieces(offset, tensor.bytes)

    def _is_training(self, path: Path) -> bool:
        """Return whether a tensor belongs to training, not to the model.

        A name of the first level says so, but not in a plain state dict, where it is
        a parameter's, and not where the whole file is an optimizer's.
        """
        nested = len(path) > 1 or (self._home is not None and bool(path))
        if not nested or self._is_optimizer:
            return False
        return bool(_TRAINING.search(path[0], 0, MOST_NAME_BYTES))

    def changes(self) -> tuple[str, ...]:
        """Return what was changed or lost, in sentences."""
        found: list[str] = []
        aliases = {**self.weights.aliases, **self.training.aliases}
        if aliases:
            found.append(f"tensors written once under another name: {listed(aliases)}")
        if self._laid_out:
            found.append(
                f"{counted(self._laid_out, 'strided tensor')} laid out in row order"
            )
        lost = [key for key in self._storages if key not in self._used]
        if lost:
            size = sum(self._storages[key].length for key in lost)
            found.append(
                f"{counted(size, 'byte')} in {counted(len(lost), 'storage')} that no"
                " tensor uses left out"
            )
        return tuple(found)

    def _grow(self, tensor: Tensor) -> None:
        self._spend(tensor.bytes)
        self._count += 1
        if self._count > MOST_TENSORS:
            raise RefusedError("torch/size", f"more than {MOST_TENSORS} tensors")

    def _spend(self, count: int) -> None:
        self._bytes += count
        if self._bytes > self._most_bytes:
            raise RefusedError(
                "torch/size",
                f"views of storages take over {self._most_bytes} bytes, one by one",
            )

    def _weight(self, name: str, tensor: Tensor, source: Source) -> Weight:
        dtype = tensor.dtype
        offset = tensor.offset * dtype.bytes
        if tensor.elements and not tensor.is_contiguous:
            self._laid_out += 1
            source, offset = self._in_rows(source, tensor), 0
        shape = tensor.shape if dtype.parts == 1 else (*tensor.shape, dtype.parts)
        return Weight(
            name=name, dtype=dtype.stored, shape=shape, source=source,
            offset=offset if tensor.elements else 0,
        )  # fmt: skip

    def _in_rows(self, source: Source, tensor: Tensor) -> Source:
        return laid_out(
            self._workplace,
            source,
            item_bytes=tensor.dtype.bytes,
            offset=tensor.offset,
            shape=tensor.shape,
            stride=tensor.stride,
        )

    def _kept(self, data: bytes) -> Source:
        """Return a window on bytes that came out of the pickle."""
        room = self._workplace.room(len(data), path="array")
        fill(room, 0, data)
        return room

    def _storage(self, tensor: Tensor) -> Source:
        """Return the window on the storage of a tensor."""
        source = self._storages.get(tensor.key)
        if source is None or source.length != tensor.storage_bytes:
            raise RefusedError(
                "torch/storage",
                f"the storage {quoted(tensor.key)} is not there, or not of "
                f"{tensor.storage_bytes} bytes",
            )
        self._used.add(tensor.key)
        return source


def _identity(tensor: Tensor) -> str:
    """Return what only the same window has: text, because its hash is salted."""
    return (
        f"{tensor.dtype.name} {tensor.offset} {tensor.shape} {tensor.stride} "
        f"{tensor.storage_bytes} {tensor.key}"
    )


def _renamed(path: str, workplace: Workplace) -> str:
    """Return what the files are named after: ``model.bin`` for ``pytorch_model.bin``.

    The ``transformers`` library looks for safetensors under that name only.  A snapshot
    that has both lists ``model.safetensors`` first.
    """
    folder, slash, name = path.rpartition("/")
    wanted = f"{folder}{slash}model.bin"
    taken = frozenset(workplace.names)
    if name == "pytorch_model.bin" and base_of(wanted, _ENDINGS, taken) == wanted:
        return wanted
    return base_of(path, _ENDINGS, taken)


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _table(value: Value) -> Table | None:
    """Return the pairs of a dict or of an ordered dict."""
    return (
        value.table
        if isinstance(value, Call)
        else (value if isinstance(value, Table) else None)
    )


def _home(root: Value) -> str | None:
    """Return the key under which a checkpoint keeps its weights, if it has one."""
    table = _table(root) or Table()
    for key in _HOMES:
        inner = _table(table.get(key))
        if inner is not None and inner.pairs:
            return key
    return None


def _is_optimizer(root: Value) -> bool:
    table = _table(root)
    return table is not None and {"state", "param_groups"} <= set(table.pairs)
