"""What came from outside is asked for only after somebody accepted it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from strongroom.errors import ConflictError, DeniedError, InputError, MissingError
from strongroom.intake.additions import Addition
from strongroom.intake.advisers.advice import Advice, Answer
from strongroom.intake.advisers.remarks import Remark, Weight
from strongroom.intake.allow_list import Voucher
from strongroom.intake.intakes import INTAKES, Intake, IntakeState
from strongroom.intake.receiving import ReceivedFile
from strongroom.intake.reports import SnapshotReport
from strongroom.intake.rewriting import Options
from strongroom.intake.signing import sign_folder
from strongroom.ledger.recorded import newest_recorded
from strongroom.types import Classification
from strongroom.vault.drafts import SealOptions
from strongroom.vault.versions import VERSIONS, VersionState
from tests.intake.readers import examine, read_here
from tests.intake.rooms import add, reading_here
from tests.intake.signers import make_pair
from tests.journeys.rooms import House
from tests.journeys.waiting import waiting_for_locks


def shown(house: House, intake: Intake) -> Intake:
    return reading_here(house.by("olga")).intakes.show(intake.id)[0]


def states(house: House) -> dict[str, VersionState]:
    with house.room.room.ledger.reading() as reading:
        return {version.id: version.state for version in VERSIONS.find(reading)}


def test_what_was_rewritten_waits_until_it_is_accepted(
    house: House, foreign: Path
) -> None:
    added = add(house, foreign)

    assert added.sealed is not None
    assert added.intake.state is IntakeState.WAITING
    assert added.intake.version == added.sealed.version.id
    assert sorted(states(house).values()) == ["held", "quarantined"]
    with pytest.raises(MissingError, match="quarantine"):
        house.by("ana").request("llm@1", segments=["architecture"], purpose="a test")

    request = house.by("olga").intakes.accept(added.intake.id)
    assert request.state == "pending"
    assert shown(house, added.intake).state is IntakeState.WAITING
    house.by("ines").approve(request.id)

    assert shown(house, added.intake).state is IntakeState.ACCEPTED
    house.permit("ana", "architecture")
    assert not (house.folder / "quarantine" / added.intake.id).exists()


def test_a_skops_file_is_sealed_as_it_was_rewritten(house: House, quick: Path) -> None:
    """It is a zip archive, and sealing refused every one of those, ours as well."""
    path = quick / "model.skops"
    model = LogisticRegression().fit(np.arange(8.0).reshape(4, 2), [0, 1, 0, 1])
    skops.io.dump(model, path)

    room = reading_here(house.by("olga"), reads=read_here)
    added = room.intakes.add(
        Addition(path=path, project="default"), SealOptions(name="llm")
    )

    assert added.intake.state is IntakeState.WAITING
    assert added.sealed is not None


def alarmed(
    descriptor: int, files: Sequence[ReceivedFile], options: Options, output: Path
) -> SnapshotReport:
    """Pass everything, and say that an adviser calls it malicious."""
    report = examine(descriptor, files, options, output)
    said = tuple((file.path, Remark.of(Weight.ALARM, "names it")) for file in files)
    advice = Advice(name="hayward", version="1", answer=Answer.DONE, remarks=said)
    return replace(report, advice=(advice,))


@pytest.mark.parametrize(
    ("classification", "review"),
    [
        (Classification.INTERNAL, []),
        (Classification.RESTRICTED, ["adviser/disagrees"]),
    ],
)
def test_what_an_adviser_sees_otherwise_waits_for_a_second_person_if_restricted(
    house: House,
    foreign: Path,
    model: Path,
    classification: Classification,
    review: list[str],
) -> None:
    """With a parent, and vouched for: nothing else asks for one."""
    house.publish(model, name="base", classification=Classification.INTERNAL)
    pair = make_pair(foreign.parent)
    listing = house.by("root").intakes.sources.add("acme", Voucher(keys=[pair.key]))
    house.by("ines").approve(listing.id)
    room = reading_here(house.by("olga"), reads=alarmed)

    added = room.intakes.add(
        Addition(path=foreign, project="default"),
        SealOptions(name="llm", parent="base@1", classification=classification),
        source="acme",
        bundle=sign_folder(foreign, pair.signer),
    )
    request = room.intakes.accept(added.intake.id)

    assert list(added.intake.review) == review
    waiting = "pending" if review else "approved"
    assert (request.state, request.approvals) == (waiting, len(review))
    with house.room.room.ledger.reading() as reading:
        entry = newest_recorded(house.room.room.ledger, reading, "intake.examined")
    assert entry is not None
    assert entry.facts["review"] == review
    assert entry.facts["verdict"] == ("review" if review else "passed")
    if review:
        house.by("ines").approve(request.id)
    assert shown(house, added.intake).state is IntakeState.ACCEPTED


def test_a_class_that_changes_while_it_is_read_lets_nothing_in(
    house: House, foreign: Path, model: Path
) -> None:
    """Read as internal, nobody would have to agree to a restricted one."""
    house.publish(model, name="base", classification=Classification.INTERNAL)
    room, once = reading_here(house.by("olga"), reads=alarmed), threading.Lock()

    def meanwhile(stage: str, _: int) -> None:
        if stage == "holding" and once.acquire(blocking=False):  # told by threads
            house.publish(
                model,
                name="llm",
                parent="base@1",
                classification=Classification.RESTRICTED,
            )

    with pytest.raises(InputError, match="llm is restricted"):
        room.intakes.add(
            Addition(path=foreign, project="default"),
            SealOptions(name="llm", parent="base@1"),
            progress=meanwhile,
        )


def test_what_is_refused_is_given_up(house: House, foreign: Path) -> None:
    added = add(house, foreign)

    refused = house.by("olga").intakes.refuse(added.intake.id, reason="not ours")

    assert refused.state is IntakeState.REFUSED
    assert sorted(states(house).values()) == ["abandoned", "held"]
    for act in (house.by("olga").intakes.accept, house.by("olga").intakes.refuse):
        with pytest.raises(ConflictError, match="is refused"):
            act(added.intake.id)
    assert add(house, foreign).known


def test_an_approver_who_declines_refuses_it(house: House, foreign: Path) -> None:
    added = add(house, foreign)
    request = house.by("olga").intakes.accept(added.intake.id)
    with pytest.raises(ConflictError, match="was accepted"):
        house.by("olga").intakes.accept(added.intake.id)

    house.by("ines").decline(request.id)

    assert shown(house, added.intake).state is IntakeState.REFUSED


def test_the_original_is_kept_and_nobody_gets_it(house: House, foreign: Path) -> None:
    added = add(house, foreign)
    original = shown(house, added.intake).original
    assert original is not None
    artifact, _, number = original.partition("/")

    for target in (f"{added.intake.id}@{number}", f"{artifact}@{number}"):
        with pytest.raises(MissingError):
            house.by("ana").request(target, purpose="a test")
    with pytest.raises((InputError, MissingError)):
        house.by("olga").seal(foreign, name=added.intake.id)
    names = [
        a.name for a, _ in house.by("olga").room.catalogue.all(house.actors["ada"])
    ]
    assert names == ["llm"]


def test_an_original_whose_time_is_over_is_given_up(
    house: House, foreign: Path
) -> None:
    added = add(house, foreign)
    house.clock.advance(days=31)

    (expired,) = house.room.room.outside.admission.expire()

    assert expired.id == added.intake.id
    assert expired.original is None
    assert house.room.room.outside.admission.expire() == []
    collected = house.room.clean()
    assert collected.objects >= 1
    assert sorted(states(house).values()) == ["abandoned", "quarantined"]


def test_what_is_recalled_releases_no_key(house: House, foreign: Path) -> None:
    added = add(house, foreign)
    request = house.by("olga").intakes.accept(added.intake.id)
    house.by("ines").approve(request.id)
    permit = house.permit("ana", "architecture")
    house.by("ana").open(permit.id).close()
    assert added.sealed is not None

    with house.room.room.ledger.transaction() as writing:
        recalled = house.room.room.outside.admission.recall(
            writing,
            [added.sealed.artifact.id],
            advisory="SRA-2026-1",
            reason="a backdoor",
        )

    assert [version.id for version in recalled] == [added.sealed.version.id]
    with pytest.raises(MissingError, match="in quarantine"):
        house.by("ana").open(permit.id)
    assert shown(house, added.intake).review == ("recalled: SRA-2026-1",)
    again = house.by("olga").intakes.accept(added.intake.id)
    assert again.state == "pending"
    house.by("ines").approve(again.id)
    house.by("ana").open(permit.id).close()


def test_the_same_bytes_are_recognised(house: House, foreign: Path) -> None:
    first = add(house, foreign)
    second = add(house, foreign, name="other")

    assert second.known
    assert second.intake == first.intake


def test_a_refused_file_leaves_the_original_and_a_report(
    house: House, foreign: Path
) -> None:
    (foreign / "model.safetensors").write_bytes(b"\x80\x04N.")

    added = add(house, foreign)

    assert added.sealed is None
    assert added.intake.state is IntakeState.REFUSED
    assert list(states(house).values()) == ["held"]
    _, report = reading_here(house.by("ada")).intakes.show(added.intake.id)
    assert isinstance(report, dict)
    assert report["findings"][0]["level"] == "error"


def test_who_is_not_in_the_project_adds_nothing(house: House, foreign: Path) -> None:
    house.by("root").room.people.add_project(house.actors["root"], "secret")

    with pytest.raises(DeniedError):
        add(house, foreign, by="ada")


def test_a_name_that_is_none_is_refused_before_anything_is_copied(
    house: House, foreign: Path
) -> None:
    with pytest.raises(InputError):
        add(house, foreign, name="Not A Name")

    assert states(house) == {}


def test_an_interrupted_addition_goes_on(house: House, foreign: Path) -> None:
    """The result could not be sealed: somebody took the name meanwhile."""
    room = reading_here(house.by("olga"))

    once = threading.Lock()

    def meanwhile(stage: str, _: int) -> None:
        if stage == "holding" and once.acquire(blocking=False):  # told by threads
            house.by("olga").seal(foreign, name="llm")

    with pytest.raises(ConflictError, match="waits to be published"):
        room.intakes.add(
            Addition(path=foreign, project="default"),
            SealOptions(name="llm"),
            progress=meanwhile,
        )

    added = add(house, foreign, name="other")

    assert not added.known
    assert added.sealed is not None
    found = sorted(states(house).values())
    assert found == ["held", "pending", "quarantined"]


# --- at the same time ------------------------------------------------------------


@pytest.mark.parametrize("kind", ["postgresql"])
@pytest.mark.parametrize("act", ["accept", "refuse"])
def test_whoever_decides_waits_for_a_recall_and_keeps_nothing_from_it(
    house: House, foreign: Path, act: str
) -> None:
    """Once, each held the row that the other wanted: PostgreSQL ended one of them."""
    added = add(house, foreign)
    assert added.sealed is not None
    room = house.room.room
    decide = getattr(house.by("olga").intakes, act)
    with ThreadPoolExecutor(1) as threads:
        with room.ledger.transaction() as writing:
            VERSIONS.get(writing, added.sealed.version.id, lock=True)  # as a recall
            decided = threads.submit(decide, added.intake.id)
            while not waiting_for_locks(house) and not decided.done():
                pass
            room.outside.admission.recall(
                writing, [added.sealed.artifact.id], advisory="A-1", reason=""
            )
        decided.result()

    assert "advisory: A-1" in shown(house, added.intake).review


@pytest.mark.parametrize("kind", ["postgresql"])
def test_what_expires_while_everything_is_judged_again_waits_for_it(
    house: House, foreign: Path
) -> None:
    """Once, expiring held the intake and wanted the version: the other way round."""
    add(house, foreign)
    house.clock.advance(days=31)
    room = house.room.room
    with ThreadPoolExecutor(1) as threads:
        with room.ledger.transaction() as writing:
            VERSIONS.lock_all(writing)  # as judging again does
            expired = threads.submit(room.outside.admission.expire)
            while not waiting_for_locks(house) and not expired.done():
                pass
            INTAKES.lock_all(writing)
        assert len(expired.result()) == 1
