"""Tensors of an ONNX model, and those that lie in other files.

A model names other files by paths, and an offset and a length in each.  What lies there
is copied to one file of ours, beside the model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from strongroom.errors import InputError
from strongroom.intake.findings import RefusedError, listed, quoted
from strongroom.intake.formats.onnx_schema import SCHEMAS
from strongroom.intake.formats.onnx_values import TEXTS, has_values, verify_values
from strongroom.intake.formats.protobuf import Document, Field, Message
from strongroom.intake.formats.safetensors_writer import header_bytes, place
from strongroom.intake.names import verify_path
from strongroom.intake.rewriting import Workplace
from strongroom.intake.sources import Source
from strongroom.intake.weights import Weight, write_weights

MOST_ELEMENTS = 1 << 48
MOST_DIGITS = 18

Beside = Callable[[str], Source | None]
"""Gives another file of the same supplier by its path, or None if there is none."""

_BITS = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64,
    14: 64, 15: 128, 16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8,
    25: 2, 26: 2, 27: 6, 28: 6,
}  # fmt: skip
_EXTERNAL = 1  # the data location of tensors in other files


@dataclass(slots=True)
class Outside:
    """Tensors that lie in other files.

    Attributes:
        beside: Gives those files.
        model: Path of the model itself, which is none of them.
        folder: In which the model lies, and they too.
        name: Of the one file that all of them go to.
        taken: Each of them, and where its bytes are.
        read: Paths of the files.
    """

    beside: Beside
    model: str
    folder: str
    name: str
    taken: list[tuple[Message, Source]] = field(default_factory=list)
    read: set[str] = field(default_factory=set)


def write_outside(
    outside: Outside, document: Document, workplace: Workplace
) -> dict[str, str]:
    """Write the tensors of other files to one of ours; return the SHA-256 of each.

    It is a safetensors file, in which the model names places: a file of nothing but
    a stranger's bytes could be anything.

    Args:
        outside: What was taken.
        document: The model, whose tensors say where they lie from now on.
        workplace: Where the file goes.

    Raises:
        RefusedError: The file cannot be made.
    """
    names = {f"{at:06d}": found for at, found in enumerate(outside.taken)}
    entries = place((name, "U8", (data.length,)) for name, (_, data) in names.items())
    start = len(header_bytes(entries))
    digests = write_weights(
        workplace,
        outside.name,
        [
            Weight(name=n, dtype="U8", shape=(d.length,), source=d, offset=0)
            for n, (_, d) in names.items()
        ],
    )
    for entry in entries:
        tensor, data = names[entry.name]
        tensor.drop("external_data")
        said = {
            "location": outside.name.rpartition("/")[2],
            "offset": str(start + entry.begin),
            "length": str(data.length),
        }
        document.every.extend(_entry(tensor, k, v) for k, v in said.items())
    return {names[n][0].text("name") or n: digest for n, digest in digests.items()}


def take_tensor(tensor: Message, outside: Outside, digests: dict[str, str]) -> None:
    """Check one tensor, and take its bytes in if they lie in another file.

    Args:
        tensor: A TensorProto.
        outside: The files beside; what is taken in from them is noted there.
        digests: Gets the SHA-256, as hex, of a named tensor whose bytes are here.

    Raises:
        RefusedError: Its bytes are not as many as its shape says, lie in two places,
            or in a file that is not beside it.
    """
    name, kind = tensor.text("name"), tensor.number("data_type")
    elements = _elements_of(tensor)
    length = _bytes_of(tensor, kind, elements)
    entries = tensor.messages("external_data")
    if tensor.number("data_location") == _EXTERNAL:
        if has_values(tensor):
            raise RefusedError(
                "onnx/external", f"tensor {quoted(name)} is here and there"
            )
        said = {entry.text("key"): entry.text("value") for entry in entries}
        outside.taken.append((tensor, _elsewhere(said, name, length, outside)))
        return
    if entries or tensor.number("data_location"):
        raise RefusedError("onnx/external", f"tensor {quoted(name)} is here and there")
    verify_values(tensor, kind, elements)
    for raw in tensor.all("raw_data"):
        data = raw.length if isinstance(raw, Source) else len(_plain(raw))
        if data != length:
            raise RefusedError(
                "onnx/tensor", f"tensor {quoted(name)} has {data} bytes, not {length}"
            )
        if name:
            digests[name] = _digest(raw)


def _elements_of(tensor: Message) -> int:
    """Return how many elements a tensor has by its shape.

    Raises:
        RefusedError: Nothing could have that shape.
    """
    elements = 1
    for size in _dims(tensor):
        elements *= size
        if not 0 <= size <= MOST_ELEMENTS or elements > MOST_ELEMENTS:
            name = quoted(tensor.text("name"))
            raise RefusedError("onnx/tensor", f"tensor {name} has an odd shape")
    return elements


def _bytes_of(tensor: Message, kind: int, elements: int) -> int:
    """Return how many bytes a tensor has by its shape and type.

    Raises:
        RefusedError: It has no type.
    """
    if kind == TEXTS and not tensor.all("raw_data"):
        return 0
    if kind not in _BITS:
        name = quoted(tensor.text("name"))
        raise RefusedError("onnx/tensor", f"tensor {name} has the type {kind}")
    return -(-elements * _BITS[kind] // 8)


def _dims(tensor: Message) -> list[int]:
    found: list[int] = []
    for value in tensor.all("dims"):
        if isinstance(value, int):
            found.append(value)
            continue
        data, at = _plain(value), 0
        while at < len(data):  # packed
            end = at
            while end < len(data) - 1 and data[end] & 0x80:
                end += 1
            found.append(
                sum((b & 0x7F) << 7 * i for i, b in enumerate(data[at : end + 1]))
            )
            at = end + 1
    return found


def _elsewhere(
    said: dict[str, str], name: str, length: int, outside: Outside
) -> Source:
    """Return the window that a tensor names in another file.

    Raises:
        RefusedError: The name leads elsewhere, there is no such file, or the window
            is not as long as the tensor.
    """
    shown = f"tensor {quoted(name)} lies in {quoted(said.get('location', ''))}"
    if not said.keys() <= {"location", "offset", "length", "checksum"}:
        raise RefusedError("onnx/external", f"{shown}, {listed(said)}")
    location = said.get("location", "")
    if "\\" in location or ":" in location:
        raise RefusedError("onnx/path", shown)
    try:
        verify_path(location)
    except InputError as error:
        raise RefusedError("onnx/path", str(error)) from None
    path = f"{outside.folder}/{location}" if outside.folder else location
    if path.casefold() == outside.model.casefold():
        raise RefusedError("onnx/external", f"{shown}, which is the model itself")
    file = outside.beside(path)
    if file is None:
        raise RefusedError(
            "onnx/absent", f"{shown}, which is not there", hint="add the whole folder"
        )
    numbers = {key: said.get(key, "0" if key == "offset" else str(length)) for key in (
        "offset", "length")}  # fmt: skip
    if not all(
        n.isascii() and n.isdigit() and len(n) <= MOST_DIGITS for n in numbers.values()
    ):
        raise RefusedError("onnx/external", f"{shown} at {listed(numbers.values())}")
    if int(numbers["length"]) != length:
        raise RefusedError("onnx/external", f"{shown}, {numbers['length']} bytes long")
    outside.read.add(path)
    return file.window(int(numbers["offset"]), length)


def _entry(tensor: Message, key: str, value: str) -> Message:
    """Add a pair to the external data of a tensor, and return it."""
    pair = SCHEMAS["StringStringEntryProto"]
    entry = Message("StringStringEntryProto")
    entry.fields = [
        Field(1, pair[1], key.encode()),
        Field(2, pair[2], value.encode()),
    ]
    rules = SCHEMAS["TensorProto"]
    tensor.fields.append(Field(13, rules[13], entry))
    return entry


def _plain(value: int | bytes | Source | Message) -> bytes:
    """Return short bytes; a longer list of dimensions is none."""
    if isinstance(value, bytes):
        return value
    raise RefusedError("onnx/tensor", "tensor has more dimensions than any")


def _digest(raw: int | bytes | Source | Message) -> str:
    digest = hashlib.sha256()
    for piece in raw.pieces() if isinstance(raw, Source) else (_plain(raw),):
        digest.update(piece)
    return digest.hexdigest()
