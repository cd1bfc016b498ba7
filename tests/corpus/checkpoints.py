"""Payloads in containers: archives that readers disagree about, and false endings."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Iterator

from tests.corpus.assembling import (
    TEXT,
    by_global,
    call,
    checkpoint,
    pickled,
    tarred,
    zipped,
)
from tests.corpus.samples import Sample, malicious

PAYLOAD = pickled(call(by_global("posix", "system"), TEXT))
SAFE = pickled(b"}")
ENDINGS = (
    "txt", "json", "safetensors", "onnx", "gguf", "npy", "npz", "h5", "keras", "png",
    "md", "yaml", "model", "dat", "pb", "tflite", "mar", "jpg", "csv", "vocab",
)  # fmt: skip


def samples() -> Iterator[Sample]:
    """Give containers, then pickles under every false ending."""
    for name, ending, data, source in (*_zips(), *_others(), *_tars()):
        yield malicious("container", name, f"model.{ending}", data, source)
    for ending in ENDINGS:
        yield malicious(
            "wrong-ext", ending, f"model.{ending}", PAYLOAD, "CVE-2025-1889"
        )
    for ending in ENDINGS[:8]:
        yield malicious(
            "wrong-ext",
            f"zip-{ending}",
            f"model.{ending}",
            checkpoint(PAYLOAD),
            "CVE-2025-10155",
        )


def _zips() -> Iterator[tuple[str, str, bytes, str]]:
    whole = checkpoint(PAYLOAD)
    yield "torch-zip", "pt", whole, ""
    yield "torch-zip-bin", "bin", whole, ""
    yield "two-pickles", "pt", zipped({"a/data.pkl": SAFE, "b/data.pkl": PAYLOAD}), ""
    yield "extra-pickle", "pt", checkpoint(SAFE, **{"archive/extra.pkl": PAYLOAD}), ""
    yield (
        "code-member",
        "pt",
        checkpoint(SAFE, **{"archive/code/evil.py": b"import os"}),
        "",
    )
    yield (
        "member-twice",
        "pt",
        zipped([("a/data.pkl", PAYLOAD), ("a/data.pkl", SAFE)]),
        "",
    )
    yield (
        "member-twice-reversed",
        "pt",
        zipped([("a/data.pkl", SAFE), ("a/data.pkl", PAYLOAD)]),
        "",
    )
    yield (
        "local-name-differs",
        "pt",
        whole.replace(b"archive/data.pkl", b"archive/data.txt", 1),
        "CVE-2025-1944",
    )
    yield "flag-bits", "pt", _flagged(whole), "CVE-2025-1945"
    yield "bad-crc", "pt", _wrong_crc(whole), "CVE-2025-10156"
    yield "prefix", "pt", b"MZ" + bytes(100) + whole, ""
    yield "suffix", "pt", whole + bytes(100), ""
    yield "comment", "pt", _commented(whole), ""
    yield (
        "traversal",
        "zip",
        zipped({"../../etc/passwd": b"root", "a/data.pkl": PAYLOAD}),
        "",
    )
    yield "absolute", "zip", zipped({"/etc/passwd": b"root"}), ""
    yield "backslash", "zip", zipped({"..\\..\\evil.pt": PAYLOAD}), ""
    yield "case-fold", "zip", zipped({"A/data.pkl": SAFE, "a/data.pkl": PAYLOAD}), ""
    yield "link-in-zip", "zip", _link(), ""
    yield "bomb", "zip", zipped({"a/data.pkl": bytes(64 << 20)}, packed=True), ""
    yield (
        "bomb-checkpoint",
        "pt",
        zipped(
            {"archive/data.pkl": SAFE, "archive/data/0": bytes(64 << 20)}, packed=True
        ),
        "",
    )
    yield "zip-in-zip", "zip", zipped({"inner.zip": whole}), ""
    yield "deflated", "pt", zipped({"archive/data.pkl": PAYLOAD}, packed=True), ""
    yield (
        "nul-in-name",
        "pt",
        whole.replace(b"archive/data.pkl", b"archive/data\0pkl"),
        "",
    )
    yield "no-data", "pt", zipped({"archive/readme": b"x"}), ""
    yield "only-head", "pt", whole[: len(whole) // 2], ""
    yield "unicode-slash", "zip", zipped({"a\u2215data.pkl": PAYLOAD}), ""
    yield "many-members", "zip", zipped({f"{n}": b"" for n in range(20_000)}), ""
    yield (
        "torchscript",
        "pt",
        checkpoint(
            SAFE,
            **{
                "archive/code/__torch__.py": b"def forward(): ...",
                "archive/constants.pkl": SAFE,
            },
        ),
        "",
    )
    yield (
        "nemo",
        "nemo",
        tarred(
            {"model_config.yaml": b"target: os.system", "model_weights.ckpt": whole}
        ),
        "CVE-2025-23304",
    )
    yield (
        "torchserve",
        "mar",
        zipped(
            {
                "MAR-INF/MANIFEST.json": b"{}",
                "handler.py": b"import os",
                "model.pt": whole,
            }
        ),
        "",
    )


def _others() -> Iterator[tuple[str, str, bytes, str]]:
    yield "gzip", "pkl.gz", gzip.compress(PAYLOAD, mtime=0), ""
    yield "bzip2", "pkl", bz2.compress(PAYLOAD), ""
    yield "xz", "pkl", lzma.compress(PAYLOAD), ""
    yield "7z", "bin", b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(64) + PAYLOAD, "nullifAI"
    yield "rar", "bin", b"Rar!\x1a\x07\x01\x00" + bytes(64) + PAYLOAD, ""
    yield "legacy-torch", "pt", _legacy(PAYLOAD), ""
    yield "legacy-system-info", "pt", _legacy(SAFE, info=PAYLOAD), ""
    yield (
        "png-then-zip",
        "png",
        b"\x89PNG\r\n\x1a\n" + bytes(64) + checkpoint(PAYLOAD),
        "",
    )
    yield (
        "safetensors-then-zip",
        "safetensors",
        struct.pack("<Q", 2) + b"{}" + checkpoint(PAYLOAD),
        "",
    )
    yield "pdf-then-zip", "pdf", b"%PDF-1.4\n" + checkpoint(PAYLOAD), ""
    yield "script", "py", b"import os\nos.system('x')\n", ""
    yield "shell", "sh", b"#!/bin/sh\nid\n", ""
    yield "elf", "so", b"\x7fELF" + bytes(200), ""
    yield "windows", "dll", b"MZ" + bytes(200), ""
    yield "path-file", "pth", b"import os; os.system('x')\n", ""
    yield "bytecode", "pyc", b"\xa7\r\r\n" + bytes(12) + b"\xe3" + bytes(30), ""
    yield (
        "notebook",
        "ipynb",
        b'{"cells":[{"cell_type":"code","source":["!id"]}],"nbformat":4}',
        "",
    )
    yield "script-called-bin", "bin", b"#!/usr/bin/env python3\nimport os\n", ""


def _tars() -> Iterator[tuple[str, str, bytes, str]]:
    yield (
        "old-torch-tar",
        "pt",
        tarred(
            {"storages": PAYLOAD, "tensors": SAFE, "pickle": PAYLOAD, "sys_info": SAFE}
        ),
        "",
    )
    yield "tar-traversal", "tar", tarred({"../evil": PAYLOAD}), ""
    yield "tar-twice", "tar", tarred([_header("a"), _header("a")]), ""
    for kind, label in (
        (tarfile.SYMTYPE, "symlink"),
        (tarfile.LNKTYPE, "hardlink"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.FIFOTYPE, "fifo"),
    ):
        yield f"tar-{label}", "tar", tarred([_header("a", kind)]), ""


def _header(name: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = "/etc/passwd"
    return info


def _legacy(body: bytes, info: bytes = SAFE) -> bytes:
    magic = pickled(b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19")
    version = pickled(b"M\xe9\x03")
    return magic + version + info + body + pickled(b"]")


def _flagged(data: bytes) -> bytes:
    changed = bytearray(data)
    changed[6] |= 1  # encrypted, says the local header alone
    return bytes(changed)


def _wrong_crc(data: bytes) -> bytes:
    at = data.index(b"PK\x01\x02")
    changed = bytearray(data)
    changed[14] ^= 0xFF
    changed[at + 16] ^= 0xFF
    return bytes(changed)


def _commented(data: bytes) -> bytes:
    return data[:-2] + struct.pack("<H", len(PAYLOAD)) + PAYLOAD


def _link() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("a/data.pkl")
        info.create_system = 3
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()
