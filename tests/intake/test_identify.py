"""A file is what its bytes say, whatever it is called, and only one thing."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import tarfile
import zipfile
from collections.abc import Iterator, Mapping

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from strongroom.errors import InputError
from strongroom.intake.findings import Level, RefusedError
from strongroom.intake.identify import Identified, identify
from strongroom.intake.kinds import Kind
from strongroom.intake.sources import Source
from tests.corpus.tars_of_letters import SUMS, tar_of_letters
from tests.corpus.torch_tars import STATE
from tests.intake.hostile import mutated
from tests.intake.places import in_memory


def seen(data: bytes, path: str = "file") -> Identified:
    with in_memory(data) as descriptor:
        return identify(
            Source(descriptor=descriptor, start=0, length=len(data), path=path)
        )


def zipped(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def tarred(*names: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    return buffer.getvalue()


def torch_saved(value: object, *, new: bool) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=new)
    return buffer.getvalue()


def numpy_saved(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


WEIGHTS = save({"a": np.ones((4, 4), np.float32)})
TENSOR = {"a": torch.ones(3)}
GIF = b"GIF89a" + bytes(20)

FILES: dict[str, tuple[Kind, bytes]] = {
    "model.safetensors": (Kind.SAFETENSORS, WEIGHTS),
    "a.gguf": (Kind.GGUF, b"GGUF" + bytes(20)),
    "a.npy": (Kind.NUMPY, numpy_saved(np.ones(3))),
    "a.npz": (Kind.NUMPY_ZIP, zipped({"a.npy": numpy_saved(np.ones(3))})),
    "a.pt": (Kind.TORCH_ZIP, torch_saved(TENSOR, new=True)),
    "b.pt": (Kind.TORCH_LEGACY, torch_saved(TENSOR, new=False)),
    "c.pt": (Kind.TORCH_TAR, STATE.tar()),
    "d.pt": (Kind.TORCHSCRIPT, zipped({"m/data.pkl": b"", "m/code/a.py": b""})),
    "e.pt2": (Kind.TORCH_EXPORT, zipped({"serialized_exported_program.json": b""})),
    "f.pth": (Kind.PICKLE, pickle.dumps([1], 0)),
    "a.pkl": (Kind.PICKLE, pickle.dumps([1], 4)),
    "a.keras": (Kind.KERAS, zipped({"config.json": b"", "metadata.json": b""})),
    "a.skops": (Kind.SKOPS, zipped({"schema.json": b""})),
    "a.zip": (Kind.ZIP, zipped({"readme": b""})),
    "a.tar": (Kind.TAR, tarred("a", "b")),
    "a.h5": (Kind.HDF5, b"\x89HDF\r\n\x1a\n" + bytes(90)),
    "a.onnx": (Kind.ONNX, bytes.fromhex("0808120470797463")),
    "a.pb": (Kind.SAVED_MODEL, bytes.fromhex("080112ff01")),
    "tokenizer.model": (Kind.SENTENCEPIECE, bytes.fromhex("0a0e0a053c756e6b3e")),
    "a.gz": (Kind.COMPRESSED, gzip.compress(b"a")),
    "a.bz2": (Kind.COMPRESSED, bz2.compress(b"a")),
    "a.xz": (Kind.COMPRESSED, lzma.compress(b"a")),
    "a.7z": (Kind.SEVEN_ZIP, b"7z\xbc\xaf\x27\x1c" + bytes(30)),
    "a.so": (Kind.PROGRAM, b"\x7fELF" + bytes(60)),
    "a.pyc": (Kind.PROGRAM, b"\xa7\r\r\n" + bytes(12)),
    "a.gif": (Kind.IMAGE, GIF),
    "config.json": (Kind.JSON, json.dumps({"a": "ä"}).encode()),
    "model.safetensors.index.json": (Kind.INDEX, b"{}"),
    "a.yaml": (Kind.YAML, b"a: 1"),
    "chat_template.jinja": (Kind.TEMPLATE, b"{{ a }}"),
    "README.md": (Kind.TEXT, "# hello ä\n".encode()),
    "LICENSE": (Kind.TEXT, b"Do what you like.\n"),
    "modeling.py": (Kind.CODE, b"import os\n"),
    "run": (Kind.CODE, b"#!/bin/sh\n"),
    "b.bin": (Kind.POINTER, b"version https://git-lfs.github.com/spec/v1\noid sha256:"),
    "a.nemo": (Kind.NEMO, tarred("model_config.yaml")),
    "a.mar": (Kind.TORCHSERVE, zipped({"MAR-INF/MANIFEST.json": b""})),
    ".gitattributes": (Kind.LEFT_OUT, b"*.bin filter=lfs\n"),
    "page.html": (Kind.LEFT_OUT, b"<script>"),
    "nothing": (Kind.EMPTY, b""),
    "noise": (Kind.UNKNOWN, bytes(range(128, 256))),
}


@pytest.mark.parametrize("path", FILES)
def test_a_file_is_recognised_under_its_own_name(path: str) -> None:
    kind, data = FILES[path]
    assert seen(data, path) == Identified(kind=kind)


BY_BYTES = [path for path, (kind, _) in FILES.items() if kind in {
    Kind.SAFETENSORS, Kind.GGUF, Kind.NUMPY, Kind.NUMPY_ZIP, Kind.TORCH_ZIP,
    Kind.TORCH_LEGACY, Kind.TORCH_TAR, Kind.KERAS, Kind.ZIP, Kind.HDF5, Kind.PROGRAM,
}]  # fmt: skip


@pytest.mark.parametrize("path", [*BY_BYTES, "a.pkl"])
def test_the_ending_hides_nothing_and_is_a_finding(path: str) -> None:
    kind, data = FILES[path]
    found = seen(data, "config.json")
    assert found.kind is kind
    assert [(f.rule, f.level) for f in found.findings] == [
        ("file/ending", Level.WARNING)
    ]


def test_a_tar_file_of_torch_is_recognised_behind_a_header_of_times() -> None:
    """Once the first name was looked at: real files begin with a header of times."""
    data = STATE.tar()
    assert data.startswith(b"././@PaxHeader")
    assert seen(data, "model.pt").kind is Kind.TORCH_TAR
    assert seen(tarred("pickle", "storages"), "a.tar").kind is Kind.TAR


@pytest.mark.parametrize("written", SUMS)
def test_a_tar_file_is_one_however_its_sum_is_written(written: str) -> None:
    """Once, a README of letters passed that torch read as a checkpoint, and ran."""
    data = tar_of_letters(SUMS[written])
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames()[:2] == ["sys_info", "pickle"]

    try:
        assert seen(data, "README.md").kind in {Kind.TAR, Kind.TORCH_TAR}
    except RefusedError as refused:
        assert refused.rule.startswith("tar/")  # noqa: PT017  # one of the two


def polyglots() -> Iterator[tuple[str, bytes]]:
    """Yield files that two programs read as two things."""
    payload = zipped({"archive/data.pkl": pickle.dumps([1])})
    for path in ("model.safetensors", "a.gif", "a.pkl", "a.npy", "README.md", "noise"):
        yield f"{path} and zip", FILES[path][1] + payload
    yield "zip with a comment", GIF + payload[:-2] + b"\x05\x00hello"
    yield "weights and HDF5", WEIGHTS.ljust(1024, b"\0") + b"\x89HDF\r\n\x1a\n"
    header = b"GGUF".ljust(257, b"\0") + b"ustar\x0000"
    block = bytearray(header.ljust(512, b"\0"))
    block[148:156] = b"%06o\0 " % (sum(block) + 8 * 32)
    yield "GGUF and tar", bytes(block)
    block[148:156] = b"\x80" + (sum(block[:148] + block[156:]) + 256).to_bytes(7, "big")
    yield "GGUF and tar with a sum in binary", bytes(block)
    opcode = b"\x80\x02N".ljust(8, b"\0")  # a length, and a pickle of None
    yield "weights and pickle", opcode + b"{" + bytes(0x4E0280)


@pytest.mark.parametrize(
    "data", [pytest.param(data, id=name) for name, data in polyglots()]
)
def test_a_file_that_is_two_things_is_refused(data: bytes) -> None:
    with pytest.raises(RefusedError, match="two things") as caught:
        seen(data, "model.safetensors")
    assert caught.value.rule == "file/polyglot"


def test_an_honest_header_of_640_bytes_is_no_pickle() -> None:
    """The length of such a header begins as a pickle of protocol 2 does."""
    header = json.dumps({
        "a": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
    }).encode().ljust(640)  # fmt: skip
    data = len(header).to_bytes(8, "little") + header
    assert data.startswith(b"\x80\x02")
    assert seen(data, "a.safetensors") == Identified(kind=Kind.SAFETENSORS)


def test_text_under_the_name_of_weights_is_refused() -> None:
    with pytest.raises(RefusedError, match="text") as caught:
        seen(b"just a moment\n", "model.safetensors")
    assert caught.value.rule == "file/ending"


def test_a_zip_file_that_readers_see_differently_is_refused() -> None:
    """CVE-2025-1944: the name in the member's own header is another one."""
    data = zipped({"archive/data.pkl": b"1234"}).replace(b"data.pkl", b"data.pkx", 1)
    with pytest.raises(RefusedError):
        seen(data, "a.pt")


@given(st.sampled_from(sorted(FILES)).flatmap(lambda p: mutated(FILES[p][1])))
def test_any_bytes_are_something_or_refused(data: bytes) -> None:
    for path in ("a.pt", "model.safetensors", "a.onnx", "README"):
        try:
            assert seen(data, path).kind in Kind
        except InputError:
            continue


@pytest.mark.parametrize("protocol", [1, 2, 3, 4, 5])
def test_the_legacy_form_is_known_in_every_protocol(protocol: int) -> None:
    """All but protocols 2 and 3 were called pickles of scikit-learn."""
    buffer = io.BytesIO()
    torch.save(
        {"w": torch.ones(2)}, buffer, pickle_protocol=protocol,
        _use_new_zipfile_serialization=False,
    )  # fmt: skip
    assert seen(buffer.getvalue(), "model.pt").kind is Kind.TORCH_LEGACY


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (torch_saved({"w": torch.ones(2)}, new=True), "checkpoint.pth.tar"),
        (b"torch>=2\n", "requirements.txt"),
    ],
)
def test_what_people_call_by_another_ending_is_no_finding(
    data: bytes, path: str
) -> None:
    assert seen(data, path).findings == ()
