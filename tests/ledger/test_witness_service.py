"""A witness remembers before it answers, and one process answers at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from http import HTTPStatus
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from hypothesis.strategies import integers

from strongroom.errors import (
    ConflictError,
    IntegrityError,
    MissingError,
    SetupError,
)
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey
from strongroom.ledger.cosignature import verified_cosignatures
from strongroom.ledger.witness import Answer
from strongroom.ledger.witness_folder import MISBEHAVIOUR, SEEN, origin_hash
from strongroom.ledger.witness_service import watch
from tests.ledger.exports import ORIGIN, ledger_of, signing_key
from tests.ledger.witnesses import (
    at_work,
    body,
    lines_of,
    made,
    only_file,
    seen_size,
    watching,
)
from tests.ledger.world import START, Clock

LEDGER = ledger_of(30)
FORK = ledger_of(30)
FORK.entries[3] = b'{"v":1}'


def test_growth_is_cosigned_and_remembered(tmp_path: Path) -> None:
    folder = watching(tmp_path / "w", LEDGER)

    with at_work(folder.path) as witness:
        for older, newer in ((0, 7), (7, 8), (8, 8), (8, 30)):
            answer = witness.answer(body(LEDGER, older, newer))
            assert answer.status is HTTPStatus.OK
            note = LEDGER.note(newer) + answer.body
            (cosignature,) = verified_cosignatures(note, [folder.key()])
            assert cosignature.seconds == int(START.timestamp())
            assert seen_size(folder, LEDGER) == newer


def test_a_wrong_start_is_answered_with_the_size_that_was_seen(tmp_path: Path) -> None:
    folder = watching(tmp_path / "w", LEDGER)

    with at_work(folder.path) as witness:
        witness.answer(body(LEDGER, 0, 12))
        answer = witness.answer(body(LEDGER, 5, 30))

    assert (answer.status, answer.body) == (HTTPStatus.CONFLICT, "12\n")
    assert seen_size(folder, LEDGER) == 12


def test_what_was_seen_is_kept_as_a_note_that_anybody_can_check(
    tmp_path: Path,
) -> None:
    folder = watching(tmp_path / "w", LEDGER)
    with at_work(folder.path) as witness:
        witness.answer(body(LEDGER, 0, 12))
        note = witness.newest(origin_hash(ORIGIN))

    verify = LEDGER.signer.public.verify_bytes
    assert Checkpoint.open(note, key=LEDGER.key, verify=verify).size == 12
    assert len(verified_cosignatures(note, [folder.key()])) == 1
    assert lines_of(note) == 2


def test_a_clock_set_back_gives_no_earlier_time(tmp_path: Path) -> None:
    """Else a smaller ledger would have the later cosignature."""
    folder, clock = watching(tmp_path / "w", LEDGER), Clock()
    with at_work(folder.path, clock) as witness:
        witness.answer(body(LEDGER, 0, 12))
        clock.pass_(days=-3)
        answer = witness.answer(body(LEDGER, 12))

    (found,) = verified_cosignatures(LEDGER.note() + answer.body, [folder.key()])
    assert found.seconds == int(START.timestamp())


def test_two_processes_cannot_answer_for_one_witness(tmp_path: Path) -> None:
    folder = watching(tmp_path / "w", LEDGER)
    other = (
        "import sys, tests.ledger.witnesses as w, pathlib\n"
        "w.at_work(pathlib.Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", other, str(folder.path)]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root / 'src'}:{root}"}

    with at_work(folder.path):
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False
        )
        with pytest.raises(ConflictError, match="another process answers"):
            at_work(folder.path)
        with pytest.raises(ConflictError):
            watch(folder, ledger_of(1).key, None)

    assert "another process answers" in done.stderr
    with at_work(folder.path):
        pass


def test_threads_of_one_process_never_cosign_two_histories(tmp_path: Path) -> None:
    """Both ask from the same start; the lock lets one of them grow it."""
    folder = watching(tmp_path / "w", LEDGER)
    answers: list[tuple[str, Answer]] = []
    with at_work(folder.path) as witness:
        bodies = {"honest": body(LEDGER, 0, 20), "fork": body(FORK, 0, 20)}
        threads = [
            threading.Thread(
                target=lambda n, b: answers.append((n, witness.answer(b))), args=item
            )
            for item in bodies.items()
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    signed = {name for name, answer in answers if answer.status is HTTPStatus.OK}
    assert len(signed) == 1


def test_a_fork_is_not_signed_and_its_proof_is_kept(tmp_path: Path) -> None:
    folder = watching(tmp_path / "w", LEDGER)
    with at_work(folder.path) as witness:
        witness.answer(body(LEDGER, 0, 30))
        answer = witness.answer(body(FORK, 30, 30))
        witness.answer(body(FORK, 0, 30))

    assert (answer.status, answer.body) == (HTTPStatus.CONFLICT, "30\n")
    assert "two roots for 30 entries" in answer.why
    assert answer.evidence is not None
    verify = LEDGER.signer.public.verify_bytes
    notes = [(answer.evidence / name).read_text() for name in ("one", "other")]
    one, other = (Checkpoint.open(n, key=LEDGER.key, verify=verify) for n in notes)
    assert one.size == other.size == 30
    assert one.root != other.root
    assert len(list((folder.path / MISBEHAVIOUR).iterdir())) == 1


@pytest.mark.parametrize("damage", ["unlink", "cut", "flip", "other"])
def test_a_witness_that_lost_its_state_signs_nothing(
    damage: str, tmp_path: Path
) -> None:
    folder = watching(tmp_path / "w", LEDGER)
    with at_work(folder.path) as witness:
        witness.answer(body(LEDGER, 0, 12))
    path = only_file(folder.path / SEEN)
    if damage == "unlink":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:40])
    elif damage == "flip":
        path.write_bytes(path.read_bytes().replace(b"\n12\n", b"\n11\n"))
    else:
        forger = ledger_of(12)
        forger.signer = signing_key(8)
        path.write_text(forger.note())

    with at_work(folder.path) as witness:
        for older in (0, 12):
            answer = witness.answer(body(LEDGER, older, 30))
            assert answer.status is HTTPStatus.SERVICE_UNAVAILABLE
    with pytest.raises((SetupError, IntegrityError)):
        watch(folder, LEDGER.key, None)


def test_a_person_tells_a_witness_that_forgot_what_is_newest(tmp_path: Path) -> None:
    folder = watching(tmp_path / "w", LEDGER)
    with at_work(folder.path) as witness:
        witness.answer(body(LEDGER, 0, 12))
    only_file(folder.path / SEEN).unlink()
    with pytest.raises(SetupError, match="lost what it saw"):
        watch(folder, LEDGER.key, None)
    forger = ledger_of(20)
    forger.signer = signing_key(8)
    with pytest.raises(IntegrityError):
        watch(folder, LEDGER.key, forger.note())

    assert watch(folder, LEDGER.key, LEDGER.note(20)).size == 20

    with at_work(folder.path) as witness:
        assert witness.answer(body(LEDGER, 12, 30)).body == "20\n"
        assert witness.answer(body(LEDGER, 20, 30)).status is HTTPStatus.OK


def test_a_witness_that_remembers_is_not_told_otherwise(tmp_path: Path) -> None:
    """Else whoever reaches its keyboard could make it forget."""
    folder = watching(tmp_path / "w", LEDGER)
    with at_work(folder.path) as witness:
        witness.answer(body(LEDGER, 0, 12))

    for newest in (None, LEDGER.note(5), LEDGER.note(20), FORK.note(12)):
        with pytest.raises(ConflictError, match="12 entries so far"):
            watch(folder, LEDGER.key, newest)
    assert seen_size(folder, LEDGER) == 12


def test_a_ledger_has_one_key(tmp_path: Path) -> None:
    folder = watching(tmp_path / "w", LEDGER)
    other = ledger_of(1)
    other.signer = signing_key(8)

    with pytest.raises(ConflictError, match="under another key"):
        watch(folder, other.key, None)


def test_a_ledger_that_is_not_watched_is_not_found(tmp_path: Path) -> None:
    folder = made(tmp_path / "w")

    with at_work(folder.path) as witness:
        assert witness.answer(body(LEDGER, 0)).status is HTTPStatus.NOT_FOUND
        assert witness.answer(b"nonsense").status is HTTPStatus.BAD_REQUEST
        with pytest.raises(MissingError):
            witness.newest(origin_hash(ORIGIN))


def test_an_unwritable_disk_gives_no_cosignature(tmp_path: Path) -> None:
    """It must be on disk before it is answered."""
    folder = watching(tmp_path / "w", LEDGER)
    with at_work(folder.path) as witness:
        witness.answer(body(LEDGER, 0, 12))
        before = (folder.path / SEEN).rename(tmp_path / "away")
        answer = witness.answer(body(LEDGER, 12, 30))
        assert answer.status is HTTPStatus.SERVICE_UNAVAILABLE
        before.rename(folder.path / SEEN)

    assert seen_size(folder, LEDGER) == 12


class WitnessMachine(RuleBasedStateMachine):
    """Two histories ask in any order; one of them is ever cosigned past the fork."""

    @initialize()
    def begin(self) -> None:
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = watching(Path(self.temporary.name) / "w", LEDGER)
        self.size, self.forked = 0, False

    @rule(older=integers(0, 30), newer=integers(0, 30))
    def ask_honestly(self, older: int, newer: int) -> None:
        self._ask(older, newer, forked=False)

    @rule(older=integers(0, 30), newer=integers(0, 30))
    def ask_for_the_fork(self, older: int, newer: int) -> None:
        self._ask(older, newer, forked=True)

    def _ask(self, older: int, newer: int, *, forked: bool) -> None:
        older, newer = min(older, newer), max(older, newer)
        ledger = FORK if forked else LEDGER
        with at_work(self.folder.path) as witness:
            answer = witness.answer(body(ledger, older, newer))
        agrees = self.size <= 3 or forked == self.forked
        if older == self.size and agrees:
            assert answer.status is HTTPStatus.OK
            self.size = newer
            self.forked = forked if newer > 3 else False
        else:
            assert answer.status is not HTTPStatus.OK
        assert seen_size(self.folder, LEDGER) == self.size

    def teardown(self) -> None:
        self.temporary.cleanup()


TestWitnessMachine = WitnessMachine.TestCase
TestWitnessMachine.settings = settings(
    max_examples=10, stateful_step_count=12, deadline=None
)


def test_an_answer_says_why_and_where_the_proof_lies(tmp_path: Path) -> None:
    folder = watching(tmp_path / "w", LEDGER)
    with at_work(folder.path) as witness:
        signed = witness.answer(body(LEDGER, 0, 7))
        assert signed.why == f"{ORIGIN}: cosigned 7 entries"
        assert signed.evidence is None
        again = witness.answer(body(LEDGER, 0, 9))
        assert (again.status, again.body, again.evidence) == (409, "7\n", None)
        assert again.why == "the newest checkpoint cosigned here has 7 entries"
        fork = witness.answer(body(FORK, 7, 7))
        assert (fork.status, fork.body) == (409, "7\n")
        assert fork.why == f"{ORIGIN} signed two roots for 7 entries"
        assert fork.evidence is not None
        assert (fork.evidence / "one").exists()
        strange = witness.answer(b"x")
        assert (strange.status, strange.body) == (400, f"{strange.why}\n")
        growth = witness.answer(body(FORK, 7, 9))
        assert (growth.status, growth.body) == (422, f"{growth.why}\n")


def test_a_time_is_never_before_the_last_one_signed(tmp_path: Path) -> None:
    folder, clock = watching(tmp_path / "w", LEDGER), Clock()
    seconds = []
    with at_work(folder.path, clock) as witness:
        for newer, passed in ((7, 0), (8, -9), (9, 10), (10, 1)):
            clock.pass_(seconds=passed)
            line = witness.answer(body(LEDGER, max(newer - 1, 0) % 9 or 0, newer))
            if line.status is not HTTPStatus.OK:
                line = witness.answer(body(LEDGER, int(line.body), newer))
            note = LEDGER.note(newer) + line.body
            (own,) = verified_cosignatures(note, [folder.key()])
            seconds.append(own.seconds - int(START.timestamp()))
    assert seconds == [0, 0, 1, 2]


def test_what_it_saw_of_each_ledger_is_found_by_its_hash(tmp_path: Path) -> None:
    folder = watching(tmp_path / "w", LEDGER)
    with at_work(folder.path) as witness:
        for name in (origin_hash(ORIGIN), origin_hash("another"), ""):
            with pytest.raises(MissingError, match="saw nothing of that ledger"):
                witness.newest(name)
        witness.answer(body(LEDGER, 0, 7))
        assert witness.newest(origin_hash(ORIGIN)).startswith(f"{ORIGIN}\n7\n")
        with pytest.raises(MissingError):
            witness.newest(origin_hash("another"))


def test_a_second_ledger_is_watched_beside_the_first(tmp_path: Path) -> None:
    folder = watching(tmp_path / "w", LEDGER)
    other = VerifierKey(origin="another", public=signing_key(9).public.raw)

    start = watch(folder, other, None)

    assert (start.origin, start.size) == ("another", 0)
    assert folder.logs() == {ORIGIN: LEDGER.key, "another": other}
    with pytest.raises(ConflictError, match="another is watched, 0 entries so far"):
        watch(folder, other, None)
    changed = VerifierKey(origin="another", public=signing_key(8).public.raw)
    with pytest.raises(ConflictError, match="watched under another key"):
        watch(folder, changed, None)
    assert folder.logs()["another"] == other
