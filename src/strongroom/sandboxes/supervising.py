"""Watches one sandbox from outside until nothing of it runs any more."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from strongroom.errors import SetupError
from strongroom.sandboxes.folders import walk
from strongroom.sandboxes.port import Ending, Limits

_START_SECONDS = 30
_MOST_STATUS_BYTES = 4096
_LOOK_SECONDS = 0.05
"""Between two looks at the output folder: 100 MB at 2 GB/s; ``spare_bytes`` has it."""

_LOOK_SHARE = 20
"""A look may take this part of the time, however many files there are."""

_PIPE_BYTES = 1 << 16
_MOST_PIECES = 32  # a pipe holds 1 MiB at most
_DISK_BLOCK = 512
_SIGNALLED = 128  # as a shell does, bubblewrap adds it to the number of a signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the processes ended, before anybody judged it.

    Attributes:
        over: The limit for which we ended it; None if it ended by itself.
        status: What bubblewrap says of the program; None if there never was one.
        printed: The first of what was printed.
    """

    over: Ending | None
    status: int | None
    printed: bytes

    @property
    def signal(self) -> int:
        """Number of the signal that ended the program, or 0."""
        status = self.status or 0
        return status - _SIGNALLED if status > _SIGNALLED else 0


class Supervisor:
    """Sees one started bubblewrap through."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        *,
        printing: int,
        status: int,
        gate: int,
        limits: Limits,
        output: int | None,
    ) -> None:
        """Take charge of a process whose program waits at its gate.

        Args:
            process: bubblewrap.
            printing: Where its output and error, and the program's, come out.
            status: Where bubblewrap tells what it made.
            gate: A byte written here starts the program.
            limits: Of the job.
            output: Descriptor of the job's folder, if it has one.
        """
        self._process = process
        self._printing = printing
        self._status_pipe = status
        self._gate = gate
        self._limits = limits
        self._output = output
        self._init: int | None = None  # of the first process inside; its end is all's
        self._status = b""
        self._printed = b""

    def wait(self) -> Ended:
        """Start the program and return how it ended; nothing of it is left then."""
        os.set_blocking(self._printing, False)
        os.set_blocking(self._status_pipe, False)
        try:
            self._begin()
            over = self._watch()
        finally:
            self._end()
        for _ in range(_MOST_PIECES):  # what the pipe still holds
            if not self._take_printed():
                break
        self._take_status()
        return Ended(
            over=over or self._over_output(),
            status=_field(self._status, "exit-code"),
            printed=self._printed,
        )

    def _begin(self) -> None:
        """Put the limits on the first process inside, and open the gate."""
        end = time.monotonic() + _START_SECONDS
        while b"\n" not in self._status and time.monotonic() < end:
            _wait_for(self._status_pipe, _LOOK_SECONDS)
            if not self._take_status():
                return  # it ended before; bubblewrap's message says why
        number = _field(self._status, "child-pid")
        if number is None:
            return
        with suppress(ProcessLookupError, BrokenPipeError):  # it ended meanwhile
            self._init = os.pidfd_open(number)
            _limit(number, self._limits)
            os.write(self._gate, b"\n")

    def _watch(self) -> Ending | None:
        """Return once the program ended, or passed a limit."""
        poll = select.poll()
        poll.register(self._printing, select.POLLIN)
        poll.register(self._ending(), select.POLLIN)
        end = time.monotonic() + self._limits.wall_seconds
        look = 0.0
        while (now := time.monotonic()) < end:
            if now >= look:
                over = self._over_output()
                if over is not None:
                    return over
                took = time.monotonic() - now
                look = now + max(_LOOK_SECONDS, took * _LOOK_SHARE)
            for ready, _ in poll.poll(max(0, min(look, end) - now) * 1000):
                if ready != self._printing:
                    return None
                if not self._take_printed():
                    poll.unregister(self._printing)
        return Ending.OVER_TIME

    def _ending(self) -> int:
        """Return a descriptor that can be read once nothing runs inside."""
        if self._init is None:
            self._init = os.pidfd_open(self._process.pid)
        return self._init

    def _end(self) -> None:
        """End what still runs; the kernel ends all others with the first process."""
        if self._init is None:
            self._process.kill()
        else:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._init, signal.SIGKILL)
            _wait_for(self._init)
            os.close(self._init)
        self._process.wait()

    def _over_output(self) -> Ending | None:
        """Return that too much was written, if it was."""
        if self._output is None:
            return None
        space = os.fstatvfs(self._output)
        if space.f_bavail * space.f_frsize < self._limits.spare_bytes:
            return Ending.OVER_OUTPUT
        size = 0
        for count, found in enumerate(walk(self._output), 1):
            size += found.facts.st_blocks * _DISK_BLOCK if found.facts else 0
            if count > self._limits.output_files or size > self._limits.output_bytes:
                return Ending.OVER_OUTPUT
        return None

    def _take_printed(self) -> bool:
        """Keep the first of what was printed; return whether there may be more.

        One piece at a time: a program that prints without end must not keep us here.
        """
        try:
            piece = os.read(self._printing, _PIPE_BYTES)
        except BlockingIOError:
            return True
        room = self._limits.printed_bytes - len(self._printed)
        self._printed += piece[:room]
        return bool(piece)

    def _take_status(self) -> bool:
        """Take what bubblewrap says; return whether there may be more."""
        try:
            piece = os.read(self._status_pipe, _MOST_STATUS_BYTES)
        except BlockingIOError:
            return True
        self._status += piece
        return bool(piece)


def _wait_for(descriptor: int, seconds: float | None = None) -> None:
    """Return once a descriptor can be read; not select, which ends at number 1023."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.poll(None if seconds is None else 1000 * seconds)


def _limit(process: int, limits: Limits) -> None:
    """Put the kernel's limits on a process, before it has children.

    Raises:
        ProcessLookupError: It ended meanwhile.
        SetupError: We may not.
    """
    try:
        for kind, value in _resources(limits).items():
            resource.prlimit(process, kind, value)
    except PermissionError:
        raise SetupError("no sandbox: its limits cannot be set") from None


def _resources(limits: Limits) -> Mapping[int, tuple[int, int]]:
    """Return the kernel's limits: soft and hard of each."""
    fixed = {
        resource.RLIMIT_AS: limits.memory_bytes,
        resource.RLIMIT_FSIZE: limits.output_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        # The program and bubblewrap's first process count too.
        resource.RLIMIT_NPROC: limits.threads + 2,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    # SIGXCPU comes first, so that the outcome can say why; SIGKILL if it is ignored.
    cpu = {resource.RLIMIT_CPU: (limits.cpu_seconds, limits.cpu_seconds + 1)}
    return {**{kind: (value, value) for kind, value in fixed.items()}, **cpu}


def _field(status: bytes, name: str) -> int | None:
    """Return a number out of bubblewrap's lines, each a JSON document."""
    for line in status.split(b"\n"):
        try:
            value = json.loads(line).get(name)
        except (ValueError, AttributeError):
            continue
        if isinstance(value, int):
            return value
    return None
