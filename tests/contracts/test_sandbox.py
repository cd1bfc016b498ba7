"""What every sandbox must do.  A new adapter adds one line to ``SANDBOXES``."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from strongroom.errors import InputError
from strongroom.sandboxes.bubblewrap import BubblewrapSandbox
from strongroom.sandboxes.port import (
    OUTPUT,
    PYTHON,
    SCRATCH,
    Ending,
    Job,
    Limits,
    Outcome,
    Readable,
    Sandbox,
)
from tests.conftest import require
from tests.sandboxes.person import a_person_can_be_asked, persons_sandbox

SANDBOXES = ("bubblewrap", "bubblewrap-for-a-person")


def opened(name: str) -> AbstractContextManager[Sandbox]:
    if name == "bubblewrap":
        return nullcontext(BubblewrapSandbox())
    return persons_sandbox()


@pytest.fixture(params=SANDBOXES, scope="module")
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    require("a Python for everybody", present=a_person_can_be_asked())
    with opened(request.param) as sandbox:
        sandbox.verify()
        yield sandbox


@pytest.fixture
def output() -> Iterator[Path]:
    """Give a folder like those that intake gives: nobody else passes its parent."""
    with tempfile.TemporaryDirectory(prefix="sr-out-") as folder:
        path = Path(folder, "out")
        path.mkdir()
        yield path


def python(code: str, *words: str) -> tuple[str, ...]:
    return (PYTHON, "-I", "-S", "-c", code, *words)


def run(sandbox: Sandbox, code: str, output: Path, **limits: int) -> Outcome:
    job = Job(argv=python(code), output=output, limits=Limits(**limits))
    return sandbox.run(job)


def test_what_a_program_writes_to_its_folder_stays(
    sandbox: Sandbox, output: Path
) -> None:
    code = f"import os; os.mkdir('{OUTPUT}/a'); open('{OUTPUT}/a/b', 'w').write('hi')"
    assert run(sandbox, code, output).ending is Ending.DONE
    assert (output / "a" / "b").read_text() == "hi"


def test_what_it_writes_elsewhere_ends_with_it(sandbox: Sandbox, output: Path) -> None:
    path = f"{SCRATCH}/kept-by-nobody"
    code = f"open({path!r}, 'x').write('hi'); print(open({path!r}).read())"
    assert run(sandbox, code, output).printed == b"hi\n"
    assert run(sandbox, code, output).printed == b"hi\n"
    assert not Path(path).exists()


def test_it_gets_the_descriptors_it_was_given_and_no_other(sandbox: Sandbox) -> None:
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as kept:
        given.write(b"for you")
        given.flush()
        os.set_inheritable(kept.fileno(), False)
        code = (
            "import os, sys\n"
            "open_ones = []\n"
            "for n in range(3, 256):\n"
            "    try: os.fstat(n)\n"
            "    except OSError: continue\n"
            "    open_ones.append(n)\n"
            "print(open_ones == [int(sys.argv[1])], os.pread(int(sys.argv[1]), 9, 0))"
        )
        number = given.fileno()
        job = Job(argv=python(code, str(number)), descriptors=(number,))
        assert sandbox.run(job).printed == b"True b'for you'\n"


def test_it_reads_what_it_is_shown_and_cannot_change_it(
    sandbox: Sandbox, output: Path
) -> None:
    shown = output.parent / "shown"
    shown.write_text("hello")
    shown.chmod(0o666)
    output.parent.chmod(0o711)
    code = "print(open('/data/shown').read(), flush=True); open('/data/shown', 'w')"
    outcome = sandbox.run(
        Job(
            argv=python(code),
            readable=(Readable(source=shown, target="/data/shown"),),
        )
    )
    assert outcome.printed.startswith(b"hello\n")
    assert b"Read-only file system" in outcome.printed
    assert shown.read_text() == "hello"


def test_its_exit_status_is_told(sandbox: Sandbox, output: Path) -> None:
    outcome = run(sandbox, "import sys; print('no'); sys.exit(3)", output)
    assert outcome == Outcome(ending=Ending.FAILED, status=3, printed=b"no\n")


def test_a_crash_is_told_with_its_signal(sandbox: Sandbox, output: Path) -> None:
    outcome = run(sandbox, "import os; os.abort()", output)
    assert outcome == Outcome(ending=Ending.KILLED, status=6)
    assert "signal 6" in outcome.sentence()


def test_what_it_prints_is_cut(sandbox: Sandbox, output: Path) -> None:
    code = "import sys; sys.stderr.write('e' * 10**7); print('x' * 10**7)"
    outcome = run(sandbox, code, output, printed_bytes=100)
    assert outcome == Outcome(ending=Ending.DONE, printed=b"e" * 100)


def test_it_ends_when_its_time_is_over(sandbox: Sandbox, output: Path) -> None:
    code = "print('begun', flush=True)\nimport time; time.sleep(99)"
    outcome = run(sandbox, code, output, wall_seconds=1)
    assert outcome == Outcome(ending=Ending.OVER_TIME, printed=b"begun\n")


def test_who_prints_without_end_is_ended_in_time(
    sandbox: Sandbox, output: Path
) -> None:
    code = "import os\nwhile True: os.write(1, b'x' * 65536)"
    outcome = run(sandbox, code, output, wall_seconds=1)
    assert outcome.ending is Ending.OVER_TIME


def test_it_ends_when_its_cpu_time_is_over(sandbox: Sandbox, output: Path) -> None:
    outcome = run(sandbox, "while True: pass", output, cpu_seconds=1)
    assert outcome.ending is Ending.OVER_CPU


def test_it_cannot_take_more_memory(sandbox: Sandbox, output: Path) -> None:
    outcome = run(sandbox, "bytearray(1 << 30)", output, memory_bytes=512 << 20)
    assert outcome.ending is Ending.FAILED
    assert outcome.printed.endswith(b"MemoryError\n")


def test_it_cannot_keep_more_in_its_scratch_folder(
    sandbox: Sandbox, output: Path
) -> None:
    code = f"open('{SCRATCH}/a', 'wb').write(bytes(2 << 20))"
    outcome = run(sandbox, code, output, scratch_bytes=1 << 20)
    assert b"No space left" in outcome.printed


def test_one_file_cannot_be_larger_than_all(sandbox: Sandbox, output: Path) -> None:
    code = f"open('{OUTPUT}/a', 'wb').truncate(2 << 20)"
    outcome = run(sandbox, code, output, output_bytes=1 << 20)
    assert b"File too large" in outcome.printed


def test_many_files_cannot_be_larger_than_all(sandbox: Sandbox, output: Path) -> None:
    code = (
        "import time\n"
        "for n in range(4):\n"
        f"    open(f'{OUTPUT}/{{n}}', 'wb').write(bytes(1 << 20))"
    )
    outcome = run(sandbox, code, output, output_bytes=2 << 20)
    assert outcome.ending is Ending.OVER_OUTPUT


def test_it_has_threads_but_no_more_than_it_may(sandbox: Sandbox, output: Path) -> None:
    code = (
        "import threading\n"
        "wait = threading.Event()\n"
        "for n in range(99):\n"
        "    threading.Thread(target=wait.wait, args=(9,), daemon=True).start()\n"
        "    print(n)"
    )
    outcome = run(sandbox, code, output, threads=16)
    assert b"\n9\n" in outcome.printed
    assert b"can't start new thread" in outcome.printed


def test_only_who_may_has_a_second_process(sandbox: Sandbox, output: Path) -> None:
    code = "import os; number = os.fork() or os._exit(0); print(os.waitpid(number, 0))"
    assert run(sandbox, code, output, processes=4).ending is Ending.DONE
    assert b"PermissionError" in run(sandbox, code, output).printed


def test_several_run_at_once(sandbox: Sandbox) -> None:
    def answer(number: int) -> bytes:
        return sandbox.run(Job(argv=python(f"print({number})"))).printed

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(answer, range(8))) == [b"%d\n" % n for n in range(8)]


def test_a_relative_folder_is_the_callers(output: Path) -> None:
    """The sandbox starts elsewhere: such a folder was once not found."""
    job = Job(argv=python("open('/out/a', 'x')"), output=Path(os.path.relpath(output)))
    assert BubblewrapSandbox().run(job).ending is Ending.DONE
    assert (output / "a").exists()


def test_an_output_folder_that_is_a_link_is_refused(output: Path) -> None:
    link = output.parent / "link"
    link.symlink_to(output)
    with pytest.raises(InputError):
        BubblewrapSandbox().run(Job(argv=python(""), output=link))
