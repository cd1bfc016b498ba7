"""Issuing: nothing before everybody agreed, and exactly what was agreed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from strongroom.errors import MissingError
from tests.authenticator import SoftAuthenticator
from tests.journeys.rooms import House
from tests.permits.openings import BLOCK, BYTES, OTHER, Reader, draft, newest, permit_in

HOUR = timedelta(hours=1)


def test_a_permit_says_what_was_agreed(sealed: House) -> None:
    row = sealed.permit("ana", BLOCK, duration=timedelta(hours=2))
    permit = permit_in(sealed, row)

    assert permit.account == permit.counts_as == sealed.actors["ana"].account
    assert permit.segments == (BLOCK,)
    assert permit.at_most_bytes == BYTES
    assert permit.expires_at == sealed.clock.now + timedelta(hours=2)
    assert permit.purpose_stated
    assert (permit.version, row.released_bytes) == (1, 0)
    assert permit.requested_at <= permit.not_before <= sealed.clock.now


def test_a_permit_reserves_what_it_is_for(sealed: House) -> None:
    sealed.permit("ana", BLOCK)
    room = sealed.room.room

    assert room.requests.preview(sealed.actors["ana"], draft(OTHER)).before == BYTES
    sealed.permit("ana", BLOCK, OTHER)
    facts = newest(sealed)
    assert (facts["kind"], facts["reserved"]) == ("permit.issued", BYTES)


def test_nothing_is_issued_before_both_teams_agreed(sealed: House) -> None:
    asked = sealed.by("ana").request("llm", segments=[BLOCK], purpose="a test")
    assert asked.permit is None

    sealed.by("ines").approve(asked.request.id)
    with pytest.raises(MissingError, match="no permits start"):
        sealed.permit_of(asked.request.id)
    sealed.by("tom").approve(asked.request.id)
    assert sealed.permit_of(asked.request.id)


def test_past_the_approvals_the_hour_counts_from_asking(sealed: House) -> None:
    """Counted from the signature, it was longer than an hour, and so never usable."""
    ana, key = sealed.by("ana"), SoftAuthenticator(origin="http://localhost")
    ana.passkeys.add(key, label="blue")
    requests, began = sealed.room.room.requests, sealed.clock.now
    wanted = replace(draft(BLOCK), duration=HOUR, break_glass="it burns")
    asked, question = requests.begin_signed(ana.actor, wanted)
    assert asked.permit is None
    sealed.clock.advance(minutes=2)

    row = requests.sign(ana.actor, asked, key.get(question.options)).permit

    assert row is not None
    assert permit_in(sealed, row).expires_at == began + HOUR
    assert len(Reader.of(sealed, "ana", row).keys()) == 1
