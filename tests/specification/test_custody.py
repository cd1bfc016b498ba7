"""A second reader opens what the vectors of wraps and custody files say."""

from __future__ import annotations

import pytest

from tests.specification import custody
from tests.specification.pages import (
    Document,
    RefusedError,
    encode,
    read,
    vector,
    write,
)

WRAPS = vector("wraps")
FILES = vector("custody_file")
TOKENS = vector("custody_token")


def named(case: Document) -> str:
    return str(case["what"])


def test_wraps_open_in_their_place() -> None:
    for case in WRAPS["wraps"]:
        place = custody.share_place(case["place"])
        root, wrapped = (bytes.fromhex(case[name]) for name in ("root", "wrapped"))

        assert place.hex() == case["context"]
        assert custody.unwrap(root, wrapped, place).hex() == case["secret"]


@pytest.mark.parametrize("case", WRAPS["refused"], ids=named)
def test_a_wrap_that_must_be_refused_is(case: Document) -> None:
    root, wrapped, place = (
        bytes.fromhex(case[name]) for name in ("root", "wrapped", "context")
    )

    with pytest.raises(RefusedError):
        custody.unwrap(root, wrapped, place)


def test_a_passphrase_opens_a_custody_file() -> None:
    for case in FILES["files"]:
        root = custody.root_key(case["file"].encode(), case["passphrase"].encode())

        assert root.hex() == case["root"]


@pytest.mark.parametrize("case", FILES["refused"], ids=named)
def test_a_custody_file_that_must_be_refused_is(case: Document) -> None:
    with pytest.raises(RefusedError):
        custody.root_key(case["file"].encode(), case["passphrase"].encode())


def whole_slot(case: Document) -> bytes:
    """Return the 12288 bytes of a slot."""
    body = bytes.fromhex(case["slot_without_zeros"]).ljust(custody.SLOT - 32, b"\0")
    return body + bytes.fromhex(case["mac"])


def test_anchors_say_what_the_custodian_saw() -> None:
    for case in FILES["anchors"]:
        key = custody.anchor_key(bytes.fromhex(case["root"]))
        found = custody.slot(case["sequence"] % 2, whole_slot(case), key)

        assert found is not None
        assert key.hex() == case["key"]
        assert (found.sequence, found.size) == (case["sequence"], case["size"])
        assert (found.root.hex(), found.note.decode()) == (
            case["tree_root"],
            case["note"],
        )


@pytest.mark.parametrize("case", FILES["refused_anchors"], ids=named)
def test_a_slot_that_must_be_refused_is(case: Document) -> None:
    key = custody.anchor_key(bytes.fromhex(case["root"]))
    number = case["sequence"] % 2
    other = bytes(custody.SLOT)
    slots = [whole_slot(case), other] if number == 0 else [other, whole_slot(case)]

    with pytest.raises(RefusedError):
        custody.anchor(b"".join(slots), key)


def test_the_anchor_of_another_parity_does_not_count() -> None:
    case = FILES["anchors"][0]
    key = custody.anchor_key(bytes.fromhex(case["root"]))

    with pytest.raises(RefusedError):
        custody.anchor(bytes(custody.SLOT) + whole_slot(case), key)


def test_the_place_of_a_custody_file_is_the_published_one() -> None:
    for case in FILES["files"]:
        stated = read(case["file"].encode(), custody.MOST_FILE)
        del stated["wrapped"]
        place = encode("strongroom/v1/custody-file", write(stated))

        assert place.hex() == case["context"]


def test_the_file_beside_a_token_names_its_key() -> None:
    found = custody.token_file(TOKENS["file"].encode())
    place = encode("strongroom/v1/wrap/anchor-key", found["name"], found["root_key_id"])

    assert place.hex() == TOKENS["context"]
    assert found["uri"] == {
        "token": "room 7",
        "serial": "4504ce05",
        "object": "strongroom",
        "module": "/usr/lib/hsm.so",
    }


@pytest.mark.parametrize("case", TOKENS["refused"], ids=named)
def test_a_token_file_that_must_be_refused_is(case: Document) -> None:
    with pytest.raises(RefusedError):
        custody.token_file(case["text"].encode())
