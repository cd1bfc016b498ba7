"""Makes GGUF files byte by byte, and one with the package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gguf
import numpy as np


def u32(number: int) -> bytes:
    return number.to_bytes(4, "little")


def u64(number: int) -> bytes:
    return number.to_bytes(8, "little")


def text(value: str) -> bytes:
    data = value.encode()
    return u64(len(data)) + data


def pair(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + u32(kind) + value


def tensor(name: str, shape: Sequence[int], kind: int, offset: int) -> bytes:
    sizes = b"".join(map(u64, shape))
    return text(name) + u32(len(shape)) + sizes + u32(kind) + u64(offset)


def made(
    pairs: Sequence[bytes],
    tensors: Sequence[bytes] = (),
    data: bytes = b"",
    version: int = 3,
) -> bytes:
    """Return a file with these parts, aligned to 32."""
    counts = u64(len(tensors)) + u64(len(pairs))
    head = b"GGUF" + u32(version) + counts + b"".join((*pairs, *tensors))
    return head + bytes(-len(head) % 32 if data else 0) + data


def with_package(folder: Path) -> bytes:
    """Return a file that the package wrote: all types of values, three of tensors."""
    path = folder / "written.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_uint8("n.u8", 1)
    writer.add_int8("n.i8", -1)
    writer.add_uint16("n.u16", 2)
    writer.add_int16("n.i16", -2)
    writer.add_int32("n.i32", -3)
    writer.add_uint64("n.u64", 2**60)
    writer.add_int64("n.i64", -(2**60))
    writer.add_float32("n.f32", 0.5)
    writer.add_float64("n.f64", 0.25)
    writer.add_bool("n.bool", True)
    writer.add_string("n.text", "é")
    writer.add_token_list(["a", "b"])
    writer.add_token_scores([0.0, 1.0])
    writer.add_token_types([1, 1])
    writer.add_chat_template("{{ messages[0].content }}")
    writer.add_custom_alignment(64)
    writer.add_tensor("w", np.arange(6, dtype="f4").reshape(2, 3))
    quantised = gguf.quantize(np.ones((2, 64), "f4"), gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("q", quantised, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    halves = np.zeros((3,), "u2").view("u1")
    writer.add_tensor("h", halves, raw_dtype=gguf.GGMLQuantizationType.BF16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path.read_bytes()
