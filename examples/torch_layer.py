"""Load one segment into torch, without the rest of the model and without a copy.

python examples/torch_layer.py MODEL NEW_FOLDER
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import torch

from strongroom import Founder, Profile, Secret, create_strongroom


def main(model: Path, folder: Path) -> None:
    """Seal ``model``, open its first layer, and multiply with its largest matrix."""
    passphrase = Secret(secrets.token_urlsafe(24).encode())
    room, _ = create_strongroom(
        folder / "room",
        profile=Profile.SOLO,
        passphrases={"*": passphrase},
        owner=Founder(name="me", team="me", password=passphrase),
    )
    with room:
        sealed = room.seal(model, name="model")
        names = [segment.name for segment in sealed.manifest.segments]
        layer = next(name for name in names if name.startswith("blocks"))
        with room.open("model", segments=[layer], purpose="probe") as opened:
            tensors = opened.tensors("torch")
            name, weight = max(tensors.items(), key=lambda item: item[1].numel())
            result = torch.ones(1, weight.shape[-1], dtype=weight.dtype) @ weight.T
            print(f"{layer}: {len(tensors)} tensors; {name} {tuple(weight.shape)}")
            print(f"a row of ones times it has {result.numel()} numbers")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
