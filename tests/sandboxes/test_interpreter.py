"""What is shown of Python is there, and is not the environment of a person."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from strongroom.sandboxes.interpreter import interpreter, shared_libraries


def test_the_interpreter_is_a_program_with_its_library() -> None:
    program, library = interpreter()
    assert os.access(program.source, os.X_OK)
    assert (library.source / "os.py").is_file()
    assert library.target.endswith(f"python3.{sys.version_info.minor}")


def test_no_program_is_among_the_shared_libraries() -> None:
    for each in shared_libraries():
        assert each.source.exists()
        assert Path(each.target).name not in {"bin", "sbin"}
