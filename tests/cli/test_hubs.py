"""``strongroom intake add hf://...``: a commit of a hub comes in like any folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.cli.terminal import Terminal
from tests.intake.hub_server import COMMIT, ORIGIN, Repository, holding, serving
from tests.intake.signers import make_pair

UNREACHED = (ORIGIN.address, "--endpoint", "http://127.0.0.1:9")
"""On a hub that does not answer, so that only what is looked at before is told."""


@pytest.fixture
def published(quick: Path) -> Path:
    """Give a folder that its publisher has on a hub, called like there."""
    folder = quick / "llama"
    folder.mkdir()
    save_file({"w": np.arange(9_000, dtype="<f4")}, folder / "model.safetensors")
    return folder


@pytest.fixture
def repository(published: Path) -> Iterator[Repository]:
    with serving(holding(published)) as found:
        yield found


def test_a_signed_commit_comes_in_by_its_source_and_its_bill_names_it(
    solo: Terminal, published: Path, repository: Repository, quick: Path
) -> None:
    pair = make_pair(quick)
    solo.ok(
        *("intake", "sources", "add", "acme", "--publisher", "acme"),
        *("--repository", "llama", "--commit", COMMIT, "--key", pair.public),
    )
    signature = quick / "model.sig"
    solo.ok(
        "intake", "sign", published, "--key", pair.private, "--signature", signature
    )
    repository.small["model.sig"] = signature.read_bytes()
    token = quick / "token"
    token.write_text("hf_secret\n")
    repository.token = "hf_secret"

    added = solo.ok(
        *("intake", "add", ORIGIN.address, "--source", "acme"),
        *("--signature", "model.sig", "--token-file", token),
        *("--endpoint", repository.endpoint),
    )

    assert (added["state"], added["review"]) == ("waiting", [])
    bill = quick / "bill.json"
    solo.ok("intake", "show", added["intake"], "--sbom", bill)
    purl = json.loads(bill.read_text())["metadata"]["component"]["purl"]
    assert purl == f"pkg:huggingface/acme/llama@{COMMIT}"


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (("hf://acme/llama@main",), 65, "40 hexadecimal"),
        ((ORIGIN.address, "--from", "a friend"), 65, "says where it is from"),
        ((ORIGIN.address,), 78, "no hub is named"),
        ((ORIGIN.address, "--endpoint", "http://hub.example"), 65, "no address"),
        (("there-is-none",), 66, "no file or folder"),
        ((*UNREACHED, "--expect", "sha256:zz"), 65, "no SHA-256 digest"),
        ((*UNREACHED, "--as", "b ad"), 65, "no name for a model"),
        ((*UNREACHED, "--source", "acm"), 66, "no source 'acm'"),
    ],
)
def test_what_cannot_be_fetched_says_why(
    solo: Terminal, words: tuple[str, ...], status: int, why: str
) -> None:
    """A slip in an option was told only after the whole commit had been fetched."""
    done = solo.run("intake", "add", *words)

    assert (done.status, why in done.err) == (status, True)
