"""Every way a command can end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from strongroom.cli.main import Ending, one_line, run
from strongroom.errors import DeniedError, ForkError, MissingError
from tests.cli.conftest import Office
from tests.cli.terminal import Terminal, type_command


def test_an_error_is_a_sentence_and_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    ending = Ending()
    with ending:
        raise DeniedError("the cap is reached", hint="ask for less")

    assert ending.status == 77
    assert capsys.readouterr().err == (
        "strongroom: error: the cap is reached\nstrongroom: hint: ask for less\n"
    )


def test_a_program_reads_an_error_as_one_document(solo: Terminal) -> None:
    done = solo.run("open", "absent", "--json")

    said = json.loads(done.err)
    assert (done.status, done.out) == (66, "")
    assert (said["status"], said["kind"]) == (66, "MissingError")
    assert "absent" in said["error"]


def test_a_program_reads_which_rules_refused(office: Office) -> None:
    said = json.loads(office.at("root").run("seal", __file__, "--json").err)

    assert said["reasons"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["seal", "x"], "strongroom: hint: strongroom seal --help shows an example\n"),
        (["intake", "add"], "strongroom: hint: strongroom intake add --help shows"),
        (["poem"], ""),
    ],
)
def test_what_was_typed_wrongly_always_has_a_hint(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Ending(words):
        raise MissingError("there is no file x")

    assert told in capsys.readouterr().err


def test_no_hint_is_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    ending = Ending()
    with ending:
        raise ForkError("two histories")

    assert ending.status == 71
    assert capsys.readouterr().err == "strongroom: error: two histories\n"


def test_an_interrupt_is_one_line_and_130(capsys: pytest.CaptureFixture[str]) -> None:
    ending = Ending()
    with ending:
        raise KeyboardInterrupt

    assert ending.status == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_our_own_mistake_is_admitted_without_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ending = Ending()
    with ending:
        raise ValueError("hunter2")

    said = capsys.readouterr().err
    assert ending.status == 70
    assert "this is a bug in Strongroom: ValueError at test_main.py:" in said
    assert "hunter2" not in said
    assert "Traceback" not in said


def test_debug_shows_where_our_mistake_is(capsys: pytest.CaptureFixture[str]) -> None:
    with Ending(["--debug"]):
        raise ValueError("x")

    assert "Traceback" in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ending = Ending()
    with ending:
        (tmp_path / "absent").read_bytes()

    assert ending.status == 74
    assert "absent: No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sael"], "there is no command 'sael'; did you mean seal?"),
        (["model", "shw"], "did you mean show?"),
        (["seal"], "missing argument"),
        (["seal", ".", "--clas", "open"], "no such option"),
        (["seal", ".", "--class", "secret"], "'secret' is not one of"),
        (
            ["open", "--purpos", "x"],
            "no such option: --purpos; did you mean --purpose?",
        ),
    ],
)
def test_a_command_typed_wrongly_ends_with_64(words: list[str], said: str) -> None:
    done = type_command(*words)

    assert done.status == 64
    assert said in done.err
    assert "--help" in done.err


@pytest.mark.parametrize(
    ("words", "line"), [((), "  seal  "), (("model",), "  rollback  ")]
)
def test_no_command_shows_which_there_are_as_the_help_does(
    words: tuple[str, ...], line: str
) -> None:
    """The whole help came as one line of an error."""
    done = type_command(*words)

    assert done.status == 64
    assert done.err == type_command(*words, "--help").out
    assert line in done.err


def test_the_version_is_one_line() -> None:
    done = type_command("--version")

    assert (done.status, done.out.split()[0]) == (0, "strongroom")


def test_control_characters_in_a_message_do_not_reach_the_terminal() -> None:
    assert one_line("a\x1b[2J\nb") == "a [2J b"


def test_a_reader_who_stops_reading_gets_no_complaint(solo: Terminal) -> None:
    for number in range(3):
        solo.ok("project", "add", f"p{number}")
    command = f"{sys.executable} -m strongroom ledger tail --json | head -n 1"

    done = subprocess.run(
        ["sh", "-c", command],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": "src", **solo.variables},
    )

    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_an_interrupted_seal_leaves_no_version(solo: Terminal, quick: Path) -> None:
    folder = quick / "big"
    folder.mkdir()
    with (folder / "tokens.dat").open("wb") as file:
        file.truncate(1 << 30)  # long enough to be interrupted in
    process = subprocess.Popen(
        [sys.executable, "-m", "strongroom", "seal", str(folder), "--as", "big"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": "src", **solo.variables},
    )
    stores = solo.folder / "stores" / "home"
    while process.poll() is None and not any(p.is_file() for p in stores.rglob("*")):
        pass  # until the first object is begun

    process.send_signal(signal.SIGINT)
    _, said = process.communicate()

    assert process.returncode == 130
    assert said == "strongroom: error: interrupted; nothing is half done\n"
    assert solo.run("open", "big").status == 66
    assert solo.run("ledger", "verify").status == 0


def test_words_default_to_those_of_the_process(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before, sys.argv = sys.argv, ["strongroom", "--version"]
    try:
        assert run() == 0
    finally:
        sys.argv = before

    assert capsys.readouterr().out.startswith("strongroom ")


def test_remarks_of_libraries_do_not_reach_whoever_typed() -> None:
    """Psycopg's about pipelines that a conflict ended stood before our sentence."""
    code = (
        "import atexit, logging; from strongroom.cli.main import main; "
        "atexit.register(logging.getLogger('psycopg').warning, 'aborted'); main()"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, "sael"], capture_output=True, check=False
    )

    assert done.returncode == 64
    assert b"sael" in done.stderr
    assert b"aborted" not in done.stderr


def test_a_command_spends_no_time_on_garbage_of_what_it_imports() -> None:
    """It took a quarter of the CPU of a short command."""
    program = (
        "import atexit, gc, sys; from strongroom.cli.main import main; "
        "sys.argv[1:] = ['--version']; "
        "atexit.register(lambda: print(gc.get_threshold()[0], gc.get_count()[0])); "
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    threshold, left = done.stdout.splitlines()[-1].split()
    assert int(threshold) > 10_000
    assert int(left) < 1_000
