"""Anything unclear about what was found is a refusal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from strongroom.canonical import Json, to_json
from strongroom.intake.advisers.advice import MOST_FINDINGS, Advice, Answer
from strongroom.intake.advisers.remarks import MOST_TEXT, Remark, Weight
from strongroom.intake.findings import Finding, Level
from strongroom.intake.intakes import MOST_REPORT_BYTES
from strongroom.intake.receiving import Received, ReceivedFile
from strongroom.intake.reports import FileReport, OutputFile, SnapshotReport
from strongroom.intake.rewriting import Options
from strongroom.intake.signatures import Checked
from strongroom.intake.verdicts import MOST_ADVICE, Verdict, judge
from strongroom.intake.weights import digest_facts

RECEIVED = Received(
    files=(ReceivedFile(path="a.pt", offset=0, length=3, sha256="11" * 32),)
)
PASSED = FileReport(
    path="a.pt",
    kind="torch-zip",
    outputs=(OutputFile(name="a.safetensors", length=9, sha256="33" * 32),),
    facts={"globals": ["b", "a"], "tensors": digest_facts({"w": "22"})},
)


def finding(level: Level, rule: str = "pickle/global") -> Finding:
    return Finding(rule=rule, level=level, message="it is so")


def verdict(
    *files: FileReport,
    findings: tuple[Finding, ...] = (),
    checked: tuple[Finding, ...] = (),
) -> Verdict:
    report = SnapshotReport(reader="1", files=files, findings=findings)
    return judge(report, RECEIVED, Checked(signer="ab", findings=checked))


def test_what_was_rewritten_without_a_finding_passes() -> None:
    found = verdict(PASSED)

    assert (found.word, found.review) == ("passed", ())
    assert found.facts["globals"] == ["a", "b"]
    assert found.document["findings"] == []


def test_the_entry_speaks_of_each_tensor_and_template() -> None:
    """Readers list pairs; a mapping was once looked for, so that nothing was said."""
    other = replace(
        PASSED,
        facts={
            "tensors": digest_facts({"w": "23"}),
            "templates": [["chat_template", "33"], ["chat_template tool", "33"]],
        },
    )

    assert verdict(PASSED).facts["tensors"] != verdict(other).facts["tensors"]
    assert verdict(other).facts["templates"] == ["33"]


@pytest.mark.parametrize(
    ("level", "word"),
    [(Level.ERROR, "refused"), (Level.WARNING, "review"), (Level.NOTE, "passed")],
)
def test_the_worst_finding_decides(level: Level, word: str) -> None:
    assert verdict(PASSED, findings=(finding(level),)).word == word


def test_who_looks_is_told_which_rules_to_look_at() -> None:
    warnings = (finding(Level.WARNING, "b/b"), finding(Level.WARNING, "a/a"))

    assert verdict(PASSED, findings=warnings).review == ("a/a", "b/b")


def test_a_snapshot_of_which_nothing_is_left_is_refused() -> None:
    empty = FileReport(path="a.pt", kind="text")

    assert [f.rule for _, f in verdict(empty).findings] == ["snapshot/empty"]
    assert verdict(empty).refused


def test_what_is_not_what_was_expected_is_refused_whatever_it_holds() -> None:
    found = verdict(PASSED, checked=(finding(Level.ERROR, "source/digest"),))

    assert found.refused
    assert found.facts["signer"] == "ab"


def test_a_name_that_many_files_have_is_listed_once_and_the_list_is_bounded() -> None:
    many = FileReport(
        path="b.pt", kind="torch-zip", facts={"globals": [f"g{n}" for n in range(5000)]}
    )
    received = Received(
        files=(
            *RECEIVED.files,
            ReceivedFile(path="b.pt", offset=3, length=0, sha256="33" * 32),
        )
    )

    found = judge(SnapshotReport(reader="1", files=(PASSED, many)), received)

    listed = found.facts["globals"]
    assert isinstance(listed, list)
    assert len(listed) == 1000


def test_operators_and_the_tensors_of_an_optimizer_are_in_the_entry() -> None:
    """The entry once listed domains that no reader names, and left the latter out."""
    more = FileReport(
        path="a.pt",
        kind="onnx",
        outputs=PASSED.outputs,
        facts={
            **PASSED.facts,
            "operators": ["ai.onnx:Add"],
            "optimizer-tensors": digest_facts({"m": "33"}),
        },
    )

    found = verdict(more).facts

    assert found["operators"] == ["ai.onnx:Add"]
    assert found["tensors"] != verdict(PASSED).facts["tensors"]


def test_the_entry_speaks_of_what_lies_in_archives() -> None:
    """Once only the archive itself was asked, and a zip file named no globals."""
    inside: Json = [
        ["a/b.pt", "torch-zip", {"globals": ["c"], "tensors": [["w", "22"]]}]
    ]
    archived = replace(PASSED, facts={"members": inside})

    assert verdict(archived).facts["globals"] == ["c"]
    assert (
        verdict(archived).facts["tensors"]
        != verdict(replace(PASSED, facts={})).facts["tensors"]
    )


def test_a_report_that_could_not_be_shown_again_is_refused_and_cut() -> None:
    """Once such a report was stored, and nobody could look at it any more."""
    long = Finding(rule="pickle/stub", level=Level.NOTE, message="x" * 600)
    many = replace(PASSED, findings=(long,) * 30_000)

    found = verdict(many)
    assert found.word == "refused"
    assert found.findings[0][1].rule == "snapshot/findings"
    assert len(to_json(found.document)) < MOST_REPORT_BYTES
    assert verdict(replace(PASSED, findings=(long,) * 9)).word == "passed"


def test_what_somebody_left_out_is_counted_and_the_patterns_are_kept() -> None:
    files = tuple(replace(RECEIVED.files[0], path=path) for path in ("a.pt", "b.py"))
    away = FileReport(path="b.py", kind="left-out", changes=("left out: asked for",))
    report = SnapshotReport(reader="1", files=(PASSED, away))

    found = judge(
        report, Received(files=files), options=Options(left_out=("b*", "*.py", "b*"))
    )

    assert (found.word, found.facts["left_out"]) == ("passed", 1)
    match found.document:
        case {"options": {"left_out": patterns}, "files": [_, {"outputs": outputs}]}:
            assert (patterns, outputs) == (["*.py", "b*"], [])
        case document:
            pytest.fail(f"the report is {document}")
    assert verdict(PASSED).facts["left_out"] == 0


ALARM = Advice(
    name="hayward",
    version="1",
    answer=Answer.DONE,
    remarks=(("a.pt", Remark.of(Weight.ALARM, "names it")),),
)


@pytest.mark.parametrize(
    ("reviewed", "expected"),
    [(False, ("passed", ())), (True, ("review", ("adviser/disagrees",)))],
)
def test_an_alarm_asks_for_a_second_person_where_the_class_does(
    reviewed: bool, expected: tuple[str, tuple[str, ...]]
) -> None:
    report = SnapshotReport(reader="1", files=(PASSED,), advice=(ALARM,))

    found = judge(report, RECEIVED, advice_reviewed=reviewed)

    assert (found.word, found.review) == expected


NOISY = Advice(
    name="noisy",
    version="1",
    answer=Answer.DONE,
    remarks=(("d/" * 2000 + "a.pt", Remark.of(Weight.REMARK, "x" * MOST_TEXT)),)
    * MOST_FINDINGS,
)


def test_one_adviser_cannot_push_out_what_another_one_calls_malicious() -> None:
    """Its remarks filled the report, and nobody else had to look."""
    report = SnapshotReport(reader="1", files=(PASSED,), advice=(NOISY, ALARM))

    found = judge(report, RECEIVED, advice_reviewed=True)

    assert (found.word, found.review) == ("review", ("adviser/disagrees",))


def test_advisers_that_say_too_much_refuse_nothing() -> None:
    """A report that was full of advice alone was once refused for that."""
    report = SnapshotReport(reader="1", files=(PASSED,), advice=(NOISY,) * 8)

    found = judge(report, RECEIVED)

    assert found.word == "passed"
    assert len(to_json(found.document)) < 2 * MOST_ADVICE
    assert "things more than a report holds" in found.findings[-1][1].message
