"""The worker answers for every file, in order, and a refusal stops no other file."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from safetensors.numpy import load_file, save

from strongroom.intake.jobs import Item, ReadingJob
from strongroom.intake.rewriting import Options
from strongroom.intake.worker import FILES, REPORT, main, read_all
from tests.intake.places import in_memory, workplace_in

WEIGHTS = save({"a": np.arange(6, dtype=np.float32)})
EMPTY_ZIP = b"PK\x05\x06" + bytes(18)
INDEX = json.dumps({"weight_map": {"a": "model.safetensors"}}).encode()


def job_of(files: dict[str, bytes]) -> tuple[ReadingJob, bytes]:
    """Return a job for these files, and the one file that they lie in."""
    items, data = [], b""
    for path, content in files.items():
        items.append(Item(path=path, offset=len(data), length=len(content)))
        data += content
    return ReadingJob.of(items, Options()), data


def report_on(folder: Path, files: dict[str, bytes]) -> list[dict[str, Any]]:
    job, data = job_of(files)
    with in_memory(data) as descriptor:
        report: Any = read_all(job, descriptor, workplace_in(folder))
    assert report["v"] == 1
    return list(report["files"])


def test_each_file_is_read_from_its_own_stretch(tmp_path: Path) -> None:
    first, second = report_on(
        tmp_path, {"a/b.safetensors": WEIGHTS, "config.json": b'{"hidden_size": 4}'}
    )
    assert (first["kind"], second["kind"]) == ("safetensors", "json")
    assert first["outputs"] == ["a/b.safetensors"]
    loaded = load_file(tmp_path / "out" / "a" / "b.safetensors")
    assert loaded["a"].tolist() == list(range(6))
    assert json.loads((tmp_path / "out" / "config.json").read_bytes()) == {
        "hidden_size": 4
    }


def test_a_refusal_is_a_finding_and_others_go_on(tmp_path: Path) -> None:
    entries = report_on(
        tmp_path,
        {"a.so": b"\x7fELF" + bytes(9), "b.zip": EMPTY_ZIP, "LICENSE": b"Free.\n"},
    )
    assert [entry["findings"][0][:2] for entry in entries[:2]] == [
        ["refused/code", "error"],
        ["archive/empty", "error"],
    ]
    assert entries[2]["outputs"] == ["LICENSE"]


def test_what_disagrees_with_its_ending_is_read_and_noted(tmp_path: Path) -> None:
    (entry,) = report_on(tmp_path, {"pytorch_model.bin": WEIGHTS})
    assert entry["findings"][0][:2] == ["file/ending", "warning"]
    assert entry["outputs"]


def test_what_is_refused_at_first_sight_is_not_read(tmp_path: Path) -> None:
    (entry,) = report_on(tmp_path, {"model.safetensors": b"just text\n"})
    assert entry["findings"][0][:2] == ["file/ending", "error"]
    assert entry["outputs"] == []


def test_an_index_is_read_after_the_files_that_it_names(tmp_path: Path) -> None:
    name = "model.safetensors.index.json"
    first, second = report_on(tmp_path, {name: INDEX, "model.safetensors": WEIGHTS})
    assert (first["kind"], first["outputs"]) == ("index", [name])
    assert second["kind"] == "safetensors"


def test_tensors_of_a_model_are_taken_in_from_the_file_beside_it(
    tmp_path: Path,
) -> None:
    model = onnx.helper.make_model(onnx.helper.make_graph([], "g", [], []))
    tensor = model.graph.initializer.add(name="w", data_type=1, dims=[2])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.data")
    first, second = report_on(
        tmp_path,
        {"weights.data": b"\xff" * 8, "m.onnx": model.SerializeToString()},
    )
    assert second["outputs"] == ["m.onnx", "m.onnx.safetensors"]
    assert (first["outputs"], first["findings"]) == ([], [])
    assert "took it in" in first["changes"][0]


def test_what_a_refused_file_had_written_is_taken_back(tmp_path: Path) -> None:
    """Once, one refused member of an archive refused the whole snapshot."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.txt", "hello")
        file.writestr("b.so", "\x7fELF")
    refused, read = report_on(
        tmp_path, {"x.zip": archive.getvalue(), "x/a.txt": b"another\n"}
    )
    assert (refused["outputs"], read["outputs"]) == ([], ["x/a.txt"])
    assert (tmp_path / "out" / "x" / "a.txt").read_bytes() == b"another\n"


def test_main_writes_files_and_report(tmp_path: Path) -> None:
    job, data = job_of({"model.safetensors": WEIGHTS})
    with in_memory(data) as source, in_memory(job.to_bytes()) as told:
        os.lseek(told, 0, os.SEEK_SET)
        main([str(tmp_path), str(source), str(os.dup(told))])
    assert (tmp_path / FILES / "model.safetensors").exists()
    assert json.loads((tmp_path / REPORT).read_bytes())["v"] == 1


def test_starting_imports_no_package_and_no_format() -> None:
    program = (
        "import sys; import strongroom.intake.worker; "
        "print(*{name.partition('.')[0] for name in sys.modules}); "
        "print(*(n for n in sys.modules if n.startswith('strongroom.intake.formats.')))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "src")},
        capture_output=True,
        check=True,
        text=True,
    )
    packages, formats = done.stdout.splitlines()
    assert {*packages.split()} - sys.stdlib_module_names - {"__main__"} == {
        "strongroom"
    }
    # What says whose zip file one is, and what is refused for what it is.
    last = {name.rpartition(".")[2] for name in formats.split()}
    assert {name for name in last if not name.startswith("zip")} == {"refused"}


def test_weights_in_two_formats_under_one_name_both_come_in(tmp_path: Path) -> None:
    """Models of diffusers have both, and were refused whole: ``file/twice``."""
    buffer = io.BytesIO()
    torch.save({"a": torch.ones(2)}, buffer)
    first, second = report_on(
        tmp_path, {"m/x.bin": buffer.getvalue(), "m/x.safetensors": WEIGHTS}
    )
    assert first["outputs"] == ["m/x.bin.safetensors"]
    assert second["outputs"] == ["m/x.safetensors"]


def test_an_empty_file_is_left_out_unless_it_should_hold_weights(
    tmp_path: Path,
) -> None:
    """A folder that git keeps by an empty file was refused whole."""
    kept, weights = report_on(tmp_path, {"a/.gitkeep": b"", "model.safetensors": b""})
    assert (kept["outputs"], kept["findings"]) == ([], [])
    assert weights["findings"][0][:2] == ["file/empty", "error"]
