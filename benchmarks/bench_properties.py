"""What other tools' files hide and notice beside ours: one attempt for each cell."""

from __future__ import annotations

import os
import subprocess

from benchmarks.peers.environment import ROOT, peers_python


def main() -> None:
    """Try everything in the environment of the peers; print one line of JSON."""
    subprocess.run(
        (str(peers_python()), "-m", "benchmarks.peers.properties"),
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        cwd=ROOT,
        check=True,
        stderr=subprocess.DEVNULL,  # a peer's complaints about what was altered
    )


if __name__ == "__main__":
    main()
