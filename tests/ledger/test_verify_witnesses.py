"""The outsider's program says what witnesses signed, and believes no other line."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.ledger import verify
from tests.ledger import naive
from tests.ledger.exports import cosigned, ledger_of, witness_key

LEDGER = ledger_of(300)
KEYS = {number: witness_key(number).text() for number in (1, 2, 3)}


def check(folder: Path, *numbers: int, quorum: int | None = None) -> dict[str, Any]:
    """Return the report of one run that trusts these witnesses."""
    words = [str(folder), "--key", LEDGER.key.text(), "--json"]
    for number in numbers:
        words += ["--witness", KEYS[number]]
    words += [] if quorum is None else ["--quorum", str(quorum)]
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        status = verify.main(words)
    report: dict[str, Any] = json.loads(shown.getvalue())
    assert status == (0 if report["ok"] else 65)
    return report


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give an export that w1 signed, and w1 and w2 signed when it had 200 entries."""
    folder = LEDGER.write(tmp_path / "export")
    (folder / "checkpoint").write_text(cosigned(LEDGER.note(), 1))
    older = cosigned(cosigned(LEDGER.note(200), 1, seconds=99), 2, seconds=100)
    (folder / "witnessed").mkdir()
    (folder / "witnessed" / "200").write_text(older)
    return folder


def test_it_says_who_saw_what_and_when(folder: Path) -> None:
    report = check(folder, 1, 2)

    assert report["problems"] == []
    assert report["witness"] == (
        "witness.example/w1 saw 200 entries at 1970-01-01 00:01:39 UTC; "
        "witness.example/w2 saw 200 entries at 1970-01-01 00:01:40 UTC; "
        "witness.example/w1 saw 300 entries at 2027-01-15 08:00:00 UTC"
    )
    assert report["entries"] == 300


def test_a_witness_that_is_not_trusted_does_not_count(folder: Path) -> None:
    report = check(folder)

    assert (report["problems"], report["witness"]) == ([], "no independent witness")


def test_as_many_as_were_asked_for_sign_one_checkpoint(folder: Path) -> None:
    assert check(folder, 1, 2, quorum=2)["ok"]
    assert check(folder, 1, 2, 3, quorum=2)["ok"]
    assert check(folder, 1, 2, 3)["problems"] == [
        "2 of 3 witnesses signed one checkpoint"
    ]
    (folder / "witnessed" / "200").write_text(cosigned(LEDGER.note(200), 2))
    assert check(folder, 1, 2)["problems"] == ["1 of 2 witnesses signed one checkpoint"]


def test_a_quorum_below_nobody_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With ``--quorum -1`` any export had enough witnesses."""
    with pytest.raises(SystemExit):
        check(folder, 1, quorum=-1)
    assert "--quorum is 0 or more" in capsys.readouterr().err


def test_one_witness_twice_is_no_two(folder: Path) -> None:
    twice = cosigned(cosigned(LEDGER.note(), 1, seconds=5), 1, seconds=6)
    (folder / "checkpoint").write_text(twice)
    (folder / "witnessed" / "200").unlink()

    assert not check(folder, 1, 2, quorum=2)["ok"]
    assert not check(folder, 1, 1, quorum=2)["ok"]


def test_a_cosigned_checkpoint_of_another_history_is_named(folder: Path) -> None:
    """ATT&CK T1070: the room shows a second history; a witness signed the first."""
    real = ledger_of(200)
    real.entries[7] = b'{"v":1}'
    (folder / "witnessed" / "200").write_text(cosigned(real.note(), 2))

    assert check(folder, 2)["problems"] == [
        "its first 200 entries are not those of before"
    ]


def test_a_checkpoint_that_the_ledger_did_not_sign_is_refused(folder: Path) -> None:
    bare = LEDGER.note(200).partition("\n\n")[0] + "\n\n"
    line = cosigned(LEDGER.note(200), 2).splitlines(keepends=True)[-1]
    (folder / "witnessed" / "200").write_text(bare + line)

    assert check(folder, 2)["problems"] == ["the key did not sign the checkpoint"]


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_flipped_bit_in_a_cosignature_is_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Of its name or key id it makes a line of nobody, and then one is lacking."""
    ledger = ledger_of(3)
    honest = ledger.note()
    line = cosigned(honest, 1)[len(honest) :].encode()
    changed = naive.flipped(line, data.draw(st.integers(0, 8 * len(line) - 1)))
    folder = ledger.write(tmp_path_factory.mktemp("witness") / "export")
    (folder / "checkpoint").write_bytes(honest.encode() + changed)

    assert not check(folder, 1)["ok"]


@pytest.mark.parametrize("seconds", [2**37, 2**63 - 1])
def test_a_time_beyond_all_calendars_is_refused(seconds: int, folder: Path) -> None:
    (folder / "checkpoint").write_text(cosigned(LEDGER.note(), 1, seconds=seconds))

    assert check(folder, 1)["problems"] == ["a cosignature is of no time"]
