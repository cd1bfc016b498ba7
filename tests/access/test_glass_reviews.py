"""Reviews of what went past the approvals, by people over a real room."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from strongroom.access.accounts import ACCOUNTS, Account
from strongroom.access.breakglass import record_break_glass
from strongroom.access.glass_reviews import GlassReviews
from strongroom.access.person_terms import BreakGlassTerms
from strongroom.access.projects import Membership
from strongroom.access.sessions import Actor
from strongroom.errors import (
    ConflictError,
    DeniedError,
    InputError,
    MissingError,
    StrongroomError,
)
from strongroom.permits.permit import PERMITS, PermitRow
from strongroom.types import AccountKind, PermitId, Role
from tests.access.rooms import Rooms, Said
from tests.access.test_accounts import create
from tests.access.test_breakglass import issued
from tests.journeys.fixtures import clock, house, kind, model, quick, sealed
from tests.journeys.rooms import House
from tests.permits.openings import BLOCK, Reader, newest

__all__ = ["clock", "house", "kind", "model", "quick", "sealed"]


def opened(house: House, name: str = "ana") -> PermitRow:
    asked = house.by(name).request(
        "llm", segments=[BLOCK], purpose="a test", break_glass="the site is down"
    )
    assert asked.permit is not None
    return asked.permit


def reviews(house: House) -> GlassReviews:
    return house.room.room.persons.glass_reviews


def test_somebody_of_another_team_reviews(sealed: House) -> None:
    row = opened(sealed)

    glass = reviews(sealed).review(
        sealed.actors["ines"], row.id, accept=True, text="seen in the incident log"
    )

    assert glass.state == "accepted"
    assert glass.reviewer == sealed.actors["ines"].account
    assert newest(sealed) == {
        "kind": "breakglass.reviewed",
        "permit": row.id,
        "account": row.account,
        "verdict": "accepted",
        "overdue": False,
    }


def test_an_overdue_review_stops_every_next_use_until_it_is_done(sealed: House) -> None:
    row = opened(sealed)
    other = sealed.permit("ana", BLOCK, duration=timedelta(days=2))
    sealed.clock.advance(hours=24)
    sealed.refresh()

    for use in (
        lambda: sealed.by("ana").request("llm", segments=[BLOCK], purpose="a test"),
        lambda: Reader.of(sealed, "ana", other).release(),
        lambda: opened(sealed),
    ):
        with pytest.raises(DeniedError) as refused:
            use()
        assert refused.value.reasons == ("review-overdue",)
    reviews(sealed).review(sealed.actors["tom"], row.id, accept=True, text="seen")

    assert newest(sealed)["overdue"] is True
    assert Reader.of(sealed, "ana", other).keys()


def test_until_it_is_due_work_goes_on(sealed: House) -> None:
    opened(sealed)
    other = sealed.permit("ana", BLOCK, duration=timedelta(days=2))
    sealed.clock.advance(hours=23, minutes=59)
    sealed.refresh()

    assert Reader.of(sealed, "ana", other).keys()


def test_an_overdue_review_of_one_stops_nobody_else(sealed: House) -> None:
    opened(sealed)
    other = sealed.permit("ben", BLOCK, duration=timedelta(days=2))
    sealed.clock.advance(hours=25)
    sealed.refresh()

    assert Reader.of(sealed, "ben", other).keys()


def test_a_review_says_why(sealed: House) -> None:
    row = opened(sealed)

    with pytest.raises(InputError, match="a review says why") as refused:
        reviews(sealed).review(sealed.actors["ines"], row.id, accept=True, text=" ")
    assert refused.value.hint == "--accept TEXT, or --reject TEXT"


def test_a_second_review_is_refused(sealed: House) -> None:
    row = opened(sealed)
    reviews(sealed).review(sealed.actors["ines"], row.id, accept=True, text="right")

    with pytest.raises(ConflictError, match="is accepted already"):
        reviews(sealed).review(sealed.actors["tom"], row.id, accept=False, text="no")


@pytest.mark.parametrize(
    ("start", "error"),
    [("", InputError), ("permit-", InputError), ("none", MissingError)],
)
def test_a_review_is_of_one_opening(
    sealed: House, start: str, error: type[StrongroomError]
) -> None:
    opened(sealed)

    with pytest.raises(error, match=r"start with|does not say which"):
        reviews(sealed).review(sealed.actors["ines"], start, accept=True, text="x")


def test_reviewers_see_everybodys_and_others_their_own(sealed: House) -> None:
    opened(sealed)
    opened(sealed, "ben")

    def openers(name: str) -> list[str]:
        return [one.opener for one in reviews(sealed).listed(sealed.actors[name])]

    assert sorted(openers("ines")) == sorted(openers("ada")) == ["ana", "ben"]
    assert openers("ana") == ["ana"]
    assert openers("cy") == []


def test_what_was_reviewed_is_listed_only_on_request(sealed: House) -> None:
    row = opened(sealed)
    reviews(sealed).review(sealed.actors["ines"], row.id, accept=True, text="right")
    ines = sealed.actors["ines"]

    assert reviews(sealed).listed(ines) == []
    (one,) = reviews(sealed).listed(ines, every=True)
    assert (one.reviewer, one.overdue) == ("ines", False)


def test_nobody_reviews_their_own(sealed: House) -> None:
    """ATT&CK T1078: somebody who may approve as well opens, and would close it."""
    sealed.admit("max", "delta", Role.RESEARCHER, Role.APPROVER)
    member(sealed, "max")
    row = opened(sealed, "max")

    with pytest.raises(DeniedError) as refused:
        reviews(sealed).review(sealed.actors["max"], row.id, accept=True, text="fine")

    assert set(refused.value.reasons) == {
        "not-your-own-review",
        "not-your-own-teams-review",
    }


def test_a_colleague_of_the_own_team_does_not_review(sealed: House) -> None:
    sealed.admit("abe", "alpha", Role.APPROVER)
    row = opened(sealed)

    with pytest.raises(DeniedError) as refused:
        reviews(sealed).review(sealed.actors["abe"], row.id, accept=True, text="fine")
    assert refused.value.reasons == ("not-your-own-teams-review",)


def test_moving_to_the_reviewers_team_since_does_not_help(sealed: House) -> None:
    """The team counts as it was, and as it is."""
    sealed.admit("abe", "alpha", Role.APPROVER)
    row = opened(sealed)
    root = sealed.by("root")
    asked = root.room.people.change_roles(
        root.actor, "ana", team="safety", roles=[Role.RESEARCHER]
    )
    sealed.by("tom").approve(asked.id)

    for name in ("abe", "ines"):
        with pytest.raises(DeniedError) as refused:
            reviews(sealed).review(
                sealed.actors[name], row.id, accept=True, text="fine"
            )
        assert refused.value.reasons == ("not-your-own-teams-review",)


def reject(house: House, row: PermitRow) -> None:
    reviews(house).review(house.actors["tom"], row.id, accept=False, text="no")


def test_a_rejection_revokes_the_permit_and_keeps_the_account_from_weights(
    sealed: House,
) -> None:
    other = sealed.permit("ana", BLOCK, duration=timedelta(days=2))
    row = opened(sealed)
    reject(sealed, row)

    for permit in (row, other):
        with pytest.raises(DeniedError) as refused:
            Reader.of(sealed, "ana", permit).release()
        assert "review-rejected" in refused.value.reasons
    assert "permit-revoked" not in refused.value.reasons
    with pytest.raises(DeniedError, match="rejected in review: 1"):
        opened(sealed)
    with sealed.room.room.ledger.reading() as reading:
        assert PERMITS.get(reading, row.id).state == "revoked"


def test_an_administrator_lets_the_account_go_on(sealed: House) -> None:
    other = sealed.permit("ana", BLOCK, duration=timedelta(days=2))
    row = opened(sealed)
    with pytest.raises(ConflictError, match="is open, not rejected"):
        reviews(sealed).resume(sealed.actors["root"], row.id, text="settled")
    reject(sealed, row)

    glass = reviews(sealed).resume(sealed.actors["root"], row.id, text="settled")

    assert glass.state == "resumed"
    assert newest(sealed)["kind"] == "breakglass.resumed"
    assert Reader.of(sealed, "ana", other).keys()
    with pytest.raises(ConflictError, match="is resumed, not rejected"):
        reviews(sealed).resume(sealed.actors["root"], row.id, text="again")


def test_whoever_was_rejected_or_reviews_does_not_let_them_go_on(
    sealed: House,
) -> None:
    """ATT&CK T1098: the account itself, or a reviewer who changes their mind."""
    row = opened(sealed)
    reject(sealed, row)

    for name in ("ana", "ines"):
        with pytest.raises(DeniedError):
            reviews(sealed).resume(sealed.actors[name], row.id, text="fine")
    with pytest.raises(InputError, match="says why"):
        reviews(sealed).resume(sealed.actors["root"], row.id, text=" ")


def test_a_refused_rejection_revokes_nothing(sealed: House) -> None:
    """The permit is revoked before anybody is asked; the refusal takes that back."""
    row = opened(sealed)

    with pytest.raises(DeniedError):
        reviews(sealed).review(sealed.actors["ben"], row.id, accept=False, text="no")

    assert Reader.of(sealed, "ana", row).keys()


def member(house: House, name: str) -> None:
    house.room.room.people.set_member(
        house.actors["root"], "default", name, Membership.MEMBER
    )


# --- with an opening of somebody, and nothing of the desk ----------------------


@dataclass
class Scene:
    """Openings of Ana's, a reviewer of another team, and what was revoked."""

    rooms: Rooms
    ana: Account
    ines: Actor
    revoked: list[PermitId] = field(default_factory=list)

    @property
    def reviews(self) -> GlassReviews:
        return GlassReviews(
            self.rooms.gate, revoke=lambda *asked: self.revoked.append(asked[2])
        )

    def open(self, name: str, *, by: Account | None = None) -> None:
        hours = timedelta(hours=24)
        terms = BreakGlassTerms(longest=timedelta(hours=1), review_within=hours)
        self.rooms.world.clock.pass_(seconds=1)
        with self.rooms.world.ledger.transaction() as writing:
            record_break_glass(
                writing, by or self.ana, issued(name), terms=terms, reason="x"
            )


@pytest.fixture
def scene(rooms: Rooms) -> Scene:
    ana = rooms.account("ana", Role.RESEARCHER)
    ines = rooms.actor("ines", Role.APPROVER, team="safety")
    return Scene(rooms, ana, ines)


def test_entries_say_who_reviewed_what_how_late_and_why(scene: Scene) -> None:
    root = scene.rooms.actor("root", Role.ADMINISTRATOR, team="office")
    scene.open("permit-first")
    scene.open("permit-second")
    right = scene.reviews.review(scene.ines, "permit-first", accept=True, text=" seen ")
    scene.rooms.world.clock.time += timedelta(hours=24)
    ines = scene.rooms.actor("ida", Role.APPROVER, team="safety")
    wrong = scene.reviews.review(ines, "permit-second", accept=False, text="no")
    root = scene.rooms.actor("rob", Role.ADMINISTRATOR, team="office")
    again = scene.reviews.resume(root, "permit-second", text=" settled\n")

    assert (right.state, right.revision) == ("accepted", 2)
    assert (wrong.state, wrong.reviewer) == ("rejected", ines.account)
    assert wrong.reviewed_at == scene.rooms.world.clock()
    assert (again.state, again.reviewer) == ("resumed", ines.account)
    assert scene.revoked == ["permit-second"]
    account = scene.ana.id
    assert scene.rooms.said("breakglass.reviewed") == [
        Said(
            who.account,
            who.session,
            {"permit": permit, "account": account, "verdict": state, "overdue": late},
            {"text": said},
            who.account,
        )
        for who, permit, state, late, said in (
            (scene.ines, "permit-first", "accepted", False, "seen"),
            (ines, "permit-second", "rejected", True, "no"),
        )
    ]
    facts = {"permit": "permit-second", "account": account}
    assert scene.rooms.said("breakglass.resumed") == [
        Said(root.account, root.session, facts, {"text": "settled"}, root.account)
    ]


def test_the_openings_that_wait_are_listed_soonest_due_first(scene: Scene) -> None:
    for name in ("permit-third", "permit-first", "permit-second"):
        scene.open(name)
    scene.reviews.review(scene.ines, "permit-first", accept=True, text="x")
    scene.rooms.world.clock.time += timedelta(hours=24) - timedelta(seconds=2)
    ida = scene.rooms.actor("ida", Role.AUDITOR)

    found = scene.reviews.listed(ida)
    assert [(one.glass.permit, one.overdue) for one in found] == [
        ("permit-third", True),
        ("permit-second", False),
    ]
    assert {(one.opener, one.reviewer) for one in found} == {("ana", None)}
    every = scene.reviews.listed(ida, every=True)
    assert [(one.glass.permit, one.reviewer) for one in every] == [
        ("permit-third", None),
        ("permit-first", "ines"),
        ("permit-second", None),
    ]


def test_whoever_may_not_read_them_sees_what_counts_for_them(scene: Scene) -> None:
    ben = scene.rooms.actor("ben", Role.RESEARCHER)
    with scene.rooms.world.ledger.transaction() as writing:
        owner = ACCOUNTS.get(writing, ben.account)
        robot = create(writing, "robot", kind=AccountKind.SERVICE, owner=owner)
    scene.open("permit-first")
    scene.open("permit-second", by=robot)

    (found,) = scene.reviews.listed(ben)
    assert (found.glass.permit, found.opener) == ("permit-second", "robot")


@pytest.mark.parametrize("typed", ["permit-2abcdef", "2abcdef", "2abcdef3"])
def test_an_opening_is_named_by_the_start_of_its_permit(
    scene: Scene, typed: str
) -> None:
    for name in ("permit-1abcdef", "permit-2abcdef3", "permit-32abcdef"):
        scene.open(name)

    glass = scene.reviews.review(scene.ines, typed, accept=True, text="x")
    assert glass.permit == "permit-2abcdef3"


def test_a_start_that_none_or_several_have_names_no_opening(scene: Scene) -> None:
    for name in ("permit-2abcdef3", "permit-2abcdef4"):
        scene.open(name)

    for typed, said in (("2abcdef", "2 openings"), ("3abcdef", "no openings")):
        with pytest.raises(MissingError, match=f"{said} past the approvals start with"):
            scene.reviews.review(scene.ines, typed, accept=True, text="x")


def test_a_refusal_names_what_was_wanted(scene: Scene) -> None:
    scene.open("permit-first")
    before = scene.rooms.refusals()
    eve = scene.rooms.actor("eve", Role.RESEARCHER, team="safety")
    with pytest.raises(DeniedError):
        scene.reviews.review(eve, "permit-first", accept=True, text="x")
    with pytest.raises(DeniedError):
        scene.reviews.resume(eve, "permit-first", text="x")

    wanted = [("breakglass:review", None), ("breakglass:resume", None)]
    assert scene.rooms.refusals() == [*before, *wanted]
