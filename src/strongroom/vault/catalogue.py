"""Published versions: listed, verified, and named by references that move."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

from strongroom.access.approvals import Approvals
from strongroom.access.gate import Gate
from strongroom.access.request import Request
from strongroom.access.sessions import Actor, verify_actor
from strongroom.crypto.inspection import verify_ciphertext
from strongroom.crypto.roomkeys import RoomKeys
from strongroom.errors import ConflictError, DeniedError, InputError
from strongroom.ledger.log import Reading
from strongroom.vault.caps import CAP_ACTION, change_caps, check_caps
from strongroom.vault.manifest import Manifest
from strongroom.vault.publishing import PUBLISH_ACTION, abandon, publish
from strongroom.vault.seals import CustodyDomain, domain_named
from strongroom.vault.versions import (
    MAIN,
    PROD,
    REFERENCES,
    VERSIONS,
    Artifact,
    Reference,
    Version,
    every_model,
    find_version,
    load_manifest,
    move_reference,
    require_artifact,
    resource_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One version with what is known about it without opening it."""

    artifact: Artifact
    version: Version
    manifest: Manifest


class Catalogue:
    """What there is, and which version a name means."""

    def __init__(
        self,
        gate: Gate,
        approvals: Approvals,
        *,
        domains: Mapping[str, CustodyDomain],
        keys: RoomKeys,
    ) -> None:
        """Wire the shell; approved publishing and caps are carried out here."""
        self._gate = gate
        self._ledger = gate.ledger
        self._approvals = approvals
        self._domains = domains
        self._manifest_key = keys.manifest.public
        approvals.executors[PUBLISH_ACTION] = partial(publish, key=self._manifest_key)
        approvals.on_refusal[PUBLISH_ACTION] = abandon
        approvals.executors[CAP_ACTION] = change_caps

    def all(self, actor: Actor) -> list[tuple[Artifact, list[Reference]]]:
        """Return every artifact that the actor may see, with its references.

        Raises:
            DeniedError: The session ended, or the account may not act.
        """
        with self._ledger.reading() as reading:
            verify_actor(reading, actor, now=reading.now)
            found = []
            for artifact in every_model(reading):
                if not self._visible(reading, actor, artifact):
                    continue
                references = REFERENCES.find(
                    reading, REFERENCES.columns.artifact == artifact.id
                )
                found.append((artifact, references))
            return found

    def show(self, actor: Actor, target: str) -> Described:
        """Return one version and its manifest.

        Raises:
            MissingError: There is no such version.
            DeniedError: The actor may not see it.
        """
        with (
            self._gate.recording_refusals(actor, "model:show", target),
            self._ledger.reading() as reading,
        ):
            artifact, version = find_version(reading, target)
            self._gate.require(reading, actor, "model:show", resource_of(artifact))
            manifest, _ = load_manifest(reading, version, self._manifest_key)
        return Described(artifact=artifact, version=version, manifest=manifest)

    def versions(self, actor: Actor, name: str) -> list[Version]:
        """Return every version of an artifact, also those not published.

        Raises:
            MissingError: There is no such artifact.
            DeniedError: The actor may not see it.
        """
        with (
            self._gate.recording_refusals(actor, "model:show", name),
            self._ledger.reading() as reading,
        ):
            artifact = require_artifact(reading, name)
            self._gate.require(reading, actor, "model:show", resource_of(artifact))
            found = VERSIONS.find(reading, VERSIONS.columns.artifact == artifact.id)
        return sorted(found, key=lambda version: version.number)

    def called(self, actor: Actor, versions: Collection[str]) -> dict[str, str]:
        """Return ``NAME@NUMBER`` of versions that came from outside, by their ids.

        Raises:
            DeniedError: The actor may not read what came in.
        """
        with self._gate.reading(actor, "intake:read", "room") as reading:
            names: dict[str, str] = {one.id: one.name for one in every_model(reading)}
        parts = {version: version.partition("/") for version in versions}
        return {
            version: f"{names[artifact]}@{number}"
            for version, (artifact, _, number) in parts.items()
            if artifact in names
        }

    def verify(
        self, actor: Actor, target: str, *, progress: Callable[[int], None]
    ) -> Described:
        """Read every stored byte of a version and compare it with its manifest.

        Needs no key: the manifest states the SHA-256 of every object.

        Raises:
            MissingError: There is no such version, or an object is gone.
            DeniedError: The actor may not see it.
            IntegrityError: An object is not what was sealed; names it.
        """
        described = self.show(actor, target)
        for segment in described.manifest.segments:
            store = domain_named(self._domains, segment.domain).store
            verify_ciphertext(store, segment.facts)
            progress(segment.facts.length)
        with self._ledger.transaction() as writing:
            writing.append(
                actor.event(
                    "version.verified",
                    {
                        "artifact": described.artifact.id,
                        "version": described.version.number,
                        "generation": described.version.generation,
                        "manifest": described.manifest.digest,
                        "deep": True,
                    },
                )
            )
        return described

    def point(
        self,
        actor: Actor,
        target: str,
        reference: str,
        *,
        reason: str = "",
        progress: Callable[[int], None] = lambda _: None,
    ) -> Version:
        """Let a reference name another version; ``prod`` only after a deep check.

        Raises:
            DeniedError: The actor may not move references.
            MissingError: There is no such version.
            IntegrityError: The version is not what was sealed.
            ConflictError: It was sealed anew while its bytes were read.
        """
        if reference not in (MAIN, PROD):
            raise InputError(
                f"there is no reference {reference[:40]!r}", hint="main, prod"
            )
        verified = None
        if reference == PROD:  # what was verified moves, whatever moves meanwhile
            verified = self.verify(actor, target, progress=progress).version
            target = f"{verified.artifact}@{verified.number}"
        with (
            self._gate.recording_refusals(actor, "model:rollback", target),
            self._ledger.transaction() as writing,
        ):
            artifact, version = find_version(writing, target)
            self._gate.require(writing, actor, "model:rollback", resource_of(artifact))
            if verified is not None and _sealed(version) != _sealed(verified):
                raise ConflictError(
                    f"{artifact.name}@{version.number} was sealed anew while it was"
                    " checked",
                    hint="move the reference again; it is checked again",
                )
            move_reference(
                writing,
                artifact,
                reference,
                version,
                by=actor.account,
                session=actor.session,
                reason=reason,
            )
        return version

    def change_caps(
        self, actor: Actor, name: str, *, person: int, pair: int
    ) -> Request:
        """Ask for other exposure caps of an artifact's lineages, in percent.

        Raises:
            InputError: The caps are not in order.
            DeniedError: The actor may not ask for it.
        """
        check_caps(person=person, pair=pair)
        with (
            self._gate.recording_refusals(actor, CAP_ACTION, name),
            self._ledger.transaction() as writing,
        ):
            artifact = require_artifact(writing, name)
            asker = self._gate.require(
                writing, actor, CAP_ACTION, resource_of(artifact)
            )
            return self._approvals.ask(
                writing,
                actor,
                asker,
                CAP_ACTION,
                {"roots": list(artifact.roots), "person": person, "pair": pair},
                terms=self._gate.terms.of_action(CAP_ACTION),
            )

    def _visible(self, reading: Reading, actor: Actor, artifact: Artifact) -> bool:
        try:
            self._gate.require(reading, actor, "model:show", resource_of(artifact))
        except DeniedError:
            return False
        return True


def _sealed(version: Version) -> tuple[int, str]:
    """Return what a check of stored bytes is about."""
    return version.generation, version.manifest_digest
