"""An outsider keeps a key and a checkpoint, and checks every later export.

python examples/outsider.py MODEL NEW_FOLDER
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from strongroom import Founder, Profile, Secret, create_strongroom

VERIFY = Path(__file__).parents[1] / "src" / "strongroom" / "ledger" / "verify.py"


def main(model: Path, folder: Path) -> None:
    """Export twice, and check that the second ledger continues the first."""
    passphrase = Secret(secrets.token_urlsafe(24).encode())
    room, _ = create_strongroom(
        folder / "room",
        profile=Profile.SOLO,
        passphrases={"*": passphrase},
        owner=Founder(name="me", team="me", password=passphrase),
    )
    kept = folder / "kept"  # what the outsider takes home
    kept.mkdir()
    with room:
        room.records.export(folder / "monday")
        for name in ("key", "checkpoint"):
            shutil.copy(folder / "monday" / name, kept / name)
        room.seal(model, name="model")
        room.records.export(folder / "tuesday")

    key = (kept / "key").read_text().strip()
    older = str(kept / "checkpoint")
    honest = check(folder / "tuesday", "--key", key, "--older", older)
    print(honest.stdout, end="")

    forged = folder / "forged"
    shutil.copytree(folder / "tuesday", forged)
    bundle = next((forged / "tile" / "entries").rglob("*.p/*"))
    bundle.write_bytes(bundle.read_bytes().replace(b"room.created", b"room.cleared"))
    print("\none entry changed:")
    print(check(forged, "--key", key).stdout.splitlines()[-1])


def check(export: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the outsider's program in a process that has nothing of ours."""
    command = [sys.executable, "-I", str(VERIFY), str(export), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
