"""What may be asked for at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from strongroom.access.terms_file import load_terms
from strongroom.errors import DeniedError, InputError, IntegrityError
from strongroom.permits.drafts import (
    DEFAULT_DURATION,
    PAST_APPROVALS_DURATION,
    RequestDraft,
    check_draft,
    default_duration,
    payload_of,
    private_words,
    stored_number,
    stored_texts,
)
from strongroom.types import Classification, Profile
from tests.journeys.rooms import House
from tests.permits.openings import BLOCK, BYTES, draft
from tests.permits.test_matching import chosen

TERMS = load_terms(Profile.STANDARD).of(Classification.RESTRICTED)
OPEN = load_terms(Profile.STANDARD).of(Classification.OPEN)
MOMENT = timedelta(microseconds=1)


def test_a_missing_purpose_is_refused(sealed: House) -> None:
    with pytest.raises(DeniedError) as caught:
        sealed.by("ana").request("llm", segments=[BLOCK], purpose="  ")
    assert caught.value.reasons == ("purpose-stated",)


@pytest.mark.parametrize(
    "duration", [timedelta(0), timedelta(seconds=-1), timedelta(days=8)]
)
def test_a_duration_outside_the_terms_is_refused(
    sealed: House, duration: timedelta
) -> None:
    with pytest.raises(InputError, match=r"up to 7 d, not (8 d|no time)"):
        sealed.by("ana").request(
            "llm", segments=[BLOCK], purpose="x", duration=duration
        )


def test_less_than_a_byte_is_refused(sealed: House) -> None:
    with pytest.raises(InputError, match="less than one byte"):
        sealed.by("ana").request("llm", segments=[BLOCK], purpose="x", at_most_bytes=0)


def test_the_bounds_themselves_are_taken() -> None:
    asked = draft(BLOCK, duration=TERMS.max_duration, at_most_bytes=1)

    check_draft(asked, TERMS)
    with pytest.raises(InputError, match="up to 7 d"):
        check_draft(replace(asked, duration=asked.duration + MOMENT), TERMS)


def test_past_the_approvals_a_permit_lasts_an_hour() -> None:
    assert default_duration(None) == DEFAULT_DURATION
    assert default_duration("it burns") == PAST_APPROVALS_DURATION


def test_going_past_approvals_that_nobody_has_to_give_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to go past"):
        check_draft(draft(BLOCK, break_glass="it burns"), OPEN)


@pytest.mark.parametrize("value", [None, True, "1", 1.5, [1]])
def test_a_payload_with_something_else_than_a_number_is_refused(value: object) -> None:
    assert stored_number(7) == 7
    with pytest.raises(IntegrityError):
        stored_number(value)


@pytest.mark.parametrize("value", [None, "ab", ["a", 1], ("a",), {"a": 1}])
def test_a_payload_with_something_else_than_names_is_refused(value: object) -> None:
    assert stored_texts(["a", "b"]) == ("a", "b")
    with pytest.raises(IntegrityError):
        stored_texts(value)


def test_only_words_that_were_said_are_kept() -> None:
    assert private_words(draft(BLOCK, purpose=" p ", ticket="T-1")) == {
        "purpose": "p",
        "ticket": "T-1",
    }
    assert private_words(draft(BLOCK, purpose=" ")) == {}


def test_a_request_binds_to_these_facts_and_to_no_reason_unless_it_has_one(
    sealed: House,
) -> None:
    asked = sealed.by("ana").request("llm", segments=[BLOCK], purpose=" a test ")
    past = sealed.by("ana").request(
        "llm", segments=[BLOCK], purpose="a test", break_glass=" a fire "
    )

    payload = dict(asked.request.payload())
    for known in ("artifact", "manifest"):
        assert payload.pop(known)
    assert payload == {
        "version": 1,
        "segments": [BLOCK],
        "lineage": False,
        "seconds": int(DEFAULT_DURATION.total_seconds()),
        "bytes": BYTES,
        "purpose": True,
        "words": {"purpose": "a test"},
    }
    glass = past.request.payload()
    assert glass["words"] == {"purpose": "a test", "reason": "a fire"}
    assert glass["break_glass"] is True


def test_what_a_draft_says_unless_it_is_told_otherwise() -> None:
    asked = RequestDraft(target="llm")

    assert (asked.segments, asked.purpose, asked.ticket) == ((), "", "")
    assert (asked.lineage, asked.at_most_bytes, asked.break_glass) == (
        *(False, None, None),
    )
    assert asked.duration == DEFAULT_DURATION == timedelta(hours=4)
    assert timedelta(hours=1) == PAST_APPROVALS_DURATION


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"duration": timedelta(0)}, "up to 7 d, not no time"),
        ({"duration": -MOMENT}, "up to 7 d, not no time"),
        ({"at_most_bytes": 0}, "less than one byte opens nothing"),
        ({"at_most_bytes": -1}, "less than one byte opens nothing"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_draft(replace(draft(BLOCK), **changes), TERMS)  # type: ignore[arg-type]  # each fits
    check_draft(draft(BLOCK, duration=MOMENT), TERMS)
    check_draft(draft(BLOCK, break_glass="why"), TERMS)


def test_what_approvals_bind_to_says_each_thing_once() -> None:
    wanted = chosen(1, 2)
    said = {
        "artifact": wanted.artifact.id,
        "version": 1,
        "manifest": wanted.manifest.digest,
        "segments": ["blocks.0", "ü"],
        "lineage": False,
        "seconds": 4 * 3600,
        "bytes": 0,
        "purpose": False,
        "words": {},
    }
    assert payload_of(RequestDraft(target="llm"), wanted) == said
    glass = RequestDraft(
        target="llm",
        ticket=" T-1 ",
        lineage=True,
        at_most_bytes=7,
        duration=timedelta(seconds=1.9),
        break_glass=" ",
    )
    assert payload_of(glass, wanted) == {
        **said,
        "lineage": True,
        "seconds": 1,
        "bytes": 7,
        "words": {"ticket": "T-1"},
        "break_glass": True,
    }
