"""The words for bubblewrap: everything apart, little to see."""

from __future__ import annotations

from pathlib import Path

from strongroom.sandboxes.command import Channels, Programs, command
from strongroom.sandboxes.interpreter import EXECUTABLE
from strongroom.sandboxes.port import Job

CHANNELS = Channels(seccomp=3, status=4, gate=5)
JOB = Job(argv=("python", "-c", "pass"), output=Path("/tmp/there"))  # noqa: S108


def words(setpriv: Path | None) -> list[str]:
    programs = Programs(bubblewrap=Path("/usr/bin/bwrap"), setpriv=setpriv, user=7)
    return command(JOB, programs, CHANNELS)


def test_a_person_gets_every_namespace_there_is() -> None:
    line = words(None)
    assert "--unshare-all" in line
    assert "--cap-add" not in line
    assert line[-4:] == ["--", EXECUTABLE, "-c", "pass"]


def test_root_becomes_another_user_before_the_program_begins() -> None:
    line = words(Path("/usr/bin/setpriv"))
    tail = line[line.index("--", line.index("--block-fd")) + 1 :]
    assert tail[0] == "/usr/bin/setpriv"
    assert "--reuid=7" in tail
    assert "--clear-groups" in tail
    assert tail[-3:] == [EXECUTABLE, "-c", "pass"]


def test_only_the_output_folder_can_be_written() -> None:
    for line in (words(None), words(Path("/usr/bin/setpriv"))):
        assert line[line.index("--bind") + 1] == "/tmp/there"  # noqa: S108
        assert line.count("--bind") == 1
        assert line[line.index("--remount-ro") + 1] == "/"
        assert "--proc" not in line
        assert "--dev" not in line
