"""A witness elsewhere, and the whole room put back to before a revocation."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strongroom.app import clock
from strongroom.app.witnesses import add_witness
from strongroom.cli.demo.copies import copy_room
from strongroom.cli.demo.house import House
from strongroom.cli.demo.steps import Outcome, Refusal, judge, perform
from strongroom.cli.demo.tampering import Target, open_held
from strongroom.errors import ForkError, IntegrityError
from strongroom.ledger.witness_folder import WitnessFolder
from strongroom.ledger.witness_service import Witness, watch
from strongroom.ledger.witness_socket import WitnessServer
from strongroom.settings import load_settings

NAME = "audit.example/w1"


def put_everything_back(
    house: House, target: Target, folder: Path
) -> Iterator[Outcome]:
    """Have a witness sign, then put database and custodians back together.

    Args:
        house: Whose room is copied.
        target: What its people hold.
        folder: New; gets the witness and two copies of the room.
    """
    folder.mkdir()
    room, before, desk = (folder / n for n in ("room", "before", "elsewhere"))
    copy_room(house.folder, room)
    with _serving(desk, house) as (witness, socket):
        yield perform("witness", lambda: _add(house, room, witness, socket))
        copy_everything(room, before)
        with house.opened_at(room) as today:
            today.acting_as("ada").revoke(target.held, reason="noor left")
        yield judge(
            "everything-put-back",
            Refusal(error=ForkError, says="an older room was put back"),
            lambda: _open_at(house, before, target),
        )


def copy_everything(room: Path, to: Path) -> None:
    """Copy a room with what it says of its witnesses."""
    copy_room(room, to)
    (to / "witnesses").write_bytes((room / "witnesses").read_bytes())


def _open_at(house: House, folder: Path, target: Target) -> None:
    with house.opened_at(folder) as opened:
        open_held(opened, target)


def _add(house: House, room: Path, witness: Witness, socket: Path) -> str:
    settings = load_settings(room)
    add_witness(
        settings,
        house.room.room.ledger,
        witness.key,
        name="audit",
        socket=socket,
        needed=1,
        releases_wait=True,
    )
    with house.opened_at(room) as opened:
        opened.acting_as("ada")  # logging in is an entry; closing asks the witness
    with house.opened_at(room) as opened:
        report = opened.room.records.verify().witnesses
    if report is None or not report.statements:
        raise IntegrityError("the witness did not sign")
    (statement,) = report.statements
    return f"{NAME}, in a folder of its own, signed {statement.size} entries"


@contextmanager
def _serving(desk: Path, house: House) -> Iterator[tuple[Witness, Path]]:
    """Give a witness that watches the room, and the socket where it answers."""
    made = WitnessFolder.create(desk, name=NAME, passphrase=None, random=os.urandom)
    watch(made, house.room.room.ledger.verifier, None)
    with (
        # Not below the demo's own folder: the name of a socket is short.
        tempfile.TemporaryDirectory(prefix="strongroom-") as short,
        Witness(desk, passphrase=None, now=clock, random=os.urandom) as witness,
        WitnessServer(witness, Path(short) / "s", tell=lambda _: None) as server,
    ):
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield witness, Path(short) / "s"
        finally:
            server.shutdown()
            thread.join()
