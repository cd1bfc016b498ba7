"""What is read again is what was received, with the options of the first time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from strongroom.canonical import Json
from strongroom.errors import IntegrityError
from strongroom.intake.admitted import options_of, received_of, verify_copy
from strongroom.intake.receiving import Received, receive
from strongroom.intake.reports import SnapshotReport
from strongroom.intake.rewriting import Options
from strongroom.intake.verdicts import judge
from tests.intake.test_judging import intake


@pytest.fixture
def received(tmp_path: Path) -> Received:
    """Give two files in one private copy."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    (folder / "a").write_bytes(b"first")
    (folder / "b").write_bytes(b"second")
    return receive(folder, tmp_path / "copy")


def reported(received: Received) -> Json:
    files: list[Json] = [
        {"path": f.path, "bytes": f.length, "sha256": f.sha256, "facts": {}}
        for f in received.files
    ]
    return {"files": files}


def test_the_files_of_a_report_lie_where_they_were_copied(received: Received) -> None:
    row = replace(intake(), digest=received.digest, plain_bytes=received.length)

    assert received_of(reported(received), row) == received
    with pytest.raises(IntegrityError, match="other files"):
        received_of(reported(received), intake())
    with pytest.raises(IntegrityError, match="another form"):
        received_of(None, row)


@pytest.mark.parametrize("data", [b"firstsecone", b"firstsecon", b"firstsecond!", b""])
def test_a_copy_that_is_another_is_refused(
    received: Received, tmp_path: Path, data: bytes
) -> None:
    verify_copy(tmp_path / "copy", received)
    (tmp_path / "other").write_bytes(data)

    with pytest.raises(IntegrityError):
        verify_copy(tmp_path / "other", received)


@pytest.mark.parametrize("salvage", [False, True])
@pytest.mark.parametrize("types", [(), ("mylab.models.Scaler",)])
def test_options_are_those_of_the_first_time(
    received: Received, *, salvage: bool, types: tuple[str, ...]
) -> None:
    report = SnapshotReport(reader="r", files=(), types=types)
    given = Options(salvage=salvage, left_out=("*.h5", "*.py"))
    verdict = judge(report, received, options=given)

    again = options_of(verdict.document, types=("mylab.models.Newer",))

    assert again == replace(given, types=types)


def test_types_that_nobody_can_let_in_any_more_are_left_out(
    received: Received,
) -> None:
    report = SnapshotReport(reader="r", files=(), types=("a.B", "torch.load", "x"))

    assert options_of(judge(report, received).document) == Options(types=("a.B",))


@pytest.mark.parametrize(
    ("facts", "salvage"),
    [
        ({}, False),
        ({"stubs": []}, False),
        ({"stubs": ["os.x"]}, True),
        ({"members": [["in/a.pt", "torch-zip", {"stubs": ["os.x"]}]]}, True),
    ],
)
def test_reports_from_before_options_were_kept_say_it_by_their_stubs(
    facts: Json, *, salvage: bool
) -> None:
    report: Json = {"files": [{"path": "a", "facts": facts}]}

    assert options_of(report) == Options(salvage=salvage)


def test_types_that_only_a_sandbox_says_were_listed_are_not(received: Received) -> None:
    """A file that took its reader over would have named its own."""
    report: Json = {"files": [{"path": "a", "facts": {"listed": ["evil.Type"]}}]}

    assert options_of(report, types=("a.B",)) == Options(types=("a.B",))
