"""Restoring and drilling at the command line."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from strongroom.crypto.paper import read_paper
from strongroom.crypto.slip39 import to_words
from strongroom.ledger.witness_folder import WitnessFolder
from tests.cli.keyboard import Keyboard
from tests.cli.terminal import Terminal
from tests.cli.test_witnesses import add, audit, served
from tests.journeys.rooms import same_files

__all__ = ["audit", "served"]


@pytest.fixture
def papers(solo: Terminal, model: Path, quick: Path) -> list[str]:
    """Give two of three papers of a room with a model, as options."""
    solo.ok("seal", model, "--as", "llm")
    made = solo.ok(
        *("recovery", "create", "--to", quick / "papers"),
        *("--papers", "3", "--threshold", "2"),
    )
    first, _, third = made["files"]
    return ["--paper", first, "--paper", third]


def restore(solo: Terminal, quick: Path, papers: list[str], *more: str) -> Any:  # noqa: ANN401
    """Restore into ``new`` as the owner."""
    into = quick / "new"
    return solo.run("recovery", "restore", "--into", into, "--by", "me", *papers, *more)


def test_a_room_is_restored_and_opens_under_the_new_passphrase(
    solo: Terminal, model: Path, quick: Path, papers: list[str]
) -> None:
    shutil.rmtree(solo.folder / "custodians")
    (quick / "fresh").write_text("the passphrase of new custodians\n")
    solo.environment["STRONGROOM_PASSPHRASE_FILE"] = str(quick / "fresh")

    done = restore(solo, quick, papers)
    assert done.status == 0, done.err
    assert "under new custodians" in done.out
    assert "no checkpoint from elsewhere was compared" in done.out
    assert "make new papers now" in done.out

    solo.folder = quick / "new"
    solo.ok("open", "llm", "--purpose", "a test", "--to", quick / "out")
    assert same_files(model, quick / "out")
    assert solo.run("ledger", "verify").status == 0


def test_a_checkpoint_that_this_user_keeps_is_compared(
    solo: Terminal, quick: Path, papers: list[str]
) -> None:
    solo.ok("recovery", "status")
    (kept,) = (solo.runtime / "state").glob("*.checkpoint")

    done = restore(solo, quick, papers, "--checkpoint", str(kept), "--json")
    assert done.json["seen"] == done.json["size"]


def test_a_drill_says_what_it_proved_and_status_when_it_was(
    solo: Terminal, papers: list[str]
) -> None:
    assert "never drilled" in solo.run("recovery", "status").out

    done = solo.ok("recovery", "drill", *papers)
    assert (done["passed"], done["lost"], len(done["segments"])) == (True, 0, 1)
    assert solo.ok("recovery", "status")["drill"]["passed"] is True
    assert "last drill" in solo.run("recovery", "status").out


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([0], "1 of 2 papers were given"),
        ([0, 0], "paper 1 was given twice"),
        ([], "nobody is there to type a paper"),
    ],
)
def test_papers_that_do_not_suffice_say_what_lacks(
    solo: Terminal, quick: Path, papers: list[str], given: list[int], says: str
) -> None:
    named = [x for n in given for x in ("--paper", papers[2 * n + 1])]
    refused = restore(solo, quick, named)

    assert refused.status == (65 if given else 78)
    assert says in refused.err
    assert len(refused.err.splitlines()) == 2  # one sentence, one hint
    assert not (quick / "new").exists()


def test_a_typing_mistake_names_file_and_word(
    solo: Terminal, quick: Path, papers: list[str]
) -> None:
    path = Path(papers[1])
    text = path.read_text()
    old = text.split("12 ")[1].split()[0]
    path.write_text(
        text.replace(f"12 {old}", f"12 {'acid' if old != 'acid' else 'zero'}")
    )

    refused = restore(solo, quick, papers)
    assert refused.status == 76
    assert f"{path}: word 12, " in refused.err


def test_papers_of_another_room_are_refused(
    solo: Terminal, quick: Path, papers: list[str]
) -> None:
    path = Path(papers[1])
    room = path.read_text().split("\nroom: ")[1].split()[0]
    path.write_text(path.read_text().replace(room, f"room-{'b' * 26}"))

    refused = restore(solo, quick, papers)
    assert refused.status == 65
    assert "is of another room" in refused.err


def test_a_witness_refuses_a_copy_that_is_older_than_what_it_signed(
    solo: Terminal,
    quick: Path,
    papers: list[str],
    audit: WitnessFolder,
    served: Path,
) -> None:
    add(solo, audit, "--socket", served)
    solo.ok("ledger", "witness", "ask")
    shutil.copytree(solo.folder, quick / "old")
    solo.ok("recovery", "drill", *papers)  # which no witness is told of
    solo.ok("ledger", "witness", "ask")

    solo.folder = quick / "old"
    refused = restore(solo, quick, papers)
    assert refused.status == 71
    assert "an older room was put back" in refused.err
    assert restore(solo, quick, papers, "--accept-older").status == 0


def test_a_drill_asks_no_witness(
    solo: Terminal,
    quick: Path,
    papers: list[str],
    audit: WitnessFolder,
    served: Path,
) -> None:
    """Its copy goes on by itself; a witness would take the room for a fork of it."""
    add(solo, audit, "--socket", served)
    solo.ok("recovery", "drill", *papers)

    assert solo.run("ledger", "witness", "ask").status == 0
    assert solo.run("ledger", "verify").status == 0
    assert (quick / "new").exists() is False


def test_papers_are_typed_and_a_mistake_is_asked_for_again(
    solo: Terminal, papers: list[str]
) -> None:
    first, second = (
        list(to_words(read_paper(Path(papers[n]).read_text()).share)) for n in (1, 3)
    )
    wrong = [*first[:4], "acid" if first[4] != "acid" else "zero", *first[5:]]
    typing = Keyboard("recovery", "drill", environment=solo.variables)

    typing.expect("Words of paper 1")
    typing.type(" ".join(wrong))
    typing.expect("word 5, ")
    typing.type(" ".join(first))
    typing.expect("Words of paper 2")
    typing.type(" ".join(second))
    typing.expect("Words of paper 3")
    typing.type("")

    assert typing.done() == 0
    assert "these papers restore the room" in typing.shown
