"""What a worker wrote, and what it said of it, is held against the files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from strongroom.canonical import Json, to_json
from strongroom.errors import IntegrityError
from strongroom.intake import second_reading
from strongroom.intake.findings import Finding, Level
from strongroom.intake.reported import Reported
from strongroom.intake.reports import OutputFile
from strongroom.intake.rewriting import Options
from strongroom.intake.second_reading import read_again
from strongroom.sandboxes.bubblewrap import BubblewrapSandbox
from strongroom.sandboxes.port import Ending, Job, Limits, Outcome, Sandbox
from strongroom.sandboxes.recording import RecordingSandbox

WEIGHTS = save({"a": np.ones(4, "<f4")})
DIGEST = hashlib.sha256(np.ones(4, "<f4").tobytes()).hexdigest()
TEMPLATE = b"{{ messages }}"


def again(
    folder: Path,
    files: dict[str, bytes],
    said: list[Reported],
    sandbox: Sandbox | None = None,
) -> list[str]:
    """Return the messages that refuse what a worker wrote and said."""
    for name in ("files", "again"):
        (folder / name).mkdir()
    for name, data in files.items():
        (folder / "files" / name).write_bytes(data)
        (folder / "files" / name).chmod(0o444)
    (folder / "files").chmod(0o755)
    outputs = [
        OutputFile(name=name, length=len(d), sha256="") for name, d in files.items()
    ]
    places = (folder / "files", folder / "again")
    found = read_again(
        sandbox or BubblewrapSandbox(),
        outputs,
        said,
        places,
        Limits(spare_bytes=1),
        options=Options(),
    )
    assert {finding.rule.partition("/")[0] for finding in found} <= {"sandbox"}
    return [finding.message for finding in found]


def saying(outputs: list[str], *warned: str, **facts: Json) -> Reported:
    return Reported(
        kind="torch-zip",
        outputs=tuple(outputs),
        facts=facts,
        changes=(),
        findings=tuple(
            Finding(rule=rule, level=Level.WARNING, message="said") for rule in warned
        ),
    )


def test_files_that_are_as_they_were_said_are_taken(tmp_path: Path) -> None:
    said = [
        saying(["m.safetensors", "m.txt"], tensors=[["a", DIGEST]]),
        saying([]),
    ]
    files = {"m.safetensors": WEIGHTS, "m.txt": b""}
    assert again(tmp_path, files, said) == []


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"tensors": [["a", "0" * 64]]},
        {"tensors": [["b", DIGEST]]},
        {"tensors": [["a", DIGEST]], "optimizer-tensors": [["b", DIGEST]]},
        {"tensors": [["a", DIGEST]], "operators": ["ai.onnx:Add"]},
        {"tensors": [["a", DIGEST]], "templates": [["a", DIGEST]]},
    ],
)
def test_a_report_that_is_not_true_of_the_files_is_refused(
    facts: dict[str, Json], tmp_path: Path
) -> None:
    said = [saying(["m.safetensors"], **facts)]
    (message,) = again(tmp_path, {"m.safetensors": WEIGHTS}, said)
    assert "the report has other" in message


def test_a_report_on_tensors_of_which_none_came_out_is_refused(tmp_path: Path) -> None:
    """Once, a worker that lied so ended the host with an IndexError."""
    said = [saying([], tensors=[["a", DIGEST]])]
    (message,) = again(tmp_path, {}, said)
    assert message.startswith("nothing was written")
    assert "the report has other tensors" in message


def test_no_second_worker_starts_where_nothing_came_out(tmp_path: Path) -> None:
    sandbox = RecordingSandbox()
    said = [saying(["empty.txt"]), saying([])]
    assert again(tmp_path, {"empty.txt": b""}, said, sandbox) == []
    assert sandbox.jobs == ()


def test_a_warning_that_was_kept_back_is_refused(tmp_path: Path) -> None:
    """Nobody would be asked to look at a template that nobody heard of."""
    files = {"chat_template.jinja": TEMPLATE}
    messages = again(tmp_path, files, [saying([*files])])
    assert any("nobody said template/unknown" in message for message in messages)
    assert any("has other templates" in message for message in messages)


def test_two_files_are_held_against_the_one_they_came_from(tmp_path: Path) -> None:
    files = {"m.safetensors": WEIGHTS, "m.optimizer.safetensors": WEIGHTS}
    both: list[Json] = [["a", DIGEST]]
    said = [saying([*files], **{"tensors": both, "optimizer-tensors": both})]
    assert again(tmp_path, files, said) == []


def answering(act: Callable[[Path], object], outcome: Outcome) -> RecordingSandbox:
    def run(job: Job) -> Outcome:
        assert job.output is not None
        act(job.output)
        return outcome

    return RecordingSandbox(run)


def test_a_second_worker_that_crashes_refuses_too(tmp_path: Path) -> None:
    sandbox = answering(lambda folder: None, Outcome(ending=Ending.KILLED, status=11))
    (message,) = again(tmp_path, {"m.txt": b"a"}, [saying(["m.txt"])], sandbox)
    assert "ended by signal 11" in message


def test_the_second_worker_sees_the_files_and_no_native_library(tmp_path: Path) -> None:
    def act(folder: Path) -> None:
        entry: Json = {
            "kind": "text", "outputs": [], "facts": {}, "changes": [], "findings": [],
        }  # fmt: skip
        (folder / "report.json").write_bytes(to_json({"v": 1, "files": [entry]}))

    sandbox = answering(act, Outcome(ending=Ending.DONE))
    assert again(tmp_path, {"m.txt": b"a"}, [saying(["m.txt"])], sandbox) == []
    (job,) = sandbox.jobs
    targets = {each.target for each in job.readable}
    assert {"/written", "/readers/strongroom", "/readers/jinja2"} <= targets
    assert not {"/readers/h5py", "/readers/numpy"} & targets
    assert len(job.descriptors) == 1


def test_more_files_than_may_be_open_are_refused() -> None:
    with pytest.raises(IntegrityError, match="may be open at once"):
        second_reading._limits(Limits(), 1 << 40)
