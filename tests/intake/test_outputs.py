"""What the worker wrote is looked at before it is taken."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from strongroom.errors import IntegrityError
from strongroom.intake.outputs import read_plain_file, take_outputs, verify_outputs

WEIGHTS = save({"a": np.ones(4, np.float32)})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with weights in a folder, beside a secret."""
    (tmp_path / "secret").write_text("{}")
    (tmp_path / "files" / "a").mkdir(parents=True)
    (tmp_path / "files" / "a" / "m.safetensors").write_bytes(WEIGHTS)
    return tmp_path / "files"


def test_files_are_taken_and_are_ours_alone(folder: Path, tmp_path: Path) -> None:
    (folder / "LICENSE").write_text("Free.\n")
    (folder / "LICENSE").chmod(0o777)
    names = ["a/m.safetensors", "LICENSE"]
    looked_at = verify_outputs(folder, names)
    assert looked_at["a/m.safetensors"].length == len(WEIGHTS)
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    assert looked_at["a/m.safetensors"].sha256 == digest
    take_outputs(folder, names, tmp_path / "ours")
    assert (tmp_path / "ours" / "a" / "m.safetensors").read_bytes() == WEIGHTS
    mode = (tmp_path / "ours" / "LICENSE").stat().st_mode
    assert oct(mode & 0o7777) == "0o600"


def test_links_and_devices_are_refused(folder: Path, tmp_path: Path) -> None:
    made: list[Callable[[], object]] = [
        lambda: (folder / "b").symlink_to(tmp_path / "secret"),
        lambda: (folder / "b").hardlink_to(tmp_path / "secret"),
        lambda: os.mkfifo(folder / "b"),
        lambda: (folder / "b").symlink_to(tmp_path),
    ]
    for make in made:
        make()
        with pytest.raises(IntegrityError, match="no plain file"):
            verify_outputs(folder, ["a/m.safetensors", "b"])
        (folder / "b").unlink()


def test_a_file_too_many_or_too_few_is_refused(folder: Path) -> None:
    for names in ([], ["a/m.safetensors", "b"]):
        with pytest.raises(IntegrityError, match="disagree"):
            verify_outputs(folder, names)


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04N.",
        b"\x7fELF" + bytes(60),
        b"#!/bin/sh\n",
        b"PK\x05\x06" + bytes(18),
        WEIGHTS + b"PK\x05\x06" + bytes(18),
        WEIGHTS + b"x",
        bytes(range(128, 256)),
    ],
)
def test_what_no_writer_of_ours_writes_is_refused(folder: Path, data: bytes) -> None:
    (folder / "a" / "m.safetensors").write_bytes(data)
    with pytest.raises(IntegrityError, match="was written"):
        verify_outputs(folder, ["a/m.safetensors"])


def test_a_folder_that_is_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(IntegrityError):
        verify_outputs(tmp_path / "link", [])


def test_only_a_plain_file_of_few_bytes_is_read(folder: Path, tmp_path: Path) -> None:
    (folder / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "pipe")
    for name in ("link", "pipe", "absent", "a"):
        with pytest.raises(IntegrityError):
            read_plain_file(folder, name, at_most_bytes=100)
    with pytest.raises(IntegrityError):
        read_plain_file(folder / "a", "m.safetensors", at_most_bytes=10)
