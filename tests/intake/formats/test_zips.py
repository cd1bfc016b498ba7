"""A zip file is read in the one way that every reader agrees on, or refused."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.zips import Limits, open_members, read_archive
from strongroom.intake.sources import Source
from tests.intake.places import source_of, workplace_in

Contents = dict[str, bytes]
PLAIN: Contents = {"a/one": b"1" * 300, "a/two": b"", "b": bytes(range(256))}


def zipped(
    contents: Contents = PLAIN, *, method: int = zipfile.ZIP_STORED, wide: bool = False
) -> bytes:
    """Return a zip file as Python writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in contents.items():
            with archive.open(name, "w", force_zip64=wide) as member:
                member.write(data)
    return buffer.getvalue()


def streamed(contents: Contents = PLAIN) -> bytes:
    """Return a zip file with a descriptor behind each member."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    buffer = Pipe()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def saved() -> bytes:
    """Return a zip file as PyTorch writes it: zip64, descriptors and padding."""
    buffer = io.BytesIO()
    torch.save({"a": torch.arange(100.0), "b": torch.ones(3)}, buffer)
    return buffer.getvalue()


def contents_of(folder: Path, data: bytes, limits: Limits | None = None) -> Contents:
    """Return what our reader finds."""
    place = workplace_in(folder)
    with _opened(folder, data) as source:
        opened = open_members(read_archive(source, limits).values(), place)
        return {name: b"".join(found.pieces()) for name, found in opened.items()}


@contextlib.contextmanager
def _opened(folder: Path, data: bytes) -> Iterator[Source]:
    with (folder / "in.zip").open("w+b", buffering=0) as file:
        file.write(data)
        yield Source(descriptor=file.fileno(), start=0, length=len(data), path="in.zip")


@pytest.mark.parametrize(
    "data",
    [
        zipped(),
        zipped(method=zipfile.ZIP_DEFLATED),
        zipped(wide=True),
        zipped({}),
        streamed(),
        saved(),
        zipped({"ä": b"1", "b/": b""}),
    ],
    ids=["stored", "deflated", "zip64", "empty", "streamed", "torch", "folder"],
)
def test_what_honest_writers_wrote_is_read(tmp_path: Path, data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        expected = {
            info.filename: archive.read(info)
            for info in archive.infolist()
            if not info.is_dir()
        }
    assert contents_of(tmp_path, data) == expected


def test_a_member_of_many_pieces_is_unpacked(tmp_path: Path) -> None:
    contents = {"a": (b"0123456789abcdef" * 65536 * 3)[:-7]}
    data = zipped(contents, method=zipfile.ZIP_DEFLATED)
    assert contents_of(tmp_path, data, Limits(ratio=2000)) == contents


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    base=st.sampled_from([zipped(), streamed(), saved(), zipped(wide=True)]),
    edits=st.lists(
        st.tuples(st.integers(0, 1 << 14), st.integers(0, 255)), min_size=1, max_size=4
    ),
)
def test_what_is_accepted_means_the_same_to_python(
    tmp_path: Path, base: bytes, edits: list[tuple[int, int]]
) -> None:
    data = bytearray(base)
    for at, value in edits:
        # From the end, where the directory lies.
        data[-1 - at % len(data)] = value
    try:
        found = contents_of(tmp_path, bytes(data))
    except RefusedError:
        return
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {name: archive.read(name) for name in found} == found


def test_a_checkpoint_of_over_4_gib_is_read(tmp_path: Path) -> None:
    """It was refused: PyTorch repeats lengths in a field that nothing asks for."""
    path = tmp_path / "model.pt"
    with torch.serialization.skip_data():  # a hole, and memory that is never touched
        state = {"a": torch.empty(5 << 30, dtype=torch.uint8), "b": torch.ones(3)}
        torch.save(state, path)
    with path.open("rb") as file:
        source = Source(
            descriptor=file.fileno(), start=0, length=path.stat().st_size, path="m"
        )
        members = read_archive(source)
    assert members["model/data/0"].size == 5 << 30
    assert members["model/data/1"].packed.start > 5 << 30


CENTRAL, LOCAL, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"


def _patched(
    data: bytes, mark: bytes, at: int, new: bytes, *, last: bool = False
) -> bytes:
    """Return data with bytes replaced behind the first, or last, such mark."""
    start = (data.rfind if last else data.find)(mark) + at
    return data[:start] + new + data[start + len(new) :]


def _twice() -> bytes:
    return _patched(
        _patched(zipped({"a": b"1", "b": b"2"}), CENTRAL, 46, b"a", last=True),
        LOCAL, 30, b"a", last=True,
    )  # fmt: skip


def _overlapping() -> bytes:
    """Return two members of which both are the same bytes."""
    data = zipped({"a": b"1", "b": b"2"})
    return _patched(data, CENTRAL, 42, bytes(4), last=True)


def _huge() -> bytes:
    data = zipped({"a": bytes(2 << 20)}, method=zipfile.ZIP_DEFLATED)
    return _patched(data, CENTRAL, 24, struct.pack("<L", 1 << 31))


def _link() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("a")
        info.create_system = 3
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


ATTACKS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a_prefix": ("zip/end", lambda: b"#!/bin/sh\n" + zipped()),
    "bytes_behind": ("zip/end", lambda: zipped() + b"x"),
    "a_comment": ("zip/end", lambda: _patched(zipped(), END, 20, b"\1\0") + b"x"),
    "a_cut": ("zip/end", lambda: zipped()[:-1]),
    "nothing": ("zip/end", lambda: b""),
    # Fuzzing found it: half a locator was unpacked like a whole one.
    "half_a_locator": (
        "zip/end",
        lambda: b"PK\6\7" + bytes(12) + END + bytes(8) + b"\x0b" + bytes(9),
    ),
    "two_of_a_name": ("zip/duplicate", _twice),
    "names_alike_but_for_case": (
        "zip/duplicate",
        lambda: zipped({"data.pkl": b"1", "DATA.PKL": b"2"}),
    ),
    "a_file_that_is_a_folder": (
        "zip/duplicate",
        lambda: zipped({"a": b"1", "a/b": b"2"}),
    ),
    "CVE_2025_1944_another_local_name": (
        "zip/local",
        lambda: _patched(zipped(), LOCAL, 30, b"x"),
    ),
    "CVE_2025_1945_encrypted_flag": (
        "zip/flag",
        lambda: _patched(zipped(), CENTRAL, 8, b"\1"),
    ),
    "CVE_2025_1945_encrypted_flag_in_the_local_header": (
        "zip/flag",
        lambda: _patched(zipped(), LOCAL, 6, b"\1"),
    ),
    "CVE_2025_10156_a_wrong_crc": (
        "zip/crc",
        lambda: zipped({"a": b"12345678"}).replace(b"12345678", b"12345679"),
    ),
    "CVE_2025_10156_a_crc_of_the_directory_only": (
        "zip/local",
        lambda: _patched(zipped(), CENTRAL, 16, b"xxxx"),
    ),
    "modelscan_354_a_corrupt_first_member": (
        "zip/local",
        lambda: _patched(zipped(), LOCAL, 0, b"PK\3\5"),
    ),
    "another_method": ("zip/method", lambda: _patched(zipped(), CENTRAL, 10, b"\x0c")),
    "a_newer_version": ("zip/method", lambda: _patched(zipped(), CENTRAL, 6, b"@")),
    "a_traversal": ("zip/name", lambda: zipped({"../a": b""})),
    "an_absolute_name": ("zip/name", lambda: zipped({"/a": b""})),
    "a_backslash": ("zip/name", lambda: zipped({"..\\a": b""})),
    "a_name_that_is_not_utf8": (
        "zip/name",
        lambda: zipped({"ab": b""}).replace(b"ab", b"a\xff"),
    ),
    "a_link": ("zip/link", _link),
    "members_that_overlap": ("zip/overlap", _overlapping),
    "a_claimed_gigabyte": ("zip/bomb", _huge),
    "a_ratio_of_a_thousand": (
        "zip/bomb",
        lambda: zipped({"a": bytes(17 << 20)}, method=zipfile.ZIP_DEFLATED),
    ),
    "a_million_members": (
        "zip/count",
        lambda: _patched(zipped({str(n): b"" for n in range(20)}), END, 0, b""),
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_by_its_rule(tmp_path: Path, name: str) -> None:
    rule, make = ATTACKS[name]
    with pytest.raises(RefusedError) as refused:
        contents_of(tmp_path, make(), Limits(members=19))
    assert refused.value.rule == rule


def test_bytes_between_members_are_refused(tmp_path: Path) -> None:
    data = zipped({"a": b"1", "b": b"2"})
    second, directory = data.rfind(LOCAL), data.find(CENTRAL)
    moved = bytearray(data[:second] + b"hidden" + data[second:])
    at = moved.rfind(CENTRAL) + 42
    moved[at : at + 4] = struct.pack("<L", second + 6)
    moved[-6:-2] = struct.pack("<L", directory + 6)
    with pytest.raises(RefusedError) as refused:
        contents_of(tmp_path, bytes(moved))
    assert refused.value.rule == "zip/gap"


def test_packed_bytes_with_a_tail_are_refused(tmp_path: Path) -> None:
    packed = zlib.compress(b"hello" * 50, wbits=-15)
    data = zipped({"a": packed + b"tail"})
    for mark, at in ((LOCAL, 8), (CENTRAL, 10)):
        data = _patched(data, mark, at, b"\x08\x00")
    for mark, at in ((LOCAL, 14), (CENTRAL, 16)):
        data = _patched(data, mark, at, struct.pack("<L", zlib.crc32(b"hello" * 50)))
        data = _patched(data, mark, at + 8, struct.pack("<L", 250))
    with pytest.raises(RefusedError) as refused:
        contents_of(tmp_path, data)
    assert refused.value.rule == "zip/deflate"


def test_a_stored_member_is_a_window_on_the_file(tmp_path: Path) -> None:
    source = source_of(tmp_path / "in", zipped())
    member = read_archive(source)["b"]
    assert member.packed.descriptor == source.descriptor
    assert member.packed.read(0, 3) == b"\x00\x01\x02"
