"""Reads the form of torch checkpoints before 1.6: pickles, then storages.

    magic number, protocol, system, what was saved, keys of storages: five pickles
    for each key in that order: elements as int64, then the bytes

Source: ``_legacy_save`` and ``_legacy_load`` in ``torch/serialization.py`` of
PyTorch 2.13.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.formats.pickle_machine import Rules, Unpickled, read_pickle
from strongroom.intake.formats.pickle_values import Table, Value
from strongroom.intake.formats.torch_files import Checkpoint, write_checkpoint
from strongroom.intake.formats.torch_names import rules
from strongroom.intake.formats.torch_storages import Storage, storage_of
from strongroom.intake.rewriting import Options, Rewritten, Workplace
from strongroom.intake.sources import Source

KIND = "torch-legacy"
MAGIC = 0x1950A86A20F9469CFC6C
"""What the first pickle holds."""

_PROTOCOL = 1001
_COUNT_BYTES = 8


def rewrite(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Write the tensors and the values of a checkpoint to files of ours.

    Args:
        source: A checkpoint in the legacy form.
        workplace: Where the files go, named after the source.
        options: Whether unknown objects become stubs.

    Raises:
        RefusedError: A pickle is malformed or ambiguous, the storages are not what it
            says, it holds objects, or something that cannot be written.
    """
    magic = read_pickle(source, Rules())
    if type(magic.value) is not int or magic.value != MAGIC:
        raise RefusedError("torch/legacy", "the magic number of torch is missing")
    protocol = read_pickle(source, Rules(), start=magic.end)
    if type(protocol.value) is not int or protocol.value != _PROTOCOL:
        raise RefusedError("torch/legacy", "the protocol is not the one of torch")
    system = read_pickle(source, Rules(), start=protocol.end)
    if (
        not isinstance(system.value, Table)
        or system.value.get("little_endian") is not True
    ):
        raise RefusedError(
            "torch/byteorder",
            "the checkpoint was saved on a big-endian machine, or does not say",
        )
    found = read_pickle(source, rules(salvage=options.salvage), start=system.end)
    keys = read_pickle(source, Rules(), start=found.end)
    checkpoint = Checkpoint(
        kind=KIND,
        value=found.value,
        names=found.names,
        stubs=found.stubs,
        storages=_storages(source, keys, _described(found)),
    )
    return write_checkpoint(checkpoint, source, workplace)


def _described(found: Unpickled) -> Mapping[str, Storage]:
    """Return what the pickle says of each storage that it refers to."""
    described: dict[str, Storage] = {}
    for persistent in found.persistent:
        match persistent.id:
            case ("storage", *_):
                storage = storage_of(persistent)
                if described.setdefault(storage.key, storage) != storage:
                    raise RefusedError(
                        "torch/storage",
                        f"the storage {quoted(storage.key)} is described in two ways",
                    )
    return described


def _storages(
    source: Source, keys: Unpickled, described: Mapping[str, Storage]
) -> Mapping[str, Source]:
    """Return windows on the storages, which cover the rest of the file."""
    windows: dict[str, Source] = {}
    at = keys.end
    for key in _keys(keys.value):
        storage = described.get(key)
        if storage is None or key in windows:
            raise RefusedError(
                "torch/storage",
                f"the storage {quoted(key)} comes twice, or no tensor refers to it",
            )
        count = int.from_bytes(
            source.read_exactly(at, _COUNT_BYTES), "little", signed=True
        )
        item = storage.dtype.bytes if storage.dtype else 1
        if count * item != storage.bytes:
            raise RefusedError(
                "torch/storage",
                f"the storage {quoted(key)} has {count} elements, the pickle says "
                f"{storage.bytes // item}",
            )
        at += _COUNT_BYTES
        windows[key] = source.window(at, storage.bytes)
        at += storage.bytes
    if at != source.length:
        raise RefusedError(
            "torch/legacy", f"{source.length - at} bytes follow the last storage"
        )
    return windows


def _keys(value: Value) -> Iterable[str]:
    keys = value if isinstance(value, list) else []
    found = [key for key in keys if isinstance(key, str)]
    if not isinstance(value, list) or len(found) != len(keys):
        raise RefusedError("torch/legacy", "the keys of the storages are malformed")
    return found
