"""The first step of a seal: a number for the version, before any object is made."""

from __future__ import annotations

import sqlalchemy as sa

from strongroom.access.sessions import Actor
from strongroom.database import tables
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


def reserve(writing: Writing, actor: Actor, draft: Draft, plan: Plan) -> Version:
    """Insert the artifact if it is new, and return its next version as ``sealing``."""
    artifact = draft.artifact
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
