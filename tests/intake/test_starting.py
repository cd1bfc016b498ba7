"""What a worker does before its first file; nobody misses what it left out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from strongroom.intake.workers import _BEGIN, _FLAGS, _PLACE

SOURCE = Path(__file__).parents[2] / "src"


def begun(module: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a worker outside of a sandbox, with the words that it has inside."""
    begin = _BEGIN.format(module=module).replace(_PLACE, str(SOURCE))
    return subprocess.run(
        [sys.executable, *_FLAGS, begin, *words],
        capture_output=True,
        check=False,
        text=True,
    )


def run(program: str) -> list[str]:
    """Return the lines that a program prints which can import our package alone."""
    done = subprocess.run(
        [sys.executable, *_FLAGS, f"import sys; sys.path.append({str(SOURCE)!r})\n"
         f"{program}"],
        capture_output=True,
        check=True,
        text=True,
    )  # fmt: skip
    return done.stdout.splitlines()


@pytest.mark.parametrize("module", ["worker", "rereading"])
def test_a_worker_starts_without_modules_that_it_has_no_use_for(module: str) -> None:
    """Each of these costs it between 2 and 15 ms of CPU."""
    (loaded,) = run(
        "from strongroom.intake.starting import import_later; import_later('inspect')\n"
        f"import strongroom.intake.{module}; print(*sys.modules)"
    )
    costly = {"ast", "dis", "tokenize", "importlib.util", "pathlib", "tempfile"}
    assert not costly & {*loaded.split()}


def test_a_module_that_comes_later_is_the_real_one_once_it_is_used() -> None:
    lines = run(
        "from strongroom.intake.starting import import_later; import_later('inspect')\n"
        "import inspect as early; print('dis' in sys.modules)\n"
        "def f(a, b=1): ...\n"
        "print(early.signature(f), 'dis' in sys.modules)\n"
        "import inspect\n"
        "from inspect import isfunction\n"
        "print(inspect is early, inspect.__file__ == early.__file__, isfunction(f))\n"
        "print(hasattr(early, 'nothing'))"
    )
    assert lines == ["False", "(a, b=1) True", "False True True", "False"]


def test_a_module_that_is_there_already_stays() -> None:
    lines = run(
        "import inspect\n"
        "from strongroom.intake.starting import import_later; import_later('inspect')\n"
        "print(sys.modules['inspect'] is inspect)"
    )
    assert lines == ["True"]


def test_a_worker_that_cannot_work_ends_with_a_traceback() -> None:
    done = begun("worker", "/nowhere", "0", "no number")
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("invalid literal for int() with base 10: "
                                         "'no number'")  # fmt: skip
