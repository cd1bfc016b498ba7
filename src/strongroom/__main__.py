"""``python -m strongroom`` does what ``strongroom`` does."""

from __future__ import annotations

from strongroom.cli.main import main

if __name__ == "__main__":
    main()
