"""Whoever wants taken in what is known to be bad, or what nobody vouches for."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.cli.demo.copies import administering
from strongroom.errors import IntegrityError, SetupError
from strongroom.intake.additions import Addition
from strongroom.intake.allow_list import Voucher
from strongroom.intake.signing import sign_folder
from tests.attacks.intakes import kind, published
from tests.intake.advising import KNOWN_BAD, bundle, reaudit
from tests.intake.rooms import add, reading_here
from tests.intake.signers import make_pair
from tests.journeys.fixtures import clock, foreign, house, quick
from tests.journeys.rooms import House, write_foreign

__all__ = ["clock", "foreign", "house", "kind", "quick"]


def test_advisories_taken_out_of_room_toml_let_nothing_in(
    house: House, foreign: Path, quick: Path
) -> None:
    """Judging once ended silently where the file pinned no key any more."""
    added = add(house, foreign)
    reaudit(house, bundle(house, files=["00" * 32]))
    unpinned = reading_here(house.by("olga"))

    for attempt in (
        lambda: add(house, write_foreign(quick / "next", seed=2), name="next"),
        lambda: unpinned.intakes.accept(added.intake.id),
        unpinned.intakes.reaudits.run,
    ):
        with pytest.raises(SetupError, match="pins no key for it any more"):
            attempt()


def test_a_deleted_feed_neither_ends_judging_nor_takes_an_older_bundle(
    house: House, foreign: Path
) -> None:
    """Without its row the room once was one that never took a bundle."""
    old = bundle(house, number=1)
    reaudit(house, old)
    reaudit(house, bundle(house, number=2, files=["00" * 32]))
    with administering(house.folder) as database:
        database.execute("DELETE FROM advisory_feeds")

    for attempt in (
        lambda: add(house, foreign, known_bad=KNOWN_BAD),
        lambda: reaudit(house, old),
        lambda: reaudit(house),
    ):
        with pytest.raises(IntegrityError, match="advisories was deleted"):
            attempt()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM advisory_issuers",
        "UPDATE advisory_issuers SET number = 0",
        "UPDATE advisory_issuers SET id = '" + "00" * 32 + "'",
    ],
)
def test_whose_advisories_count_cannot_be_edited(house: House, statement: str) -> None:
    """ATT&CK T1565.001: a number set back would have an older bundle taken."""
    reaudit(house, bundle(house, number=2))
    with administering(house.folder) as database:
        assert database.execute(statement).rowcount == 1

    for data in (bundle(house, number=1), None):
        with pytest.raises(IntegrityError):
            reaudit(house, data)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM intakes",
        "UPDATE intakes SET state = 'refused'",
        "UPDATE intakes SET version = NULL",
    ],
)
def test_no_row_hides_from_what_is_known_of_it(
    house: House, foreign: Path, statement: str
) -> None:
    """ATT&CK T1565.001: those that did not look admitted were once not read."""
    added = add(house, foreign)
    with administering(house.folder) as database:
        assert database.execute(statement).rowcount == 1

    with pytest.raises(IntegrityError):
        reaudit(house, bundle(house, intakes=[added.intake.digest]))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE versions SET state = 'abandoned'",
        "UPDATE versions SET artifact = 'model-other' WHERE state = 'published'",
        "DELETE FROM versions WHERE parent IS NOT NULL",
    ],
)
def test_a_version_cannot_be_hidden_while_it_is_recalled(
    house: House, foreign: Path, quick: Path, statement: str
) -> None:
    """Put back afterwards, it would be what the ledger named last: published."""
    added = published(house, foreign)
    house.by("olga").seal(
        write_foreign(quick / "x", seed=2), name="tuned", parent="llm@1"
    )
    with administering(house.folder) as database:
        database.execute("PRAGMA foreign_keys = OFF")
        assert database.execute(statement).rowcount > 0

    with pytest.raises(IntegrityError):
        reaudit(house, bundle(house, intakes=[added.intake.digest]))


def test_a_source_removed_while_files_are_read_vouches_for_them_no_more(
    house: House, foreign: Path, quick: Path
) -> None:
    """What it was when the addition began once counted until its end."""
    pair, sources = make_pair(quick), house.by("root").intakes.sources
    house.by("ines").approve(sources.add("acme", Voucher(keys=[pair.key])).id)
    room = reading_here(house.by("olga"))
    quarantine = room.room.outside.quarantine
    addition = room.room.outside.allow_list.expected(
        Addition(path=foreign, project="default"),
        "acme",
        sign_folder(foreign, pair.signer),
    )

    with quarantine.receiving(room.actor, addition) as private:
        sources.remove("acme")
        examined = quarantine.examine(room.actor, private, addition)

    assert (examined.intake.state, examined.receipt) == ("refused", None)
    assert "source/removed" in {
        finding.rule for _, finding in examined.verdict.findings
    }
