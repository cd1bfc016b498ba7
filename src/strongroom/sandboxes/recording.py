"""A sandbox that runs nothing: it keeps the jobs and answers as it was told."""

from __future__ import annotations

import threading
from collections.abc import Callable

from strongroom.sandboxes.port import Ending, Job, Outcome


def _done(job: Job) -> Outcome:
    del job
    return Outcome(ending=Ending.DONE)


class RecordingSandbox:
    """Keeps what it was asked to run.

    For rehearsals and for tests of what stands around a sandbox: ``act`` may write to
    the job's folder whatever a hostile program could have left there.
    """

    def __init__(self, act: Callable[[Job], Outcome] = _done) -> None:
        """Answer with what ``act`` returns for a job.

        Args:
            act: Called for each job, in the thread that runs it.
        """
        self._act = act
        self._lock = threading.Lock()
        self._jobs: list[Job] = []

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Every job so far, in order."""
        with self._lock:
            return tuple(self._jobs)

    def run(self, job: Job) -> Outcome:
        with self._lock:
            self._jobs.append(job)
        return self._act(job)

    def verify(self) -> None:
        pass
