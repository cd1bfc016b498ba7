"""Says which storages a checkpoint refers to, and how long it says that they are."""

from __future__ import annotations

from dataclasses import dataclass

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.pickle_values import Name, Persistent, Value
from strongroom.intake.formats.torch_names import STORAGES, Dtype

MOST_ELEMENTS = 2**48
_MOST_KEY = 4096
"""Letters of what a storage is called: torch counts them.  Each tensor repeats it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """The bytes that tensors are windows on.

    Attributes:
        key: What the checkpoint calls it.
        bytes: How long it says that it is.
        dtype: Of its elements; none if only the tensors know.
    """

    key: str
    bytes: int
    dtype: Dtype | None


def is_bare_storage(value: Value) -> bool:
    """Return whether a value is a storage, as ``tensor.storage()`` is saved."""
    match value:
        case Persistent(id=("storage", *_)):
            return True
    return False


def storage_of(value: Value) -> Storage:
    """Return the storage that a persistent id names.

    Raises:
        RefusedError: It names none, one of an unknown type, or one without values.
    """
    match value:
        case Persistent(
            id=("storage", Name() as kind, str(key), str(location), int(count), *view)
        ) if (
            kind in STORAGES
            and len(key) <= _MOST_KEY
            and 0 <= count < MOST_ELEMENTS
            and view in ([], [None])
        ):
            if location == "meta":
                raise RefusedError("torch/kind", "the checkpoint holds no values: meta")
            dtype = STORAGES[kind]
            length = count * (dtype.bytes if dtype else 1)
            return Storage(key=key, bytes=length, dtype=dtype)
    raise RefusedError(
        "torch/storage",
        "a tensor refers to no storage that is known, or to a view of one",
    )
