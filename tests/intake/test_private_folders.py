"""Private folders go again, whatever a worker left in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import require

WORKER = 0x70000001
BOUND = "-dac_override,-dac_read_search,-fowner"
PROGRAM = """
import os, sys
from pathlib import Path
from strongroom.intake.private_folders import scratch_folder

with scratch_folder(Path(sys.argv[1])) as folder:
    closed = folder / "closed"
    closed.mkdir()
    (closed / "plain").write_bytes(b"plain")
    os.chown(closed, int(sys.argv[2]), int(sys.argv[2]))
print("ended")
"""


def test_what_a_root_without_capabilities_cannot_remove_is_left(tmp_path: Path) -> None:
    """``TemporaryDirectory`` called itself until the stack ended."""
    setpriv = shutil.which("setpriv")
    require("setpriv as root", present=os.geteuid() == 0 and setpriv is not None)

    done = subprocess.run(
        [
            *(str(setpriv), "--bounding-set", BOUND, "--inh-caps", BOUND),
            *(sys.executable, "-c", PROGRAM, tmp_path, str(WORKER)),
        ],
        check=False,
        capture_output=True,
        text=True,
    )

    assert (done.stdout, done.stderr) == ("ended\n", "")
