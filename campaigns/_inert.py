"""Looks at what came out of intake, by means that share nothing with its readers.

Known by ending, because that is how whoever loads a file chooses the loader; and every
file is held against the marks of what is executable whatever it is called.
"""

from __future__ import annotations

import io
import json
import pickle
import re
import struct
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import NoReturn

import gguf
import jinja2
import jinja2.nodes
import onnx
import onnx.numpy_helper
import safetensors.numpy
import skops.io

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # SWIG's types, before Python 3.13
    import sentencepiece

_CODE_KEYS = {
    "auto_map", "trust_remote_code", "_target_", "auto_mapping", "custom_pipelines",
}  # fmt: skip
_BROKEN = (
    *(pickle.UnpicklingError, EOFError, ValueError, LookupError),
    *(TypeError, AttributeError, ArithmeticError, MemoryError),
    *(AssertionError, struct.error),
)
"""What a malformed pickle ends with."""

_MAGIC = (
    (b"PK\x03\x04", "is a zip archive"),
    (b"\x7fELF", "is a program"),
    (b"MZ", "is a program"),
    (b"#!", "is a script"),
    (b"\x93NUMPY", "is an array that may hold objects"),
    (b"\x89HDF", "is HDF5"),
)
_DOMAINS = {"", "ai.onnx", "ai.onnx.ml", "com.microsoft"}
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def fault_in(path: str, data: bytes) -> str:
    """Return what is executable in a file, or malformed; nothing if it is inert."""
    ending = path.rpartition(".")[2].lower()
    if ending == "skops":
        return _skops(data)
    for magic, what in _MAGIC:
        if data.startswith(magic):
            return what
    if _is_pickle(data):
        return "is a pickle"
    return _CHECKS.get(ending, _text)(data)


class _CalledError(Exception):
    """A pickle came as far as a call of something that it names."""


class _Anything:
    """Stands for whatever a pickle names, which is never looked up."""

    def __new__(cls, *words: object) -> NoReturn:
        raise _CalledError

    @staticmethod
    def __setstate__(state: object) -> NoReturn:
        raise _CalledError


class _Unpickler(pickle._Unpickler):  # noqa: SLF001  # in Python: a memo has no size
    """Follows a pickle up to the first call, and resolves nothing."""

    named = False

    def find_class(self, module: str, name: str) -> object:
        if not all(part.isidentifier() for part in f"{module}.{name}".split(".")):
            raise pickle.UnpicklingError("no name")
        self.named = True
        return _Anything

    def get_extension(self, code: int) -> NoReturn:
        raise _CalledError


def _is_pickle(data: bytes) -> bool:
    """Return whether unpickling calls or gives what it names; torch reads five."""
    file = io.BytesIO(data)
    try:
        for _ in range(5):
            unpickler = _Unpickler(file)
            unpickler.load()
            if unpickler.named:
                return True
    except _CalledError:
        return True
    except _BROKEN:
        pass
    return False


def _safetensors(data: bytes) -> str:
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    if not any(
        isinstance(e, dict) and e.get("dtype") in {"BF16", "F8_E4M3", "F8_E5M2"}
        for e in header.values()
    ):
        safetensors.numpy.load(data)  # knows no others than numpy's
    return ""


def _json(data: bytes) -> str:
    document = json.loads(data)
    keys = set(_keys(document)) & _CODE_KEYS
    if keys:
        return f"asks for code: {sorted(keys)}"
    for template in _templates(document):
        fault = _template(template.encode())
        if fault:
            return fault
    return ""


def _keys(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from _keys(item)


def _templates(document: object) -> Iterator[str]:
    found = document.get("chat_template") if isinstance(document, Mapping) else None
    named = found if isinstance(found, list) else [{"template": found}]
    for one in named:
        text = one.get("template") if isinstance(one, Mapping) else None
        if isinstance(text, str):
            yield text


def _template(data: bytes) -> str:
    tree = jinja2.Environment(autoescape=True).parse(data.decode())
    names = [node.attr for node in tree.find_all(jinja2.nodes.Getattr)]
    names += [_constant(node) for node in tree.find_all(jinja2.nodes.Getitem)]
    hidden = [name for name in names if name.startswith("_")]
    if hidden:
        return f"reaches for {hidden[0]}"
    if list(tree.find_all((jinja2.nodes.Include, jinja2.nodes.Import))):
        return "loads another template"
    return ""


def _constant(node: jinja2.nodes.Getitem) -> str:
    return str(node.arg.value) if isinstance(node.arg, jinja2.nodes.Const) else ""


def _onnx(data: bytes) -> str:
    model = onnx.load_model_from_string(data)
    foreign = {n.domain for n in model.graph.node} - _DOMAINS
    if foreign:
        return f"has foreign operators of {sorted(foreign)}"
    for tensor in model.graph.initializer:
        if tensor.external_data:
            return f"reads a tensor elsewhere: {tensor.name}"
        try:
            onnx.numpy_helper.to_array(tensor)
        except (TypeError, ValueError):
            return f"has a tensor that no loader reads: {tensor.name}"
    return ""


def _skops(data: bytes) -> str:
    unknown = set(skops.io.get_untrusted_types(data=data)) - {"numpy.dtype"}
    if unknown:
        return f"builds {sorted(unknown)}"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    odd = [name for name, held in inside.items() if _is_pickle(held)]
    return f"holds a pickle: {odd}" if odd else ""


def _text(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "is no text"
    return "has hidden characters" if _HIDDEN.search(text) else ""


def _gguf(data: bytes) -> str:
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        file.write(data)
        file.flush()
        try:
            read = gguf.GGUFReader(file.name)
        except (ValueError, LookupError, UnicodeDecodeError):
            return "is no GGUF file"
        for value in read.fields.values():
            value.contents()
    return ""


def _pieces(data: bytes) -> str:
    try:
        sentencepiece.SentencePieceProcessor(model_proto=data)
    except RuntimeError:
        return "is no model of SentencePiece"
    return ""


_CHECKS: Mapping[str, Callable[[bytes], str]] = {
    "safetensors": _safetensors,
    "json": _json,
    "jinja": _template,
    "onnx": _onnx,
    "gguf": _gguf,
    "model": _pieces,
}
