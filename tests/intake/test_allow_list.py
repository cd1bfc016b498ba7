"""Who may say what is expected, who has to agree, and what the ledger keeps of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from strongroom.errors import ConflictError, DeniedError, InputError, MissingError
from strongroom.intake.additions import Addition
from strongroom.intake.allow_list import Voucher
from strongroom.intake.origins import Origin
from strongroom.intake.signing import sign_folder
from strongroom.types import Classification
from strongroom.vault.drafts import SealOptions
from tests.intake.rooms import reading_here
from tests.intake.signers import Pair, make_pair
from tests.journeys.rooms import House

COMMIT = "a1" * 20
LLAMA = Origin(publisher="acme", repository="llama", commit=COMMIT)


@pytest.fixture
def pair(quick: Path) -> Pair:
    return make_pair(quick)


def names(house: House) -> list[str]:
    return [source.name for source in house.by("root").intakes.sources.all()]


def list_source(house: House, name: str, voucher: Voucher) -> None:
    """List a source with the approval that it needs."""
    request = house.by("root").intakes.sources.add(name, voucher)
    house.by("ines").approve(request.id)


def test_a_source_is_listed_once_another_team_agrees(house: House, pair: Pair) -> None:
    voucher = Voucher(origin=LLAMA, keys=[pair.key], digests=["sha256:" + "1a" * 32])
    request = house.by("root").intakes.sources.add("acme", voucher)

    assert (request.state, names(house)) == ("pending", [])
    with pytest.raises(DeniedError):
        house.by("root").approve(request.id)
    house.by("ines").approve(request.id)

    (source,) = house.by("root").intakes.sources.all()
    assert (source.origin, source.digests) == (LLAMA, ("1a" * 32,))
    assert source.signers == (pair.key,)


def test_a_request_that_was_overtaken_lists_nothing(house: House, pair: Pair) -> None:
    sources = house.by("root").intakes.sources
    voucher = Voucher(keys=[pair.key])
    first, second = sources.add("acme", voucher), sources.add("acme", voucher)
    house.by("ines").approve(first.id)

    with pytest.raises(ConflictError, match="is listed"):
        house.by("ines").approve(second.id)
    with pytest.raises(ConflictError, match="is listed"):
        sources.add("acme", voucher)
    assert names(house) == ["acme"]


def test_whoever_administers_takes_a_source_off_at_once(
    house: House, pair: Pair
) -> None:
    list_source(house, "acme", Voucher(keys=[pair.key]))

    house.by("root").intakes.sources.remove("acme")

    assert names(house) == []
    with pytest.raises(MissingError):
        house.by("root").intakes.sources.remove("acme")
    list_source(house, "acme", Voucher(keys=[pair.key]))
    assert names(house) == ["acme"]


def test_who_does_not_administer_lists_and_removes_no_source(
    house: House, pair: Pair
) -> None:
    list_source(house, "acme", Voucher(keys=[pair.key]))

    with pytest.raises(DeniedError):
        house.by("olga").intakes.sources.add("other", Voucher(keys=[pair.key]))
    with pytest.raises(DeniedError):
        house.by("olga").intakes.sources.remove("acme")
    assert names(house) == ["acme"]


def test_a_source_vouches_by_something_and_not_by_too_much(pair: Pair) -> None:
    with pytest.raises(InputError, match="vouches for nothing"):
        Voucher(origin=LLAMA).to_json()
    with pytest.raises(InputError, match="at most"):
        Voucher(digests=["11" * 32] * 101).to_json()
    with pytest.raises(InputError, match="no SHA-256"):
        Voucher(digests=["11"], keys=[pair.key]).to_json()


def test_what_a_source_vouches_for_waits_for_no_unknown_origin(
    house: House, foreign: Path, pair: Pair
) -> None:
    list_source(house, "acme", Voucher(origin=LLAMA, keys=[pair.key]))
    room = reading_here(house.by("olga"))
    addition = Addition(path=foreign, project="default")

    unknown = room.intakes.add(addition, SealOptions(name="llm"))
    vouched = room.intakes.add(
        replace(addition, again=True),
        SealOptions(name="other"),
        source="acme",
        bundle=sign_folder(foreign, pair.signer),
    )

    assert (unknown.intake.source, unknown.intake.review) == ("", ("source/unknown",))
    (source,) = house.by("root").intakes.sources.all()
    assert (vouched.intake.source, vouched.intake.review) == (source.id, ())
    assert isinstance(vouched.report, dict)
    assert vouched.report["origin"] == {
        "publisher": "acme",
        "repository": "acme/llama",
        "commit": "",
    }


def test_only_what_becomes_restricted_needs_a_source(
    house: House, foreign: Path
) -> None:
    added = reading_here(house.by("olga")).intakes.add(
        Addition(path=foreign, project="default"),
        SealOptions(name="llm", classification=Classification.INTERNAL),
    )

    assert added.intake.review == ()


def test_a_place_that_is_not_the_listed_one_is_refused(
    house: House, foreign: Path, pair: Pair
) -> None:
    list_source(house, "acme", Voucher(origin=LLAMA, keys=[pair.key]))
    other = replace(LLAMA, commit="b2" * 20)

    added = reading_here(house.by("olga")).intakes.add(
        Addition(path=foreign, project="default", origin=other.address),
        SealOptions(name="llm"),
        source="acme",
        bundle=sign_folder(foreign, pair.signer),
    )

    assert added.intake.state == "refused"


def test_an_interrupted_addition_that_no_source_vouched_for_is_not_vouched_for(
    house: House, foreign: Path, pair: Pair
) -> None:
    """The row once kept the source of the addition that never was examined."""
    list_source(house, "acme", Voucher(keys=[pair.key]))
    room = reading_here(house.by("olga"))
    quarantine = room.room.outside.quarantine
    plain = Addition(path=foreign, project="default")
    bundle = sign_folder(foreign, pair.signer)
    vouched = room.room.outside.allow_list.expected(plain, "acme", bundle)
    with quarantine.receiving(room.actor, vouched) as private:
        assert private.intake.source  # and here it stopped

    added = room.intakes.add(plain, SealOptions(name="llm"))

    assert added.intake.id == private.intake.id
    assert (added.intake.source, added.intake.review) == ("", ("source/unknown",))
