"""One person: seal a folder, open some of it as tensors, then all of it as files.

python examples/solo.py MODEL NEW_FOLDER
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

from strongroom import Founder, Profile, Secret, create_strongroom, write_model


def main(model: Path, folder: Path) -> None:
    """Make a room in ``folder/room`` and play with ``model`` in it."""
    passphrase = Secret(secrets.token_urlsafe(24).encode())
    room, _ = create_strongroom(
        folder / "room",
        profile=Profile.SOLO,
        passphrases={"*": passphrase},
        owner=Founder(name="me", team="me", password=passphrase),
    )
    with room:
        sealed = room.seal(model, name="model")
        for segment in sealed.manifest.segments:
            print(f"{segment.name:<16} {segment.facts.plain_bytes:>12,} bytes")

        some = [s.name for s in sealed.manifest.segments if s.name.startswith("blocks")]
        with room.open("model", segments=some[:1], purpose="look") as opened:
            print("tensors of", some[0], "are", *sorted(opened.tensors()))

        with room.open("model", purpose="restore") as opened:
            files = write_model(opened, folder / "copy")
        pairs = [(path, model / path.relative_to(folder / "copy")) for path in files]
        same = sum(copy.read_bytes() == first.read_bytes() for copy, first in pairs)
        print(f"{same} of {len(pairs)} files came back byte for byte")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
