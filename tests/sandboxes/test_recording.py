"""It runs nothing and forgets nothing."""

from __future__ import annotations

from strongroom.sandboxes.port import Ending, Job, Outcome, Sandbox
from strongroom.sandboxes.recording import RecordingSandbox

JOB = Job(argv=("python", "-c", "import nowhere"))


def test_jobs_are_kept_and_nothing_runs() -> None:
    sandbox = RecordingSandbox()
    assert sandbox.run(JOB) == Outcome(ending=Ending.DONE)
    assert sandbox.jobs == (JOB,)


def test_it_answers_as_it_was_told() -> None:
    crash = Outcome(ending=Ending.KILLED, status=11)
    sandbox: Sandbox = RecordingSandbox(lambda job: crash)
    sandbox.verify()
    assert sandbox.run(JOB) is crash
