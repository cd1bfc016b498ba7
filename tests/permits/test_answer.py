"""The bytes of an answer: read as they were written, in both forms."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from strongroom import canonical
from strongroom.errors import IntegrityError
from strongroom.permits.answer import Answer, KeyPart, parse_answer
from tests.permits.documents import MANIFEST, release, signed_manifest

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
