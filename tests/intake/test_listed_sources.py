"""A source vouches for digests, for every file of a model, and for a place."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError
from strongroom.intake.listed_sources import (
    ListedSource,
    SourceState,
    check_source,
    parse_sums,
)
from strongroom.intake.origins import NOWHERE, Origin
from strongroom.intake.receiving import Received, ReceivedFile
from strongroom.types import AccountId, SourceId

COMMIT = "a1" * 20
LLAMA = Origin(publisher="acme", repository="llama", commit=COMMIT)
TWO = Received(
    files=(
        ReceivedFile(path="a.bin", offset=0, length=3, sha256="11" * 32),
        ReceivedFile(path="sub/b", offset=3, length=3, sha256="22" * 32),
    )
)
ONE = Received(files=TWO.files[:1])
SUMS = (f"{'11' * 32}  a.bin", f"{'22' * 32}  sub/b")
ANY = ListedSource(
    id=SourceId("source-aaaa"),
    name="acme",
    state=SourceState.LISTED,
    publisher="",
    repository="",
    commit="",
    digests=(),
    sums=(),
    keys=(),
    listed_by=AccountId("account-root"),
    listed_at=datetime(2026, 11, 26, tzinfo=UTC),
)


def rules(
    source: ListedSource, received: Received = TWO, said: Origin = NOWHERE
) -> list[str]:
    return [finding.rule for finding in check_source(source, received, said)]


def test_one_of_several_digests_is_enough() -> None:
    digests = ("33" * 32, TWO.digest, "11" * 32)

    assert rules(replace(ANY, digests=digests)) == []
    assert rules(replace(ANY, digests=digests), ONE) == []  # of the single file
    assert rules(replace(ANY, digests=("33" * 32,))) == ["source/digest"]
    assert rules(replace(ANY, digests=("11" * 32,)), TWO) == ["source/digest"]


@pytest.mark.parametrize(
    "sums",
    [
        SUMS[:1],  # one is there that nobody vouches for
        (*SUMS, f"{'33' * 32}  c"),  # one is not there
        (SUMS[0], f"{'33' * 32}  sub/b"),
        (f"{'22' * 32}  a.bin", f"{'11' * 32}  sub/b"),
    ],
)
def test_every_file_is_one_that_is_vouched_for(sums: tuple[str, ...]) -> None:
    assert rules(replace(ANY, sums=SUMS)) == []
    assert rules(replace(ANY, sums=sums)) == ["source/files"]


def test_a_place_that_was_said_is_the_listed_one() -> None:
    source = replace(ANY, publisher="acme", repository="llama", commit=COMMIT)

    assert rules(source, said=LLAMA) == []
    assert rules(source) == []  # nobody said any; digests and keys decide
    assert rules(source, said=replace(LLAMA, commit="b2" * 20)) == ["source/origin"]
    assert rules(source, said=replace(LLAMA, publisher="evil")) == ["source/origin"]


def test_only_digests_vouch_for_a_commit() -> None:
    source = replace(ANY, publisher="acme", repository="llama", commit=COMMIT)

    assert source.vouched == replace(LLAMA, commit="")
    assert replace(source, sums=SUMS).vouched == LLAMA


def test_what_sha256sum_writes_is_read_in_either_form() -> None:
    text = f"{'22' * 32} *./sub/b\n{'11' * 32}  a.bin\n"

    assert parse_sums(text) == SUMS
    assert replace(ANY, sums=SUMS).files == {"a.bin": "11" * 32, "sub/b": "22" * 32}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        f"{'11' * 32} a.bin",
        f"{'11' * 31}  a.bin",
        f"\\{'11' * 32}  a\\nb",
        f"{'11' * 32}  ../a.bin",
        f"{'11' * 32}  /a.bin",
        f"{'11' * 32}  a\n{'22' * 32}  a\n",
        f"{'11' * 32}  a\n{'22' * 32}  A\n",
        "".join(f"{'11' * 32}  {n}\n" for n in range(1001)),
    ],
)
def test_what_nobody_could_keep_is_no_list_of_digests(text: str) -> None:
    with pytest.raises(InputError):
        parse_sums(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse_sums(text)
    except InputError:
        return
    assert parse_sums("\n".join(found)) == found
