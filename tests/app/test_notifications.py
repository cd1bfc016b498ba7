"""Targets that are told through ``apprise``: a server on this machine takes it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

from strongroom.access.telling import Message, Told
from strongroom.app.notifications import load_targets, teller
from strongroom.errors import SetupError
from tests.conftest import require

MESSAGE = Message(
    about="break-glass", subject="permit-1", title="ana opened llm", text="review it"
)
NOBODY = "json://127.0.0.1:9/"  # the discard port: nothing listens


@pytest.fixture(autouse=True)
def _apprise() -> None:
    require("apprise", present=find_spec("apprise") is not None)


@contextmanager
def listening(status: int = 200) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Give an address of ``apprise``, and what was sent to it."""
    taken: list[dict[str, str]] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            taken.append(json.loads(self.rfile.read(length)))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Taking) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"json://127.0.0.1:{server.server_port}/", taken
        finally:
            server.shutdown()
            thread.join()


def room_with(folder: Path, **addresses: str) -> Path:
    text = ""
    for name, address in addresses.items():
        file = folder / f"{name}.address"
        file.write_text(address + "\n")
        file.chmod(0o600)
        text += f'[[target]]\nname = "{name}"\naddress_file = "{file.name}"\n'
    (folder / "notifications.toml").write_text(text)
    return folder


def test_a_target_gets_title_and_text(tmp_path: Path) -> None:
    with listening() as (address, taken):
        told = teller(room_with(tmp_path, oncall=address))(MESSAGE)

    assert told == Told(reached=1)
    (body,) = taken
    assert (body["title"], body["message"]) == (MESSAGE.title, MESSAGE.text)


def test_a_persons_own_target_hears_what_is_for_them_and_nothing_else(
    tmp_path: Path,
) -> None:
    with listening() as (room, heard), listening() as (own, mine):
        folder = room_with(tmp_path, oncall=room, ada=own)
        with (folder / "notifications.toml").open("a") as file:
            file.write('person = "ada"\n')
        tell = teller(folder)

        assert tell(MESSAGE) == Told(reached=1)
        assert (len(heard), len(mine)) == (1, 0)
        assert tell(replace(MESSAGE, person="ada")) == Told(reached=1)
        assert (len(heard), len(mine)) == (1, 1)
        assert tell(replace(MESSAGE, person="ben")) == Told()


def test_one_that_does_not_answer_keeps_no_other_from_hearing(tmp_path: Path) -> None:
    with listening() as (address, taken):
        told = teller(room_with(tmp_path, gone=NOBODY, oncall=address))(MESSAGE)

    assert told.reached == len(taken) == 1
    assert told.failed == ("gone: it did not answer, or refused the message",)


def test_one_that_refuses_is_no_success(tmp_path: Path) -> None:
    with listening(status=500) as (address, _):
        told = teller(room_with(tmp_path, oncall=address))(MESSAGE)

    assert told.reached == 0
    assert len(told.failed) == 1


@pytest.mark.parametrize("address", ["nonsense", "nowhere://x", "http://"])
def test_an_address_that_is_none_is_said(tmp_path: Path, address: str) -> None:
    told = teller(room_with(tmp_path, oncall=address))(MESSAGE)

    assert told.failed == ("oncall: its address is none that apprise knows",)


def test_a_target_hears_only_of_what_it_wants(tmp_path: Path) -> None:
    folder = room_with(tmp_path, oncall=NOBODY)
    settings = folder / "notifications.toml"
    settings.write_text(settings.read_text() + 'about = ["access-review"]\n')

    assert teller(folder)(MESSAGE) == Told()


def test_without_a_file_nobody_is_told(tmp_path: Path) -> None:
    assert teller(tmp_path)(MESSAGE) == Told()


def test_an_address_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    """ATT&CK T1552.001: whoever has the address can speak in the room's name."""
    with listening() as (address, taken):
        folder = room_with(tmp_path, oncall=address)
        (folder / "oncall.address").chmod(0o640)
        told = teller(folder)(MESSAGE)

    assert taken == []
    assert "by others than its owner" in told.failed[0]
    assert address not in told.failed[0]


@pytest.mark.parametrize("content", [b"", b" \n", b"x" * 5000])
def test_a_file_without_an_address_is_said(tmp_path: Path, content: bytes) -> None:
    folder = room_with(tmp_path, oncall=NOBODY)
    (folder / "oncall.address").write_bytes(content)

    assert "holds no address" in teller(folder)(MESSAGE).failed[0]


def test_an_absent_address_file_is_said(tmp_path: Path) -> None:
    folder = room_with(tmp_path, oncall=NOBODY)
    (folder / "oncall.address").unlink()

    assert "cannot be read" in teller(folder)(MESSAGE).failed[0]


@pytest.mark.parametrize(
    "text",
    [
        "no toml",
        "",
        "target = 3",
        "[[target]]\nname = 'x'",
        "[[target]]\nname = 'x'\naddress_file = 'f'\nurl = 'y'",
        "[[target]]\nname = 'x'\naddress_file = 'f'\nabout = ['weather']",
        "[[target]]\nname = 'x'\naddress_file = 'f'\nabout = 3",
        "[[target]]\nname = 'x'\naddress_file = 'f'\n" * 257,
        "#" * 70_000,
    ],
)
def test_a_file_that_is_not_understood_is_said_and_stops_nothing(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "notifications.toml").write_text(text)

    with pytest.raises(SetupError):
        load_targets(tmp_path)
    assert len(teller(tmp_path)(MESSAGE).failed) == 1
