"""An archive enters as a folder, or not at all."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile

import numpy as np
import pytest
import safetensors.numpy

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import archives as subject
from tests.intake.hostile import rewritten

WEIGHTS = safetensors.numpy.save({"a": np.arange(3, dtype="f4")})
FILES = {
    "model.safetensors.index.json": json.dumps(
        {"weight_map": {"a": "model.safetensors"}}
    ).encode(),
    "model.safetensors": WEIGHTS,
    "README.md": b"hello\n",
}


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def rule_of(data: bytes) -> tuple[str, str]:
    with pytest.raises(RefusedError) as refused:
        rewritten(subject.rewrite_zip, data, "sub/m.zip")
    return refused.value.rule, refused.value.place


def test_what_lies_in_a_zip_file_comes_out_in_a_folder_of_its_name() -> None:
    result, files = rewritten(subject.rewrite_zip, zipped(FILES), "sub/m.zip")

    assert sorted(files) == [f"sub/m/{name}" for name in sorted(FILES)]
    assert files["sub/m/README.md"] == b"hello\n"
    assert safetensors.numpy.load(files["sub/m/model.safetensors"])["a"][2] == 2
    assert len(result.facts["members"]) == 3  # type: ignore[arg-type]  # a list


def test_what_lies_in_a_tar_file_comes_out_too() -> None:
    files = rewritten(subject.rewrite_tar, tarred(FILES), "m.tar")[1]

    assert sorted(files) == [f"m/{name}" for name in sorted(FILES)]


def test_one_member_that_does_not_enter_refuses_the_archive() -> None:
    attack = {"x.pkl": b"\x80\x04cos\nsystem\n(S'id'\ntR."}

    assert rule_of(zipped(FILES | attack)) == ("refused/pickle", "sub/m/x.pkl")
    assert rule_of(zipped({"a.py": b"import os"}))[0] == "refused/code"


def test_an_archive_in_an_archive_is_refused_unread() -> None:
    inner = zipped({"a.txt": b"hello"})

    assert rule_of(zipped({"x.zip": inner}))[0] == "archive/deep"
    assert rule_of(zipped({"x.tar": tarred({"a.txt": b"hello"})}))[0] == "archive/deep"


def test_a_bomb_is_refused_unpacked() -> None:
    assert rule_of(zipped({"a.txt": bytes(300 << 20)}))[0] == "zip/bomb"


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "README.MD"])
def test_zip_slip_and_names_that_collide_are_refused(name: str) -> None:
    assert rule_of(zipped(FILES | {name: b""}))[0] in {"zip/name", "zip/duplicate"}


def test_an_archive_of_nothing_is_refused() -> None:
    assert rule_of(zipped({}))[0] == "archive/empty"
