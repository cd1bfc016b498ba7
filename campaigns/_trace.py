"""What a process does to files, recorded by ``strace``, which can also kill it.

A process is killed as it enters a system call, so that everything before that call
happened and nothing after it: once before each ``fsync``, and once before whatever
follows it.  ``strace`` counts the calls of each thread by themselves.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SYNCS = ("fsync", "fdatasync")
CHANGES = (
    *("write", "pwrite64", "ftruncate"),
    *("link", "linkat", "rename", "renameat", "renameat2", "unlink", "unlinkat"),
    *("mkdir", "mkdirat"),
)
PAGES = "pwrite64"
TALK = ("sendto", "recvfrom")
"""With a database server; a commit is one of each."""

_RECORDED = (*SYNCS, *CHANGES, *TALK, "openat")
_LINE = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(.*)")
_RESUMED = " resumed>"
_UNFINISHED = " <unfinished ...>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """A system call before which a process is killed.

    Attributes:
        call: Its name.
        number: Which one of a thread, from 1.
        rare: Whether it is worth trying only now and then: a page of a database,
            or a statement that is no commit.
    """

    call: str
    number: int
    rare: bool = False

    def __str__(self) -> str:
        return f"{self.call} {self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One system call.

    Attributes:
        thread: Who made it.
        name: Such as ``fsync``.
        rest: Its arguments and what it gave, as ``strace`` writes them.
        done: Whether it returned without an error.
    """

    thread: int
    name: str
    rest: str
    done: bool


class Tracer:
    """Records what a process does until it ends.

    Args:
        pid: Of the process; it is traced when this returns.
        output: Where to.
        boundary: Before which call to kill it, if before any.

    Raises:
        SystemExit: ``strace`` is absent, or may not trace here.
    """

    def __init__(self, pid: int, output: Path, boundary: Boundary | None) -> None:
        words = ["strace", "-f", "-y", "-s", "32", "-o", str(output)]
        words += ["-e", f"trace={','.join(_RECORDED)}", "-e", "signal=none"]
        if boundary is not None:
            where = f"{boundary.call}:signal=KILL:when={boundary.number}"
            words += ["-e", f"inject={where}"]
        try:
            self._process = subprocess.Popen(
                [*words, "-p", str(pid)], stderr=subprocess.PIPE, text=True
            )
        except FileNotFoundError:
            raise SystemExit("strace is not installed") from None
        if self._process.stderr is None:
            raise AssertionError("a pipe was asked for")
        first = self._process.stderr.readline()
        if "attached" not in first:
            raise SystemExit(f"strace may not trace here: {first.strip()}")

    def wait(self) -> None:
        """Return when everything is recorded."""
        self._process.communicate()


def calls_in(trace: Path) -> Iterator[Call]:
    """Yield the calls of a trace in the order in which they ended.

    Those that did not end come last.
    """
    begun: dict[int, tuple[str, str]] = {}
    for line in trace.read_text(errors="replace").splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        thread, name, rest = int(found[1]), found[2], found[3]
        if rest.startswith(_RESUMED):
            _, before = begun.pop(thread, (name, ""))
            rest = before + rest.removeprefix(_RESUMED)
        elif rest.endswith(_UNFINISHED):
            begun[thread] = name, rest.removesuffix(_UNFINISHED)
            continue
        gave = rest.rpartition(" = ")[2]
        if gave.startswith("?"):  # it was killed there
            begun[thread] = name, rest.rpartition(" = ")[0]
            continue
        yield Call(thread=thread, name=name, rest=rest, done=not gave.startswith("-1"))
    for thread, (name, rest) in begun.items():
        yield Call(thread=thread, name=name, rest=rest, done=False)


def boundaries_in(trace: Path, names: tuple[str, ...]) -> list[Boundary]:
    """Return every boundary that a process with this trace passed, by name."""
    made: Counter[tuple[int, str]] = Counter()
    commits: set[tuple[str, int]] = set()
    for call in calls_in(trace):
        made[call.thread, call.name] += 1
        if call.name == "sendto" and "COMMIT" in call.rest:
            commits.add(("sendto", made[call.thread, "sendto"]))
            commits.add(("recvfrom", made[call.thread, "recvfrom"] + 1))
    most: Counter[str] = Counter()
    for (_, name), count in made.items():
        most[name] = max(most[name], count)
    return [
        Boundary(
            call=name,
            number=number,
            rare=name == PAGES or (name in TALK and (name, number) not in commits),
        )
        for name in names
        for number in range(1, most[name] + 1)
    ]
