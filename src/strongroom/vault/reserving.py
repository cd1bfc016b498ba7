"""The first step of a seal: a number for the version, before any object is made."""

from __future__ import annotations

import sqlalchemy as sa

from strongroom.access.sessions import Actor
from strongroom.database import tables
from strongroom.errors import ConflictError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.vault.drafts import Draft
from strongroom.vault.lineages import LINEAGES, Lineage
from strongroom.vault.segments import Plan
from strongroom.vault.versions import (
    ARTIFACTS,
    VERSIONS,
    Artifact,
    Version,
    VersionState,
    find_artifact,
)


def reserve(
    writing: Writing,
    actor: Actor,
    draft: Draft,
    plan: Plan,
    *,
    waits: bool = False,
) -> Version:
    """Insert the artifact if it is new, and return its next version as ``sealing``.

    Args:
        writing: The open transaction.
        actor: Who seals.
        draft: What is sealed.
        plan: How it is cut.
        waits: Whether it came from outside, and waits until somebody accepts it.

    Raises:
        ConflictError: What it descends from was recalled.
    """
    artifact = draft.artifact
    _lock_parent(writing, draft, waits=waits)
    _store_artifact(writing, artifact)
    number = _next_number(writing, artifact)
    version = Version(
        id=f"{artifact.id}/{number}",
        artifact=artifact.id,
        number=number,
        generation=1,
        state=VersionState.SEALING,
        parent=draft.parent,
        manifest_digest="",
        plain_bytes=plan.length,
        sealed_by=actor.account,
        sealed_at=writing.now,
    )
    VERSIONS.insert(writing, version)
    writing.append(_begun_event(actor, draft, number))
    return version


def _lock_parent(writing: Writing, draft: Draft, *, waits: bool) -> None:
    """Check that the parent may have children, and keep it so until the commit.

    A recall locks it as well, and then looks for what descends from it.  So either
    the recall sees this version, or this version sees the recall.  What comes from
    outside may follow a recalled version of its own name: it may be what mends it,
    and somebody looks at it.

    Raises:
        ConflictError: It was recalled.
    """
    if draft.parent is None:
        return
    parent = VERSIONS.get(writing, draft.parent, lock=True)
    mends = waits and parent.artifact == draft.artifact.id
    # One that waits for others again, or was given up since, was recalled as well.
    if parent.state is not VersionState.PUBLISHED and not mends:
        raise ConflictError(
            f"{draft.artifact.name} would descend from {parent.id}, which was recalled",
            hint="seal it from a parent that is clean: --parent NAME@VERSION",
        )


def _store_artifact(writing: Writing, artifact: Artifact) -> None:
    """Insert it, with its lineage; or say its project and class anew."""
    stored = find_artifact(writing, artifact.id)
    if stored is None:
        ARTIFACTS.insert(writing, artifact)
        if artifact.roots == (artifact.id,):
            LINEAGES.insert(writing, Lineage(id=artifact.id))
    elif stored != artifact:
        ARTIFACTS.replace(
            writing,
            stored,
            project=artifact.project,
            classification=artifact.classification,
        )


def _next_number(writing: Writing, artifact: Artifact) -> int:
    """Return one more than any version ever had, also those given up."""
    highest = writing.connection.execute(
        sa.select(sa.func.max(tables.versions.c.number)).where(
            tables.versions.c.artifact == artifact.id
        )
    ).scalar()
    return int(highest or 0) + 1


def _begun_event(actor: Actor, draft: Draft, number: int) -> Event:
    artifact = draft.artifact
    return actor.event(
        "version.begun",
        {
            "artifact": artifact.id,
            "version": number,
            "classification": artifact.classification,
            "project": artifact.project,
            "parent": draft.parent,
            "roots": list(artifact.roots),
        },
        private={"name": artifact.name},
    )
