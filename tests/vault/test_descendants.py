"""What descends from an artifact is found, whichever way round it was made."""

from __future__ import annotations

from datetime import UTC, datetime

from strongroom.types import AccountId, ArtifactId
from strongroom.vault.descendants import children_of, with_descendants
from strongroom.vault.versions import Version, VersionState


def version(artifact: str, number: int, parent: str | None = None) -> Version:
    return Version(
        id=f"{artifact}/{number}",
        artifact=ArtifactId(artifact),
        number=number,
        generation=1,
        state=VersionState.PUBLISHED,
        parent=parent,
        manifest_digest="",
        plain_bytes=0,
        sealed_by=AccountId("somebody"),
        sealed_at=datetime(2026, 11, 26, tzinfo=UTC),
    )


EVERY = children_of(
    [
        version("merged", 1, "tuned/1"),
        version("a", 1),
        version("a", 2, "a/1"),
        version("tuned", 1, "a/2"),
        version("b", 1),
        version("other", 1, "b/1"),
    ]
)


def test_descendants_of_descendants_are_found() -> None:
    assert with_descendants(ArtifactId("a"), EVERY) == {"a", "tuned", "merged"}
    assert with_descendants(ArtifactId("tuned"), EVERY) == {"tuned", "merged"}
    assert with_descendants(ArtifactId("other"), EVERY) == {"other"}


def test_a_circle_ends() -> None:
    circle = children_of([version("a", 1, "b/1"), version("b", 1, "a/1")])

    assert with_descendants(ArtifactId("a"), circle) == {"a", "b"}
