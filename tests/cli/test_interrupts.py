"""Ctrl-C, at a real process: status 130, one line, and nothing is half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from strongroom.cli import interrupts
from tests.cli.keyboard import Keyboard
from tests.cli.terminal import Terminal

LINE = "strongroom: error: interrupted; nothing is half done\n"


def start(terminal: Terminal, *words: str | Path) -> subprocess.Popen[str]:
    """Start a command as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "strongroom", *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": "src", **terminal.variables},
    )


def interrupted(process: subprocess.Popen[str]) -> str:
    """Press Ctrl-C; return what the command says, once it ended as it should."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    # Python ends itself by the signal where it interrupts generated code; a shell
    # says 130 of both.
    assert process.returncode in {130, -signal.SIGINT}
    return said


@pytest.fixture
def big(solo: Terminal, quick: Path) -> Terminal:
    """Give a room with a model that takes a while to open."""
    (quick / "big").mkdir()
    with (quick / "big" / "tokens.dat").open("wb") as file:
        file.truncate(1 << 30)
    solo.ok("seal", quick / "big")
    return solo


def test_an_interrupted_opening_leaves_no_file(big: Terminal, quick: Path) -> None:
    process = start(big, "open", "big", "--purpose", "look", "--to", quick / "out")
    while process.poll() is None and not any(quick.glob("*out*")):
        time.sleep(0.001)  # leave the processor to it

    assert interrupted(process) == LINE

    assert not any(p.name == "tokens.dat" for p in quick.glob("*out*/*"))
    assert big.run("open", "big", "--to", quick / "out").status == 0
    assert big.run("ledger", "verify").status == 0


@pytest.mark.parametrize("made", ["", "custodians", "custodians/home", "room.db"])
def test_an_interrupted_init_leaves_nothing(
    solo: Terminal, quick: Path, made: str
) -> None:
    room = quick / "fresh"
    process = start(solo, "init", room)
    while process.poll() is None and not (room / made).exists():
        time.sleep(0.001)

    said = interrupted(process)

    assert said == LINE
    assert not room.exists()
    assert solo.run("init", room).status == 0


@pytest.mark.parametrize("words", [("model", "list"), ("init", "fresh")])
def test_at_a_prompt_it_is_one_line(
    solo: Terminal, quick: Path, words: tuple[str, ...]
) -> None:
    solo.unlocked = False
    place = [quick / word if word == "fresh" else word for word in words]
    keyboard = Keyboard(*place, environment=solo.variables)
    keyboard.expect("assphrase")

    keyboard.interrupt()

    assert keyboard.done() == 130
    assert keyboard.shown.replace("\r", "").endswith("\n" + LINE)
    assert not (quick / "fresh").exists()


def test_at_a_question_nothing_is_sent(solo: Terminal, model: Path) -> None:
    solo.ok("seal", model, "--as", "tiny")
    keyboard = Keyboard(
        "request", "tiny", "--purpose", "look", environment=solo.variables
    )
    keyboard.expect("Send the request?")

    keyboard.interrupt()

    assert keyboard.done() == 130
    kinds = [row["action"] for row in solo.run("requests", "--all", "--json").rows]
    assert kinds == ["model:publish"]


def test_one_that_falls_into_a_collection_of_garbage_is_delivered_again() -> None:
    """Python printed and dropped it, and the command went on.

    Delivered to another thread, it waited for the end of whatever went on.
    """
    code = """if True:
        import weakref, time, sys
        from strongroom.cli import interrupts
        def dropped(_): raise KeyboardInterrupt
        class Thing: pass
        interrupts.deliver_always()
        thing = Thing()
        watched = weakref.ref(thing, dropped)
        began = time.monotonic()
        try:
            del thing
            time.sleep(30)
        except KeyboardInterrupt:
            sys.exit(42 if time.monotonic() < began + 25 else "it waited")
    """

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": "src"},
    )

    assert (done.returncode, done.stderr) == (42, "")


def test_other_errors_that_python_drops_are_still_shown() -> None:
    code = """if True:
        from strongroom.cli import interrupts
        class Thing:
            def __del__(self): raise ValueError("shown")
        interrupts.deliver_always()
        Thing()
    """

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": "src"},
    )

    assert "ValueError: shown" in done.stderr


def test_one_that_is_held_back_comes_afterwards() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012  both lines are the point
        with interrupts.held_back():
            signal.raise_signal(signal.SIGINT)
            done.append("put in order")
        done.append("went on")

    assert done == ["put in order"]
