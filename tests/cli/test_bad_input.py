"""Bad input: one sentence, a hint, the right exit status, and nothing is lost."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from strongroom.access.founding import Founder
from strongroom.app import create_strongroom
from strongroom.types import Profile, Secret
from tests import postgresql
from tests.cli.terminal import PASSPHRASE, PASSWORD, Done, Terminal
from tests.conftest import require
from tests.disks import empty, fill, small_disk
from tests.journeys.rooms import CHEAP, QUICK, Clock


def refused(done: Done, status: int, said: str) -> None:
    """Check that a command was refused with one sentence and one hint."""
    assert done.status == status, done
    assert done.out == ""
    error, hint = done.err.splitlines()
    assert error.startswith("strongroom: error: ")
    assert hint.startswith("strongroom: hint: ")
    assert said in error


def healthy(solo: Terminal, models: int = 0) -> None:
    """Check that the room holds what it held, and goes on."""
    assert solo.ok("ledger", "verify")["ok"]
    found = solo.run("model", "list", "--json").rows
    assert len([row for row in found if row["references"]]) == models


def header(body: object, data: bytes = bytes(8)) -> bytes:
    """Return a safetensors file with this header."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(begin: int, end: int, count: int = 1) -> dict[str, object]:
    return {"dtype": "F32", "shape": [count], "data_offsets": [begin, end]}


GOOD = header({"a": tensor(0, 4), "b": tensor(4, 8)})
TWICE = b'{"a":%s,"a":%s}' % tuple(
    json.dumps(tensor(n, n + 4)).encode() for n in (0, 4)
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOD[:-3], "file is cut"),
        (GOOD[:30], "file is cut"),
        (b"", "file is cut"),
        (header({"a": tensor(0, 4), "b": tensor(2, 6)}, bytes(6)), "an overlap"),
        (header({"a": tensor(0, 4), "b": tensor(6, 10)}, bytes(10)), "a gap"),
        (header({"a": tensor(0, 800)}), "its offsets hold 800"),
        (header({"a": tensor(0, 800, 200)}), "offsets are too large"),
        (header({"a": tensor(-4, 0)}), "negative"),
        (struct.pack("<Q", 1 << 60) + b"{}", "header claims"),
        (header(TWICE), "names 'a' twice"),
        (header(b"{nope"), "header"),
    ],
)
def test_a_malformed_safetensors_file(
    solo: Terminal, quick: Path, content: bytes, said: str
) -> None:
    (quick / "bad.safetensors").write_bytes(content)

    done = solo.run("seal", quick / "bad.safetensors")

    refused(done, 65, "bad.safetensors: ")
    assert said in done.err
    healthy(solo)


def test_a_folder_with_a_pickle(solo: Terminal, model: Path) -> None:
    (model / "pytorch_model.bin").write_bytes(b"\x80\x04K\x01.")

    done = solo.run("seal", model)

    refused(done, 65, "pickle")
    assert "intake" in done.err
    healthy(solo)


@pytest.mark.parametrize("path", ["..", ".", "custodians", "custodians/home"])
def test_a_folder_with_the_room_in_it(solo: Terminal, path: str) -> None:
    """``seal .`` beside a room sealed its custodians, and gave them to readers."""
    done = solo.run("seal", solo.folder / path, "--as", "all")

    refused(done, 65, "lie in each other")
    healthy(solo)


@pytest.mark.parametrize("path", ["absent", "absent/model.safetensors"])
def test_a_path_that_leads_nowhere(solo: Terminal, quick: Path, path: str) -> None:
    done = solo.run("seal", quick / path)

    refused(done, 66, "there is no file or folder")


@pytest.mark.parametrize(
    "name", ["..", "a/../b", "a" * 300, "модель", "模型", "", "permit-1", "request-1"]
)
def test_a_name_that_is_none(solo: Terminal, model: Path, name: str) -> None:
    """An empty one was taken for none; ``permit-1`` could be sealed and not opened."""
    done = solo.run("seal", model, "--as", name)

    assert len(done.err) < 400
    refused(done, 65, "")
    healthy(solo)
    assert solo.run("open", name, "--purpose", "look").status in {65, 66}


def test_a_folder_in_another_script_is_not_named_by_guess(
    solo: Terminal, quick: Path
) -> None:
    """Each of them became the next version of one model called ``model``."""
    folder = quick / "модель"
    folder.mkdir()
    (folder / "config.json").write_text("{}")

    refused(solo.run("seal", folder), 65, "makes no name")

    assert solo.ok("seal", folder, "--as", "tiny")["version"] == 1


def test_an_unknown_segment_is_answered_with_those_that_exist(
    solo: Terminal, model: Path
) -> None:
    solo.ok("seal", model, "--as", "tiny")

    done = solo.run("open", "tiny", "--segment", "nope", "--purpose", "look")

    refused(done, 66, "there is no segment 'nope'")
    assert "segments: architecture, biases, " in done.err


def test_a_wrong_passphrase(solo: Terminal, quick: Path) -> None:
    (quick / "wrong").write_text("tr0ub4dor\n")

    done = solo.run("model", "list", "--passphrase-file", quick / "wrong")

    refused(done, 77, "the passphrase does not open custodian home")
    healthy(solo)


def in_front_of(
    folder: Path, *, database: str = "sqlite+pysqlite:///room.db", ahead: int = 0
) -> Terminal:
    """Give the terminal of a new room, made by a clock ``ahead`` seconds fast."""
    room, _ = create_strongroom(
        folder / "room",
        profile=Profile.SOLO,
        passphrases={"*": Secret(PASSPHRASE.encode())},
        owner=Founder(name="me", team="me", password=Secret(PASSWORD.encode())),
        database=database,
        cost=CHEAP,
        password_cost=QUICK,
        now=Clock(datetime.now(UTC) + timedelta(seconds=ahead)),
    )
    room.close()
    (folder / "me").mkdir(mode=0o700)
    return Terminal(folder=folder / "room", runtime=folder / "me")


def test_a_clock_set_back(quick: Path) -> None:
    solo = in_front_of(quick, ahead=3600)

    done = solo.run("project", "add", "vision")

    refused(done, 78, "behind the newest entry")
    assert "set the clock" in done.err
    solo.unlocked = False
    assert solo.ok("ledger", "verify")["ok"]


def seal_until_an_object_is_begun(
    solo: Terminal, folder: Path
) -> subprocess.Popen[str]:
    """Return a process that seals ``folder`` and has written something."""
    process = subprocess.Popen(
        [sys.executable, "-m", "strongroom", "seal", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": "src", **solo.variables},
    )
    stores = solo.folder / "stores"
    while process.poll() is None and not any(p.is_file() for p in stores.rglob("*")):
        time.sleep(0.001)  # leave the processor to it
    return process


def large(folder: Path) -> Path:
    """Return a folder that takes a while to seal; it takes no memory."""
    folder.mkdir()
    with (folder / "tokens.dat").open("wb") as file:
        file.truncate(1 << 30)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("change", ["written", "added"])
def test_a_source_that_changes_while_it_is_sealed(
    solo: Terminal, quick: Path, change: str
) -> None:
    folder = large(quick / "big")
    process = seal_until_an_object_is_begun(solo, folder)
    name = "tokens.dat" if change == "written" else "new.json"
    with (folder / name).open("ab") as file:
        file.write(b"more")

    _, said = process.communicate(timeout=60)

    refused(Done(status=process.returncode, out="", err=said), 65, name)
    healthy(solo)
    assert solo.ok("seal", folder)["state"] == "published"


@pytest.mark.slow
def test_a_full_disk_during_a_seal(solo: Terminal, quick: Path, model: Path) -> None:
    with small_disk(quick / "disk", megabytes=16) as disk:
        room = Terminal(folder=disk / "room", runtime=solo.runtime)
        room.ok("init", room.folder)
        (model / "more.dat").write_bytes(os.urandom(2_000_000))
        fill(disk, but_bytes=1_000_000)

        done = room.run("seal", model)

        empty(disk)
        refused(done, 69, "No space left")
        healthy(room)
        room.ok("clean")
        assert room.ok("seal", model)["state"] == "published"


# PostgreSQL goes away in the middle.


@pytest.fixture
def server() -> Iterator[postgresql.Server]:
    """Give a server of one's own, to be killed."""
    programs = postgresql.programs()
    require("postgresql", present=programs is not None)
    assert programs is not None
    with postgresql.running(programs, within=postgresql.quick_folder()) as found:
        yield found


@contextmanager
def held(url: str, table: str) -> Iterator[None]:
    """Keep everybody else from a table, so that a command waits in the middle."""
    with closing(psycopg.connect(url.replace("+psycopg", ""))) as connection:
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


def waits(url: str) -> bool:
    """Return whether somebody waits for a lock."""
    with closing(psycopg.connect(url.replace("+psycopg", ""))) as connection:
        found = connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        row = found.fetchone()
    return row is not None and row[0] > 0


Words = Callable[[Terminal, Path], tuple[str, ...]]


def sealing(_: Terminal, model: Path) -> tuple[str, ...]:
    return ("seal", str(model), "--as", "tiny")


def approving(solo: Terminal, _: Path) -> tuple[str, ...]:
    return ("request", "tiny", "--purpose", "look", "--yes")


def opening(solo: Terminal, _: Path) -> tuple[str, ...]:
    return ("open", str(solo.ok("request", "tiny", "--purpose", "x")["permit"]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "table"),
    [(sealing, "manifests"), (approving, "permits"), (opening, "releases")],
)
def test_postgresql_goes_away_in_the_middle(
    server: postgresql.Server, quick: Path, model: Path, words: Words, table: str
) -> None:
    url = server.create_database()
    solo = in_front_of(quick, database=url)
    solo.ok("seal", model, "--as", "tiny")
    typed = words(solo, model)
    with held(url, table):
        process = subprocess.Popen(
            [sys.executable, "-m", "strongroom", *typed],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": "src", **solo.variables},
        )
        while process.poll() is None and not waits(url):
            time.sleep(0.02)
        server.kill()

    _, said = process.communicate(timeout=60)

    lines = [line for line in said.splitlines() if line.startswith("strongroom: ")]
    assert process.returncode == 69, said
    assert lines[0].startswith("strongroom: error: the database did not answer")
    assert len(lines) == 2
    server.start()
    healthy(solo, models=1)
    assert solo.run(*typed).status == 0
