"""The bytes of an answer: read as they were written, in both forms."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from strongroom import canonical
from strongroom.errors import IntegrityError
from strongroom.permits.answer import (
    KEY_BYTES,
    MAX_ANSWER_BYTES,
    PURPOSE,
    Answer,
    KeyPart,
    parse_answer,
)
from strongroom.vault.manifest import MAX_MANIFEST_BYTES
from tests.permits.documents import (
    MANIFEST,
    NOW,
    OPENING,
    release,
    signed_manifest,
)

PART = KeyPart(segment=MANIFEST.segments[0].id, share=0, sealed=b"sealed")
ANSWER = Answer(release=release(), manifest=signed_manifest(), sealed_keys=b"keys")


@pytest.mark.parametrize("parts", [(), (PART,), (PART, replace(PART, share=1))])
def test_it_is_read_as_it_was_written(parts: tuple[KeyPart, ...]) -> None:
    answer = replace(ANSWER, parts=parts)

    assert parse_answer(answer.payload()) == answer
    assert json.loads(answer.payload())["v"] == (2 if parts else 1)


@pytest.mark.parametrize("change", [{"v": 3}, {"v": 2}, {"parts": []}, {"extra": 1}])
def test_a_form_that_nobody_writes_is_refused(
    change: dict[str, canonical.Json],
) -> None:
    document = {**json.loads(ANSWER.payload()), **change}

    with pytest.raises(IntegrityError):
        parse_answer(canonical.to_json(document))


def test_an_entry_that_is_no_digest_is_refused() -> None:
    answer = replace(ANSWER, release=release(entry="not hexadecimal"))

    with pytest.raises(IntegrityError):
        parse_answer(answer.payload())


def test_an_answer_says_all_of_this_and_nothing_else() -> None:
    found = release()
    said = {
        "room": found.room,
        "permit": found.permit,
        "request": found.request,
        "account": found.account,
        "session": found.session,
        "artifact": found.artifact,
        "version": 1,
        "generation": 1,
        "manifest": found.manifest,
        "segments": list(found.segments),
        "opening": found.opening,
        "expires_at": "2026-11-22T14:00:00.000006Z",
        "entry": "cd" * 32,
    }
    bare = {
        "v": 1,
        "release": said,
        "manifest": base64.b64encode(ANSWER.manifest).decode(),
        "sealed_keys": "a2V5cw==",
    }
    part = {"segment": PART.segment, "share": 0, "sealed": "c2VhbGVk"}

    assert json.loads(ANSWER.payload()) == bare
    both = replace(ANSWER, parts=(PART,)).payload()
    assert json.loads(both) == {**bare, "v": 2, "parts": [part]}
    assert (
        *("answer", 32),
        4 * MAX_MANIFEST_BYTES,
    ) == (PURPOSE, KEY_BYTES, MAX_ANSWER_BYTES)


@pytest.mark.parametrize(
    "change",
    [
        {"room": "room-x"},
        {"permit": "permit-x"},
        {"request": "request-x"},
        {"account": "account-x"},
        {"session": ""},
        {"artifact": "model-x"},
        {"version": 2},
        {"generation": 2},
        {"manifest": "00" * 32},
        {"segments": ()},
        {"expires_at": NOW},
        {"entry": "ab" * 32},
    ],
)
def test_keys_are_bound_to_everything_that_a_release_is_about(
    change: dict[str, object],
) -> None:
    info = release().info(OPENING)
    assert len(info) == 32
    assert release(**change).info(OPENING) != info
    for other in (
        replace(OPENING, nonce=bytes(32)),
        replace(OPENING, reader=bytes(1216)),
    ):
        assert release().info(other) != info


@pytest.mark.parametrize("name", ["manifest", "sealed_keys", "sealed"])
@pytest.mark.parametrize("wrong", ["!", "AAA", "AAAA\n", "AAB="])
def test_base64_that_is_none_is_refused(name: str, wrong: str) -> None:
    document = json.loads(replace(ANSWER, parts=(PART,)).payload())
    (document["parts"][0] if name == "sealed" else document)[name] = wrong

    with pytest.raises(IntegrityError):
        parse_answer(canonical.to_json(document))
