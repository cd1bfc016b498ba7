"""A second reader of permits and answers agrees with every vector."""

from __future__ import annotations

import json

import pytest

from tests.specification import permits
from tests.specification.pages import Document, RefusedError, envelope, vector
from tests.specification.sealer import context, derive

PERMITS = vector("permit")
SEALED = vector("hpke")
RELEASES = vector("release")
PARTS = vector("release_parts")


def named(case: Document) -> str:
    return str(case["what"])


def test_the_published_permit_is_read() -> None:
    key = bytes.fromhex(PERMITS["public_key"])

    found = permits.permit(PERMITS["signed"].encode(), key)

    assert found == json.loads(PERMITS["payload"])


@pytest.mark.parametrize("case", PERMITS["refused"], ids=named)
def test_a_permit_that_must_be_refused_is(case: Document) -> None:
    with pytest.raises(RefusedError):
        permits.permit(case["signed"].encode(), bytes.fromhex(PERMITS["public_key"]))


def test_what_was_sealed_to_a_reader_opens() -> None:
    for case in SEALED["opened"]:
        seed, sealed, info = (
            bytes.fromhex(case[x]) for x in ("seed", "sealed", "info")
        )

        assert permits.private(seed)[1].hex() == case["public"]
        assert permits.unseal(seed, sealed, info).hex() == case["secret"]


@pytest.mark.parametrize("case", SEALED["refused"], ids=named)
def test_what_was_sealed_for_something_else_is_refused(case: Document) -> None:
    seed, sealed, info = (bytes.fromhex(case[x]) for x in ("seed", "sealed", "info"))

    with pytest.raises(RefusedError):
        permits.unseal(seed, sealed, info)


def test_the_published_answer_opens() -> None:
    keys = permits.answer(RELEASES["answer"].encode(), RELEASES)

    assert [key.hex() for key in keys.values()] == RELEASES["keys"]


def test_the_digest_and_the_info_of_the_answer_are_the_published_ones() -> None:
    public = permits.private(bytes.fromhex(RELEASES["reader_seed"]))[1]
    asked = RELEASES["opening"]
    payload = envelope(
        RELEASES["answer"].encode(),
        "answer",
        bytes.fromhex(RELEASES["answer_key"]),
        permits.MOST_ANSWER,
    )
    release = json.loads(payload)["release"]
    nonce = bytes.fromhex(asked["nonce"])

    assert permits.opening_digest(asked, public) == RELEASES["opening_digest"]
    assert permits.info_of(release, public, nonce).hex() == RELEASES["info"]


@pytest.mark.parametrize("case", RELEASES["refused"], ids=named)
def test_an_answer_that_must_be_refused_is(case: Document) -> None:
    asked = {**RELEASES, **case}

    with pytest.raises(RefusedError):
        permits.answer(asked["answer"].encode(), asked)


def ours(case: Document) -> tuple[bytes, bytes, bytes]:
    """Return the reader's seed and what the parts of a vector are bound to."""
    seed = bytes.fromhex(PARTS["reader_seed"])
    return seed, bytes.fromhex(case["info"]), bytes.fromhex(case["entry"])


def test_the_published_parts_make_the_key() -> None:
    fields = context(PARTS["segment"], PARTS["segment"]["shares"])
    salt = bytes.fromhex(PARTS["salt"])

    found = [
        permits.part(bytes.fromhex(x["sealed"]), x["share"], fields, ours(PARTS))
        for x in PARTS["parts"]
    ]
    key = derive(b"".join(found), salt, "key", fields)

    assert [part.hex() for part in found] == [x["part"] for x in PARTS["parts"]]
    assert key.hex() == PARTS["key"]
    assert derive(key, salt, "commit", fields).hex() == PARTS["commitment"]


@pytest.mark.parametrize("case", PARTS["refused"], ids=named)
def test_a_part_that_must_be_refused_is(case: Document) -> None:
    fields = context(case["segment"], case["segment"]["shares"])

    with pytest.raises(RefusedError):
        permits.part(bytes.fromhex(case["sealed"]), case["share"], fields, ours(case))
