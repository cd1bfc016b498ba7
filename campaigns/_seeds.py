"""What fuzzing begins with: the vectors, small models, and what people share."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path

import torch

import strongroom
from strongroom.intake.bundles import Bundle
from tests.corpus.samples import Label, every_sample
from tests.corpus.torch_tars import BENIGN

VECTORS = Path(__file__).parents[1] / "tests" / "vectors"
PACKAGE = Path(strongroom.__file__).parent
SAFETENSORS = (
    (64).to_bytes(8, "little")
    + b'{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}       '
    + bytes(16)
)


def write_seeds(folder: Path, *, at_most_bytes: int) -> int:
    """Write what stands in the vectors, and our own text files, to begin with.

    Args:
        folder: Made if it is not there.
        at_most_bytes: Of each of the vectors.

    Returns:
        How many.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = {
        SAFETENSORS,
        *_models(),
        *_members(),
        *_shared(),
        *_statements(),
        *(path.read_bytes() for path in PACKAGE.rglob("*.toml")),
    }
    for path in sorted(VECTORS.glob("*.json")):
        for data in _inputs(json.loads(path.read_bytes())):
            if 0 < len(data) <= at_most_bytes:
                found.add(data)
    for data in found:
        (folder / hashlib.sha256(data).hexdigest()).write_bytes(data)
    return len(found)


def _shared() -> Iterator[bytes]:
    """Yield the small files that people share, of the corpus of intake."""
    for sample in every_sample():
        if sample.label is Label.BENIGN:
            yield from (data for data in sample.files.values() if data)


def _statements() -> Iterator[bytes]:
    """Yield what is inside of signatures of models, where no mutation finds it."""
    vectors = json.loads((VECTORS / "model_signatures.json").read_bytes())
    for case in vectors["signed"]:
        yield Bundle.from_bytes(case["bundle"].encode()).payload


def _models() -> Iterator[bytes]:
    """Yield small files of the kinds that models come in."""
    tree = {"a": [1, 2.5, None, True, "x" * 300], "b": ({"c": b"d"}, 1 << 70)}
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        yield pickle.dumps(tree, protocol)
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            archive.writestr("model/data.pkl", pickle.dumps(tree, 2))
            archive.writestr("model/data/0", bytes(100))
        yield buffer.getvalue()
    weights = {"w": torch.ones(2, 3).t(), "o": {"lr": 0.1, "tied": torch.ones(3)[1:]}}
    for is_zip in (True, False):
        buffer = io.BytesIO()
        torch.save(weights, buffer, _use_new_zipfile_serialization=is_zip)
        yield buffer.getvalue()
        if is_zip:
            with zipfile.ZipFile(buffer) as archive:
                yield archive.read("archive/data.pkl")


def _members() -> Iterator[bytes]:
    """Yield the members of old checkpoints, which readers take one by one."""
    for archive in BENIGN.values():
        yield from archive.members().values()


def _inputs(value: object) -> Iterator[bytes]:
    """Yield the strings of a document, also decoded, and its parts as JSON."""
    if isinstance(value, str):
        yield value.encode()
        for decode in (binascii.unhexlify, _base64):
            try:
                yield decode(value.encode())
            except ValueError:
                continue
    elif isinstance(value, dict):
        yield json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
        for part in value.values():
            yield from _inputs(part)
    elif isinstance(value, list):
        for part in value:
            yield from _inputs(part)


def _base64(data: bytes) -> bytes:
    return base64.b64decode(data, validate=True)
