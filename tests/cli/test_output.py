"""What is printed, and the status of each error."""

from __future__ import annotations

import json

import pytest

from strongroom import errors
from strongroom.cli.output import EXIT_STATUS, Column, Output, exit_status, text
from strongroom.errors import StrongroomError


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InputError("x"), 65),
        (errors.MissingError("x"), 66),
        (errors.UnavailableError("x"), 69),
        (errors.ForkError("x"), 71),
        (errors.ConflictError("x"), 73),
        (errors.StaleError("x"), 75),
        (errors.IntegrityError("x"), 76),
        (errors.DeniedError("x"), 77),
        (errors.SetupError("x"), 78),
    ],
)
def test_each_error_has_a_status_of_its_own(
    error: StrongroomError, status: int
) -> None:
    assert exit_status(error) == status


def test_no_two_errors_share_a_status() -> None:
    assert len(set(EXIT_STATUS.values())) == len(EXIT_STATUS)


def test_an_error_of_a_package_has_the_status_of_its_kind() -> None:
    class TornError(errors.IntegrityError):
        """One that a package might add."""

    assert exit_status(TornError("x")) == 76


def test_a_list_is_one_json_document_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [Column("a", lambda row: str(row["a"]))]

    Output(json=True).listing([{"a": 1}, {"a": "é"}], columns, empty="none")

    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == [{"a": 1}, {"a": "é"}]


def test_an_empty_list_says_so_to_people_and_nothing_to_programs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Output(json=True).listing([], [], empty="no model")
    Output().listing([], [], empty="no model")

    assert capsys.readouterr().out == "no model\n"


def test_a_table_is_aligned_and_without_colour_in_a_pipe(
    capsys: pytest.CaptureFixture[str],
) -> None:
    columns = [
        Column("name", lambda row: str(row["name"])),
        Column("n", lambda row: str(row["n"]), right=True),
    ]

    Output().listing(
        [{"name": "a", "n": 5}, {"name": "bb", "n": 12}], columns, empty=""
    )

    shown = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert shown == ["name   n", "a      5", "bb    12"]


def test_markup_in_a_name_is_shown_and_not_obeyed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    columns = [Column("name", lambda row: str(row["name"]))]

    Output().listing([{"name": "[red]x[/red]"}], columns, empty="")

    assert "[red]x[/red]" in capsys.readouterr().out


@pytest.mark.parametrize("hostile", ["\x1b[2J", "a\rb", "a\u202eb", "\x07", "\x9b1m"])
def test_what_a_terminal_would_obey_is_replaced(hostile: str) -> None:
    assert text(hostile).isprintable()


@pytest.mark.parametrize("hostile", ["\x1b[2J", "a\rb", "a\u202eb", "\x07", "\x9b1m"])
def test_json_for_programs_has_nothing_that_a_terminal_would_obey(
    capsys: pytest.CaptureFixture[str], hostile: str
) -> None:
    """Once, a purpose went to the terminal as it was typed."""
    Output(json=True).line({"purpose": hostile})

    shown = capsys.readouterr().out
    assert shown.rstrip("\n").isprintable()
    assert json.loads(shown) == {"purpose": hostile}


def test_progress_is_silent_unless_a_person_watches(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Output().progress("sealing", 10) as progress:
        progress(10)

    assert capsys.readouterr() == ("", "")
