"""What follows when the sealing of a version is agreed to, or refused."""

from __future__ import annotations

from strongroom.access.request import Request
from strongroom.crypto.signing import VerifyKey
from strongroom.errors import IntegrityError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.vault.lineages import begin_lineage
from strongroom.vault.recording import abandoned_event
from strongroom.vault.versions import (
    ARTIFACTS,
    MAIN,
    VERSIONS,
    VersionState,
    load_manifest,
    move_reference,
    verify_as_agreed,
)

PUBLISH_ACTION = "model:publish"


def publish(writing: Writing, request: Request, *, key: VerifyKey) -> None:
    """Let a sealed version be asked for; what allows it was decided before.

    Args:
        writing: Where the approval is recorded.
        request: What was agreed to.
        key: The room's, for manifests.

    Raises:
        IntegrityError: The version, or its manifest, is not what was agreed to.
        ConflictError: Another first version was published meanwhile.
    """
    payload = request.payload()
    version = VERSIONS.get(writing, str(payload["version"]), lock=True)
    if version.manifest_digest != payload["manifest"] or (
        version.state is not VersionState.PENDING
    ):
        raise IntegrityError(f"{version.id} is not what was approved")
    artifact = ARTIFACTS.get(writing, version.artifact)
    manifest, _ = load_manifest(writing, version, key)
    verify_as_agreed(artifact, manifest)
    if version.parent is None:
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
    move_reference(writing, artifact, MAIN, version, by=request.asker, session=None)


def abandon(writing: Writing, request: Request) -> None:
    """Give a version up whose publishing was refused; its name is free again."""
    version = VERSIONS.get(writing, str(request.payload()["version"]), lock=True)
    if version.state is VersionState.PENDING:
        VERSIONS.replace(writing, version, state=VersionState.ABANDONED)
        writing.append(abandoned_event(version))
