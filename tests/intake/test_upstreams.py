"""How what was admitted stands to a hub: what is not known is never up to date."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from strongroom.errors import UnavailableError
from strongroom.intake.hub_changes import Admitted
from strongroom.intake.hub_files import HubFile
from strongroom.intake.hub_newest import Snapshot, Told
from strongroom.intake.intakes import Intake, IntakeState
from strongroom.intake.listed_sources import ListedSource, SourceState
from strongroom.intake.origins import Origin
from strongroom.intake.upstreams import FromHub, Standing, asked_of, stand
from strongroom.types import AccountId, IntakeId, SourceId
from tests.intake.hub_server import ORIGIN

AT = datetime(2026, 1, 1, tzinfo=UTC)
OLD, NEW = "aa" * 32, "bb" * 32
LATER = replace(ORIGIN, commit="b2" * 20)
ANY = replace(ORIGIN, commit="")


def came(origin: Origin = ORIGIN, identifier: str = "intake-a") -> FromHub:
    return FromHub(
        intake=Intake(
            id=IntakeId(identifier),
            state=IntakeState.ACCEPTED,
            digest=OLD,
            plain_bytes=5,
            files=1,
            source="",
            original=None,
            review=(),
            report="",
            version=None,
            added_by=AccountId("account-a"),
            added_at=AT,
            expires_at=AT,
        ),
        model="llama@1",
        origin=origin,
        files={"w": Admitted(length=5, sha256=OLD)},
        rebuild=("tuned",),
    )


def told(place: Origin, sha256: str) -> Told:
    file = HubFile(path="w", length=5, sha256=sha256, blob="")
    return Told(newest=Snapshot(place=place, files={"w": file}), before={})


@pytest.mark.parametrize(
    ("origin", "place", "sha256", "standing"),
    [
        (ORIGIN, ORIGIN, OLD, Standing.SAME),
        (ORIGIN, ORIGIN, NEW, Standing.ALTERED),
        (ORIGIN, LATER, OLD, Standing.NEWER),  # of other files than came in
        (ORIGIN, LATER, NEW, Standing.NEWER),
        (ANY, LATER, OLD, Standing.SAME),
        (ANY, LATER, NEW, Standing.NEWER),
    ],
)
def test_commits_and_digests_say_how_it_stands(
    origin: Origin, place: Origin, sha256: str, standing: Standing
) -> None:
    found = stand(came(origin), told(place, sha256), {}, [])

    assert found.standing is standing
    assert found.rebuild == (("tuned",) if sha256 == NEW else ())


def test_a_commit_that_lacks_a_file_that_came_from_it_is_another_one() -> None:
    """Once it was the same, and what descends from it was to be built again."""
    gone = Told(newest=Snapshot(place=ORIGIN, files={}), before={})

    found = stand(came(), gone, {}, [])

    assert (found.standing, found.rebuild) == (Standing.ALTERED, ("tuned",))


def test_what_was_not_told_is_unknown() -> None:
    answer = Told(newest=UnavailableError("it does not answer"), before={})

    found = stand(came(), answer, {}, [])

    assert (found.standing, found.changes) == (Standing.UNKNOWN, None)
    assert found.rebuild == ()


def test_the_newest_commit_is_known_that_came_in_too_or_that_a_source_speaks_of() -> (
    None
):
    def source(name: str, commit: str) -> ListedSource:
        return ListedSource(
            id=SourceId(f"source-{name}"),
            name=name,
            state=SourceState.LISTED,
            publisher="acme",
            repository="llama" if commit else "",
            commit=commit,
            digests=(),
            sums=(),
            keys=(),
            listed_by=AccountId("account-a"),
            listed_at=AT,
        )

    sources = [source("acme", ""), source("then", ORIGIN.commit)]
    admitted = {ORIGIN: IntakeId("intake-a"), LATER: IntakeId("intake-b")}

    found = stand(came(), told(LATER, NEW), admitted, sources)

    assert (found.admitted_as, found.sources) == ("intake-b", ("acme",))


def test_each_repository_is_asked_about_once_with_every_commit() -> None:
    other = Origin(publisher="acme", repository="alpaca")
    every = [came(), came(LATER), came(ORIGIN), came(other)]

    llama, alpaca = asked_of(every)

    assert llama.commits == (ORIGIN.commit, LATER.commit)
    assert (alpaca.repository, alpaca.commits) == ("acme/alpaca", ())
