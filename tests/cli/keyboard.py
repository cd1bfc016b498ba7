"""A real process at a terminal of its own, and somebody who types."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path

PATIENCE_SECONDS = 60
"""After this nothing more is expected; a command that hangs fails its test."""


class Keyboard:
    """One command that runs at a pseudo-terminal."""

    def __init__(self, *words: str | Path, environment: Mapping[str, str]) -> None:
        """Start ``strongroom`` with ``words``; nothing is typed yet."""
        self._end, screen = pty.openpty()
        self.shown = ""
        self._at = 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "strongroom", *map(str, words)],
            stdin=screen,
            stdout=screen,
            stderr=screen,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  one thread
            env={**os.environ, "PYTHONPATH": "src", **environment},
        )
        os.close(screen)

    def expect(self, text: str) -> None:
        """Wait until ``text`` stands on the screen, after what was there before."""
        while (found := self.shown.find(text, self._at)) < 0:
            if not self._read():
                raise AssertionError(f"{text!r} did not come; there is {self.shown!r}")
        self._at = found + len(text)

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._end, text.encode() + b"\n")

    def interrupt(self) -> None:
        """Press Ctrl-C as a person does, who sees that the command waits.

        Between the last look of CPython at its signals and its read of the terminal
        a signal is only noticed with the next key, and a test can be that quick.
        """
        state = Path(f"/proc/{self.process.pid}/stat")
        while state.read_text().rpartition(")")[2].split()[0] not in "SZ":
            time.sleep(0.001)
        os.write(self._end, b"\x03")

    def done(self) -> int:
        """Wait for the end and return the exit status."""
        while self._read():
            pass
        os.close(self._end)
        return self.process.wait(PATIENCE_SECONDS)

    def _read(self) -> str:
        ready, _, _ = select.select([self._end], [], [], PATIENCE_SECONDS)
        if not ready:
            self.process.send_signal(signal.SIGKILL)
            raise AssertionError(f"nothing happens after {self.shown!r}")
        data = b""
        with contextlib.suppress(OSError):  # EIO: nobody holds the other end
            data = os.read(self._end, 4096)
        text = data.decode(errors="replace")
        self.shown += text
        return text
