"""A hub is asked for one commit, and believed nothing that it did not say before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from strongroom.errors import (
    InputError,
    IntegrityError,
    MissingError,
    StrongroomError,
    UnavailableError,
)
from strongroom.intake.hub import Hub
from tests.intake.hub_server import COMMIT, ORIGIN, Repository, serving

SMALL = {"config.json": b'{"hidden_size": 8}', "sub/words.txt": "größe\n".encode()}
LARGE = {"model.safetensors": b"weights " * 1000}


@pytest.fixture
def repository() -> Iterator[Repository]:
    with serving(Repository(small=dict(SMALL), large=dict(LARGE))) as found:
        yield found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "llama"
    folder.mkdir()
    return folder


def test_every_file_of_a_commit_comes_as_it_is_and_nothing_else(
    repository: Repository, home: Path, folder: Path
) -> None:
    hub, done = repository.hub(), list[int]()

    listing = hub.look(ORIGIN, home)
    hub.fetch(listing, folder, home, done.append)

    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert found == {**SMALL, **LARGE}
    assert sum(done) == listing.length == sum(map(len, found.values()))
    assert listing.hosts == (repository.endpoint, repository.elsewhere)
    asked = {path for _, _, path, _ in repository.seen}
    assert asked == {
        f"/api/models/acme/llama/revision/{COMMIT}",
        *(f"/acme/llama/resolve/{COMMIT}/{path}" for path in found),
        *(f"/elsewhere/{path}" for path in LARGE),
    }  # and no telemetry


def test_a_token_goes_to_the_hub_and_to_nobody_else(
    repository: Repository, home: Path, folder: Path
) -> None:
    repository.token = "hf_secret"
    hub = repository.hub(token="hf_secret")

    hub.fetch(hub.look(ORIGIN, home), folder, home, lambda _: None)

    elsewhere = [said for _, _, path, said in repository.seen if "elsewhere" in path]
    assert elsewhere
    assert set(elsewhere) == {""}
    assert "hf_secret" not in repr(hub)
    assert not any(
        b"hf_secret" in path.read_bytes() for path in home.rglob("*") if path.is_file()
    )


def test_what_is_shown_to_somebody_else_only_is_missing_and_no_token_is_printed(
    repository: Repository, home: Path
) -> None:
    repository.token = "hf_secret"

    with pytest.raises(MissingError, match="no such commit") as raised:
        repository.hub(token="hf_wrong").look(ORIGIN, home)

    assert "hf_wrong" not in f"{raised.value} {raised.value.hint}"


def test_a_commit_that_is_not_there_is_missing(
    repository: Repository, home: Path
) -> None:
    with pytest.raises(MissingError):
        repository.hub().look(replace(ORIGIN, commit="b2" * 20), home)


def test_another_commit_is_not_taken_for_this_one(
    repository: Repository, home: Path
) -> None:
    repository.claims = "b2" * 20

    with pytest.raises(IntegrityError, match="another commit"):
        repository.hub().look(ORIGIN, home)


def test_too_much_is_refused_before_a_byte_of_it_comes(
    repository: Repository, home: Path
) -> None:
    repository.lengths["model.safetensors"] = 1 << 50

    with pytest.raises(InputError, match=r"has \d+ bytes of \d+"):
        repository.hub().look(ORIGIN, home)
    assert not any("elsewhere" in path for _, _, path, _ in repository.seen)


@pytest.mark.parametrize("path", [".cache/huggingface/a", "Config.json", "a" * 300])
def test_a_name_that_nothing_is_written_under_is_refused(
    repository: Repository, home: Path, path: str
) -> None:
    repository.small[path] = b"x"

    with pytest.raises(InputError):
        repository.hub().look(ORIGIN, home)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("model.safetensors", b"w" * 8000),  # as long as listed, and another
        ("model.safetensors", b"w" * 200_000),  # longer than the program may write
        ("config.json", b'{"hidden_size": 9}'),
    ],
)
def test_bytes_that_were_not_listed_are_refused(
    repository: Repository, home: Path, folder: Path, path: str, data: bytes
) -> None:
    hub = repository.hub()
    listing = hub.look(ORIGIN, home)
    repository.served[path] = data

    with pytest.raises(StrongroomError):
        hub.fetch(listing, folder, home, lambda _: None)


def test_a_file_that_is_longer_than_listed_ends_it_before_the_next_one(
    repository: Repository, home: Path, folder: Path
) -> None:
    """Each could once have the length of the longest, and all of them fill a disk."""
    paths = [f"{n}.json" for n in range(9)]
    repository.small = dict.fromkeys(paths, b"{}")
    hub = repository.hub()
    listing = hub.look(ORIGIN, home)
    repository.served = dict.fromkeys(paths, b"{" + b" " * 5000 + b"}")
    done = list[int]()

    with pytest.raises(IntegrityError, match="is not the file"):
        hub.fetch(listing, folder, home, done.append)

    assert done == []


def test_no_host_is_asked_that_was_not_named_before(
    repository: Repository, home: Path, folder: Path
) -> None:
    hub = repository.hub()
    with serving(Repository(large=dict(LARGE))) as evil:
        listing = hub.look(ORIGIN, home)
        repository.moved = evil.endpoint

        with pytest.raises(IntegrityError, match="did not name"):
            hub.fetch(listing, folder, home, lambda _: None)
        assert evil.seen == []


def test_a_hub_that_is_not_there_is_unavailable(home: Path) -> None:
    with serving(Repository()) as gone:
        pass

    with pytest.raises(UnavailableError, match=f"{gone.endpoint} does not answer"):
        gone.hub().look(ORIGIN, home)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://hub.example",
        "ftp://hub.example",
        "file:///etc/passwd",
        "https://",
        "https://me:secret@hub.example",
        "https://hub.example/?token=secret",
        "hub.example",
        "nonsense",
        "me:secret@hub.example",
        "https://[::1",
        "https://hub.example:port",
        "https://hub.example/a b",
    ],
)
def test_what_is_no_safe_address_of_a_hub_is_refused(endpoint: str) -> None:
    with pytest.raises(InputError, match="is no address of a hub") as raised:
        Hub(endpoint=endpoint, environment={})

    assert "secret" not in str(raised.value)
