"""``python -m strongroom`` does what ``strongroom`` does."""

from __future__ import annotations

import sys

from strongroom.cli.main import run

if __name__ == "__main__":
    sys.exit(run())
