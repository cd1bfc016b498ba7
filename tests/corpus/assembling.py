"""Pickles and archives put together piece by piece; nothing is pickled or run."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from collections.abc import Mapping, Sequence

TEXT = "touch /tmp/owned"
"""What a payload would run."""


def short(text: str) -> bytes:
    """Return the opcode that pushes a short text."""
    data = text.encode()
    return b"\x8c" + bytes([len(data)]) + data


def unicode(text: str) -> bytes:
    """Return the opcode of protocol 1 that pushes a text."""
    data = text.encode()
    return b"X" + struct.pack("<L", len(data)) + data


def by_global(module: str, name: str) -> bytes:
    """Return the opcode that looks a name up."""
    return f"c{module}\n{name}\n".encode()


def by_stack(module: str, name: str) -> bytes:
    """Return the opcodes of protocol 4 that look a name up."""
    return short(module) + short(name) + b"\x93"


def call(function: bytes, *arguments: str) -> bytes:
    """Return the opcodes that call what ``function`` pushes with texts."""
    return function + b"(" + b"".join(map(unicode, arguments)) + b"tR"


def pickled(body: bytes, protocol: int = 2) -> bytes:
    """Return a whole pickle."""
    head = b"" if protocol < 2 else bytes([0x80, protocol])
    return head + body + b"."


def zipped(
    members: Mapping[str, bytes] | Sequence[tuple[str, bytes]], *, packed: bool = False
) -> bytes:
    """Return a zip file; members may repeat."""
    pairs = members.items() if isinstance(members, Mapping) else members
    buffer = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in pairs:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            archive.NameToInfo.pop(name, None)  # no warning about the second one
            archive.writestr(info, data)
    return buffer.getvalue()


def tarred(members: Mapping[str, bytes] | Sequence[tarfile.TarInfo]) -> bytes:
    """Return a tar file of members, or of headers alone."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        if isinstance(members, Mapping):
            for name, data in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        else:
            for info in members:
                archive.addfile(info)
    return buffer.getvalue()


def checkpoint(data: bytes, **more: bytes) -> bytes:
    """Return a torch file of the zip form around this pickle."""
    return zipped(
        {
            "archive/data.pkl": data,
            "archive/byteorder": b"little",
            "archive/data/0": bytes(16),
            "archive/version": b"3\n",
            **more,
        }
    )
