"""The words with which bubblewrap is asked for a sandbox."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from strongroom.sandboxes.interpreter import EXECUTABLE, interpreter, shared_libraries
from strongroom.sandboxes.port import OUTPUT, PYTHON, SCRATCH, Job, Readable

NOBODY = 65534
"""The user that owns nothing, in every container too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Where the programs lie that build a sandbox.

    Attributes:
        bubblewrap: ``bwrap``.
        setpriv: Of util-linux; None unless root runs us.
        user: Who the program is then.
    """

    bubblewrap: Path
    setpriv: Path | None
    user: int = NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """Descriptors that bubblewrap itself gets.

    Attributes:
        seccomp: Gives the filter.
        status: Where it says which process it made, and how that ended.
        gate: It starts the program once a byte can be read here.
    """

    seccomp: int
    status: int
    gate: int


def command(job: Job, programs: Programs, channels: Channels) -> list[str]:
    """Return the words that run a job.

    A person's process becomes nobody else by a namespace of users.  Root's would still
    be root to the files of the host, so there the program gives up its identity
    for good, before its first instruction, and keeps no capability to get it back.
    """
    seen = [*interpreter(), *shared_libraries(), *job.readable]
    if programs.setpriv is not None:
        tool = str(programs.setpriv)
        seen.append(Readable(source=programs.setpriv.resolve(), target=tool))
    return [
        str(programs.bubblewrap),
        *_apart(root=programs.setpriv is not None),
        *_files(job, seen),
        *("--seccomp", str(channels.seccomp)),
        *("--json-status-fd", str(channels.status)),
        *("--block-fd", str(channels.gate)),
        "--",
        *_becoming(programs),
        *(EXECUTABLE if word == PYTHON and not at else word
          for at, word in enumerate(job.argv)),
    ]  # fmt: skip


def _apart(*, root: bool) -> list[str]:
    common = ["--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    if not root:
        return ["--unshare-all", *common]
    return [
        *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"),
        *("--unshare-cgroup-try", *common),
        *("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"),
    ]


def _files(job: Job, seen: Iterable[Readable]) -> list[str]:
    """Return the words for what the program sees of files: no /proc, no /dev."""
    seen = list(seen)
    words: list[str] = []
    for folder in _folders_of(seen):  # else they would be for their owner only
        words += ["--perms", "0755", "--dir", folder]
    for each in seen:
        words += ["--ro-bind", str(each.source.absolute()), each.target]
    size = str(job.limits.scratch_bytes)
    words += ["--size", size, "--perms", "1777", "--tmpfs", SCRATCH]
    words += ["--perms", "0755", "--dir", "/dev"]
    words += ["--dev-bind", "/dev/null", "/dev/null"]
    if job.output is not None:
        words += ["--bind", str(job.output.absolute()), OUTPUT]
    return [*words, "--remount-ro", "/", "--chdir", "/"]


def _folders_of(seen: Iterable[Readable]) -> list[str]:
    """Return each folder that a target lies in, those above first."""
    folders = {
        str(above)
        for each in seen
        for above in PurePosixPath(each.target).parents
        if above != above.parent
    }
    return sorted(folders)


def _becoming(programs: Programs) -> list[str]:
    """Return the words that give up root's identity, if root runs us."""
    if programs.setpriv is None:
        return []
    user = programs.user
    return [
        *(str(programs.setpriv), f"--reuid={user}", f"--regid={user}"),
        *("--clear-groups", "--inh-caps=-all", "--no-new-privs", "--"),
    ]
