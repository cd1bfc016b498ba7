"""What was admitted is judged again, and what is hit releases no key any more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from strongroom.client.intake import Added
from strongroom.crypto.signing import SigningKey
from strongroom.database import intake_tables
from strongroom.errors import (
    ConflictError,
    DeniedError,
    IntegrityError,
    MissingError,
    SetupError,
)
from strongroom.intake.intakes import INTAKES
from strongroom.types import Secret
from strongroom.vault.reauditing import Reaudited
from strongroom.vault.recording import abandoned_event
from strongroom.vault.versions import VERSIONS
from tests.intake.advising import bundle, judging, reaudit
from tests.intake.rooms import add
from tests.journeys.rooms import House
from tests.journeys.waiting import waiting_for_locks


@pytest.fixture
def added(house: House, foreign: Path) -> Added:
    """Give a model of somebody else that was taken in and accepted."""
    done = add(house, foreign)
    request = house.by("olga").intakes.accept(done.intake.id)
    house.by("ines").approve(request.id)
    return done


def rules(found: Reaudited) -> list[str]:
    return [finding.rule for _, finding in found.findings]


def test_what_an_advisory_names_releases_no_key(house: House, added: Added) -> None:
    permit = house.permit("ana", "architecture")
    house.by("ana").open(permit.id).close()

    found = reaudit(house, bundle(house, intakes=[added.intake.digest]))

    assert found.judged == 1
    assert rules(found) == ["advisory/hit"]
    assert [where for where, _ in found.findings] == [added.intake.id]
    assert not found.clean
    with pytest.raises(MissingError, match="in quarantine"):
        house.by("ana").open(permit.id)


def test_what_somebody_accepted_again_is_not_taken_back_again(
    house: House, added: Added
) -> None:
    data = bundle(house, intakes=[added.intake.digest])
    reaudit(house, data)
    again = judging(house).intakes.accept(added.intake.id)
    house.by("ines").approve(again.id)

    found = reaudit(house)

    assert (rules(found), found.recalled, found.clean) == (
        ["advisory/known"],
        (),
        True,
    )
    house.permit("ana", "architecture")


def test_what_waits_for_others_is_taken_back_too(house: House, added: Added) -> None:
    """They may agree without having seen what is known by now."""
    reaudit(house, bundle(house, intakes=[added.intake.digest]))
    again = judging(house).intakes.accept(added.intake.id)
    later = bundle(house, number=2, name="SRA-2026-2", intakes=[added.intake.digest])

    found = reaudit(house, later)

    assert rules(found) == ["advisory/hit"]
    assert len(found.recalled) == 1
    with pytest.raises(ConflictError, match="recalled since"):
        house.by("ines").approve(again.id)
    assert rules(reaudit(house)) == ["advisory/known"]


def test_a_dry_run_changes_nothing(house: House, added: Added) -> None:
    data = bundle(house, intakes=[added.intake.digest])

    assert rules(reaudit(house, data, dry_run=True)) == ["advisory/hit"]
    house.permit("ana", "architecture")
    assert rules(reaudit(house)) == ["advisory/none"]


def test_what_descends_from_a_hit_goes_with_it(
    house: House, added: Added, model: Path
) -> None:
    child = house.by("olga").seal(model, name="tuned", parent="llm@1")

    found = reaudit(house, bundle(house, intakes=[added.intake.digest]))

    assert {version.artifact for version in found.recalled} >= {child.artifact.id}
    assert len(found.recalled) == 2


def test_what_no_advisory_names_stays(house: House, added: Added) -> None:
    found = reaudit(house, bundle(house, intakes=["00" * 32], globals=["os.*"]))

    assert (found.judged, rules(found), found.clean) == (1, [], True)
    house.permit("ana", "architecture")


def test_a_feed_that_is_absent_old_or_expired_is_a_finding(house: House) -> None:
    assert rules(reaudit(house)) == ["advisory/none"]
    assert not reaudit(house).clean

    old = bundle(house, number=1, issued=timedelta(days=31))
    assert rules(reaudit(house, old)) == ["advisory/stale"]
    older = bundle(house, number=2, issued=timedelta(days=61))
    assert rules(reaudit(house, older)) == ["advisory/expired", "advisory/stale"]


def test_a_bundle_never_goes_back(house: House) -> None:
    reaudit(house, bundle(house, number=7))

    assert rules(reaudit(house, bundle(house, number=7))) == []
    with pytest.raises(ConflictError, match="older than 7"):
        reaudit(house, bundle(house, number=6))
    with pytest.raises(ConflictError, match="another bundle"):
        reaudit(house, bundle(house, number=7, globals=["os.*"]))
    with pytest.raises(ConflictError, match="older than 7"):
        reaudit(house, bundle(house, number=6), dry_run=True)


def test_a_bundle_by_another_key_or_from_the_future_is_refused(house: House) -> None:
    other = SigningKey(Secret(bytes(32)))
    with pytest.raises(IntegrityError, match="no signature by key"):
        reaudit(house, bundle(house, key=other))
    with pytest.raises(IntegrityError, match="still to come"):
        reaudit(house, bundle(house, issued=-timedelta(days=1)))
    with pytest.raises(SetupError, match="pins no key"):
        house.by("olga").intakes.reaudits.run(bundle(house))
    assert rules(reaudit(house)) == ["advisory/none"]


def test_who_may_not_advise_is_denied(house: House) -> None:
    with pytest.raises(DeniedError):
        judging(house, "ana").intakes.reaudits.run(bundle(house))


def test_what_somebody_deletes_is_not_passed_over(house: House, added: Added) -> None:
    with house.room.room.ledger.transaction() as writing:
        writing.connection.execute(intake_tables.intake_reports.delete())
        assert INTAKES.get(writing, added.intake.id).report

    with pytest.raises(IntegrityError, match="is gone, or was altered"):
        reaudit(house, bundle(house))


@pytest.mark.parametrize("kind", ["postgresql"])
def test_judging_waits_for_whoever_changes_what_it_recalls(
    house: House, added: Added
) -> None:
    """Both would want what the other has, if a row could be locked under it."""
    data = bundle(house, intakes=[added.intake.digest])
    with ThreadPoolExecutor(1) as threads:
        with house.room.room.ledger.transaction() as writing:
            version = VERSIONS.get(writing, str(added.intake.version), lock=True)
            judged = threads.submit(reaudit, house, data)
            while not waiting_for_locks(house) and not judged.done():
                pass
            VERSIONS.replace(writing, version, manifest_digest=version.manifest_digest)
            writing.append(abandoned_event(version))
        recalled = judged.result().recalled

    assert [version.revision for version in recalled] == [version.revision + 2]
