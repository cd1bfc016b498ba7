"""A custodian as a process of another user of the machine, and a desk that asks it."""

from __future__ import annotations

import os
import shutil
import socket as sockets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import strongroom
from strongroom.app.rotating import RotationOptions, rotate
from strongroom.crypto.custody.file import FileCustodian
from strongroom.errors import SetupError, UnavailableError
from strongroom.types import Role
from tests.conftest import require
from tests.journeys.apart import NEAR, name_socket
from tests.journeys.fixtures import clock, house, kind, model, quick
from tests.journeys.rooms import CHEAP, PASSPHRASE, House, again

__all__ = ["clock", "house", "kind", "model", "quick"]

OTHER = 45678
"""A user that nobody has; the kernel needs no name for it."""

BLOCK = "blocks.0.1"
START_SECONDS = 60
SOURCE = str(Path(strongroom.__file__).parents[1])


def become(*command: str) -> list[str]:
    """Return the command as the other user runs it."""
    return [
        *("setpriv", f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups"),
        *command,
    ]


def can_become() -> bool:
    """Return whether this test may run Python as another user."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return False
    probe = become(sys.executable, "-c", "import strongroom")
    done = subprocess.run(probe, env=environment(), capture_output=True, check=False)
    return done.returncode == 0


def environment() -> dict[str, str]:
    """Return what the other user's process sees."""
    paths = [SOURCE, *(path for path in sys.path if path)]
    return {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(paths)}


@contextmanager
def process(
    folder: Path, name: str = "weights", socket: str = "s", former: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    """Serve a custodian in a folder of the other user."""
    command = become(
        *(sys.executable, "-m", "strongroom", "custodian", "serve"),
        *(str(folder / name), "--socket", str(folder / socket)),
        *(("--former", str(folder / former)) if former else ()),
        *("--allow", str(os.geteuid())),
        *("--passphrase-file", str(folder / "passphrase")),
    )
    running = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + START_SECONDS
        while not answers(folder / socket):
            assert running.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
        yield running
    finally:
        running.terminate()
        running.wait()


def answers(path: Path) -> bool:
    """Return whether somebody listens there."""
    with sockets.socket(sockets.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


@pytest.fixture
def folder(house: House) -> Iterator[Path]:
    """Give a folder of the other user that holds the custodian of the weights."""
    require("setpriv as root", present=can_become())
    house.room.close()
    with tempfile.TemporaryDirectory(prefix="strongroom-") as name:
        folder = Path(name)
        for file in (house.folder / "custodians").glob("weights*"):
            shutil.move(file, folder / file.name)
        (folder / "passphrase").write_bytes(PASSPHRASE.reveal())
        for path in (folder, *folder.iterdir()):
            os.chown(path, OTHER, OTHER)
        folder.chmod(0o711)
        yield folder


def reopened(house: House) -> House:
    house.room = again(house.folder, house.clock, domains=NEAR)
    return house


def test_two_accounts_of_one_machine_open_a_segment_together(
    house: House, folder: Path, model: Path
) -> None:
    name_socket(house.folder, folder / "s", uid=OTHER)
    with process(folder) as running:
        status = Path(f"/proc/{running.pid}/status").read_text()
        assert f"Uid:\t{OTHER}\t{OTHER}\t{OTHER}\t{OTHER}" in status
        with reopened(house).room:
            house.publish(model, custodians=2)
            house.permit("ana", BLOCK)
            with house.by("ana").open("llm", segments=(BLOCK,)) as opened:
                whole = opened.check()
            assert whole > 0

            # Killed: the room opens, what lies there waits, nothing is lost.
            running.kill()
            running.wait()
            with pytest.raises(UnavailableError, match="no custodian answers"):
                house.by("ana").open("llm", segments=(BLOCK,))
        with (
            reopened(house).room,
            process(folder),
            house.by("ana").open("llm", segments=(BLOCK,)) as opened,
        ):
            assert opened.check() == whole


def test_a_segment_with_one_share_is_released_by_its_process_too(
    house: House, folder: Path, model: Path
) -> None:
    """Its key never passes the desk, which could not check the commitment either."""
    name_socket(house.folder, folder / "s", uid=OTHER)
    with process(folder), reopened(house).room:
        house.publish(model)
        house.permit("ana", BLOCK)
        with house.by("ana").open("llm", segments=(BLOCK,)) as opened:
            assert opened.check() > 0


def test_a_process_of_another_user_than_was_named_is_not_believed(
    house: House, folder: Path
) -> None:
    name_socket(house.folder, folder / "s", uid=OTHER + 1)
    with process(folder), pytest.raises(SetupError, match=f"user {OTHER} answers"):
        reopened(house)


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_keeper_moves_shares_to_another_root_key_that_the_desk_never_sees(
    house: House, folder: Path, model: Path
) -> None:
    name_socket(house.folder, folder / "s", uid=OTHER)
    with process(folder), reopened(house).room:
        house.publish(model, custodians=2)
        house.permit("ana", BLOCK)
        house.admit("kim", "keys", Role.KEY_HOLDER)
        FileCustodian.create(
            folder / "weights.2",
            name="weights",
            passphrase=PASSPHRASE,
            random=os.urandom,
            cost=CHEAP,
        )
        for path in folder.glob("weights.2*"):
            os.chown(path, OTHER, OTHER)
        with process(folder, "weights.2", "s2", former="weights"):
            to = RotationOptions(
                domain="weights", to=f"unix:{folder / 's2'}?uid={OTHER}"
            )
            asked = rotate(house.by("kim"), to).request
            assert asked is not None
            house.by("ines").approve(asked.id)
            done = rotate(house.by("kim"), to)
            assert done.wrapped == done.removed > 0
    for path in folder.glob("weights*"):
        if not path.name.startswith("weights.2"):
            path.unlink()
    with (
        process(folder, "weights.2", "s2"),
        reopened(house).room,
        house.by("ana").open("llm", segments=(BLOCK,)) as opened,
    ):
        assert opened.check() > 0
