"""A permit is for one account and what it names, and for nothing beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from strongroom.access.scales import Scale
from strongroom.access.sessions import Actor
from strongroom.errors import DeniedError
from strongroom.permits.matching import check_names, matches
from strongroom.permits.permit import Permit
from strongroom.permits.selection import Selection
from strongroom.types import AccountId, ArtifactId, Classification, ProjectId
from strongroom.vault.versions import Artifact, Version, VersionState
from tests.permits.documents import ACCOUNT, ARTIFACT, MANIFEST, NOW, OPENING, PERMIT

ACTOR = Actor(account=ACCOUNT)
OTHER = ArtifactId("model-of-another-line")
LINEAGE = replace(
    PERMIT, version=None, segment_ids=(), segments=("blocks.0", "ü", "head")
)


def chosen(
    *numbers: int, artifact: ArtifactId = ARTIFACT, version: int = 1
) -> Selection:
    """Return segments of a version, by their place in the manifest."""
    return Selection(
        artifact=Artifact(
            id=artifact,
            name="llm",
            project=ProjectId("project-a"),
            classification=Classification.RESTRICTED,
            roots=(artifact,),
            created_at=NOW,
        ),
        version=Version(
            id=f"{artifact}/{version}",
            artifact=artifact,
            number=version,
            generation=1,
            state=VersionState.PUBLISHED,
            parent=None,
            manifest_digest="",
            plain_bytes=3000,
            sealed_by=ACCOUNT,
            sealed_at=NOW,
        ),
        manifest=MANIFEST,
        segments=tuple(MANIFEST.segments[number] for number in numbers),
        capped_bytes=3000,
        taken={},
        scale=Scale(),
    )


@pytest.mark.parametrize("permit", [PERMIT, LINEAGE])
@pytest.mark.parametrize("numbers", [(1,), (2,), (1, 2)])
def test_a_permit_is_for_the_segments_that_it_names(
    permit: Permit, numbers: tuple[int, ...]
) -> None:
    assert matches(permit, ACTOR, chosen(*numbers))


def test_a_permit_for_a_lineage_is_for_its_later_versions() -> None:
    assert matches(LINEAGE, ACTOR, chosen(1, version=2))


@pytest.mark.parametrize("name", [*PERMIT.segments, *PERMIT.segment_ids])
def test_a_segment_is_named_by_its_name_or_its_id(name: str) -> None:
    check_names(PERMIT, ACTOR, replace(OPENING, segments=(name,)))


# --- an attacker -----------------------------------------------------------------


@pytest.mark.parametrize("permit", [PERMIT, LINEAGE])
def test_a_permit_is_for_no_other_account_segment_or_model(permit: Permit) -> None:
    stranger = Actor(account=AccountId("account-of-somebody-else"))

    assert not matches(permit, stranger, chosen(1))
    assert not matches(permit, ACTOR, chosen(0))
    assert not matches(permit, ACTOR, chosen(0, 1))
    assert not matches(permit, ACTOR, chosen(1, artifact=OTHER))


def test_a_permit_for_a_version_is_for_no_later_one() -> None:
    assert not matches(PERMIT, ACTOR, chosen(1, version=2))


@pytest.mark.parametrize("name", ["architecture", "none", "", MANIFEST.segments[0].id])
def test_a_name_that_exists_and_one_that_does_not_get_the_same_answer(
    name: str,
) -> None:
    with pytest.raises(DeniedError) as refused:
        check_names(PERMIT, ACTOR, replace(OPENING, segments=("ü", name)))

    assert (
        str(refused.value) == "the permit is for another account, version or segments"
    )
    assert refused.value.reasons == ("permit-matches",)


def test_known_names_are_no_help_to_a_stranger() -> None:
    stranger = Actor(account=AccountId("account-of-somebody-else"))

    with pytest.raises(DeniedError) as refused:
        check_names(PERMIT, stranger, replace(OPENING, segments=PERMIT.segments))
    assert refused.value.reasons == ("permit-matches",)
