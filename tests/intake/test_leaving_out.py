"""What somebody leaves out is held and reported, and no reader is told of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from strongroom.canonical import Json
from strongroom.errors import InputError
from strongroom.intake.findings import Level
from strongroom.intake.jobs import Item
from strongroom.intake.leaving_out import (
    ASKED_FOR,
    MOST_PATTERNS,
    is_left_out,
    may_be_left_out,
    read_others,
    verify_left_out,
)
from strongroom.intake.receiving import receive
from strongroom.intake.reports import FileReport, SnapshotReport
from strongroom.intake.rewriting import Options
from strongroom.intake.weights import digest_facts
from tests.intake.readers import read_here

PATHS = ["config.json", "extra/tf_model.h5", "model.safetensors", "modeling.py"]


@pytest.mark.parametrize(
    ("path", "pattern", "matches"),
    [
        ("a/training_args.bin", "training_args.bin", True),
        ("a/b/modeling.py", "*.py", True),
        ("a/b/modeling.py", "a/*.py", True),
        ("b/a/modeling.py", "a/*.py", False),
        ("a/model.bin", "a", False),
        ("a/model.bin", "a/*", True),
        ("MODEL.BIN", "*.bin", False),
        ("a[1].bin", "a[[]1].bin", True),
        ("model-00001.bin", "model-0000[12].bin", True),
    ],
)
def test_a_pattern_matches_a_path_or_its_last_part(
    path: str, pattern: str, *, matches: bool
) -> None:
    assert is_left_out(path, ["no", pattern]) is matches


@given(st.sets(st.sampled_from(PATHS)))
def test_readers_are_given_the_others_and_the_host_reports_all(away: set[str]) -> None:
    files = [Item(path=path, offset=0, length=1) for path in PATHS]
    given: list[str] = []

    def read(others: Sequence[Item]) -> SnapshotReport:
        given.extend(file.path for file in others)
        reports = (FileReport(path=file.path, kind="text") for file in others)
        return SnapshotReport(reader="r", files=tuple(reports))

    report = read_others(files, sorted(away), read)

    assert given == [path for path in PATHS if path not in away]
    assert [file.path for file in report.files] == PATHS
    assert {f.path for f in report.files if f.changes == (ASKED_FOR,)} == away
    assert all(f.kind == "left-out" for f in report.files if f.path in away)


@pytest.mark.parametrize(
    ("patterns", "message", "hint"),
    [
        (["*.py", "*.msgpack"], "'\\*.msgpack' matches no file", "'config.json', 'ex"),
        (["*.PY"], "matches no file", "modeling.py"),
        (["*"], "nothing would come out", "no loader"),
        (["*.json", "*el*"], "nothing would come out", "no loader"),
        ([""], "no pattern", "quote it"),
        (["[!\udcff]*"], "no pattern", "quote it"),
        (["*" * 1001], "no pattern", "quote it"),
        (["*.py"] * (MOST_PATTERNS + 1), "101 patterns", "quote it"),
    ],
)
def test_a_pattern_that_cannot_be_meant_is_named(
    patterns: list[str], message: str, hint: str
) -> None:
    with pytest.raises(InputError, match=message) as raised:
        verify_left_out(PATHS, patterns)
    assert hint in (raised.value.hint or "")


def test_no_pattern_leaves_nothing_out() -> None:
    verify_left_out(PATHS, [])


def report_on(
    *refused: str, weights: bool = True, left_out: Sequence[str] = ()
) -> Json:
    tensors = digest_facts({"w": "22" * 32}) if weights else []
    files: list[Json] = [
        {"path": path, "facts": {"tensors": tensors if "model." in path else []}}
        for path in ("model.safetensors", "model.pt", "a[1].py")
    ]
    findings: list[Json] = [{"path": p, "level": Level.ERROR.value} for p in refused]
    note: Json = {"path": "model.pt", "level": Level.NOTE.value}
    options: Json = {"salvage": False, "types": [], "left_out": list(left_out)}
    return {"files": files, "findings": [note, *findings], "options": options}


def test_what_may_be_left_out_is_what_is_at_fault_beside_weights() -> None:
    assert may_be_left_out(report_on("a[1].py")) == ("a[[]1].py",)
    assert may_be_left_out(report_on("model.pt", "a[1].py")) == (
        "a[[]1].py",
        "model.pt",
    )
    again = report_on("a[1].py", left_out=["*.h5"])
    assert may_be_left_out(again) == ("*.h5", "a[[]1].py")


@pytest.mark.parametrize(
    "report",
    [
        None,
        report_on(),
        report_on("a[1].py", weights=False),
        report_on("", "a[1].py"),
        report_on("model.safetensors", "model.pt"),
        report_on(left_out=["*.h5"]),
    ],
)
def test_nothing_is_offered_where_it_would_not_help(report: Json) -> None:
    assert may_be_left_out(report) == ()


# --- what must not come of it ----------------------------------------------------


def test_an_index_that_names_what_is_left_out_stays_refused(tmp_path: Path) -> None:
    folder, output = tmp_path / "foreign", tmp_path / "out"
    folder.mkdir()
    output.mkdir()
    shards = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    for shard in shards:
        (folder / shard).write_bytes(save({shard[:11]: np.ones(4, "<f4")}))
    index = {"metadata": {}, "weight_map": {shard[:11]: shard for shard in shards}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    received = receive(folder, tmp_path / "copy")

    with (tmp_path / "copy").open("rb") as copy:
        options = Options(left_out=(shards[1],))
        report = read_here(copy.fileno(), received.files, options, output)

    found = {f.path: [one.rule for one in f.findings] for f in report.files}
    assert found == {
        shards[0]: [],
        shards[1]: [],
        "model.safetensors.index.json": ["index/absent"],
    }
    assert [path.name for path in output.iterdir()] == [shards[0]]
