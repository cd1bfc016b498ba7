"""Files are read in a sandbox, and a worker that was taken over gains nothing."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save

from strongroom.canonical import Json, to_json
from strongroom.errors import InputError, UnavailableError
from strongroom.intake import reading
from strongroom.intake.findings import Finding, Level
from strongroom.intake.jobs import Item
from strongroom.intake.reading import SandboxReader
from strongroom.intake.reports import SnapshotReport
from strongroom.intake.rewriting import Options
from strongroom.sandboxes.bubblewrap import BubblewrapSandbox
from strongroom.sandboxes.port import Ending, Job, Limits, Outcome, Sandbox
from strongroom.sandboxes.recording import RecordingSandbox
from tests.intake.formats.test_keras import archive

VALUES = np.arange(4, dtype=np.float32).tobytes()
PLAIN = save({"a": np.arange(4, dtype=np.float32)})
WEIGHTS = save({"a": np.arange(4, dtype=np.float32)}, {"note": "hello"})


def saved(*, new: bool) -> bytes:
    """Return a checkpoint as torch writes it."""
    buffer = io.BytesIO()
    tensors = {"a": torch.arange(4), "b": torch.ones(2, 2).t()}
    torch.save(tensors, buffer, _use_new_zipfile_serialization=new)
    return buffer.getvalue()


FILES = {
    "model.safetensors": WEIGHTS,
    "config.json": b'{"auto_map": {"AutoModel": "evil.Model"}, "model_type": "bert"}',
    "tokenizer_config.json": json.dumps({"chat_template": "{{ messages }}"}).encode(),
    "README.md": b"# A model\n",
}
DONE = Outcome(ending=Ending.DONE)
PLAINLY = Options()


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Give the empty folder for what is taken."""
    (tmp_path / "taken").mkdir()
    return tmp_path / "taken"


def read(
    sandbox: Sandbox,
    output: Path,
    files: dict[str, bytes],
    options: Options = PLAINLY,
) -> SnapshotReport:
    items, data = [], b""
    for path, content in files.items():
        items.append(Item(path=path, offset=len(data), length=len(content)))
        data += content
    copy = output.parent / "copy"
    copy.write_bytes(data)
    with copy.open("rb") as file:
        return SandboxReader(sandbox)(file.fileno(), items, options, output)


def acting(act: Callable[[Path], object], outcome: Outcome = DONE) -> RecordingSandbox:
    """Return a sandbox in which a worker that was taken over does something else."""

    def run(job: Job) -> Outcome:
        assert job.output is not None
        act(job.output)
        return outcome

    return RecordingSandbox(run)


class _TakenOver(BubblewrapSandbox):
    """A sandbox whose first job was taken over; the second is what it is."""

    def __init__(self, act: Callable[[Path], object]) -> None:
        super().__init__()
        self._act: Callable[[Path], object] | None = act

    def run(self, job: Job) -> Outcome:
        act, self._act = self._act, None
        if act is None:
            return super().run(job)
        assert job.output is not None
        act(job.output)
        return DONE


def said(outputs: list[str], **fields: Json) -> bytes:
    """Return a report on one file."""
    entry = {
        "kind": "safetensors", "outputs": outputs, "facts": {}, "changes": [],
        "findings": [], **fields,
    }  # fmt: skip
    return to_json({"v": 1, "files": [entry]})


def errors(report: SnapshotReport) -> list[str]:
    """Return the rules that refuse."""
    every = [*report.findings, *(f for file in report.files for f in file.findings)]
    return [finding.rule for finding in every if finding.level is Level.ERROR]


def test_a_snapshot_is_read_in_the_sandbox_and_taken(output: Path) -> None:
    report = read(BubblewrapSandbox(), output, FILES)
    assert errors(report) == []
    assert [(file.path, file.kind) for file in report.files] == [
        ("model.safetensors", "safetensors"),
        ("config.json", "json"),
        ("tokenizer_config.json", "json"),
        ("README.md", "text"),
    ]
    assert load_file(output / "model.safetensors")["a"].tolist() == [0, 1, 2, 3]
    assert "auto_map" not in json.loads((output / "config.json").read_text())
    assert {path.name for path in output.iterdir()} == FILES.keys()
    lengths = [o.length for file in report.files for o in file.outputs]
    assert sum(lengths) == sum(path.stat().st_size for path in output.iterdir())
    assert {path.name for path in output.parent.iterdir()} == {"copy", "taken"}


def test_a_reader_that_needs_numpy_finds_it_in_the_sandbox(output: Path) -> None:
    """Its libraries lie beside it, and it starts threads of its own."""
    columns = np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3))
    buffer = io.BytesIO()
    np.save(buffer, columns)
    report = read(BubblewrapSandbox(), output, {"a.npy": buffer.getvalue()})
    assert errors(report) == []
    (name,) = [path.name for path in output.iterdir()]
    (loaded,) = load_file(output / name).values()
    assert loaded.tolist() == columns.tolist()


def test_what_a_native_library_walks_is_read_in_the_sandbox_too(output: Path) -> None:
    report = read(BubblewrapSandbox(), output, {"m.keras": archive()})

    assert report.findings == report.files[0].findings == ()
    assert "layers/dense/vars/0" in load_file(output / "m.safetensors")


@pytest.mark.parametrize("new", [True, False])
def test_a_checkpoint_of_torch_becomes_safetensors(output: Path, new: bool) -> None:
    report = read(BubblewrapSandbox(), output, {"a.pt": saved(new=new)})
    assert errors(report) == []
    loaded = load_file(output / "a.safetensors")
    assert loaded["a"].tolist() == [0, 1, 2, 3]


def test_nothing_is_taken_when_one_file_is_refused(output: Path) -> None:
    report = read(BubblewrapSandbox(), output, FILES | {"setup.py": b"import os\n"})
    assert errors(report) == ["refused/code"]
    assert list(output.iterdir()) == []
    assert not any(file.outputs for file in report.files)
    assert report.files[0].facts["tensors"]


def test_what_is_left_out_is_reported_whatever_a_worker_says(output: Path) -> None:
    """It is told of one file, and taken over: of the other it can say nothing."""
    files = {"model.safetensors": WEIGHTS, "evil.py": b"import os"}
    options = Options(left_out=("*.py",))

    def act(stage: Path) -> None:
        (stage / "files").mkdir()
        (stage / "files" / "evil.py").write_bytes(b"import os")
        one = json.loads(said([]))["files"][0]
        both = [one, {**one, "outputs": ["evil.py"]}]
        (stage / "report.json").write_bytes(to_json({"v": 1, "files": both}))

    report = read(acting(act), output, files, options)

    assert errors(report) == ["sandbox/report"]
    assert report.files[1].path == "evil.py"
    assert report.files[1].changes == ("left out: asked for",)
    assert list(output.iterdir()) == []


def test_a_copy_that_is_open_for_writing_is_not_handed_in(output: Path) -> None:
    sandbox = RecordingSandbox()
    with (output.parent / "copy").open("w+b") as file, pytest.raises(InputError):
        SandboxReader(sandbox)(file.fileno(), [], Options(), output)
    assert sandbox.jobs == ()


def test_a_disk_that_is_nearly_full_is_no_fault_of_the_files(output: Path) -> None:
    with pytest.raises(UnavailableError, match="bytes free"):
        reading._verify_room(output, Limits(spare_bytes=1 << 60))


@pytest.mark.parametrize(
    ("ending", "rule"),
    [
        (Ending.FAILED, "sandbox/crash"),
        (Ending.KILLED, "sandbox/crash"),
        (Ending.OVER_TIME, "sandbox/time"),
        (Ending.OVER_CPU, "sandbox/time"),
        (Ending.OVER_OUTPUT, "sandbox/output"),
    ],
)
def test_another_ending_refuses_with_its_reason(
    output: Path, ending: Ending, rule: str
) -> None:
    def act(folder: Path) -> None:
        (folder / "report.json").write_bytes(said([]))

    outcome = Outcome(ending=ending, status=11, printed=b"a\n\x1b[2Jlast\xff\n")
    report = read(acting(act, outcome), output, {"a": b"x"})
    assert errors(report) == [rule]
    assert "last" in report.findings[0].message
    assert report.findings[0].message.isprintable()
    assert [file.kind for file in report.files] == ["unknown"]


def hostile() -> Iterator[Callable[[Path], object]]:
    """Yield what a worker may leave behind instead of what it should."""

    def report(folder: Path, data: bytes = b"") -> Path:
        (folder / "files").mkdir()
        (folder / "report.json").write_bytes(data or said(["a"]))
        return folder / "files"

    yield lambda folder: None
    yield report
    yield lambda folder: report(folder, b"{}")
    yield lambda folder: report(folder, said(["../../copy"]))
    yield lambda folder: (report(folder) / "a").symlink_to("/etc/passwd")
    yield lambda folder: os.mkfifo(report(folder) / "a")
    yield lambda folder: (report(folder) / "a").write_bytes(b"\x80\x04N.")
    yield lambda folder: (report(folder, said([])) / "a").write_bytes(WEIGHTS)
    yield lambda folder: (folder / "report.json").symlink_to("/etc/passwd")
    yield lambda folder: os.mkfifo(folder / "report.json")
    yield lambda folder: os.symlink("/", folder / "files")
    yield lambda folder: (folder / "report.json").mkdir()


@pytest.mark.parametrize("act", [*hostile()])
def test_a_worker_that_was_taken_over_gains_nothing(
    output: Path, act: Callable[[Path], object]
) -> None:
    report = read(acting(act), output, {"a": b"x"})
    assert errors(report) == ["sandbox/report"]
    assert list(output.iterdir()) == []
    assert {path.name for path in output.parent.iterdir()} == {"copy", "taken"}


def test_a_worker_may_lie_about_what_it_read_but_only_in_the_form_of_a_report(
    output: Path,
) -> None:
    """What is then taken is weights all the same, and says of itself what it is."""

    def act(folder: Path) -> None:
        (folder / "files").mkdir()
        (folder / "files" / "a.safetensors").write_bytes(PLAIN)
        facts: Json = {"tensors": [["a", hashlib.sha256(VALUES).hexdigest()]]}
        (folder / "report.json").write_bytes(said(["a.safetensors"], facts=facts))

    report = read(_TakenOver(act), output, {"a": b"x"})
    assert errors(report) == []
    assert load_file(output / "a.safetensors")["a"].shape == (4,)


def test_what_a_worker_wrote_is_read_again_before_it_is_taken(output: Path) -> None:
    """Once a worker that was taken over could leave a configuration with code."""

    def act(folder: Path) -> None:
        (folder / "files").mkdir()
        config = b'{\n  "auto_map": {\n    "AutoModel": "evil.Model"\n  }\n}\n'
        (folder / "files" / "config.json").write_bytes(config)
        (folder / "report.json").write_bytes(said(["config.json"], kind="json"))

    report = read(_TakenOver(act), output, {"a": b"x"})
    assert errors(report) == ["sandbox/reread"]
    assert list(output.iterdir()) == []
    assert {path.name for path in output.parent.iterdir()} == {"copy", "taken"}


def test_a_job_shows_our_package_and_nothing_of_the_person(output: Path) -> None:
    sandbox = acting(lambda folder: None)
    read(sandbox, output, {"a": b"x"})
    (job,) = sandbox.jobs
    targets = [each.target for each in job.readable]
    assert "/readers/strongroom" in targets
    assert all(target.startswith("/readers/") for target in targets)
    assert len(job.descriptors) == 2
    assert job.limits.processes == 1


def test_findings_reach_the_report_as_they_were_said(output: Path) -> None:
    def act(folder: Path) -> None:
        (folder / "files").mkdir()
        findings: Json = [["pickle/global", "error", "names 'os.system'", "a/data.pkl"]]
        (folder / "report.json").write_bytes(said([], findings=findings))

    report = read(acting(act), output, {"a": b"x"})
    assert report.files[0].findings == (
        Finding(
            rule="pickle/global",
            level=Level.ERROR,
            message="names 'os.system'",
            place="a/data.pkl",
        ),
    )
