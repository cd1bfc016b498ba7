"""Advisers are asked in a sandbox; what they do there changes nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from strongroom.canonical import to_json
from strongroom.errors import InputError
from strongroom.intake.advisers.advice import Advice, Answer
from strongroom.intake.advisers.asking import SandboxAdvisers
from strongroom.intake.advisers.known import ADVISERS, Adviser
from strongroom.intake.advisers.remarks import Remark, Weight
from strongroom.intake.advisers.worker import REPORT
from strongroom.intake.jobs import Item
from strongroom.sandboxes.bubblewrap import BubblewrapSandbox
from strongroom.sandboxes.port import Ending, Job, Outcome, Sandbox
from strongroom.sandboxes.recording import RecordingSandbox

PICKLE = b"cposix\nsystem\n(S'true'\ntR."
FILES = {"sub/model.pkl": PICKLE, "config.json": b'{"auto_map": {"A": "evil.M"}}'}
DONE = Outcome(ending=Ending.DONE)
LINE = to_json([Remark.of(Weight.ALARM, "names os system").to_json()]) + b"\n"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Give the folder for what is taken; advisers leave it alone."""
    (tmp_path / "taken").mkdir()
    return tmp_path / "taken"


def ask(
    sandbox: Sandbox,
    output: Path,
    *names: str,
    known: Mapping[str, Adviser] = ADVISERS,
) -> tuple[Advice, ...]:
    items, data = [], b""
    for path, content in FILES.items():
        items.append(Item(path=path, offset=len(data), length=len(content)))
        data += content
    copy = output.parent / "copy"
    copy.write_bytes(data)
    with copy.open("rb") as file:
        given = SandboxAdvisers(sandbox, names, known)(file.fileno(), items, output)
    assert {path.name for path in output.parent.iterdir()} == {"copy", "taken"}
    assert list(output.iterdir()) == []
    return given


def acting(report: bytes | None, outcome: Outcome = DONE) -> RecordingSandbox:
    """Return a sandbox in which an adviser leaves this behind."""

    def run(job: Job) -> Outcome:
        assert job.output is not None
        if report is not None:
            (job.output / REPORT).write_bytes(report)
        return outcome

    return RecordingSandbox(run)


@pytest.mark.parametrize(
    ("name", "alarming"),
    [("hayward", ("sub/model.pkl", "config.json")), ("picklescan", ("sub/model.pkl",))],
)
def test_it_is_asked_in_the_sandbox(
    output: Path, name: str, alarming: tuple[str, ...]
) -> None:
    (advice,) = ask(BubblewrapSandbox(), output, name)

    assert (advice.answer, advice.trouble, advice.answered) == (Answer.DONE, "", 2)
    assert advice.alarming == alarming
    assert advice.version == ADVISERS[name].version()


def test_those_that_the_house_names_are_asked_in_order_each_alone(output: Path) -> None:
    sandbox = acting(b"[]\n[]\n")

    given = ask(sandbox, output, "picklescan", "hayward", "picklescan")

    assert [advice.name for advice in given] == ["picklescan", "hayward"]
    for job in sandbox.jobs:
        targets = [each.target for each in job.readable]
        assert all(target.startswith("/readers/") for target in targets)
        assert len(job.descriptors) == 2
        assert job.limits.processes == 1


def test_nobody_is_asked_where_nobody_is_named(output: Path) -> None:
    assert ask(acting(None), output) == ()


def test_one_that_is_not_installed_is_noted_with_how_to_get_it(output: Path) -> None:
    absent = replace(ADVISERS["hayward"], distribution="strongroom-has-no-such")
    sandbox = acting(None)

    (advice,) = ask(sandbox, output, "hayward", known={"hayward": absent})

    assert (advice.answer, advice.version) == (Answer.ABSENT, "")
    assert "pip install 'strongroom[advisers]'" in advice.trouble
    assert sandbox.jobs == ()


def test_one_that_lacks_what_it_imports_says_so_of_each_file(output: Path) -> None:
    bare = replace(ADVISERS["hayward"], packages=())

    (advice,) = ask(BubblewrapSandbox(), output, "hayward", known={"hayward": bare})

    assert advice.answer is Answer.DONE
    assert [remark.weight for _, remark in advice.remarks] == [Weight.UNREAD] * 2
    assert "ModuleNotFoundError" in advice.remarks[0][1].text


@pytest.mark.parametrize(
    ("ending", "answer"),
    [
        (Ending.FAILED, Answer.CRASHED),
        (Ending.KILLED, Answer.CRASHED),
        (Ending.OVER_TIME, Answer.OVER_TIME),
        (Ending.OVER_CPU, Answer.OVER_TIME),
        (Ending.OVER_OUTPUT, Answer.OVER_OUTPUT),
    ],
)
def test_what_it_said_before_it_ended_is_kept(
    output: Path, ending: Ending, answer: Answer
) -> None:
    outcome = Outcome(ending=ending, status=11, printed=b"a\n\x1b[2Jlast\xff\n")

    (advice,) = ask(acting(LINE + LINE[:9], outcome), output, "hayward")

    assert (advice.answer, advice.answered) == (answer, 1)
    assert advice.alarming == ("sub/model.pkl",)
    assert "last" in advice.trouble
    assert "answered for 1 of 2 files" in advice.trouble
    assert advice.trouble.isprintable()


def test_one_that_ends_well_before_the_last_file_is_not_believed(output: Path) -> None:
    (advice,) = ask(acting(LINE), output, "hayward")

    assert advice.answer is Answer.GARBLED
    assert "ended early" in advice.trouble


def hostile() -> Iterator[Callable[[Path], object]]:
    """Yield what an adviser that was taken over may leave behind."""
    yield lambda folder: None
    yield lambda folder: (folder / REPORT).symlink_to("/etc/passwd")
    yield lambda folder: os.mkfifo(folder / REPORT)
    yield lambda folder: (folder / REPORT).mkdir()
    yield lambda folder: (folder / REPORT).write_bytes(LINE * 3)
    yield lambda folder: (folder / REPORT).write_bytes(b"\x00" * 100_000 + b"\n")
    yield lambda folder: (folder / REPORT).write_bytes(b"[[1,2]]\n[]\n")


@pytest.mark.parametrize("act", [*hostile()])
def test_one_that_was_taken_over_says_nothing(
    output: Path, act: Callable[[Path], object]
) -> None:
    def run(job: Job) -> Outcome:
        assert job.output is not None
        act(job.output)
        return DONE

    (advice,) = ask(RecordingSandbox(run), output, "hayward")

    assert (advice.answer, advice.answered) == (Answer.GARBLED, 0)
    assert advice.remarks == ()


def test_a_copy_that_is_open_for_writing_is_not_handed_in(output: Path) -> None:
    sandbox = acting(None)
    with (output.parent / "copy").open("w+b") as file, pytest.raises(InputError):
        SandboxAdvisers(sandbox, ["hayward"])(file.fileno(), [], output)
    assert sandbox.jobs == ()
