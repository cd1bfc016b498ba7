"""A share is read as it was printed, and a mistake on paper is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto.slip39 import SET_IDS, Share, from_words, to_words
from strongroom.errors import InputError, IntegrityError
from strongroom.types import Secret

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "recovery_shares.json").read_text()
)
MADE = [words.split() for made in VECTORS["made"] for words in made["shares"]]

shares = st.builds(
    Share,
    set_id=st.integers(0, SET_IDS - 1),
    threshold=st.integers(1, 16),
    number=st.integers(1, 16),
    value=st.integers(8, 32).flatmap(
        lambda half: st.binary(min_size=2 * half, max_size=2 * half).map(Secret)
    ),
    cost=st.integers(0, 6),
    extendable=st.booleans(),
)


@pytest.mark.parametrize("words", MADE)
def test_shares_of_the_reference_implementation_are_read_and_written_alike(
    words: list[str],
) -> None:
    assert list(to_words(from_words(words))) == words


@given(shares)
def test_a_share_comes_back_from_its_words(share: Share) -> None:
    assert from_words(to_words(share)) == share


def test_a_share_of_thirty_two_bytes_has_thirty_three_words() -> None:
    share = Share(set_id=7, threshold=3, number=2, value=Secret(bytes(32)))

    assert len(to_words(share)) == 33


@given(shares, st.data())
def test_one_wrong_word_is_found_and_named(share: Share, data: st.DataObject) -> None:
    words = list(to_words(share))
    place = data.draw(st.integers(0, len(words) - 1))
    other = data.draw(st.sampled_from(LIST).filter(lambda word: word != words[place]))
    words[place] = other

    with pytest.raises(IntegrityError, match=f"^word {place + 1}, {other!r}"):
        from_words(words)


@given(shares, st.data())
def test_two_wrong_words_never_point_at_a_third(
    share: Share, data: st.DataObject
) -> None:
    words = list(to_words(share))
    places = data.draw(
        st.lists(st.integers(0, len(words) - 1), min_size=2, max_size=2, unique=True)
    )
    for place in places:
        others = [word for word in LIST if word != words[place]]
        words[place] = data.draw(st.sampled_from(others))

    with pytest.raises(IntegrityError, match="more than one word"):
        from_words(words)


@given(shares, st.data())
def test_two_swapped_words_are_noticed(share: Share, data: st.DataObject) -> None:
    words = list(to_words(share))
    first = data.draw(st.integers(0, len(words) - 2))
    if words[first] == words[first + 1]:
        return
    words[first], words[first + 1] = words[first + 1], words[first]

    with pytest.raises(IntegrityError):
        from_words(words)


def test_a_word_outside_the_list_is_named_with_the_nearest_one() -> None:
    words = list(MADE[0])
    words[6] = words[6] + "x"

    with pytest.raises(InputError, match=r"^word 7, ") as refused:
        from_words(words)
    assert refused.value.hint == f"did you mean {words[6][:-1]}?"


@pytest.mark.parametrize("count", [0, 1, 7, 19, 32, 34, 60, 10_000])
def test_a_wrong_number_of_words_is_refused(count: int) -> None:
    with pytest.raises(InputError, match="words"):
        from_words([*MADE[0], *MADE[0] * 400][:count])


@pytest.mark.parametrize(
    "change",
    [
        {"set_id": SET_IDS},
        {"set_id": -1},
        {"threshold": 0},
        {"threshold": 17},
        {"number": 0},
        {"number": 17},
        {"cost": 7},
        {"value": Secret(bytes(14))},
        {"value": Secret(bytes(17))},
        {"value": Secret(bytes(66))},
    ],
)
def test_a_share_out_of_range_cannot_be(change: dict[str, object]) -> None:
    fields: dict[str, object] = {
        "set_id": 1,
        "threshold": 2,
        "number": 1,
        "value": Secret(bytes(32)),
    }

    with pytest.raises(InputError):
        Share(**{**fields, **change})  # type: ignore[arg-type]  # wrong on purpose


LIST = sorted({word for words in MADE for word in words})


@pytest.mark.parametrize("length", [16, 64])
def test_a_share_at_its_limits_comes_back(length: int) -> None:
    share = Share(
        set_id=SET_IDS - 1,
        threshold=16,
        number=16,
        value=Secret(bytes(range(length))),
        cost=6,
    )

    assert from_words(to_words(share)) == share
