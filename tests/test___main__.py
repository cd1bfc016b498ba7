"""``python -m strongroom`` in a process of its own."""

from __future__ import annotations

import subprocess
import sys


def test_the_module_is_the_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "strongroom", "ledger", "shwo"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 64
    assert done.stderr == (
        "strongroom: error: there is no command 'shwo'; did you mean show?\n"
        "strongroom: hint: strongroom ledger --help\n"
    )
