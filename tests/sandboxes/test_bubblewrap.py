"""What the machine lacks is named, and nothing runs without it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from strongroom.errors import SetupError
from strongroom.sandboxes.bubblewrap import BubblewrapSandbox
from strongroom.sandboxes.port import PYTHON, Job
from tests.conftest import require
from tests.sandboxes.person import a_person_can_be_asked, persons_sandbox

JOB = Job(argv=(PYTHON, "-c", "print('it ran')"))

MESSAGES = {  # as bubblewrap 0.8.0 has them
    "bwrap: Unknown option --json-status-fd": "too old",
    "bwrap: prctl(PR_SET_SECCOMP): Invalid argument": "seccomp filter",
    "bwrap: Creating new namespace failed: Operation not permitted": "no namespaces",
    "bwrap: setting up uid map: Permission denied": "namespaces of users",
    "bwrap: Can't mount proc on /newroot/proc: No": "did not begin",
    "": "said nothing",
}


def stand_in(folder: Path, message: str) -> BubblewrapSandbox:
    """Return a sandbox whose bubblewrap says one thing and leaves."""
    script = folder / "bwrap"
    script.write_text(f'#!/bin/sh\necho "{message}" >&2\nexit 1\n')
    script.chmod(0o755)
    return BubblewrapSandbox(path=f"{folder}:{os.environ['PATH']}")


@pytest.mark.parametrize(("message", "sentence"), MESSAGES.items())
def test_what_bubblewrap_cannot_have_is_named(
    tmp_path: Path, message: str, sentence: str
) -> None:
    with pytest.raises(SetupError, match=sentence):
        stand_in(tmp_path, message).run(JOB)


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="bwrap") as caught:
        BubblewrapSandbox(path=str(tmp_path)).verify()
    assert "apt-get install bubblewrap" in caught.value.hint


def test_where_a_person_gets_no_namespaces_nothing_runs() -> None:
    """The kernel itself says no: bubblewrap within bubblewrap, which forbids it."""
    require("a Python for everybody", present=a_person_can_be_asked())
    forbidding = ("bwrap", "--unshare-user", "--disable-userns", "--dev-bind", "/", "/")
    with (
        persons_sandbox(*forbidding) as sandbox,
        pytest.raises(SetupError, match="namespace"),
    ):
        sandbox.run(JOB)


def test_no_process_is_left_when_a_job_ends() -> None:
    BubblewrapSandbox().verify()
    shown = subprocess.run(["ps", "-eo", "ppid,args"], capture_output=True, check=True)
    ours = [line for line in shown.stdout.splitlines() if b"--json-status-fd" in line]
    assert not [line for line in ours if int(line.split()[0]) == os.getpid()]


def test_no_descriptor_is_left_when_a_job_ends() -> None:
    sandbox = BubblewrapSandbox()
    sandbox.verify()
    before = os.listdir("/proc/self/fd")
    sandbox.verify()
    assert os.listdir("/proc/self/fd") == before
