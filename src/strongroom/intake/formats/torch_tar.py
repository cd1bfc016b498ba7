"""Reads the form of torch checkpoints before 0.1.10: a tar file of four members.

    sys_info    how the machine writes numbers
    pickle      what was saved, with references to tensors by number
    tensors     a window on a storage each
    storages    bytes, and stretches of them that are storages of their own

PyTorch still reads it, but not with ``weights_only``.

Source: ``legacy_load`` in ``torch/serialization.py`` of PyTorch 2.13, and ``_save`` in
that of 0.1.9.
"""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.intake.findings import RefusedError, listed, quoted
from strongroom.intake.formats.pickle_machine import Rules, Unpickled, read_pickle
from strongroom.intake.formats.pickle_values import (
    Call,
    Name,
    Persistent,
    Table,
    Value,
)
from strongroom.intake.formats.tars import read_tar
from strongroom.intake.formats.torch_files import Checkpoint, write_checkpoint
from strongroom.intake.formats.torch_names import NAMES
from strongroom.intake.formats.torch_streams import (
    Stretch,
    read_storages,
    read_tensors,
)
from strongroom.intake.formats.torch_tensors import Tensor
from strongroom.intake.formats.torch_values import TensorOf
from strongroom.intake.rewriting import Options, Rewritten, Workplace
from strongroom.intake.sources import Source

KIND = "torch-tar"

_MEMBERS = frozenset({"sys_info", "pickle", "tensors", "storages"})
_SIZES = {"short": 2, "int": 4, "long": 8}
_VARIABLES = frozenset(
    {
        Name("torch.nn.parameter", "Parameter"),
        Name("torch.autograd.variable", "Variable"),
    }
)
_NAMES = {**NAMES, **dict.fromkeys(_VARIABLES, ("reduce", "build"))}


def rewrite(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Write the tensors and the values of a checkpoint to files of ours.

    Args:
        source: A checkpoint in the form of a tar file.
        workplace: Where the files go, named after the source.
        options: Whether unknown objects become stubs.

    Raises:
        RefusedError: The tar file is not strict, a member of it is malformed or does
            not fit to the others, it holds objects, or something that cannot be
            written.
    """
    members = read_tar(source)
    if members.keys() != _MEMBERS:
        odd = sorted(members.keys() ^ _MEMBERS)
        raise RefusedError("torch/tar", f"the file lacks or has {listed(odd)}")
    _verify_system(_whole(members["sys_info"], Rules()))
    storages = read_storages(members["storages"])
    tensors = read_tensors(members["tensors"], storages.stretches)
    found = _whole(
        members["pickle"], Rules(names=_NAMES, persistent=True, salvage=options.salvage)
    )
    _verify_references(found, tensors.found, storages.stretches)
    checkpoint = Checkpoint(
        kind=KIND,
        value=found.value,
        names=tuple({*found.names, *storages.names, *tensors.names}),
        stubs=found.stubs,
        storages=storages.windows,
        tensor_of=_known(tensors.found),
    )
    return write_checkpoint(checkpoint, source, workplace)


def _whole(member: Source, rules: Rules) -> Unpickled:
    """Return what the one pickle of a member holds."""
    found = read_pickle(member, rules)
    if found.end != member.length:
        raise RefusedError(
            "torch/tar", f"{member.length - found.end} bytes follow a pickle"
        )
    return found


def _verify_system(system: Unpickled) -> None:
    """Check that numbers lie as they do here."""
    about = system.value
    if not isinstance(about, Table) or about.get("little_endian") is not True:
        raise RefusedError(
            "torch/byteorder",
            "the checkpoint was saved on a big-endian machine, or does not say",
        )
    sizes = about.get("type_sizes")
    if not isinstance(sizes, Table) or any(
        type(sizes.get(name)) is not int or sizes.get(name) != size
        for name, size in _SIZES.items()
    ):
        raise RefusedError(
            "torch/byteorder", "the checkpoint was saved with integers of other sizes"
        )


def _verify_references(
    found: Unpickled, tensors: Mapping[str, Tensor], storages: Mapping[str, Stretch]
) -> None:
    """Check that the pickle refers to what is there, and to all of it."""
    used = set[str]()
    for persistent in found.persistent:
        match persistent.id:
            case str(key) if key in tensors or key in storages:
                used.add(key)
            case (Name() as kind, _, _) if str(kind) in found.stubs:
                pass  # a class with its source, which nobody reads
            case _:
                raise RefusedError(
                    "torch/tar", "the pickle refers to something that is not there"
                )
    left = tensors.keys() - used
    if left:
        raise RefusedError(
            "torch/tar", f"nothing refers to the tensors {listed(sorted(left))}"
        )


def _known(tensors: Mapping[str, Tensor]) -> TensorOf:
    """Return what knows a reference to a tensor, bare or in a variable."""

    def tensor_of(value: Value) -> Tensor | None:
        match value:
            case Persistent(id=str(key)):
                return tensors.get(key)
            case Call(callee=Name() as kind) if kind in _VARIABLES:
                return _variable(value, tensors)
            case Name() if value in _VARIABLES:
                raise _unknown(value)
        return None

    return tensor_of


def _variable(call: Call, tensors: Mapping[str, Tensor]) -> Tensor:
    """Return the tensor in a variable, on which nothing else hangs."""
    match call:
        case Call(
            arguments=(Persistent(id=str(key)),), state=(bool(), bool(), hooks)
        ) if key in tensors and _is_empty(hooks):
            return tensors[key]
    raise _unknown(call.callee)


def _unknown(kind: Value) -> RefusedError:
    return RefusedError(
        "torch/tensor",
        f"a {quoted(str(kind))} of the checkpoint is made in an unknown way, or has "
        "hooks",
    )


def _is_empty(hooks: Value) -> bool:
    """Return whether it is None, or an ordered dict of nothing."""
    match hooks:
        case None:
            return True
        case Call(callee=Name("collections", "OrderedDict"), arguments=() | ([],)):
            return not hooks.table.pairs and not hooks.is_built
    return False
