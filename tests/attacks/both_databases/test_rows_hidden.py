"""Rows that were hidden, or put back, while somebody decided, and put forward since.

The administrator of the database works with somebody inside.  Afterwards every
row is as the ledger says.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.access.accounts import AccountState
from strongroom.database import intake_tables, tables
from strongroom.errors import StrongroomError
from tests.attacks.both_databases.administrator import Administrator, Copy
from tests.attacks.intakes import published
from tests.intake.advising import bundle, reaudit
from tests.journeys.fixtures import foreign
from tests.journeys.rooms import PASSWORD, House

__all__ = ["foreign"]


def findings(house: House) -> list[str]:
    return list(house.by("ada").records.verify().findings)


def segments_of(house: House, target: str = "llm") -> list[str]:
    described = house.room.room.catalogue.show(house.actors["olga"], target)
    return [segment.name for segment in described.manifest.segments]


def test_a_permit_used_between_being_revoked_and_being_looked_at_is_found(
    house: House, model: Path
) -> None:
    """ATT&CK T1565.001: once, the row was as the ledger says, and nothing showed."""
    house.publish(model, classification="internal")
    house.refresh()
    permit = house.permit("ana", "biases")
    house.by("ana").open(permit.id).close()
    admin, this = Administrator.of(house), tables.permits.c.id == permit.id
    active = admin.copy(tables.permits, this)
    house.by("ines").revoke(permit.id)
    with pytest.raises(StrongroomError):
        house.by("ana").open(permit.id)
    revoked = admin.copy(tables.permits, this)

    admin.put(active)
    house.by("ana").open(permit.id).close()
    admin.put(revoked)

    assert findings(house)


def test_holdings_hidden_while_more_was_released_are_found(
    house: House, model: Path
) -> None:
    """ATT&CK T1565.001: once, all of a model left, and the replay found nothing."""
    house.publish(model)
    admin, ana = Administrator.of(house), house.actors["ana"].account
    hidden: list[Copy] = []
    for segment in segments_of(house)[:-1]:
        house.refresh()
        permit = house.permit("ana", segment)
        house.by("ana").open(permit.id).close()
        hidden.append(admin.hide(tables.holdings, tables.holdings.c.account == ana))
        house.clock.advance(hours=5)  # the permit, and what it reserves, is over
    for copy in hidden:
        admin.put(copy)

    found = [f for f in findings(house) if "did not see every row of holdings" in f]
    # At each but the first: when asking, when issuing, and when releasing.
    assert len(found) >= 3 * (len(hidden) - 1)


def test_permits_in_force_that_were_left_out_are_found(
    house: House, model: Path
) -> None:
    """ATT&CK T1565.001: the lineage's own list is put back to when it was empty."""
    house.publish(model)
    house.refresh()
    admin = Administrator.of(house)
    first, second = segments_of(house)[:2]
    empty = admin.copy(tables.lineages)
    house.permit("ana", first)
    full = admin.copy(tables.lineages)

    admin.put(empty)
    house.by("ana").request("llm", segments=[second], purpose="a test")
    admin.put(full)

    assert any("relies on lineages" in finding for finding in findings(house))


def test_releases_hidden_while_a_permit_was_used_up_are_found(
    house: House, model: Path
) -> None:
    """ATT&CK T1565.001: what left on a permit is its meter."""
    house.publish(model, classification="internal")
    house.refresh()
    names = segments_of(house)[:2]
    permit = house.permit("ana", *names)
    admin = Administrator.of(house)
    house.by("ana").open(permit.id, segments=names[:1]).close()

    hidden = admin.hide(tables.releases)
    house.by("ana").open(permit.id, segments=names[1:]).close()
    admin.put(hidden)

    assert any("did not see every row of releases" in f for f in findings(house))


def test_what_was_hidden_while_everything_was_judged_again_is_found(
    house: House, foreign: Path
) -> None:
    """ATT&CK T1565.001: the advisory passed it by, and its keys went on leaving."""
    added = published(house, foreign)
    admin, named = Administrator.of(house), [added.intake.digest]

    hidden = admin.hide(intake_tables.intakes)
    assert reaudit(house, bundle(house, intakes=named)).judged == 0
    admin.put(hidden)

    assert any("every row of intakes" in finding for finding in findings(house))


def test_a_descendant_hidden_while_its_parent_was_recalled_is_found(
    house: House, foreign: Path, model: Path
) -> None:
    """ATT&CK T1565.001: what descends from it was not recalled with it."""
    added = published(house, foreign)
    child = house.publish(model, name="child", parent="llm@1").version
    admin, this = Administrator.of(house), tables.versions.c.id == child.id

    hidden = admin.hide(tables.versions, this)
    done = reaudit(house, bundle(house, intakes=[added.intake.digest]))
    admin.put(hidden)

    assert [version.id for version in done.recalled] == [added.intake.version]
    assert any("every row of versions" in finding for finding in findings(house))


def test_a_suspended_account_that_acted_meanwhile_is_found(
    house: House, model: Path
) -> None:
    """ATT&CK T1078: account and session are only read, so nothing else tells."""
    house.publish(model, classification="open")
    house.refresh()
    admin, root = Administrator.of(house), house.by("root")
    active, logged_in = admin.copy(tables.accounts), admin.copy(tables.sessions)
    root.room.people.change_state(root.actor, "ana", AccountState.SUSPENDED)
    suspended, closed = admin.copy(tables.accounts), admin.copy(tables.sessions)

    admin.put(active)
    admin.put(logged_in)
    house.by("ana").open("llm", purpose="a test").close()
    admin.put(suspended)
    admin.put(closed)

    found = findings(house)
    assert any("relies on accounts" in finding for finding in found)
    assert any("relies on sessions" in finding for finding in found)


def test_a_second_factor_that_was_hidden_at_a_login_is_found(house: House) -> None:
    """ATT&CK T1556.006: with its naming gone too, the password alone was enough."""
    admin, ana = Administrator.of(house), house.actors["ana"].account
    house.clock.advance(seconds=30)

    hidden = admin.hide(tables.second_factors, tables.second_factors.c.account == ana)
    _, session, _ = house.room.login("ana", PASSWORD)
    admin.put(hidden)

    assert session.factor_at is None
    found = findings(house)
    assert any("did not see every row of second_factors" in f for f in found)


def test_nothing_is_found_where_nothing_was_hidden(house: House, model: Path) -> None:
    """The control: each of the tests above can fail."""
    house.publish(model)
    house.refresh()
    for name, segment in zip(("ana", "ben", "ana"), segments_of(house), strict=False):
        house.by(name).open(house.permit(name, segment).id).close()
    house.login("ana")
    house.publish(model)

    assert findings(house) == []
