"""Which segments a request means, and who is told their names."""

from __future__ import annotations

import pytest

from strongroom.access.terms_file import load_terms
from strongroom.errors import DeniedError, InputError, MissingError
from strongroom.permits.holdings import Exposure
from strongroom.permits.selection import approval_facts, wanted_facts
from strongroom.types import Classification, Profile, Role
from strongroom.vault.lineages import Lineage
from tests.journeys.rooms import House
from tests.permits.documents import ARTIFACT
from tests.permits.openings import BLOCK, draft
from tests.permits.test_matching import chosen


def test_an_unknown_segment_says_which_exist_to_who_may_know(sealed: House) -> None:
    with pytest.raises(MissingError) as caught:
        sealed.by("ana").request("llm", segments=["blocks.99"], purpose="x")
    assert BLOCK in caught.value.hint


def test_an_unknown_segment_says_nothing_to_others(sealed: House) -> None:
    """Names of segments once went to people outside the project."""
    sealed.admit("eve", "delta", Role.RESEARCHER)
    requests = sealed.room.room.requests
    for ask in (requests.preview, requests.ask):
        with pytest.raises(DeniedError) as caught:
            ask(sealed.actors["eve"], draft("blocks.99"))
        assert BLOCK not in caught.value.hint


@pytest.mark.parametrize("target", ["none", "llm@9", "llm@prod"])
def test_what_does_not_exist_is_missing(sealed: House, target: str) -> None:
    with pytest.raises(MissingError):
        sealed.by("ana").request(target, segments=[BLOCK], purpose="x")


@pytest.mark.parametrize("target", ["", "@", "llm@", "llm@v", "llm@1@2", "@1"])
def test_what_names_no_version_is_refused(sealed: House, target: str) -> None:
    with pytest.raises((InputError, MissingError)):
        sealed.by("ana").request(target, segments=[BLOCK], purpose="x")


def test_the_whole_of_a_restricted_model_is_refused(sealed: House) -> None:
    with pytest.raises(DeniedError) as caught:
        sealed.by("ana").request("llm", purpose="all of it")
    assert "no-whole-model-to-a-person" in caught.value.reasons


EXPOSURE = Exposure(
    before=0, after=10, pair_after=20, partner=None, whole=False, sealer=True
)


def test_the_strictest_cap_of_the_lineages_replaces_that_of_the_class() -> None:
    terms = load_terms(Profile.STANDARD).of(Classification.RESTRICTED)
    lines = (
        Lineage(id=ARTIFACT, person_cap_percent=20, pair_cap_percent=40),
        Lineage(id=ARTIFACT, person_cap_percent=10, pair_cap_percent=None),
    )
    wanted = chosen(1)

    stricter = wanted_facts(terms, lines, EXPOSURE, wanted, purpose=True)
    usual = wanted_facts(terms, (), EXPOSURE, wanted, purpose=False)

    total = wanted.capped_bytes
    assert stricter["personCapBytes"] == total * 10 // 100
    assert stricter["pairCapBytes"] == total * 40 // 100
    assert usual["personCapBytes"] == total * 25 // 100
    assert usual["pairCapBytes"] == total * 45 // 100
    assert (usual["personBytesAfter"], usual["pairBytesAfter"]) == (10, 20)
    assert (usual["whole"], usual["sealer"]) == (False, True)
    assert (stricter["purposeStated"], usual["purposeStated"]) == (True, False)


def test_a_declined_request_has_no_approvals(sealed: House) -> None:
    asked = sealed.by("ana").request("llm", segments=[BLOCK], purpose="x")
    sealed.by("ines").approve(asked.request.id)
    room = sealed.room.room
    with room.ledger.reading() as reading:
        assert approval_facts(room.gate, reading, asked.request) == {
            "approvals": 1,
            "approverTeams": 1,
        }
    request = sealed.by("tom").decline(asked.request.id)

    with room.ledger.reading() as reading:
        assert approval_facts(room.gate, reading, request) == {
            "approvals": 0,
            "approverTeams": 0,
        }
