"""What follows when the sealing of a version is agreed to, or refused."""

from __future__ import annotations

from strongroom.access.request import Request
from strongroom.crypto.signing import VerifyKey
from strongroom.errors import ConflictError, IntegrityError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.vault.admitting import accepted, asked_for, intake_of, refused
from strongroom.vault.lineages import begin_lineage
from strongroom.vault.manifest import Manifest
from strongroom.vault.recording import abandoned_event
from strongroom.vault.versions import (
    ARTIFACTS,
    MAIN,
    VERSIONS,
    Artifact,
    Version,
    VersionState,
    load_manifest,
    move_reference,
)

PUBLISH_ACTION = "model:publish"

_WAITING = (VersionState.PENDING, VersionState.QUARANTINED)


def publish(writing: Writing, request: Request, *, key: VerifyKey) -> None:
    """Let a sealed version be asked for; what allows it was decided before.

    Args:
        writing: Where the approval is recorded.
        request: What was agreed to.
        key: The room's, for manifests.

    Raises:
        IntegrityError: The version, or its manifest, is not what was agreed to.
        ConflictError: Another first version was published meanwhile, or this one was
            recalled since it was asked for.
    """
    payload = request.payload()
    version = VERSIONS.get(writing, str(payload["version"]), lock=True)
    if version.state is VersionState.QUARANTINED:
        raise _recalled_since(version)
    if version.manifest_digest != payload["manifest"] or (
        version.state is not VersionState.PENDING
    ):
        raise IntegrityError(f"{version.id} is not what was approved")
    if payload != asked_for(version, intake_of(writing, version)):
        raise _recalled_since(version)
    artifact = ARTIFACTS.get(writing, version.artifact)
    manifest, _ = load_manifest(writing, version, key)
    _verify_as_agreed(artifact, manifest)
    recalled = accepted(writing, version, request)
    if version.parent is None and not recalled:
        begin_lineage(writing, artifact, version)
    version = VERSIONS.replace(writing, version, state=VersionState.PUBLISHED)
    writing.append(
        Event(
            kind="version.published",
            actor=request.asker,
            facts={
                "artifact": artifact.id,
                "version": version.number,
                "manifest": version.manifest_digest,
                "request": request.id,
            },
        )
    )
    if not recalled:  # main may name a later one since
        move_reference(writing, artifact, MAIN, version, by=request.asker, session=None)


def abandon(writing: Writing, request: Request) -> None:
    """Give a version up whose publishing was refused; its name is free again.

    A request from before a recall says nothing of what came from outside: that is
    looked at again.  One's own files, recalled while they waited, are given up.
    """
    payload = request.payload()
    version = VERSIONS.get(writing, str(payload["version"]), lock=True)
    asked = asked_for(version, intake_of(writing, version))
    if version.state in _WAITING and payload == asked:
        VERSIONS.replace(writing, version, state=VersionState.ABANDONED)
        writing.append(abandoned_event(version))
        refused(writing, version, by=request.asker)


def _recalled_since(version: Version) -> ConflictError:
    return ConflictError(
        f"{version.id} was recalled since this was asked for",
        hint="decline it; strongroom intake list says what waits",
    )


def _verify_as_agreed(artifact: Artifact, manifest: Manifest) -> None:
    """Check that the artifact has the class and project that were agreed to.

    Both stand in its row for every version, and whoever seals under a name of
    which nothing is published says them anew.

    Raises:
        ConflictError: Somebody did, while this version was sealed or waited.
    """
    agreed = (manifest.classification, manifest.project)
    if (artifact.classification, artifact.project) != agreed:
        raise ConflictError(
            f"{artifact.name} was sealed as {manifest.classification} and is"
            f" {artifact.classification} now, or in another project",
            hint="decline this one, and seal it again",
        )
