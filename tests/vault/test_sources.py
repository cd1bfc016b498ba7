"""Files are read as they were scanned, or the seal fails."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from strongroom.errors import InputError
from strongroom.vault import sources


def write_model(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {"wte": np.arange(4096, dtype="f4").reshape(64, 64)}
    safetensors.numpy.save_file(arrays, folder / "model.safetensors")
    (folder / "config.json").write_text("{}")
    return folder


def read(source: sources.OpenSource, file: int, offset: int, length: int) -> bytes:
    buffer = bytearray(length)
    source.read_into(file, offset, memoryview(buffer))
    return bytes(buffer)


def test_a_folder_is_read_back_byte_for_byte(tmp_path: Path) -> None:
    write_model(tmp_path)
    found = sources.scan(tmp_path)

    with sources.OpenSource(tmp_path, found) as source:
        for number, file in enumerate(found):
            expected = (tmp_path / file.path).read_bytes()
            assert read(source, number, 0, file.size) == expected
            assert read(source, number, 1, 1) == expected[1:2]
        source.verify_unchanged()

    assert [file.path for file in found] == ["config.json", "model.safetensors"]
    assert found[0].header is None
    assert found[1].header is not None
    assert found[1].header.tensors[0].name == "wte"


def test_more_files_than_are_held_open_are_read_by_threads(tmp_path: Path) -> None:
    count = sources.HELD_FILES + 20
    for number in range(count):
        (tmp_path / f"{number:03}").write_bytes(b"%03d" % number)
    found = sources.scan(tmp_path)

    with (
        sources.OpenSource(tmp_path, found) as source,
        ThreadPoolExecutor(4) as threads,
    ):
        texts = list(threads.map(lambda n: read(source, n, 0, 3), range(count)))

    assert texts == [b"%03d" % number for number in range(count)]


def test_descriptors_are_closed(tmp_path: Path) -> None:
    found = sources.scan(write_model(tmp_path))
    before = os.listdir("/proc/self/fd")

    with sources.OpenSource(tmp_path, found):
        assert len(os.listdir("/proc/self/fd")) == len(before) + 2

    assert os.listdir("/proc/self/fd") == before


def test_a_snapshot_of_the_hugging_face_cache_is_read_through_its_links(
    tmp_path: Path,
) -> None:
    repository = tmp_path / "models--a--b"
    write_model(repository / "blobs")
    snapshot = repository / "snapshots" / "0123abcd"
    (snapshot / "sub").mkdir(parents=True)
    (snapshot / "m.safetensors").symlink_to("../../blobs/model.safetensors")
    (snapshot / "sub" / "config.json").symlink_to("../../../blobs/config.json")

    found = sources.scan(snapshot)

    assert [file.path for file in found] == ["m.safetensors", "sub/config.json"]
    with sources.OpenSource(snapshot, found) as source:
        assert read(source, 1, 0, 2) == b"{}"
        source.verify_unchanged()


def test_a_link_inside_the_folder_and_a_link_that_was_named_are_followed(
    tmp_path: Path,
) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "again.json").symlink_to("config.json")
    (tmp_path / "link.safetensors").symlink_to(folder / "model.safetensors")

    assert len(sources.scan(folder)) == 3
    assert sources.scan(tmp_path / "link.safetensors")[0].path == "link.safetensors"


def test_a_link_to_someones_key_is_refused_unless_the_caller_looked(
    tmp_path: Path,
) -> None:
    """A downloaded folder must not pick files of the person who seals it."""
    (tmp_path / "id_rsa").write_text("private")
    folder = write_model(tmp_path / "model")
    (folder / "vocab.txt").symlink_to("../id_rsa")

    with pytest.raises(InputError, match="leaves the folder"):
        sources.scan(folder)
    assert len(sources.scan(folder, follow_outside=True)) == 3


def test_a_dead_link_is_refused(tmp_path: Path) -> None:
    (write_model(tmp_path) / "gone").symlink_to("nowhere")

    with pytest.raises(InputError, match="cannot be read"):
        sources.scan(tmp_path)


def write_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"x")


def write_object_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.array([{}], dtype=object))


def write_pickle(protocol: int) -> Callable[[Path], object]:
    data = pickle.dumps({"a": 1}, protocol=protocol)
    return lambda path: path.write_bytes(data)


PICKLES: dict[str, Callable[[Path], object]] = {
    "protocol 2": write_pickle(2),
    "protocol 3": write_pickle(3),
    "protocol 4": write_pickle(4),
    "protocol 5": write_pickle(5),
    "a zip": write_zip,
    "an array of objects": write_object_array,
}


@pytest.mark.parametrize("kind", PICKLES)
def test_a_pickle_is_known_by_its_content(tmp_path: Path, kind: str) -> None:
    PICKLES[kind](write_model(tmp_path) / "weights.dat")

    with pytest.raises(InputError, match=r"weights\.dat") as refusal:
        sources.scan(tmp_path)
    assert "intake" in refusal.value.hint


@pytest.mark.parametrize(
    ("name", "rewritten"), [("m.skops", False), ("m.zip", True), ("m.SKOPS", True)]
)
def test_a_zip_is_taken_only_as_a_skops_file_that_intake_wrote(
    tmp_path: Path, name: str, rewritten: bool
) -> None:
    write_zip(tmp_path / name)

    with pytest.raises(InputError, match="zip archive"):
        sources.scan(tmp_path, rewritten=rewritten)


def test_a_header_of_640_bytes_is_no_pickle(tmp_path: Path) -> None:
    """0x0280 as little-endian starts with the two bytes of pickle protocol 2."""
    arrays = {"a": np.zeros(1, "f4")}
    metadata = {"pad": ""}
    while len(data := safetensors.numpy.save(arrays, metadata)) < 640 + 8 + 4:
        metadata["pad"] += "x"
    (tmp_path / "m.safetensors").write_bytes(data)

    assert data[:2] == b"\x80\x02"
    assert len(sources.scan(tmp_path)) == 1


def test_a_broken_safetensors_file_is_named(tmp_path: Path) -> None:
    path = write_model(tmp_path) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(InputError, match=r"^model\.safetensors: file is cut"):
        sources.scan(tmp_path)


def test_only_empty_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").touch()

    with pytest.raises(InputError, match="no bytes"):
        sources.scan(tmp_path)


def append(folder: Path) -> None:
    with (folder / "model.safetensors").open("ab") as file:
        file.write(b"x")


def overwrite(folder: Path) -> None:
    path = folder / "model.safetensors"
    before = path.stat()
    # Until the kernel's clock, which ticks every 4 ms, has moved since the scan.
    while path.stat().st_ctime_ns == before.st_ctime_ns:
        with path.open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"x")
        # A careful attacker puts the time back; the time of change stays.
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(folder: Path) -> None:
    path = folder / "model.safetensors"
    (folder / "new").write_bytes(path.read_bytes())
    (folder / "new").rename(path)


def truncate(folder: Path) -> None:
    os.truncate(folder / "model.safetensors", 100)


CHANGES = [append, overwrite, replace, truncate]


@pytest.mark.parametrize("change", CHANGES)
def test_a_source_that_changes_while_it_is_read_fails(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    found = sources.scan(write_model(tmp_path))

    with sources.OpenSource(tmp_path, found) as source:
        change(tmp_path)
        with pytest.raises(InputError, match=r"^model\.safetensors changed while"):
            source.verify_unchanged()


@pytest.mark.parametrize("change", CHANGES)
def test_a_source_that_changed_since_the_scan_is_not_opened(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    found = sources.scan(write_model(tmp_path))
    change(tmp_path)

    with (
        pytest.raises(InputError, match=r"^model\.safetensors changed"),
        sources.OpenSource(tmp_path, found),
    ):
        pass


def test_a_file_that_comes_or_goes_fails_the_seal(tmp_path: Path) -> None:
    found = sources.scan(write_model(tmp_path))

    with sources.OpenSource(tmp_path, found) as source:
        (tmp_path / "late.json").touch()
        with pytest.raises(InputError, match=r"late\.json was added or removed"):
            source.verify_unchanged()
        (tmp_path / "late.json").unlink()
        (tmp_path / "config.json").unlink()
        with pytest.raises(InputError, match=r"config\.json was added or removed"):
            source.verify_unchanged()


def test_reading_beyond_a_shrunk_file_fails_the_seal(tmp_path: Path) -> None:
    found = sources.scan(write_model(tmp_path))

    with sources.OpenSource(tmp_path, found) as source:
        truncate(tmp_path)
        with pytest.raises(InputError, match="changed"):
            read(source, 1, 0, found[1].size)
