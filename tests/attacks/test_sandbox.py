"""A reader was taken over by the file it read (AML.T0010.003, AML.T0011.000).

Everything here really runs inside.  What the attacker wants is in the test's name; its
MITRE ATT&CK id is in the docstring.
"""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from strongroom.sandboxes.bubblewrap import BubblewrapSandbox
from strongroom.sandboxes.port import PYTHON, Ending, Job, Limits, Outcome, Sandbox
from strongroom.sandboxes.seccomp import MACHINES
from tests.conftest import require
from tests.sandboxes.person import a_person_can_be_asked, persons_sandbox

REFUSED, NO_SUCH_CALL = 1, 38  # EPERM, ENOSYS

FORBIDDEN = {  # numbers on x86-64 and AArch64, arguments
    "socket": ((41, 198), (1, 1, 0)),
    "ptrace": ((101, 117), (0, 0, 0, 0)),
    "process_vm_readv": ((310, 270), (1, 0, 0, 0, 0, 0)),
    "keyctl": ((250, 219), (0, -3, 0)),
    "add_key": ((248, 217), (0, 0, 0, 0, -3)),
    "bpf": ((321, 280), (0, 0, 0)),
    "mount": ((165, 40), (0, 0, 0, 0, 0)),
    "umount2": ((166, 39), (0, 0)),
    "pivot_root": ((155, 41), (0, 0)),
    "chroot": ((161, 51), (0,)),
    "unshare a namespace of users": ((272, 97), (0x10000000,)),
    "setns": ((308, 268), (0, 0)),
    "clone a namespace of users": ((56, 220), (0x10000011, 0, 0, 0, 0)),
    "io_uring_setup": ((425, 425), (1, 0)),
    "perf_event_open": ((298, 241), (0, 0, -1, -1, 0)),
    "userfaultfd": ((323, 282), (0,)),
    "memfd_create": ((319, 279), (0, 0)),
    "shmget": ((29, 194), (0, 1 << 30, 0o1600)),
    "init_module": ((175, 105), (0, 0, 0)),
    "kexec_load": ((246, 104), (0, 0, 0, 0)),
    "reboot": ((169, 142), (0, 0, 0, 0)),
    "open_by_handle_at": ((304, 265), (0, 0, 0)),
    "symlinkat": ((266, 36), (0, -100, 0)),
    "linkat": ((265, 37), (-100, 0, -100, 0, 0)),
    "mknodat": ((259, 33), (-100, 0, 0, 0)),
    "fchmodat": ((268, 53), (-100, 0, 0o4755)),
    "fchownat": ((260, 54), (-100, 0, 0, 0, 0)),
    "setxattr": ((188, 5), (0, 0, 0, 0, 0)),
    "fallocate": ((285, 47), (1, 0, 0, 1 << 40)),
    "personality": ((135, 92), (0x0040000,)),
    "process_madvise": ((440, 440), (0, 0, 0, 0, 0)),
    "pidfd_getfd": ((438, 438), (0, 0, 0)),
    "a call of tomorrow": ((599, 599), ()),
}

CALL = """
import ctypes
call = ctypes.CDLL(None, use_errno=True).syscall
call.restype = ctypes.c_long
for number, arguments in {calls!r}:
    ctypes.set_errno(0)
    answer = call(*[ctypes.c_long(n) for n in (number, *arguments)])
    print(answer, ctypes.get_errno())
"""

IN_32_BIT = """
import ctypes, mmap
code = bytes.fromhex("b814000000 cd80 c3")  # getpid by the numbers of i386
page = mmap.mmap(-1, 4096, prot=7)
page.write(code)
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
print(ctypes.CFUNCTYPE(ctypes.c_int)(address)())
"""


@pytest.fixture(params=["root-or-we", "a-person"], scope="module")
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Give the sandbox as root asks for it, and as a person does."""
    require("a Python for everybody", present=a_person_can_be_asked())
    one = request.param == "root-or-we"
    with nullcontext(BubblewrapSandbox()) if one else persons_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def output() -> Iterator[Path]:
    """Give a folder for what comes out."""
    with tempfile.TemporaryDirectory(prefix="sr-out-") as folder:
        path = Path(folder, "out")
        path.mkdir()
        yield path


def attack(
    sandbox: Sandbox, code: str, output: Path | None = None, **limits: int
) -> Outcome:
    """Run the attacker's code where a reader would run."""
    argv = (PYTHON, "-I", "-S", "-c", code)
    return sandbox.run(Job(argv=argv, output=output, limits=Limits(**limits)))


def tried(outcome: Outcome) -> list[str]:
    """Return what came of each attempt, one line each."""
    assert outcome.ending is Ending.DONE, outcome
    return outcome.printed.decode().splitlines()


def attempts(*statements: str) -> str:
    """Return code that tries each statement and prints the number of its error."""
    tries = [
        f"try:\n    {each}\n    print('done')\nexcept OSError as e: print(e.errno)"
        for each in statements
    ]
    return "\n".join(["import os, socket, signal", *tries])


def test_calls_into_the_kernel_are_refused(sandbox: Sandbox) -> None:
    """T1068: a hole in the kernel is reached through a call that readers never make."""
    column = MACHINES[platform.machine()].column
    calls = [(numbers[column], words) for numbers, words in FORBIDDEN.values()]
    lines = tried(attack(sandbox, CALL.format(calls=calls)))
    answers = dict(zip(FORBIDDEN, lines, strict=True))
    assert answers == dict.fromkeys(FORBIDDEN, f"-1 {REFUSED}")
    clone3 = attack(sandbox, CALL.format(calls=[(435, (0, 0))]))
    assert tried(clone3) == [f"-1 {NO_SUCH_CALL}"]


def test_calls_by_the_numbers_of_another_machine_end_it(sandbox: Sandbox) -> None:
    """T1068: the same, past a filter that reads numbers and not whose they are."""
    if platform.machine() == "x86_64":
        outcome = attack(sandbox, IN_32_BIT)
        assert (outcome.ending, outcome.status) == (Ending.KILLED, 31)  # SIGSYS


def test_there_is_no_network(sandbox: Sandbox) -> None:
    """T1041: weights leave through a socket."""
    lines = attempts(
        "socket.create_connection(('127.0.0.1', 22), 1)",
        "socket.socket(socket.AF_UNIX)",
        "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "socket.socketpair()",
    )
    assert tried(attack(sandbox, lines)) == [str(REFUSED)] * 4


def test_nothing_of_the_host_can_be_read(sandbox: Sandbox) -> None:
    """T1005, T1003.008: passwords, the room, other processes, devices."""
    room = str(Path(__file__).resolve().parents[2])
    paths = ["/etc/shadow", "/etc/passwd", room, "/proc/self/environ", "/proc/1/root"]
    paths += ["/sys", "/dev/mem", "/dev/shm", "/root/.ssh", "/home", "/bin/sh"]  # noqa: S108
    code = attempts(*[f"os.stat({path!r})" for path in paths])
    assert set(tried(attack(sandbox, code))) <= {"2", "13"}


def test_nothing_can_be_written_but_the_output(sandbox: Sandbox, output: Path) -> None:
    """T1565.001, T1546: a file that is used later, by somebody else."""
    paths = ["/x", "/usr/x", "/etc/ld.so.cache", "/python/bin/python3", "/lib64/x"]
    code = attempts(*[f"open({path!r}, 'ab')" for path in [*paths, "/dev/x"]])
    assert set(tried(attack(sandbox, code, output))) <= {"13", "26", "30"}
    assert list(output.iterdir()) == []


def test_rights_that_were_given_up_do_not_come_back(sandbox: Sandbox) -> None:
    """T1548: root's rights, if root started it."""
    code = attempts("os.setuid(0)", "os.setgroups([0])", "os.setresgid(0, 0, 0)")
    assert set(tried(attack(sandbox, code))) <= {"1", "22"}
    names = "print(0 in os.getresuid() + os.getresgid() + tuple(os.getgroups()))"
    assert tried(attack(sandbox, f"import os; {names}")) == ["False"]


def test_no_other_process_can_be_seen_or_signalled(sandbox: Sandbox) -> None:
    """T1057, T1489."""
    host = os.getpid()
    code = attempts(f"os.kill({host}, 0)", "os.kill(1, 9)", "os.kill(-1, 9)")
    assert tried(attack(sandbox, code)) == [str(REFUSED)] * 3
    code = attempts(f"os.kill({host}, 0)", "os.kill(1, 9)")
    assert tried(attack(sandbox, code, processes=2))[0] == "3"  # ESRCH


def test_a_bomb_of_processes_stays_small(sandbox: Sandbox) -> None:
    """T1499: as many processes as the machine has room for."""
    assert b"PermissionError" in attack(sandbox, "import os\nos.fork()").printed
    code = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
    outcome = attack(sandbox, code, processes=8, threads=8, wall_seconds=1)
    assert outcome.ending is Ending.OVER_TIME


def test_no_child_outlives_it(sandbox: Sandbox, output: Path) -> None:
    """T1543: something that goes on after the verdict."""
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    if os.fork(): os._exit(0)\n"
        "    while True:\n"
        "        open('/out/alive', 'ab').write(b'x')\n"
        "        time.sleep(0.001)\n"
        "while not os.path.exists('/out/alive'): time.sleep(0.001)\n"
    )
    assert attack(sandbox, code, output, processes=4).ending is Ending.DONE
    size = (output / "alive").stat().st_size
    time.sleep(0.05)
    assert (output / "alive").stat().st_size == size


def test_memory_that_no_limit_counts_cannot_be_had(sandbox: Sandbox) -> None:
    """T1499: the machine's memory, by its side doors."""
    code = (
        "import os\n"
        "ends = []\n"
        "while True:\n"
        "    try: ends.append(os.pipe())\n"
        "    except OSError as e: break\n"
        "print(len(ends) < 64)"
    )
    assert tried(attack(sandbox, code)) == ["True"]
    bomb = "held = []\nwhile True: held.append(bytearray(1 << 20))"
    outcome = attack(sandbox, bomb, memory_bytes=256 << 20)
    assert outcome.printed.endswith(b"MemoryError\n")


def test_a_million_files_are_stopped_early(sandbox: Sandbox, output: Path) -> None:
    """T1499: all inodes of the disk, and hours for whoever looks."""
    code = "for n in range(10**6): open(f'/out/{n}', 'x').close()"
    outcome = attack(sandbox, code, output, output_files=1000)
    assert outcome.ending is Ending.OVER_OUTPUT


def test_a_disk_is_not_filled_by_files_without_names(
    sandbox: Sandbox, output: Path
) -> None:
    """T1499: no look into the folder shows them, so that the disk itself is watched."""
    code = (
        "import os, time\n"
        "file = open('/out/x', 'xb')\n"
        "os.unlink('/out/x')\n"
        "while True: time.sleep(1)"
    )
    more_than_there_is = 1 << 60
    outcome = attack(sandbox, code, output, spare_bytes=more_than_there_is)
    assert outcome.ending is Ending.OVER_OUTPUT


def test_a_signal_that_says_enough_cannot_be_ignored() -> None:
    """T1499: CPU time beyond the limit."""
    code = "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile 1: pass"
    outcome = attack(BubblewrapSandbox(), code, cpu_seconds=1)
    assert (outcome.ending, outcome.status) == (Ending.KILLED, 9)
