"""A sandbox asked for by somebody who is not root, also where the tests are.

Root may read any Python, others may not, so this takes the one of the system and a copy
of our own modules in a folder that everybody can read.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import strongroom
from strongroom.errors import SetupError
from strongroom.sandboxes.bubblewrap import BubblewrapSandbox
from strongroom.sandboxes.command import NOBODY
from strongroom.sandboxes.port import Ending, Job, Outcome

PYTHON = Path("/usr/bin/python3")
"""Anybody may run it."""

ROOT = os.geteuid() == 0

_AS_NOBODY = (
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    *("--inh-caps=-all", "--"),
)

_RUN = """
import json, sys
from pathlib import Path
from strongroom.errors import SetupError
from strongroom.sandboxes.bubblewrap import BubblewrapSandbox
from strongroom.sandboxes.port import Job, Limits, Readable
told = json.loads(sys.argv[1])
job = Job(
    argv=tuple(told["argv"]),
    descriptors=tuple(told["descriptors"]),
    readable=tuple(Readable(source=Path(s), target=t) for s, t in told["readable"]),
    output=Path(told["output"]) if told["output"] else None,
    limits=Limits(**told["limits"]),
)
try:
    outcome = BubblewrapSandbox().run(job)
except SetupError as error:
    print(json.dumps({"missing": str(error)}))
else:
    print(json.dumps({
        "ending": outcome.ending, "status": outcome.status,
        "printed": outcome.printed.decode("latin-1"),
    }))
"""


class PersonsSandbox:
    """Asks for each sandbox as the user ``nobody``."""

    def __init__(self, modules: Path, *, before: tuple[str, ...] = ()) -> None:
        self._modules = modules
        self._before = before

    def run(self, job: Job) -> Outcome:
        if job.output is not None and ROOT:
            os.chown(job.output, NOBODY, NOBODY)
            open_the_way(job.output)
        told = {
            "argv": job.argv,
            "descriptors": job.descriptors,
            "readable": [(str(each.source), each.target) for each in job.readable],
            "output": str(job.output) if job.output else None,
            "limits": dataclasses.asdict(job.limits),
        }
        done = subprocess.run(
            [
                *(_AS_NOBODY if ROOT else ()),
                *self._before,
                PYTHON,
                "-c",
                _RUN,
                json.dumps(told),
            ],
            env={"PYTHONPATH": str(self._modules), "PATH": os.environ["PATH"]},
            pass_fds=job.descriptors,
            stdout=subprocess.PIPE,
            check=True,
        )
        answer = json.loads(done.stdout)
        if "missing" in answer:
            raise SetupError(answer["missing"])
        return Outcome(
            ending=Ending(answer["ending"]),
            status=answer["status"],
            printed=answer["printed"].encode("latin-1"),
        )

    def verify(self) -> None:
        self.run(Job(argv=("python", "-I", "-S", "-c", "")))


def open_the_way(folder: Path) -> None:
    """Let everybody pass through the folders of a test, which pytest closes."""
    for above in folder.parents:
        if above.stat().st_uid == os.geteuid() and above.stat().st_mode & 0o77 == 0:
            above.chmod(0o711)


def a_person_can_be_asked() -> bool:
    """Return whether there is a Python that everybody may run, new enough."""
    if not PYTHON.exists():
        return False
    version = "import sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([PYTHON, "-c", version], check=False).returncode == 0


@contextmanager
def persons_sandbox(*before: str) -> Iterator[PersonsSandbox | BubblewrapSandbox]:
    """Give a sandbox asked for by a person: us, unless root runs the tests."""
    if not ROOT and not before:
        yield BubblewrapSandbox()
        return
    with tempfile.TemporaryDirectory(prefix="sr-person-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103
        package = Path(strongroom.__file__).parent
        shutil.copytree(
            package / "sandboxes",
            Path(folder, "strongroom", "sandboxes"),
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        for name in ("__init__.py", "errors.py", "types.py"):
            shutil.copy(package / name, Path(folder, "strongroom", name))
        subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
        yield PersonsSandbox(Path(folder), before=before)
