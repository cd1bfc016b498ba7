"""A hub says what is newest, and whatever else it says is an error, never an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from strongroom.errors import (
    InputError,
    IntegrityError,
    MissingError,
    StrongroomError,
    UnavailableError,
)
from strongroom.intake import hub_newest as subject
from strongroom.intake.hub_newest import Asked, Snapshot, Told, ask_newest
from tests.intake.hub_server import COMMIT, Repository, serving

LATER = "b2" * 20
LLAMA = Asked(repository="acme/llama", commits=(COMMIT,))
ALPACA = Asked(repository="acme/alpaca", commits=(COMMIT,))


@pytest.fixture
def repository() -> Iterator[Repository]:
    newest = Repository(
        small={"config.json": b"{}"}, large={"model.safetensors": b"w"}, commit=LATER
    )
    alpaca = Repository(small={"a.json": b"[]"}, name="acme/alpaca")
    small = {"config.json": b'{"a": 1}', "old.txt": b"old"}
    hub = Repository(small=small, newest=newest, further=(alpaca,))
    with serving(hub) as found:
        yield found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def newest(told: Told) -> Snapshot:
    assert isinstance(told.newest, Snapshot)
    return told.newest


def test_the_newest_commit_comes_with_its_files_and_those_of_the_one_admitted(
    repository: Repository, home: Path
) -> None:
    llama, alpaca = ask_newest(repository.hub(), [LLAMA, ALPACA], home)

    assert newest(llama).place.address == f"hf://acme/llama@{LATER}"
    assert newest(llama).files.keys() == {"config.json", "model.safetensors"}
    assert len(newest(llama).files["model.safetensors"].sha256) == 64
    assert llama.before[COMMIT].files.keys() == {"config.json", "old.txt"}
    assert newest(alpaca).place.commit == COMMIT
    asked = {path for _, _, path, _ in repository.seen}
    assert asked == {
        f"/api/models/acme/{name}{commit}"
        for name in ("llama", "alpaca")
        for commit in ("", f"/revision/{COMMIT}")
    }  # no file, no other host


def test_what_is_gone_is_told_and_the_next_one_is_asked_about(
    repository: Repository, home: Path
) -> None:
    none = Asked(repository="acme/none", commits=(COMMIT, LATER))
    lost = Asked(repository="acme/llama", commits=("c3" * 20,))

    first, second = ask_newest(repository.hub(), [none, lost], home)

    assert isinstance(first.newest, MissingError)
    assert newest(second).place.commit == LATER
    assert second.before == {}
    assert second.gone == {"c3" * 20}


def test_a_hub_that_is_not_there_leaves_nothing_known(home: Path) -> None:
    with serving(Repository()) as gone:
        pass

    answers = ask_newest(gone.hub(), [LLAMA, ALPACA], home)

    for told in answers:
        assert isinstance(told.newest, UnavailableError)
        assert f"{gone.endpoint} does not answer" in str(told.newest)
        assert told.newest.hint


def said(**changed: object) -> bytes:
    """Return a list with something else in it."""
    document = {"id": "acme/llama", "sha": LATER, "siblings": [], "tags": []}
    return json.dumps({**document, **changed}).encode()


NONSENSE = [
    (b"<html>what?</html>", UnavailableError),
    (b"", UnavailableError),
    (b"[1, 2]", UnavailableError),
    (b"[" * 100_000, UnavailableError),
    (said(siblings=7), UnavailableError),
    (said(siblings=[{"size": 1}]), UnavailableError),
    (said(siblings=[{"rfilename": "a"}]), IntegrityError),
    (said(siblings=[{"rfilename": "a", "size": -1}]), IntegrityError),
    (said(siblings=[{"rfilename": "a", "size": 10**400}]), IntegrityError),
    (said(siblings=[{"rfilename": "a", "size": 1, "blobId": "a" * 9000}]),
     IntegrityError),
    (said(siblings=[{"rfilename": "../a", "size": 1}]), InputError),
    (said(siblings=[{"rfilename": 5, "size": 1}]), InputError),
    (said(siblings=[{"rfilename": f"{n}", "size": 1} for n in range(10_001)]),
     InputError),
    (said(sha="main"), IntegrityError),
    (said(sha=None), IntegrityError),
    (said(sha="B2" * 20), IntegrityError),
    (said(sha="b2" * 32), IntegrityError),
    (said(id="llama"), IntegrityError),
    (said(id="../../etc"), IntegrityError),
]  # fmt: skip


def test_nonsense_is_an_error_of_its_own_and_the_next_one_is_asked_about(
    repository: Repository, home: Path
) -> None:
    """All in one go, since each start of the program takes a second."""
    bad = [Asked(repository=f"acme/bad{n}", commits=()) for n in range(len(NONSENSE))]
    for one, (answer, _) in zip(bad, NONSENSE, strict=True):
        repository.says[f"/api/models/{one.repository}"] = answer

    *answers, llama = ask_newest(repository.hub(), [*bad, LLAMA], home)

    for told, (answer, kind) in zip(answers, NONSENSE, strict=True):
        assert isinstance(told.newest, kind), (answer[:80], told.newest)
        assert len(str(told.newest)) < 300
    assert newest(llama).place.commit == LATER


def test_an_answer_as_deep_as_the_program_can_say_is_an_error(
    repository: Repository, home: Path
) -> None:
    """Once, what was asking ended in a traceback: it stands deeper than the program."""
    nested = "[" * 970 + "]" * 970
    answer = said(siblings=[{"rfilename": "a", "size": 1, "blobId": "deep"}])
    repository.says["/api/models/acme/llama"] = answer.replace(
        b'"deep"', nested.encode()
    )

    (told,) = ask_newest(repository.hub(), [LLAMA], home)

    assert isinstance(told.newest, StrongroomError)


def test_more_names_than_fit_into_memory_are_not_kept() -> None:
    line = {"path": "a" * 4096}
    hub = Repository(port=1).hub()
    with pytest.raises(InputError, match="too much"):
        for _ in subject.bounded(hub, iter([line] * (1 << 16))):
            pass


def test_an_answer_without_an_end_is_not_read_to_it(
    repository: Repository, home: Path
) -> None:
    repository.flood = True

    (told,) = ask_newest(repository.hub(), [LLAMA], home)

    assert isinstance(told.newest, StrongroomError)
    assert "too much" in str(told.newest)


def test_no_other_host_is_asked_even_if_the_hub_sends_there(
    repository: Repository, home: Path
) -> None:
    with serving(Repository()) as evil:
        repository.sends = f"http://localhost:{evil.port}"

        (told,) = ask_newest(repository.hub(), [LLAMA], home)

        assert isinstance(told.newest, IntegrityError)
        assert "another host" in str(told.newest)
        assert evil.seen == []


def test_what_is_not_public_needs_its_token(repository: Repository, home: Path) -> None:
    repository.token = "hf_secret"

    (wrong,) = ask_newest(repository.hub(token="hf_wrong"), [LLAMA], home)
    (right,) = ask_newest(repository.hub(token="hf_secret"), [LLAMA], home)

    assert isinstance(wrong.newest, MissingError)
    assert "hf_wrong" not in f"{wrong.newest} {wrong.newest.hint}"
    assert newest(right).place.commit == LATER
