"""Headers of safetensors and GGUF that readers understand differently, or choke on."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator

from tests.corpus.samples import Sample, malicious
from tests.corpus.texts import EVIL_TEMPLATES

A = '"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}'


def tensors(header: str, data: bytes = bytes(8), length: int | None = None) -> bytes:
    """Return a safetensors file with this header."""
    text = header.encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def samples() -> Iterator[Sample]:
    """Give the malformed ones of both formats."""
    for name, data in _safetensors():
        yield malicious("safetensors", name, "model.safetensors", data)
    for name, data in _gguf():
        yield malicious(
            "gguf",
            name,
            "model.gguf",
            data,
            "CVE-2024-34359" if "template" in name else "",
        )


def _safetensors() -> Iterator[tuple[str, bytes]]:
    def one(**fields: object) -> str:
        entry = {"dtype": "U8", "shape": [8], "data_offsets": [0, 8], **fields}
        return json.dumps({"a": entry})

    yield "name-twice", tensors("{" + A + "," + A.replace("U8", "I8") + "}", bytes(4))
    yield (
        "overlap",
        tensors(
            "{" + A + ',"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}', bytes(6)
        ),
    )
    yield "gap", tensors(one(shape=[4], data_offsets=[4, 8]))
    yield "beyond", tensors(one(data_offsets=[0, 1 << 40]))
    yield "negative", tensors(one(data_offsets=[-8, 0]))
    yield "reversed", tensors(one(data_offsets=[8, 0]))
    yield "length-bomb", tensors("{}", b"", 1 << 62)
    yield "length-100-mb", tensors("{}", b"", 120_000_000)
    yield "deep", tensors("[" * 100_000)
    yield "shape-overflow", tensors(one(shape=[1 << 62, 8]))
    yield "dtype-unknown", tensors(one(dtype="PICKLE"))
    yield "trailing", tensors(one()) + b"PK\x03\x04" + bytes(30)
    yield "bool-shape", tensors(one(shape=[True]))
    yield "float-shape", tensors(one(shape=[8.0]))
    yield "unknown-field", tensors(one(loader="os.system"))
    yield "not-utf8", tensors("{").replace(b"{", b"\xff")
    yield "nul-in-name", tensors(one().replace('"a"', '"a\\u0000"'))


def _u64(number: int) -> bytes:
    return struct.pack("<Q", number)


def _text(value: str) -> bytes:
    return _u64(len(value.encode())) + value.encode()


def gguf(
    *pairs: bytes, tensors: int = 0, count: int | None = None, more: bytes = b""
) -> bytes:
    """Return a GGUF file with these pairs."""
    head = b"GGUF" + struct.pack("<L", 3) + _u64(tensors)
    return head + _u64(len(pairs) if count is None else count) + b"".join(pairs) + more


def _string(key: str, value: str) -> bytes:
    return _text(key) + struct.pack("<L", 8) + _text(value)


def _gguf() -> Iterator[tuple[str, bytes]]:
    architecture = _string("general.architecture", "llama")
    array = _text("a") + struct.pack("<L", 9)
    yield "array-bomb", gguf(array + struct.pack("<L", 4) + _u64(1 << 61))
    yield "array-of-arrays", gguf(array + (struct.pack("<L", 9) + _u64(1)) * 1000)
    yield "pairs-bomb", gguf(architecture, count=1 << 62)
    yield "tensors-bomb", gguf(architecture, tensors=1 << 62)
    yield "string-bomb", gguf(_text("a") + struct.pack("<L", 8) + _u64(1 << 62))
    yield "unknown-type", gguf(_text("a") + struct.pack("<L", 99))
    yield "key-twice", gguf(architecture, architecture)
    yield "cut", gguf(architecture)[:-3]
    yield (
        "dims-bomb",
        gguf(architecture, tensors=1, more=_text("w") + struct.pack("<L", 99)),
    )
    shape = struct.pack("<L", 2) + _u64(1 << 40) + _u64(1 << 40)
    yield (
        "shape-overflow",
        gguf(
            architecture,
            tensors=1,
            more=_text("w") + shape + struct.pack("<L", 0) + _u64(0),
        ),
    )
    offset = struct.pack("<L", 1) + _u64(8) + struct.pack("<L", 0) + _u64(1 << 40)
    yield "offset-beyond", gguf(architecture, tensors=1, more=_text("w") + offset)
    for number, template in enumerate(EVIL_TEMPLATES):
        yield (
            f"template-{number:02}",
            gguf(architecture, _string("tokenizer.chat_template", template)),
        )
    yield from _gguf_elsewhere(architecture)
    yield from _gguf_believed(architecture)


def _array(key: str, kind: int, count: int, items: bytes) -> bytes:
    return _text(key) + struct.pack("<LLQ", 9, kind, count) + items


def _gguf_elsewhere(architecture: bytes) -> Iterator[tuple[str, bytes]]:
    """Give templates where some programs look for them, and others do not."""
    evil = EVIL_TEMPLATES[0]
    for number, key in enumerate(
        ("Tokenizer.Chat_Template", "tokenizer.chat_template.rag", "x.CHAT_TEMPLATE.y")
    ):
        yield f"template-key-{number}", gguf(architecture, _string(key, evil))
    for number, key in enumerate(
        ("tokenizer.chat_template", "tokenizer.chat_templates")
    ):
        listed = _array(key, 8, 2, _text("default") + _text(evil))
        yield f"template-list-{number}", gguf(architecture, listed)


def _gguf_believed(architecture: bytes) -> Iterator[tuple[str, bytes]]:
    """Give values that programs read by other values, without looking."""
    tokens = _array("tokenizer.ggml.tokens", 8, 2, _text("a") + _text("b"))
    for name, pair in (
        ("types-of-one-byte", _array("tokenizer.ggml.token_type", 0, 2, bytes(2))),
        ("scores-of-one-byte", _array("tokenizer.ggml.scores", 0, 2, bytes(2))),
        ("eos-beyond", _text("tokenizer.ggml.eos_token_id") + struct.pack("<LL", 4, 2)),
        ("no-heads", _text("llama.attention.head_count") + struct.pack("<LL", 4, 0)),
    ):
        yield name, gguf(architecture, tokens, pair)
