"""Torch checkpoints of the tar form that attack, each with the rule that refuses it."""

from __future__ import annotations

import struct
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.corpus.assembling import TEXT, by_global, call, pickled, unicode
from tests.corpus.samples import Sample, malicious
from tests.corpus.torch_tars import (
    MEMBERS,
    NUMBERS,
    PLAIN,
    STATE,
    A,
    Archive,
    B,
    Storage,
    Tensor,
    V,
    X,
    number,
    packed,
    reference,
    table,
    variable,
)

EVIL = pickled(call(by_global("posix", "system"), TEXT))
_WHOLE = STATE.members()
_HUGE = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """A file, and why it is refused.

    Attributes:
        rule: Of ours.
        data: The file.
        source: Advisory that it stands for; may be empty.
    """

    rule: str
    data: bytes
    source: str = ""


def samples() -> Iterator[Sample]:
    """Give every attack."""
    for name, attack in ATTACKS.items():
        yield malicious("container", f"torch-tar-{name}", "model.pth", attack.data, attack.source)  # fmt: skip


def _made(
    rule: str,
    *,
    root: bytes = STATE.root,
    storages: Sequence[Storage] = (NUMBERS,),
    tensors: Sequence[Tensor] = (PLAIN,),
    views: Sequence[tuple[int, ...]] = (),
    instead: Mapping[str, bytes] | None = None,
) -> Attack:
    archive = Archive(root=root, storages=storages, tensors=tensors, views=views)
    members = {**archive.members(), **(instead or {})}
    return Attack(rule=rule, data=packed(members))


def _tensor(
    shape: Sequence[int], stride: Sequence[int], offset: int = 0, **more: object
) -> Tensor:
    dimensions = more.get("dimensions")
    return Tensor(
        key=A, storage=X, shape=shape, stride=stride, offset=offset,
        kind=str(more.get("kind", "torch\nFloatTensor")),
        dimensions=dimensions if isinstance(dimensions, int) else None,
    )  # fmt: skip


def _gadgets() -> Iterator[tuple[str, Attack]]:
    for member in MEMBERS:
        data = _WHOLE[member]
        yield f"gadget-in-{member}", _made("pickle/global", instead={member: EVIL})
        yield f"gadget-behind-{member}", _made("torch/tar", instead={member: data + EVIL})  # fmt: skip
    count = pickled(number(1))
    head = struct.pack("<q", 12)
    for member in ("storages", "tensors"):
        entry = count + EVIL + head + bytes(96)
        yield f"gadget-in-entry-of-{member}", _made("pickle/global", instead={member: entry})  # fmt: skip
    views = _WHOLE["storages"].removesuffix(pickled(b"](e")) + EVIL
    yield "gadget-in-views", _made("pickle/global", instead={"storages": views})
    for kind in ("torch.nn.parameter\nParameter", "torch.autograd.variable\nVariable"):
        name = kind.rpartition("\n")[2].lower()
        evil = call(by_global("posix", "system"), TEXT)
        hooked = f"c{kind}\n".encode() + reference(A) + b"\x85R(\x88\x89" + evil + b"tb"
        yield f"gadget-in-hooks-of-{name}", _made("pickle/global", root=hooked)
    tuple_ = by_global("posix", "system") + unicode("f") + unicode("s") + b"\x87Q"
    yield "gadget-as-class-with-source", _made("pickle/global", root=tuple_)


def _counts() -> Iterator[tuple[str, Attack]]:
    huge, negative = pickled(number(_HUGE)), pickled(b"J\xff\xff\xff\xff")
    for member in ("storages", "tensors"):
        rest = _WHOLE[member][len(pickled(number(1))) :]
        for name, count, rule in (
            ("huge", huge, "torch/size"),
            ("negative", negative, "torch/tar"),
            ("two", pickled(number(2)), "torch/tar" if member == "storages" else "pickle/cut"),
            ("none", pickled(number(0)), "pickle/global" if member == "storages" else "torch/tar"),
            ("true", pickled(b"\x88"), "torch/tar"),
            ("text", pickled(unicode("1")), "torch/tar"),
        ):  # fmt: skip
            yield f"{name}-count-of-{member}", _made(rule, instead={member: count + rest})  # fmt: skip
        cut = _WHOLE[member][:-1]
        rule = "pickle/cut" if member == "storages" else "file/cut"
        yield f"cut-{member}", _made(rule, instead={member: cut})
    for name, says, rule in (
        ("huge", _HUGE, "torch/storage"), ("negative", -1, "torch/storage"),
        ("large", 1 << 40, "file/cut"),
    ):  # fmt: skip
        storage = Storage(key=X, values=[1.0] * 12, says=says)
        yield f"{name}-storage", _made(rule, storages=[storage])
    yield "cut-file", Attack(rule="file/cut", data=STATE.tar()[:3000])


def _geometries() -> Iterator[tuple[str, Attack]]:
    beyond = "torch/geometry"
    for name, tensor in {
        "longer-than-its-storage": _tensor([13], [1]),
        "behind-its-storage": _tensor([1], [1], 12),
        "stride-beyond": _tensor([3, 4], [5, 1]),
        "negative-stride": _tensor([3], [-1], 11),
        "negative-length": _tensor([-1], [1]),
        "negative-offset": _tensor([1], [1], -1),
        "product-overflows": _tensor([1 << 32, 1 << 32], [0, 0]),
        "huge-stride": _tensor([2], [_HUGE]),
        "no-dimensions": _tensor([], []),
        "negative-dimensions": _tensor([], [], dimensions=-1),
        "huge-dimensions": _tensor([], [], dimensions=0x7FFFFFFF),
    }.items():
        yield name, _made(beyond, tensors=[tensor])
    for name, view in {
        "view-beyond": (V, X, 4, 9), "huge-view": (V, X, 0, _HUGE),
    }.items():  # fmt: skip
        yield name, _made(beyond, views=[view])
    for name, wrong in {
        "negative-view": (V, X, -1, 4), "view-of-none": (V, B, 0, 4),
        "view-of-itself": (V, V, 0, 4), "view-that-is-its-root": (X, X, 0, 4),
        "short-view": (V, X, 0),
    }.items():  # fmt: skip
        yield name, _made("torch/tar", views=[wrong])
    tensor = Tensor(key=A, storage=V, shape=(5,), stride=(1,))
    yield "beyond-its-view", _made(beyond, views=[(V, X, 0, 4)], tensors=[tensor])
    many = [
        Tensor(key=n, storage=X, shape=(n + (1 << 20),), stride=(0,)) for n in range(40)
    ]
    root = table(**{f"w{n}": reference(n) for n in range(40)})
    yield "expanded-to-160-mib", _made("torch/size", tensors=many, root=root)


def _references() -> Iterator[tuple[str, Attack]]:
    yield "reference-to-none", _made("torch/tar", root=reference(B))
    yield "reference-in-other-digits", _made("torch/tar", root=unicode(f"0{A}") + b"Q")
    yield "reference-by-number", _made("torch/tar", root=number(A) + b"Q")
    yield "reference-to-storage", _made("torch/value", root=b"](" + reference(A) + reference(X) + b"e")  # fmt: skip
    yield "nothing-refers", _made("torch/tar", root=b"N")
    safe = by_global("collections", "OrderedDict") + unicode("f") + unicode("s")
    yield "known-class-with-source", _made("torch/tar", root=safe + b"\x87Q")
    yield "tensor-twice", _made("torch/tar", tensors=[PLAIN, PLAIN])
    yield "storage-twice", _made("torch/tar", storages=[NUMBERS, NUMBERS])
    tensor = Tensor(key=X, storage=X, shape=(1,), stride=(1,))
    yield "tensor-that-is-its-storage", _made("torch/tar", tensors=[tensor])
    double = _tensor([3], [1], kind="torch\nDoubleTensor")
    yield "tensor-of-another-type", _made("torch/tar", tensors=[double])
    sparse = _tensor([3], [1], kind="torch.sparse\nFloatTensor")
    yield "sparse-tensor", _made("pickle/global", tensors=[sparse])
    other = Storage(key=X, values=[1.0] * 12, device="../etc")
    yield "device-that-is-a-path", _made("torch/tar", storages=[other])
    kind = b"ctorch.autograd.variable\nVariable\n"
    yield "bare-class", _made("torch/tensor", root=b"](" + reference(A) + kind + b"e")
    yield "variable-of-a-variable", _made("torch/tensor", root=kind + variable(A) + b"\x85R")  # fmt: skip
    hooks = variable(A).replace(b")R", b")R(K\x01Nu")
    yield "variable-with-hooks", _made("torch/tensor", root=hooks)


def _members() -> Iterator[tuple[str, Attack]]:
    for member in MEMBERS:
        twice = packed(_WHOLE, (member, EVIL, {}))
        yield f"{member}-twice", Attack(rule="tar/name", data=twice)
    for name, kind in {
        "symlink": tarfile.SYMTYPE, "hard-link": tarfile.LNKTYPE,
        "device": tarfile.CHRTYPE, "pipe": tarfile.FIFOTYPE,
        "sparse": tarfile.GNUTYPE_SPARSE, "contiguous": tarfile.CONTTYPE,
    }.items():  # fmt: skip
        linking = {"type": kind, "linkname": "/etc/passwd"}
        linked = packed(_WHOLE, ("more", b"", linking))
        yield f"{name}-member", Attack(rule="tar/kind", data=linked)
    without = {name: data for name, data in _WHOLE.items() if name != "storages"}
    link = {"type": tarfile.SYMTYPE, "linkname": "/etc/shadow"}
    yield "storages-that-are-a-symlink", Attack(
        # torch extracts this member before it reads it.
        rule="tar/kind", data=packed(without, ("storages", b"", link)),
    )  # fmt: skip
    folder = {"type": tarfile.DIRTYPE}
    yield (
        "folder-of-the-same-name",
        Attack(rule="tar/name", data=packed(_WHOLE, ("storages", b"", folder))),
    )
    for name, rule, path in (
        ("traversal", "tar/name", "../evil"), ("absolute", "tar/name", "/etc/evil"),
        ("case-fold", "tar/name", "Pickle"), ("one-more", "torch/tar", "code.py"),
    ):  # fmt: skip
        yield f"{name}-member", Attack(rule=rule, data=packed(_WHOLE, (path, EVIL, {})))
    for key, value, rule in (
        ("path", "pickle", "tar/name"), ("linkpath", "/etc", "tar/header"),
        ("size", "0", "tar/header"), ("GNU.sparse.map", "0,1", "tar/header"),
        ("hdrcharset", "BINARY", "tar/header"),
    ):  # fmt: skip
        odd = ("x", EVIL, {"pax_headers": {key: value}})
        yield f"pax-{key.lower()}-member", Attack(rule=rule, data=packed(_WHOLE, odd))
    whole = STATE.tar()
    yield "bytes-behind", Attack(rule="tar/end", data=whole + EVIL)
    at = whole.index(b"storages")
    wrong = whole[: at + 148] + b"0000000\0" + whole[at + 156 :]
    yield "wrong-sum", Attack(rule="tar/header", data=wrong)
    prefixed = bytearray(whole[at : at + 512])
    prefixed[257:265], prefixed[345:346], prefixed[148:156] = b"ustar  \0", b"x", b" " * 8  # fmt: skip
    prefixed[148:156] = b"%06o\0 " % sum(prefixed)
    yield (
        "prefix-of-gnu",
        Attack(
            rule="tar/header", data=whole[:at] + bytes(prefixed) + whole[at + 512 :]
        ),
    )
    big = _WHOLE["sys_info"].replace(b"\x88", b"\x89")
    yield "big-endian", _made("torch/byteorder", instead={"sys_info": big})
    long = _WHOLE["sys_info"].replace(unicode("long") + number(8), unicode("long") + number(4))  # fmt: skip
    yield "long-of-four-bytes", _made("torch/byteorder", instead={"sys_info": long})


ATTACKS: dict[str, Attack] = dict(
    [*_gadgets(), *_counts(), *_geometries(), *_references(), *_members()]
)
"""By name."""
