"""``strongroom open``: checks, writes, asks, and refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors import safe_open

from tests.cli.conftest import Office
from tests.cli.terminal import Terminal
from tests.journeys.rooms import same_files


@pytest.fixture
def sealed(tiny: Terminal) -> Terminal:
    """Give a terminal in front of a room with one model."""
    return tiny


def test_one_person_opens_in_one_step_what_was_sealed(
    sealed: Terminal, model: Path, quick: Path
) -> None:
    opened = sealed.ok("open", "tiny", "--purpose", "a test", "--to", quick / "out")

    assert opened["complete"] is True
    assert same_files(model, quick / "out")


def test_without_a_folder_everything_is_checked_and_nothing_written(
    sealed: Terminal,
) -> None:
    done = sealed.run("open", "tiny", "--purpose", "a test")

    assert done.status == 0
    assert "every record verified, nothing written" in done.out


def test_some_segments_become_a_file_that_says_it_is_partial(
    sealed: Terminal, quick: Path
) -> None:
    words = ("--segment", "biases", "--purpose", "a test", "--to", quick / "out")

    done = sealed.run("open", "tiny", *words)

    assert "it is a part, and says so in its metadata" in done.out
    (file,) = (quick / "out").iterdir()
    with safe_open(file, "numpy") as opened:
        assert opened.metadata()["strongroom.partial"] == "true"


def test_a_former_permit_is_used_again(sealed: Terminal) -> None:
    permit = sealed.ok("request", "tiny", "--purpose", "a test")["permit"]

    assert sealed.ok("open", permit)["permit"] == permit
    assert sealed.ok("open", permit[:15])["permit"] == permit
    assert sealed.ok("open", "tiny")["permit"] == permit


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("absent",), 66, "there is no model 'absent'"),
        (("tiny@9", "--purpose", "x"), 66, "no published version 9"),
        (("tiny", "--segment", "nope", "--purpose", "x"), 66, "no segment 'nope'"),
        (("tiny",), 77, "purpose"),
        (("permit-zzzz",), 66, ""),
        (("tiny", "--to", "x", "--check"), 65, "give one of them"),
        (("tiny@@",), 65, "names no version"),
        (("\x1b[2J",), 66, "there is no model"),
    ],
)
def test_what_cannot_be_opened_is_said_in_one_sentence(
    sealed: Terminal, words: tuple[str, ...], status: int, said: str
) -> None:
    done = sealed.run("open", *words)

    assert done.status == status, done
    assert said in done.err
    assert done.err.count("\n") <= 2
    assert "\x1b" not in done.err


def test_an_unknown_segment_is_answered_with_those_that_exist(
    sealed: Terminal,
) -> None:
    done = sealed.run("open", "tiny", "--segment", "nope", "--purpose", "x")

    assert "architecture" in done.err
    assert "biases" in done.err


def test_files_that_are_there_are_not_overwritten(
    sealed: Terminal, quick: Path
) -> None:
    out = quick / "out"
    out.mkdir()
    (out / "config.json").write_text("mine")

    done = sealed.run("open", "tiny", "--purpose", "x", "--to", out)

    assert done.status == 73
    assert (out / "config.json").read_text() == "mine"


@pytest.mark.parametrize("place", [".", "stores", "stores/home/new", "../link/stores"])
def test_nothing_is_written_in_the_clear_into_the_room(
    sealed: Terminal, quick: Path, place: str
) -> None:
    """Weights lay in plain beside sealed ones, and in every backup of the room."""
    (sealed.folder.parent / "link").symlink_to(sealed.folder)
    before = sorted(sealed.folder.rglob("*"))

    done = sealed.run("open", "llm", "--purpose", "x", "--to", sealed.folder / place)

    assert done.status == 65
    assert "lies inside the room" in done.err
    assert sorted(sealed.folder.rglob("*")) == before


def test_a_file_in_place_of_the_folder_is_named(sealed: Terminal, quick: Path) -> None:
    (quick / "out").write_text("a file")

    done = sealed.run("open", "tiny", "--purpose", "x", "--to", quick / "out")

    assert done.status in {69, 73, 74}
    assert "Traceback" not in done.err


def test_a_flipped_byte_in_the_store_opens_nothing(
    sealed: Terminal, quick: Path
) -> None:
    objects = [p for p in (sealed.folder / "stores").rglob("*") if p.is_file()]
    largest = max(objects, key=lambda path: path.stat().st_size)
    data = bytearray(largest.read_bytes())
    data[len(data) // 2] ^= 1
    largest.chmod(0o600)
    largest.write_bytes(data)

    done = sealed.run("open", "tiny", "--purpose", "x", "--to", quick / "out")

    assert done.status == 76
    assert not list((quick / "out").rglob("*.safetensors"))


def test_in_a_house_a_name_makes_the_request_and_says_who_must_agree(
    office: Office, model: Path
) -> None:
    olga, ana = office.at("olga"), office.at("ana")
    asked = olga.ok("seal", model, "--as", "llm")["request"]
    office.at("ines").ok("approve", asked)

    done = ana.run("open", "llm", "--segment", "biases", "--purpose", "probe")

    assert done.status == 77
    assert "waits for 2" in done.err
    waiting = ana.ok("requests")
    for approver in ("ines", "tom"):
        office.at(approver).ok("approve", waiting["request"])
    assert ana.ok("open", waiting["request"])["segments"] == ["biases"]
