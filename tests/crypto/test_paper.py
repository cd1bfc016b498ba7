"""What is printed is read again, however it was typed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto.paper import MOST_TEXT, Paper, read_paper
from strongroom.crypto.slip39 import Share, to_words
from strongroom.errors import InputError, IntegrityError
from strongroom.types import Secret

SHARE = Share(set_id=18423, threshold=3, number=2, value=Secret(bytes(range(32))))
PAPER = Paper(
    share=SHARE,
    room="room-aaaqeayeaudaocajbifqydiob4",
    key="recovery-aaaqeayeaudaocajbifqydiob4",
    shares=5,
    made=date(2026, 11, 25),
)


def test_a_share_is_read_as_it_was_printed() -> None:
    assert read_paper(PAPER.to_text()) == PAPER


def test_paper_says_room_set_number_and_date() -> None:
    head = PAPER.to_text().partition("\n\n")[0].splitlines()

    assert head == [
        "One share of a Strongroom recovery key",
        "room: room-aaaqeayeaudaocajbifqydiob4",
        "key: recovery-aaaqeayeaudaocajbifqydiob4",
        "set: 18423",
        "share: 2 of 5, any 3 restore",
        "date: 2026-11-25",
    ]


def test_the_words_are_numbered_from_one_four_to_a_line() -> None:
    words = list(to_words(SHARE))
    first, second = PAPER.to_text().partition("\n\n")[2].splitlines()[:2]

    assert first.split() == ["1", words[0], "2", words[1], "3", words[2], "4", words[3]]
    assert second.split()[:2] == ["5", words[4]]


def test_a_printed_line_fits_a_narrow_page() -> None:
    assert max(map(len, PAPER.to_text().splitlines())) <= 60


@pytest.mark.parametrize("separator", [" ", "\n", "  \t "])
def test_words_alone_are_enough(separator: str) -> None:
    words = separator.join(to_words(SHARE))

    assert read_paper(words.upper()) == Paper(share=SHARE)


def test_numbers_before_the_words_do_not_matter() -> None:
    typed = " ".join(f"{i}. {word}" for i, word in enumerate(to_words(SHARE), 1))

    assert read_paper(typed).share == SHARE


@pytest.mark.parametrize(
    ("printed", "typed"),
    [
        ("set: 18423", "set: 18424"),
        ("share: 2 of 5", "share: 3 of 5"),
        ("any 3 restore", "any 2 restore"),
        ("share: 2 of 5, any 3 restore\n", ""),
    ],
)
def test_lines_that_contradict_the_words_are_refused(printed: str, typed: str) -> None:
    with pytest.raises(InputError, match="another paper") as refused:
        read_paper(PAPER.to_text().replace(printed, typed))
    assert refused.value.hint == "the words are paper 2 of set 18423"


@pytest.mark.parametrize("line", ["date: 2026-11-25", f"room: {PAPER.room}"])
def test_a_paper_without_one_of_its_lines_is_refused(line: str) -> None:
    with pytest.raises(InputError, match="lines above"):
        read_paper(PAPER.to_text().replace(line, ""))


def test_a_typing_mistake_names_the_word() -> None:
    words = list(to_words(SHARE))
    text = PAPER.to_text().replace(f"{words[9]} ", "zero ", 1)

    with pytest.raises(IntegrityError, match=r"^word \d+, 'zero'|^more than one"):
        read_paper(text)


@pytest.mark.parametrize(
    "text", ["", "\n\n", "One share of a Strongroom recovery key\n"]
)
def test_nothing_is_no_share(text: str) -> None:
    with pytest.raises(InputError, match="no words"):
        read_paper(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises((InputError, IntegrityError)):
        read_paper(text)


def test_a_long_text_is_refused_before_it_is_read() -> None:
    with pytest.raises(InputError, match="characters"):
        read_paper("a" * (MOST_TEXT + 1))


def test_a_text_of_4096_characters_is_read() -> None:
    assert read_paper(PAPER.to_text().ljust(4096)) == PAPER
