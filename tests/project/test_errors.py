"""Each error is in the drawn tree and, once there is a CLI, has an exit status."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterator, Mapping

import pytest

from strongroom import errors
from strongroom.errors import StrongroomError

TREE_LINE = re.compile(r"^(?P<bars>[ │├└─]*)(?P<name>\w+Error)", re.MULTILINE)


def family(kind: type[StrongroomError]) -> Iterator[type[StrongroomError]]:
    """Give ``kind`` and everything below it."""
    yield kind
    for child in kind.__subclasses__():
        yield from family(child)


ERRORS = [k for k in family(StrongroomError) if k.__module__ == errors.__name__]


def drawn_depths() -> dict[str, int]:
    """Return how deep the drawn tree shows each class; the root is at 0."""
    text = errors.__doc__ or ""
    return {m["name"]: len(m["bars"]) // 4 - 1 for m in TREE_LINE.finditer(text)}


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_stands_in_the_drawn_tree_below_its_parent(
    kind: type[StrongroomError],
) -> None:
    depth = drawn_depths()

    assert depth[kind.__name__] == kind.__mro__.index(StrongroomError)


def test_the_drawn_tree_names_nothing_that_is_gone() -> None:
    assert set(drawn_depths()) == {kind.__name__ for kind in ERRORS}


@pytest.mark.parametrize("kind", ERRORS)
def test_a_message_and_a_hint_are_kept_apart(kind: type[StrongroomError]) -> None:
    error = kind("entry 9 is outside a ledger of 4", hint="name an entry below 4")

    assert str(error) == "entry 9 is outside a ledger of 4"
    assert error.hint == "name an entry below 4"


def test_each_error_has_an_exit_status() -> None:
    if importlib.util.find_spec("strongroom.cli") is None:
        return  # there is no command line yet
    output = importlib.import_module("strongroom.cli.output")
    statuses: Mapping[type[StrongroomError], int] = output.EXIT_STATUS
    raised = [kind for kind in ERRORS if kind is not StrongroomError]

    assert {kind for kind in raised if kind not in statuses} == set()
    assert all(64 <= statuses[kind] <= 78 for kind in raised)
