"""Whoever wants something from outside published that nobody agreed to."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from strongroom.cli.demo.copies import administering
from strongroom.errors import (
    ConflictError,
    DeniedError,
    InputError,
    IntegrityError,
    MissingError,
)
from strongroom.intake.additions import Addition
from strongroom.intake.intakes import IntakeState
from strongroom.intake.receipt import Receipt
from strongroom.intake.rewriting import Options
from strongroom.types import Role
from strongroom.vault.drafts import SealOptions
from strongroom.vault.versions import VersionState
from tests.attacks.intakes import (
    accept,
    fails,
    kind,
    recall,
    shown,
    version_of,
)
from tests.intake.rooms import add, reading_here
from tests.journeys.fixtures import clock, foreign, house, quick
from tests.journeys.rooms import House, write_foreign

__all__ = ["clock", "foreign", "house", "kind", "quick"]


def test_a_slow_examination_changes_no_report_of_what_waits(
    house: House, foreign: Path
) -> None:
    """Once, the second of two additions replaced the report, and who must agree."""
    room = reading_here(house.by("olga"))
    addition = Addition(path=foreign, project="default")
    with room.room.outside.quarantine.receiving(house.actors["olga"], addition) as slow:
        added = add(house, foreign)
        other = replace(addition, expect="sha256:" + "0" * 64, options=Options())
        with pytest.raises(ConflictError, match="meanwhile"):
            room.room.outside.quarantine.examine(house.actors["olga"], slow, other)

    assert shown(house, added) == added.intake


@pytest.mark.parametrize("field", ["digest", "report", "intake", "used"])
def test_a_receipt_that_is_forged_or_used_seals_nothing(
    house: House, foreign: Path, quick: Path, field: str
) -> None:
    """ATT&CK T1553: the receipt is of one examination, and good once."""
    room, actor = reading_here(house.by("olga")), house.actors["olga"]
    other = add(house, write_foreign(quick / "other", seed=5), name="other")
    addition = Addition(path=foreign, project="default")
    with room.room.outside.quarantine.receiving(actor, addition) as private:
        examined = room.room.outside.quarantine.examine(actor, private, addition)
        receipt = examined.receipt
        assert receipt is not None
        if field == "used":
            room.room.vault.seal(
                actor, private.output, SealOptions(name="llm"), receipt=receipt
            )
        forged = {
            "digest": replace(receipt, digest="0" * 64),
            "report": replace(receipt, report="0" * 64),
            "intake": replace(receipt, intake=other.intake.id),
            "used": receipt,
        }[field]

        with pytest.raises(ConflictError):
            room.room.vault.seal(
                actor, private.output, SealOptions(name="mine"), receipt=forged
            )


def test_a_receipt_made_up_from_a_refused_intake_seals_nothing(
    house: House, foreign: Path
) -> None:
    (foreign / "model.safetensors").write_bytes(b"\x80\x04N.")
    refused = add(house, foreign).intake

    with pytest.raises(ConflictError):
        house.room.room.vault.seal(
            house.actors["olga"],
            write_foreign(foreign / "honest", seed=1),
            SealOptions(name="llm"),
            receipt=Receipt(
                intake=refused.id, digest=refused.digest, report=refused.report
            ),
        )


ROWS = {
    "accepted": "UPDATE intakes SET state = 'accepted'",
    "no review": "UPDATE intakes SET review = '[]', revision = revision + 1",
    "report": "UPDATE intakes SET report = '00' WHERE version IS NOT NULL",
    "detached": "UPDATE intakes SET version = NULL",
    "deleted": "DELETE FROM intakes",
    "swapped": "UPDATE intakes SET version = (SELECT version FROM intakes o"
    " WHERE o.id <> intakes.id)",
    "swapped reports": "UPDATE intakes SET report = (SELECT report FROM intakes o"
    " WHERE o.id <> intakes.id)",
    "published": "UPDATE versions SET state = 'published' WHERE state = 'quarantined'",
    "pending": "UPDATE versions SET state = 'pending' WHERE state = 'quarantined'",
    "original": "UPDATE versions SET state = 'published' WHERE state = 'held'",
}


OF_WHAT_WAITS = [
    (step, asked)
    for step in ROWS
    for asked in (False, True)
    if not asked or "intakes" in ROWS[step]  # nothing is quarantined once it is asked
]


@pytest.mark.parametrize(("step", "asked"), OF_WHAT_WAITS)
def test_the_administrator_of_the_database_lets_nothing_out(
    house: House, foreign: Path, quick: Path, step: str, asked: bool
) -> None:
    """ATT&CK T1565.001, ATLAS AML.T0010: rows of what waits, and of its report."""
    added = add(house, foreign)
    add(house, write_foreign(quick / "other", seed=5), name="other")
    recall(house, added)
    request = accept(house, added) if asked else None
    with administering(house.folder) as database:
        assert database.execute(ROWS[step]).rowcount > 0

    if request is not None:
        assert fails(lambda: house.by("ines").approve(request.id))
    assert fails(
        lambda: house.by("ana").request(
            "llm@1", segments=["architecture"], purpose="a test"
        )
    )


def test_an_original_that_the_database_says_is_published_is_not_handed_out(
    house: House, foreign: Path
) -> None:
    """ATT&CK T1565.001, ATLAS AML.T0010: the unread file under its intake's name."""
    added = add(house, foreign)
    with administering(house.folder) as database:
        database.execute("UPDATE versions SET state = 'published'")

    for target in (f"{added.intake.id}@1", f"{str(added.intake.original)[:-2]}@1"):
        with pytest.raises((IntegrityError, MissingError)):
            house.by("ana").request(target, purpose="a test")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE intake_reports SET report = x'7b7d'", "DELETE FROM intake_reports"],
)
def test_nothing_is_accepted_whose_report_is_another_or_gone(
    house: House, foreign: Path, statement: str
) -> None:
    """ATT&CK T1565.001: once, it was not shown, and could be accepted unread."""
    added = add(house, foreign)
    with administering(house.folder) as database:
        database.execute(statement)

    with pytest.raises(IntegrityError, match="altered"):
        shown(house, added)
    with pytest.raises(IntegrityError, match="altered"):
        accept(house, added)


def test_a_person_outside_the_project_neither_accepts_nor_refuses(
    house: House, foreign: Path
) -> None:
    """ATT&CK T1078: a real account, of nobody who may."""
    added = add(house, foreign)
    house.admit("kay", "keys", Role.RESEARCHER)  # in no project

    for act in (house.by("kay").intakes.accept, house.by("kay").intakes.refuse):
        with pytest.raises(DeniedError):
            act(added.intake.id)
    assert version_of(house, added).state is VersionState.QUARANTINED


@pytest.mark.parametrize("second", ["accept", "refuse"])
def test_two_decisions_at_once_are_one(
    house: House, foreign: Path, second: str
) -> None:
    added = add(house, foreign)
    start, done = threading.Barrier(2), list[str]()

    def decide(what: str) -> None:
        intakes = house.by("olga").intakes
        start.wait()
        try:
            if what == "accept":
                intakes.accept(added.intake.id)
            else:
                intakes.refuse(added.intake.id)
        except ConflictError:
            return
        done.append(what)

    threads = [threading.Thread(target=decide, args=[w]) for w in ("accept", second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(done) == 1
    after = {"accept": VersionState.PENDING, "refuse": VersionState.ABANDONED}
    assert version_of(house, added).state is after[done[0]]


@pytest.mark.parametrize("by", ["rename", "link", "write"])
def test_a_source_swapped_after_it_was_copied_changes_nothing(
    house: House, foreign: Path, quick: Path, by: str
) -> None:
    """ATLAS AML.T0010: what is examined and sealed is what was hashed."""
    other = write_foreign(quick / "other", seed=9) / "model.safetensors"
    source = foreign / "model.safetensors"

    once = threading.Lock()

    def swap(stage: str, _: int) -> None:
        if stage == "holding" and once.acquire(blocking=False):  # told by threads
            if by == "write":
                source.write_bytes(other.read_bytes())
            elif by == "link":
                source.unlink()
                source.symlink_to("/etc/passwd")
            else:
                os.replace(other, source)

    room = reading_here(house.by("olga"))
    honest = write_foreign(quick / "honest", seed=1)
    added = room.intakes.add(
        Addition(path=foreign, project="default"),
        SealOptions(name="llm"),
        progress=swap,
    )

    assert added.sealed is not None
    assert add(house, honest, name="same").known
    assert add(house, honest, name="same").intake.digest == added.intake.digest


@pytest.mark.parametrize("names", [("a\n.bin",), ("A.bin", "a.bin"), ("a\u202eb",)])
def test_a_hostile_name_in_a_folder_is_refused_before_anything_is_kept(
    house: House, foreign: Path, names: tuple[str, ...]
) -> None:
    """ATT&CK T1036: names that a terminal or another file system takes otherwise."""
    for name in names:
        (foreign / name).write_bytes(b"x")

    with pytest.raises(InputError):
        add(house, foreign)

    assert house.by("olga").intakes.all() == []


class KilledError(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("at", ["copying", "holding", "sealing"])
def test_an_addition_killed_at_any_stage_goes_on_and_waits(
    house: House, foreign: Path, at: str
) -> None:
    def kill(stage: str, _: int) -> None:
        if stage == at:
            raise KilledError

    room = reading_here(house.by("olga"))
    with pytest.raises(KilledError):
        room.intakes.add(
            Addition(path=foreign, project="default"),
            SealOptions(name="llm"),
            progress=kill,
        )

    added = add(house, foreign)

    assert added.intake.state is IntakeState.WAITING
    assert version_of(house, added).state is VersionState.QUARANTINED
    assert len(house.by("olga").intakes.all()) == 1
    with pytest.raises(MissingError):
        house.by("ana").request("llm@1", segments=["architecture"], purpose="a test")
