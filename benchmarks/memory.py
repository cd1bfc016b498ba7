"""Memory of this process, as the kernel tells it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from strongroom.crypto.arena import Arena

PAGE_BYTES = 4096


def forget_peak() -> None:
    """Begin the peak anew."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def memory(field: str) -> int:
    """Return a line of ``/proc/self/status``, in bytes: ``VmRSS`` or ``VmHWM``."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise SystemExit(f"the kernel does not tell {field}")


def touch_elsewhere(length: int) -> None:
    """Let another process touch so much memory, and end.

    On a virtual machine the host may have taken free memory back.  Giving it again
    costs up to two seconds a GiB, more than everything else, and whoever asks for
    large pages pays for it.  So somebody else does, just before.
    """
    code = f"from {__name__} import touch; touch({length})"
    subprocess.run((sys.executable, "-c", code), check=True)


def touch(length: int) -> None:
    """Touch fresh memory, once a page."""
    memory = Arena(length).memory()
    for start in range(0, length, PAGE_BYTES):
        memory[start] = 1
