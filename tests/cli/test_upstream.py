"""``strongroom intake outdated`` without a path: a hub is asked, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.cli.terminal import Terminal
from tests.intake.hub_server import ORIGIN, Repository, holding, serving

LATER = "b2" * 20


def written(folder: Path, value: float) -> Path:
    folder.mkdir()
    weights = {"w": np.full(500, value, "<f4"), "b": np.ones(7, "<f4")}
    save_file(weights, folder / "model.safetensors")
    (folder / "config.json").write_text('{"hidden_size": 8}')
    return folder


@pytest.fixture
def repository(quick: Path) -> Iterator[Repository]:
    """Give a hub that has a commit, and one that came since."""
    hub = holding(written(quick / "llama", 1))
    hub.newest = holding(written(quick / "later", 2))
    hub.newest.commit = LATER
    with serving(hub) as found:
        yield found


@pytest.fixture
def accepted(solo: Terminal, repository: Repository, quick: Path) -> str:
    """Give the id of what came from the first commit, and was accepted."""
    added = solo.ok(
        *("intake", "add", quick / "llama", "--from", ORIGIN.address),
        *("--as", "llama"),
    )
    solo.ok("intake", "accept", added["intake"])
    return str(added["intake"])


def test_a_newer_commit_is_shown_file_by_file_and_can_be_compared_by_tensors(
    solo: Terminal, accepted: str, repository: Repository
) -> None:
    solo.environment["HF_ENDPOINT"] = repository.endpoint
    solo.environment["COLUMNS"] = "80"

    every = solo.run("intake", "outdated")
    one = solo.run("intake", "outdated", accepted)
    found = solo.ok("intake", "outdated")["models"]

    for done in (every, one):
        assert (done.status, "newer" in done.out, "~1" in done.out) == (0, True, True)
        assert all(len(line) <= 80 for line in done.out.splitlines()[:2])
    assert "acme/llama" in every.out
    assert "1 by SHA-256" in one.out
    assert "1 by git's SHA-1" in one.out
    (model,) = found if isinstance(found, list) else [found]
    assert (model["state"], model["newest"]) == ("newer", LATER)
    assert model["files"]["changed"] == ["model.safetensors"]
    assert model["files"]["compared_by"] == {
        "config.json": "git",
        "model.safetensors": "sha256",
    }
    assert not any("/resolve/" in path for _, _, path, _ in repository.seen)
    address = f"hf://acme/llama@{LATER}"
    assert address in one.out
    fetched = solo.ok("intake", "outdated", accepted, address)
    assert fetched["tensors"]["changed"] == ["model.safetensors: w"]


def test_what_the_hub_does_not_answer_fails_and_is_never_up_to_date(
    solo: Terminal, accepted: str, repository: Repository, quick: Path
) -> None:
    more = solo.ok(
        *("intake", "add", quick / "later", "--as", "alpaca"),
        *("--from", f"hf://acme/alpaca@{LATER}"),
    )
    solo.ok("intake", "accept", more["intake"])
    at = ("intake", "outdated", "--endpoint")

    partly = solo.run(*at, repository.endpoint, "--json")
    shown = solo.run(*at, repository.endpoint)
    gone = solo.run(*at, "http://127.0.0.1:9", "--json")
    alone = solo.run(*at, "http://127.0.0.1:9", accepted)

    assert partly.status == shown.status == 66
    assert "1 of 2 models could not be compared" in shown.err
    assert {m["state"] for m in partly.json["models"]} == {"newer", "unknown"}
    assert {m["state"] for m in gone.json["models"]} == {"unknown"}
    assert gone.status == alone.status == 69
    assert alone.out == ""
    assert "http://127.0.0.1:9 does not answer" in alone.err
    assert "same" not in shown.out + gone.out


@pytest.mark.parametrize(
    ("options", "status", "why"),
    [
        ((), 78, "no hub is named"),
        (("--endpoint", "nonsense"), 65, "'nonsense' is no address of a hub"),
        (("./downloaded",), 65, "is no id of an intake"),
        (("intake-none", "hf://acme/llama@main"), 65, "40 hexadecimal"),
        (("intake-none", f"hf://acme/llama@{LATER}"), 66, "no intake"),
    ],
)
def test_what_cannot_be_asked_says_why(
    solo: Terminal, options: tuple[str, ...], status: int, why: str
) -> None:
    done = solo.run("intake", "outdated", *options)

    assert (done.status, why in done.err) == (status, True)


def test_nothing_from_a_hub_is_said_to_be_nothing(solo: Terminal) -> None:
    done = solo.run("intake", "outdated", "--endpoint", "http://127.0.0.1:9")

    assert (done.status, "nothing that is accepted" in done.out) == (0, True)
