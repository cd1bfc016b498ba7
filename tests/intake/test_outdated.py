"""What a newer version changed is told by digests, for files and for tensors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.canonical import Json
from strongroom.errors import IntegrityError
from strongroom.intake.findings import RefusedError
from strongroom.intake.outdated import Change, compare
from strongroom.intake.receiving import Received, ReceivedFile
from strongroom.intake.reports import FileReport, SnapshotReport

OLD, NEW, SAME = "aa" * 32, "bb" * 32, "cc" * 32
DIGESTS = st.dictionaries(st.text(max_size=2), st.sampled_from([OLD, NEW]))


def admitted(**files: list[Json]) -> Json:
    return {
        "files": [
            {"path": path, "sha256": OLD, "facts": {"tensors": tensors}}
            for path, tensors in files.items()
        ]
    }


def now(*files: FileReport) -> tuple[Received, SnapshotReport]:
    received = Received(
        files=tuple(
            ReceivedFile(path=file.path, offset=0, length=0, sha256=NEW)
            for file in files
        )
    )
    return received, SnapshotReport(reader="1", files=files)


def test_files_and_tensors_that_changed_are_named() -> None:
    newer = FileReport(
        path="a",
        kind="safetensors",
        facts={"tensors": [["w", NEW], ["b", SAME], ["new", NEW]]},
    )

    found = compare(admitted(a=[["w", OLD], ["b", SAME]], gone=[]), *now(newer))

    assert found.files == Change(added=(), removed=("gone",), changed=("a",), same=0)
    assert found.tensors == Change(
        added=("a: new",), removed=(), changed=("a: w",), same=1
    )
    assert found.refused == ()


def test_what_no_reader_takes_any_more_is_named() -> None:
    refusal = RefusedError("pickle/global", "names os.system").finding()
    newer = FileReport(path="a", kind="torch-zip", findings=(refusal,))

    found = compare(admitted(a=[["w", OLD]]), *now(newer))

    assert found.refused == ("a",)
    assert found.tensors.removed == ("a: w",)


@given(DIGESTS, DIGESTS)
def test_every_name_is_counted_once(
    before: dict[str, str], after: dict[str, str]
) -> None:
    change = Change.between(before, after)

    counted = len(change.added) + len(change.removed) + len(change.changed)
    assert counted + change.same == len(before.keys() | after.keys())
    assert change.nothing is (before == after)


def test_a_report_of_another_form_is_refused() -> None:
    with pytest.raises(IntegrityError):
        compare(None, *now())
