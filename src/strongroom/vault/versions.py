"""Artifacts, their versions, and the references that name one of them.

    sealing ──▶ pending ──▶ published ──recall──▶ quarantined
       ├──────────┴───────▶ abandoned ◀───────────────┤
       ├────from outside───────▶ quarantined ──accept─▶ pending
       └────its original───────▶ held ──expire──▶ abandoned

Only a published version can be asked for.  A version never changes; going back
means moving a reference, which is recorded.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from strongroom import canonical
from strongroom.access.policy import Resource
from strongroom.crypto.signing import Signed, VerifyKey
from strongroom.database import tables
from strongroom.database.cells import blob
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import InputError, IntegrityError, MissingError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import (
    AccountId,
    ArtifactId,
    Classification,
    ProjectId,
    Secret,
    SessionId,
    new_id,
)
from strongroom.vault.manifest import (
    MAX_MANIFEST_BYTES,
    Manifest,
    manifest_digest,
    open_manifest,
)

MAIN = "main"
PROD = "prod"
ORIGINAL = "intake-"
"""How the names of originals from outside begin, and of no model."""

_TARGET = re.compile(r"([^@]+)(?:@(?:v?([0-9]{1,12})|([a-z][a-z0-9-]{0,30})))?")


class VersionState(StrEnum):
    """Where a version is on its way to being usable."""

    SEALING = "sealing"
    HELD = "held"  # an original from outside: never more than kept
    QUARANTINED = "quarantined"
    PENDING = "pending"
    PUBLISHED = "published"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """Something protected that has versions: a model, an adapter, a dataset."""

    id: ArtifactId
    revision: int = 1
    name: str
    project: ProjectId
    classification: Classification
    roots: tuple[ArtifactId, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One immutable version; ``id`` is ``artifact/number``."""

    id: str
    revision: int = 1
    artifact: ArtifactId
    number: int
    generation: int
    state: VersionState
    parent: str | None
    manifest_digest: str
    plain_bytes: int
    sealed_by: AccountId
    sealed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A name such as ``main`` or ``prod`` for one version of one artifact."""

    id: str
    revision: int = 1
    artifact: ArtifactId
    name: str
    version: int


ARTIFACTS: GuardedTable[Artifact] = GuardedTable(tables.artifacts, Artifact)
VERSIONS: GuardedTable[Version] = GuardedTable(tables.versions, Version)
REFERENCES: GuardedTable[Reference] = GuardedTable(tables.model_references, Reference)


def artifact_id(key: Secret, name: str) -> ArtifactId:
    """Return the id of the artifact of this name: the same one at every time.

    So a name whose row was deleted leads back to its lineage, and to what
    everybody holds of it.

    Args:
        key: The room's key for coordinates; without it nobody can test guesses
            of names against ids.
        name: Of the artifact.
    """
    text = canonical.encode("strongroom/v1/artifact", name)
    digest = hmac.digest(key.reveal(), text, "sha256")
    return ArtifactId(new_id("model", lambda count: digest[:count]))


def resource_of(artifact: Artifact) -> Resource:
    """Return the artifact as policy sees it."""
    return Resource(
        kind="Model",
        id=artifact.id,
        attributes={
            "class": str(artifact.classification),
            "project": artifact.project,
        },
    )


def every_model(transaction: Transaction) -> list[Artifact]:
    """Return every artifact that somebody named; originals from outside are not."""
    found = ARTIFACTS.find(transaction)
    return [one for one in found if not one.name.startswith(ORIGINAL)]


def find_artifact(transaction: Transaction, name_or_id: str) -> Artifact | None:
    """Return the artifact of this name or id, if there is one."""
    columns = ARTIFACTS.columns
    found = ARTIFACTS.find(
        transaction, sa.or_(columns.id == name_or_id, columns.name == name_or_id)
    )
    # An id counts before a name: nobody can call a model by another one's id.
    return min(found, key=lambda a: a.id != name_or_id) if found else None


def require_artifact(transaction: Transaction, name_or_id: str) -> Artifact:
    """Return the artifact of this name or id.

    Raises:
        MissingError: There is none.
    """
    artifact = find_artifact(transaction, name_or_id)
    if artifact is None:
        raise MissingError(
            f"there is no model {name_or_id[:80]!r}",
            hint="strongroom model list",
            noun="model",
            named=name_or_id,
        )
    return artifact


def find_version(transaction: Transaction, target: str) -> tuple[Artifact, Version]:
    """Return what ``NAME``, ``NAME@3`` or ``NAME@prod`` names; main by default.

    Raises:
        InputError: ``target`` has another form.
        MissingError: There is no such artifact, reference, or published version.
    """
    name, number, reference = parse_target(target)
    artifact = require_artifact(transaction, name)
    if number is None:
        named = REFERENCES.find(
            transaction, REFERENCES.columns.id == f"{artifact.id}/{reference}"
        )
        if not named:
            raise MissingError(
                f"{artifact.name} has no {reference}",
                hint=f"strongroom model versions {artifact.name}",
            )
        number = named[0].version
    return artifact, published(transaction, artifact, number)


def parse_target(target: str) -> tuple[str, int | None, str]:
    """Return name, version number if one is given, and reference otherwise.

    Raises:
        InputError: It is not ``NAME``, ``NAME@3`` or ``NAME@prod``.
    """
    matched = _TARGET.fullmatch(target)
    if matched is None:
        raise InputError(
            f"{target[:80]!r} names no version", hint="write NAME, NAME@3 or NAME@prod"
        )
    name, number, reference = matched.groups()
    return name, int(number) if number else None, reference or MAIN


def published(transaction: Transaction, artifact: Artifact, number: int) -> Version:
    """Return a version that can be asked for.

    Raises:
        MissingError: There is no such version, or it is not published, or it is in
            quarantine.
    """
    found = VERSIONS.find(transaction, VERSIONS.columns.id == f"{artifact.id}/{number}")
    if found and found[0].state is VersionState.QUARANTINED:
        raise MissingError(
            f"{artifact.name}@{number} is in quarantine",
            hint="strongroom intake list says why, and how it is accepted",
        )
    if not found or found[0].state is not VersionState.PUBLISHED:
        raise MissingError(
            f"{artifact.name} has no published version {number}",
            hint=f"strongroom model versions {artifact.name}",
        )
    return found[0]


def load_manifest(
    transaction: Transaction, version: Version, key: VerifyKey
) -> tuple[Manifest, Signed]:
    """Return the verified manifest of a version and its signed form.

    Raises:
        MissingError: It is gone from the database.
        IntegrityError: It is not the one that the version names, or was altered.
    """
    columns = tables.manifests.c
    data = transaction.connection.execute(
        sa.select(columns.signed).where(
            columns.artifact == version.artifact,
            columns.version == version.number,
            columns.generation == version.generation,
        )
    ).scalar()
    if data is None:
        raise MissingError(f"the manifest of {version.id} is gone")
    signed = Signed.from_bytes(blob(data), 2 * MAX_MANIFEST_BYTES)
    manifest = open_manifest(signed, key)
    stated = (manifest.artifact, manifest.version, manifest.generation)
    if stated != (version.artifact, version.number, version.generation) or (
        manifest_digest(signed.payload) != version.manifest_digest
    ):
        raise IntegrityError(f"the manifest of {version.id} belongs to another version")
    return manifest, signed


def move_reference(
    writing: Writing,
    artifact: Artifact,
    name: str,
    version: Version,
    *,
    by: AccountId,
    session: SessionId | None,
    reason: str = "",
) -> None:
    """Let a reference name another version, and record what it named before."""
    id_ = f"{artifact.id}/{name}"
    found = REFERENCES.find(writing, REFERENCES.columns.id == id_, lock=True)
    previous = found[0].version if found else None
    if found:
        REFERENCES.replace(writing, found[0], version=version.number)
    else:
        REFERENCES.insert(
            writing,
            Reference(id=id_, artifact=artifact.id, name=name, version=version.number),
        )
    writing.append(
        Event(
            kind="reference.moved",
            actor=by,
            session=session,
            facts={
                "artifact": artifact.id,
                "reference": name,
                "version": version.number,
                "previous": previous,
            },
            private={"reason": reason} if reason else {},
        )
    )
