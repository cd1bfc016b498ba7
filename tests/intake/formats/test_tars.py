"""Only plain files and folders come out of a tar file, each under its own name."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError
from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import tars as subject
from strongroom.intake.sources import Source
from tests.intake.hostile import mutated

FILES = {"a/b.txt": b"hello\n", "c.bin": bytes(1000)}


def packed(
    change: Callable[[tarfile.TarFile], object] = lambda _: None,
    style: int = tarfile.PAX_FORMAT,
) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=style) as tar:
        folder = tarfile.TarInfo("a")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, data in FILES.items():
            add(tar, name, data)
        change(tar)
    return file.getvalue()


def add(tar: tarfile.TarFile, name: str, data: bytes = b"", **more: object) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.mtime = 1.5  # a fraction makes a header of its own
    for key, value in more.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))


def read(data: bytes) -> dict[str, bytes]:
    descriptor = os.memfd_create("tar")
    try:
        os.write(descriptor, data)
        source = Source(descriptor=descriptor, start=0, length=len(data), path="a.tar")
        found = subject.read_tar(source)
        return {name: w.read_exactly(0, w.length) for name, w in found.items()}
    finally:
        os.close(descriptor)


def rule_of(data: bytes) -> str:
    with pytest.raises(RefusedError) as refused:
        read(data)
    return refused.value.rule


@pytest.mark.parametrize(
    "style", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT]
)
def test_files_come_out_in_every_style(style: int) -> None:
    assert read(packed(style=style)) == FILES


@pytest.mark.parametrize("style", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
@pytest.mark.parametrize("name", ["dd/" * 50 + "long", "é", "./e"])
def test_long_and_other_names_are_read(style: int, name: str) -> None:
    found = read(packed(lambda tar: add(tar, name, b"x"), style))

    assert found[name.removeprefix("./")] == b"x"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        pytest.param(lambda t: add(t, "../x"), "tar/name", id="CVE-2007-4559"),
        (lambda t: add(t, "/x"), "tar/name"),
        (lambda t: add(t, "x/../../y"), "tar/name"),
        (lambda t: add(t, "C.BIN"), "tar/name"),
        (lambda t: add(t, "c.bin"), "tar/name"),
        (lambda t: add(t, "c.bin/x"), "tar/name"),
        (lambda t: add(t, "x\x1b"), "tar/name"),
        (lambda t: add(t, "x", type=tarfile.SYMTYPE, linkname="/etc"), "tar/kind"),
        (lambda t: add(t, "x", type=tarfile.LNKTYPE, linkname="c.bin"), "tar/kind"),
        (lambda t: add(t, "x", type=tarfile.CHRTYPE), "tar/kind"),
        (lambda t: add(t, "x", type=tarfile.FIFOTYPE), "tar/kind"),
        (lambda t: add(t, "x", type=tarfile.GNUTYPE_SPARSE), "tar/kind"),
        (lambda t: add(t, "x", pax_headers={"GNU.sparse.major": "1"}), "tar/header"),
        (lambda t: add(t, "x", pax_headers={"linkpath": "/etc"}), "tar/header"),
        (lambda t: add(t, "x", pax_headers={"size": "99999999"}), "file/cut"),
        (lambda t: add(t, "x", pax_headers={"size": "-1"}), "tar/header"),
    ],
)
def test_what_is_no_plain_file_is_refused(
    change: Callable[[tarfile.TarFile], object], rule: str
) -> None:
    assert rule_of(packed(change)) == rule


def test_a_folder_and_a_file_have_no_name_in_common() -> None:
    assert rule_of(packed(lambda t: add(t, "a"))) == "tar/name"
    assert (
        rule_of(packed(lambda t: add(t, "c.bin", type=tarfile.DIRTYPE))) == "tar/name"
    )


def test_a_prefix_without_the_mark_of_posix_is_refused() -> None:
    """Once it was passed over, and Python's tarfile puts it before the name."""
    block = bytearray(packed(style=tarfile.GNU_FORMAT))
    block[345:346], block[148:156] = b"x", b" " * 8
    block[148:156] = b"%06o\0 " % sum(block[:512])

    with tarfile.open(fileobj=io.BytesIO(block)) as tar:
        assert tar.getnames()[0] == "x/a"
    assert rule_of(bytes(block)) == "tar/header"


def test_two_extended_headers_before_one_member_are_refused() -> None:
    """Once a size in the first counted for the second, and in tarfile it did not."""
    posix = packed(lambda t: add(t, "x", b"1", pax_headers={"path": "y"}))
    at = posix.rindex(b"x\0\0\0", 0, posix.index(b"1" + bytes(511)))
    long = packed(lambda t: add(t, "d/" * 70, b"1"), tarfile.GNU_FORMAT)
    link = long.index(b"././@LongLink")

    assert rule_of(posix[:at] + long[link:]) == "tar/header"


def test_what_stands_behind_the_end_is_refused() -> None:
    assert rule_of(packed() + b"PK\x05\x06") == "tar/end"


def test_a_wrong_sum_is_refused() -> None:
    assert rule_of(b"b" + packed()[1:]) == "tar/header"


@given(st.data())
def test_a_changed_tar_file_is_refused_or_read(data: st.DataObject) -> None:
    try:
        read(data.draw(mutated(packed())))
    except InputError:
        return
