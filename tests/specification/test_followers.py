"""A second reader of pins agrees on what changes them, and what does not."""

from __future__ import annotations

import pytest

from tests.specification import followers
from tests.specification.pages import Document, RefusedError, vector

FOLLOWS = vector("custody_follow")


def named(case: Document) -> str:
    return str(case["what"])


def shown(case: Document) -> tuple[Document, Document]:
    """Return the pin of a case and what is shown; long texts stand there once."""
    before = followers.pin(FOLLOWS["pins"][case["pin"]]["pin"].encode())
    note, second = FOLLOWS["notes"][case["note"]], FOLLOWS["second_keys"]
    return before, case | {"note": note, "second": second[case["second"]]}


@pytest.mark.parametrize("case", FOLLOWS["follows"], ids=named)
def test_a_change_that_was_shown_is_followed(case: Document) -> None:
    after = FOLLOWS["pins"][case["pin_after"]]["pin"]

    assert followers.follow(*shown(case)).decode() == after


@pytest.mark.parametrize("case", FOLLOWS["refused"], ids=named)
def test_what_nobody_has_to_believe_is_refused(case: Document) -> None:
    with pytest.raises(RefusedError):
        followers.follow(*shown(case))


@pytest.mark.parametrize("case", FOLLOWS["refused_pins"], ids=named)
def test_what_is_no_pin_is_refused(case: Document) -> None:
    with pytest.raises(RefusedError):
        followers.pin(case["pin"].encode())
