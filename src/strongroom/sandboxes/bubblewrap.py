"""A sandbox of Linux namespaces, made by bubblewrap, with a filter of system calls.

What it is made of, each part required:

* namespaces of mounts, processes, network, System V objects, host name, and of users
  (for root instead: another user, without capabilities);
* a root folder in memory, read-only, with the interpreter and no other program, no
  ``/proc`` and no device but ``/dev/null``;
* a seccomp filter that allows what is known to be harmless (``calls``);
* the kernel's limits on memory, CPU, files, threads and descriptors, and a watch over
  time and over what is written.

Source: bwrap(1) of 0.8.0.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from contextlib import ExitStack
from io import FileIO
from pathlib import Path

from strongroom.errors import InputError, SetupError
from strongroom.sandboxes.command import NOBODY, Channels, Programs, command
from strongroom.sandboxes.port import PYTHON, Ending, Job, Outcome
from strongroom.sandboxes.seccomp import filter_for
from strongroom.sandboxes.supervising import Ended, Supervisor
from strongroom.types import Random

_SHOWN = 300  # characters of a program's message
_SIGXCPU = 24

_ALL_USERS = 2**32 - 1  # in the map of a process that no container holds
_FIRST_USER, _USERS = 0x70000000, 0x10000000
"""Numbers that no distribution gives to anybody.

Source: systemd, "Users, Groups, UIDs and GIDs on systemd Systems", 1879048192 and up.
"""


class BubblewrapSandbox:
    """Runs each job in a sandbox of its own.

    As root, the program is a user that nobody else is, to whom the output folder is
    given; as anybody else it stays that user, where that user owns nothing else.
    """

    def __init__(self, path: str | None = None, random: Random = os.urandom) -> None:
        """Remember where to look for the programs.

        Args:
            path: Folders to look in, as in ``PATH``; those of the process if None.
            random: Gives the number of a user, if root runs us.
        """
        self._path = path
        self._random = random

    def run(self, job: Job) -> Outcome:
        programs = self._programs()
        code = filter_for(platform.machine(), processes=job.limits.processes > 1)
        with ExitStack() as stack:
            output = _open_output(job, stack, programs.user)
            filtered, write = _pipe(stack)
            with write:
                write.write(code)  # 2 KB: a pipe holds it
            told, tell = _pipe(stack)
            gate, opener = _pipe(stack)
            printed, printing = _pipe(stack)
            theirs = [file.fileno() for file in (filtered, tell, gate)]
            channels = Channels(seccomp=theirs[0], status=theirs[1], gate=theirs[2])
            process = _start(
                command(job, programs, channels),
                (*theirs, *job.descriptors),
                printing.fileno(),
            )
            printing.close()  # the ends that are closed here say when theirs are
            tell.close()
            ended = Supervisor(
                process,
                printing=printed.fileno(),
                status=told.fileno(),
                gate=opener.fileno(),
                limits=job.limits,
                output=output,
            ).wait()
        return _outcome(ended)

    def verify(self) -> None:
        outcome = self.run(Job(argv=(PYTHON, "-I", "-S", "-c", "")))
        if outcome.ending is not Ending.DONE:
            raise SetupError(
                f"a sandbox that does nothing {outcome.sentence()}: "
                f"{_shown(outcome.printed)}",
                hint="everybody must be able to read the Python that runs us",
            )

    def _programs(self) -> Programs:
        if platform.system() != "Linux":
            raise SetupError("sandboxes are made of Linux namespaces; this is no Linux")
        bubblewrap = self._find("bwrap", "bubblewrap")
        if os.geteuid() != 0:
            return Programs(bubblewrap=bubblewrap, setpriv=None)
        return Programs(
            bubblewrap=bubblewrap,
            setpriv=self._find("setpriv", "util-linux"),
            user=self._new_user(),
        )

    def _new_user(self) -> int:
        """Return the number of a user that nobody is; ``nobody`` in a container.

        The kernel counts the threads of a user, so that two jobs of one user would
        starve each other, and a daemon that happens to run as ``nobody`` both.
        """
        known = Path("/proc/self/uid_map").read_text().split()
        if known[:3] != ["0", "0", str(_ALL_USERS)]:
            return NOBODY
        return _FIRST_USER + int.from_bytes(self._random(4), "big") % _USERS

    def _find(self, name: str, package: str) -> Path:
        found = shutil.which(name, path=self._path)
        if found is None:
            raise SetupError(
                f"the sandbox needs the program {name}, which is not there",
                hint=f"on Debian: apt-get install {package}",
            )
        return Path(found).absolute()


def _open_output(job: Job, stack: ExitStack, user: int) -> int | None:
    """Open the job's folder for looking at it, and give it to who will run."""
    if job.output is None:
        return None
    try:
        folder = os.open(job.output, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        stack.callback(os.close, folder)
        if os.geteuid() == 0:
            os.fchown(folder, user, user)
    except OSError as error:
        raise InputError(
            f"the output folder of a sandbox cannot be used: {error.strerror}"
        ) from None
    return folder


def _pipe(stack: ExitStack) -> tuple[FileIO, FileIO]:
    """Return both ends of a pipe, closed at the latest with the stack."""
    reader, writer = os.pipe()
    return (
        stack.enter_context(FileIO(reader, "rb")),
        stack.enter_context(FileIO(writer, "wb")),
    )


def _start(
    words: list[str], descriptors: tuple[int, ...], printing: int
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603  # our own words, no shell
            words,
            stdin=subprocess.DEVNULL,
            stdout=printing,
            stderr=printing,
            pass_fds=descriptors,
            cwd="/",
            env={},
        )
    except OSError as error:
        raise SetupError(f"bubblewrap cannot be started: {error.strerror}") from None


def _outcome(ended: Ended) -> Outcome:
    """Return what the job's end means.

    Raises:
        SetupError: The program never began.
    """
    if ended.over is not None:
        return Outcome(ending=ended.over, printed=ended.printed)
    if ended.status is None:
        raise _missing(ended.printed)
    if ended.signal == _SIGXCPU:
        return Outcome(ending=Ending.OVER_CPU, printed=ended.printed)
    if ended.signal:
        return Outcome(ending=Ending.KILLED, status=ended.signal, printed=ended.printed)
    ending = Ending.FAILED if ended.status else Ending.DONE
    return Outcome(ending=ending, status=ended.status, printed=ended.printed)


_CAUSES = (
    (
        b"unknown option",
        "bubblewrap is too old",
        "version 0.8 is the first that can do what is needed",
    ),
    (
        b"seccomp",
        "the kernel takes no seccomp filter",
        "CONFIG_SECCOMP_FILTER, and a host that lets containers use it",
    ),
    (
        b"namespace",
        "the kernel makes no namespaces for us",
        "sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone=1",
    ),
    (
        b"uid map",
        "the kernel makes no namespaces of users for us",
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or a profile for bwrap",
    ),
)


def _missing(printed: bytes) -> SetupError:
    """Return which part of the sandbox is not there, from bubblewrap's message."""
    for mark, sentence, hint in _CAUSES:
        if mark in printed.lower():
            return SetupError(f"no sandbox: {sentence} ({_shown(printed)})", hint=hint)
    return SetupError(f"no sandbox: bubblewrap did not begin ({_shown(printed)})")


def _shown(printed: bytes) -> str:
    """Return a message of another program: ASCII, one line, cut."""
    text = printed[:_SHOWN].decode("ascii", "backslashreplace")
    return " ".join(text.split()) or "it said nothing"
