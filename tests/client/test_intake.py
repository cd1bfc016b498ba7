"""What is added from outside is copied only where it can also be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from strongroom.client.client import Strongroom
from strongroom.errors import SetupError
from strongroom.intake.additions import Addition
from strongroom.sandboxes.bubblewrap import BubblewrapSandbox
from strongroom.vault.drafts import SealOptions


def test_nothing_is_copied_where_no_sandbox_can_be_had(
    solo_room: Strongroom, tmp_path: Path
) -> None:
    """Bubblewrap was missed once everything was copied, and the original sealed."""
    (tmp_path / "model.bin").write_bytes(b"weights")
    bare = BubblewrapSandbox(path=str(tmp_path))
    parts = replace(solo_room.room, sandbox=lambda: bare)
    room = Strongroom(parts, solo_room.actor)

    with pytest.raises(SetupError, match="needs the program bwrap"):
        room.intakes.add(
            Addition(path=tmp_path, project="default"), SealOptions(name="llm")
        )
    assert room.intakes.all() == []
    assert not (room.room.settings.folder / "quarantine").exists()
