"""The tar form of torch checkpoints, which torch wrote before 0.1.10."""

from __future__ import annotations

import io
import struct
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.corpus.assembling import by_global, pickled, unicode
from tests.corpus.samples import Label, Sample

MEMBERS = ("sys_info", "pickle", "tensors", "storages")
_CODES = {"Float": "f", "Double": "d", "Long": "q", "Int": "i", "Byte": "B"}


def number(value: int) -> bytes:
    """Return the opcode that pushes a number of up to 2**63."""
    return b"\x8a\x09" + value.to_bytes(9, "little", signed=True)


def reference(key: int) -> bytes:
    """Return the opcodes that refer to a tensor or a storage."""
    return unicode(str(key)) + b"Q"


def variable(key: int, kind: str = "torch.nn.parameter\nParameter") -> bytes:
    """Return the opcodes that make a variable of a tensor, as torch did."""
    hooks = by_global("collections", "OrderedDict") + b")R"
    return (
        f"c{kind}\n".encode() + reference(key) + b"\x85R"
        b"(\x88\x89" + hooks + b"tb"
    )  # fmt: skip


def table(**values: bytes) -> bytes:
    """Return the opcodes that make an ordered dict."""
    pairs = b"".join(unicode(key) + value for key, value in values.items())
    return by_global("collections", "OrderedDict") + b")R(" + pairs + b"u"


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """A storage, or whatever a member is to say of one."""

    key: int
    values: Sequence[float]
    kind: str = "Float"
    device: str = "cpu"
    says: int | None = None

    def data(self) -> bytes:
        """Return its entry."""
        count = len(self.values) if self.says is None else self.says
        values = struct.pack(f"<{len(self.values)}{_CODES[self.kind]}", *self.values)
        kind = by_global("torch", f"{self.kind}Storage")
        about = number(self.key) + unicode(self.device) + kind + b"\x87"
        return pickled(about) + struct.pack("<q", count) + values


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A window on a storage, or on less, or on more."""

    key: int
    storage: int
    shape: Sequence[int]
    stride: Sequence[int]
    offset: int = 0
    kind: str = "torch\nFloatTensor"
    dimensions: int | None = None

    def data(self) -> bytes:
        """Return its entry."""
        count = len(self.shape) if self.dimensions is None else self.dimensions
        about = number(self.key) + number(self.storage) + f"c{self.kind}\n".encode()
        numbers = (*self.shape, *self.stride, self.offset)
        head = struct.pack("<iI", count, 0xFFFFFFFF)  # what C left in the padding
        return pickled(about + b"\x87") + head + struct.pack(f"<{len(numbers)}q", *numbers)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A checkpoint whose parts need not fit together."""

    root: bytes
    storages: Sequence[Storage] = ()
    tensors: Sequence[Tensor] = ()
    views: Sequence[tuple[int, ...]] = ()

    def members(self) -> dict[str, bytes]:
        """Return what the tar file holds."""
        sizes = (("short", 2), ("int", 4), ("long", 8))
        lengths = b"}(" + b"".join(unicode(n) + number(v) for n, v in sizes) + b"u"
        about = {
            "protocol_version": number(1000), "little_endian": b"\x88",
            "type_sizes": lengths,
        }  # fmt: skip
        pairs = b"".join(unicode(key) + value for key, value in about.items())
        views = b"".join(b"(" + b"".join(map(number, v)) + b"t" for v in self.views)
        return {
            "sys_info": pickled(b"}(" + pairs + b"u"),
            "pickle": pickled(self.root),
            "tensors": pickled(number(len(self.tensors)))
            + b"".join(one.data() for one in self.tensors),
            "storages": pickled(number(len(self.storages)))
            + b"".join(one.data() for one in self.storages)
            + pickled(b"](" + views + b"e"),
        }

    def tar(self) -> bytes:
        """Return the file."""
        return packed(self.members())


def packed(
    members: Mapping[str, bytes], *more: tuple[str, bytes, Mapping[str, object]]
) -> bytes:
    """Return a tar file with the headers of times that torch's had.

    Args:
        members: Plain files, in order.
        more: Members behind them, with fields of their headers.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in members.items():
            _add(tar, name, data, {})
        for name, data, fields in more:
            _add(tar, name, data, fields)
    return buffer.getvalue()


def _add(
    tar: tarfile.TarFile, name: str, data: bytes, fields: Mapping[str, object]
) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mtime = len(data), 1480000000.25
    for key, value in fields.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))


A, B, C, X, Y, V = range(140_000_000_000_000, 140_000_000_000_096, 16)
NUMBERS = Storage(key=X, values=[float(n) for n in range(12)])
PLAIN = Tensor(key=A, storage=X, shape=(3, 4), stride=(4, 1))
STATE = Archive(root=table(w=reference(A)), storages=[NUMBERS], tensors=[PLAIN])

BENIGN: dict[str, Archive] = {
    "state": STATE,
    "types": Archive(
        root=table(
            **{kind.lower(): reference(n) for n, kind in enumerate(_CODES)},
            cuda=reference(9),
        ),
        storages=[
            *(Storage(key=n + 20, values=[1, 2, 3], kind=k) for n, k in enumerate(_CODES)),
            Storage(key=30, values=[4.0], device="cuda:0"),
        ],
        tensors=[
            *(Tensor(key=n, storage=n + 20, shape=(3,), stride=(1,), kind=f"torch\n{k}Tensor") for n, k in enumerate(_CODES)),
            Tensor(key=9, storage=30, shape=(1,), stride=(1,), kind="torch.cuda\nFloatTensor"),
        ],
    ),
    "tied": Archive(
        root=table(a=reference(A), b=reference(B), c=reference(A)),
        storages=[NUMBERS],
        tensors=[PLAIN, Tensor(key=B, storage=X, shape=(3, 4), stride=(4, 1))],
    ),
    "strided": Archive(
        root=table(a=reference(A), b=reference(B), c=reference(C)),
        storages=[NUMBERS],
        tensors=[
            Tensor(key=A, storage=X, shape=(4, 3), stride=(1, 4)),
            Tensor(key=B, storage=X, shape=(3,), stride=(4,), offset=2),
            Tensor(key=C, storage=X, shape=(2, 5), stride=(0, 1), offset=7),
        ],
    ),
    "views": Archive(
        root=table(a=reference(A), b=reference(B)),
        storages=[NUMBERS],
        views=[(V, X, 4, 5), (Y, X, 0, 12)],
        tensors=[
            Tensor(key=A, storage=V, shape=(2, 2), stride=(2, 1), offset=1),
            Tensor(key=B, storage=Y, shape=(12,), stride=(1,)),
        ],
    ),
    "nested": Archive(
        root=b"}(" + unicode("model") + table(w=variable(A), v=variable(A, "torch.autograd.variable\nVariable"))
        + unicode("epoch") + number(3) + unicode("optimizer") + b"}" + unicode("momentum") + reference(B) + b"s"
        + unicode("names") + b"](" + unicode("x") + b"N\x88eu",
        storages=[NUMBERS],
        tensors=[PLAIN, Tensor(key=B, storage=X, shape=(2,), stride=(1,), offset=3)],
    ),
}  # fmt: skip
"""What torch wrote before 0.1.10, as far as its source says."""


def samples() -> Iterator[Sample]:
    """Give what torch wrote."""
    for name, archive in BENIGN.items():
        yield Sample(
            name=f"benign-torch-tar-{name}",
            family="pth",
            label=Label.BENIGN,
            files={"model.pth": archive.tar()},
        )
