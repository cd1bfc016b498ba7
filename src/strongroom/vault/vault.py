"""Seals versions.

    reserve a number ──▶ seal objects ──▶ record them, ask to publish

The first and the last step are commits of their own; a crash between them
leaves objects that no manifest names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from strongroom.access.accounts import Account
from strongroom.access.approvals import Approvals
from strongroom.access.gate import Gate
from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.crypto.roomkeys import RoomKeys
from strongroom.errors import ConflictError
from strongroom.intake.intakes import Intake
from strongroom.intake.receipt import Receipt
from strongroom.ledger.log import Writing
from strongroom.ledger.second import in_force
from strongroom.types import Classification, ProjectId, Random, RoomId
from strongroom.vault import drafts, recording
from strongroom.vault.domains import assign_custodians
from strongroom.vault.endings import Ending, holding, publishing, quarantining
from strongroom.vault.manifest import Manifest
from strongroom.vault.maps import map_document
from strongroom.vault.plans import default_plan
from strongroom.vault.recovery_sets import sets_by_domain, verify_apart
from strongroom.vault.reserving import reserve
from strongroom.vault.roots import verify_in_use
from strongroom.vault.seals import (
    CustodyDomain,
    Progress,
    SealedPart,
    SealJob,
    seal_plan,
)
from strongroom.vault.segments import Plan
from strongroom.vault.sources import OpenSource, SourceFile, opaque, scan
from strongroom.vault.versions import (
    VERSIONS,
    Artifact,
    Version,
    resource_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What sealing produced.

    Attributes:
        request: What others have to agree to before anybody can ask for the
            version; carried out already when nobody has to.
    """

    artifact: Artifact
    version: Version
    manifest: Manifest
    request: Request | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Scanned files, how they are cut, and who keeps which segment."""

    path: Path
    files: tuple[SourceFile, ...]
    plan: Plan
    assigned: Mapping[str, tuple[str, ...]]


class Vault:
    """Everything protected, in versions."""

    def __init__(
        self,
        gate: Gate,
        approvals: Approvals,
        *,
        room: RoomId,
        domains: Mapping[str, CustodyDomain],
        keys: RoomKeys,
        random: Random,
    ) -> None:
        """Wire the shell.

        Args:
            gate: Asks policy.
            approvals: Publishes what needs somebody else's word.
            room: The installation.
            domains: Custody domains in order of preference.
            keys: Sign manifests, and blind the extents that exposure counts.
            random: Source of ids, keys and salts.
        """
        self._gate = gate
        self._ledger = gate.ledger
        self._approvals = approvals
        self._room = room
        self._domains = domains
        self._keys = keys
        self._random = random

    def seal(
        self,
        actor: Actor,
        path: Path,
        options: drafts.SealOptions,
        *,
        receipt: Receipt | None = None,
        progress: Progress = lambda _: None,
    ) -> Sealed:
        """Seal a file or folder as the next version of an artifact.

        Args:
            actor: Who seals; holds the whole by origin.
            path: A safetensors file, any file, or a folder of files.
            options: Under which name, class, project, parent and plan.
            receipt: Of what came from outside: the version waits in quarantine
                until somebody accepts it.
            progress: Told the bytes sealed since the last call, from threads.

        Raises:
            InputError: The source, its plan or the options cannot be sealed.
            DeniedError: The actor may not seal this.
            SetupError: The room has fewer custodians than are asked for.
            ConflictError: The name was sealed meanwhile, or its parent recalled.
            UnavailableError: A store or the database did not accept it.
        """
        files = scan(path, rewritten=receipt is not None)
        plan = drafts.plan_of(options, files)  # before others have to wait for it
        assigned = assign_custodians(plan, list(self._domains), options.custodians)
        with (
            self._gate.recording_refusals(actor, "model:seal", options.name),
            self._ledger.transaction() as writing,
        ):
            draft, account = self._drafted(writing, actor, options)
            drafts.verify_caps(draft, plan, self._gate.terms)
            version = reserve(writing, actor, draft, plan, waits=receipt is not None)
        source = _Source(path=path, files=files, plan=plan, assigned=assigned)
        if receipt is not None:
            ending = quarantining(actor, receipt)
        else:
            terms = drafts.publishing_terms(draft, self._gate.terms)
            ending = publishing(self._approvals, actor, account, terms)
        return self._finish(
            actor, draft.artifact, version, source, ending, progress=progress
        )

    def verify_options(
        self, actor: Actor, options: drafts.SealOptions
    ) -> Classification:
        """Return the class of what is sealed so, if ``seal`` would not refuse it.

        Raises:
            InputError: The options contradict what exists.
            DeniedError: The actor may not seal this.
            MissingError: The parent or the project does not exist.
            ConflictError: A first version of this name waits.
        """
        with (
            self._gate.recording_refusals(actor, "model:seal", options.name),
            self._ledger.transaction() as writing,
        ):
            draft, _ = self._drafted(writing, actor, options)
        return draft.artifact.classification

    def _drafted(
        self, writing: Writing, actor: Actor, options: drafts.SealOptions
    ) -> tuple[drafts.Draft, Account]:
        draft = drafts.resolve(
            writing, options, self._gate.terms, self._keys.coordinate
        )
        if draft.source is not None:  # whoever may not see it learns nothing
            self._gate.require(writing, actor, "model:show", resource_of(draft.source))
        account = self._gate.require(
            writing, actor, "model:seal", resource_of(draft.artifact)
        )
        drafts.verify_name_free(writing, draft)
        return draft, account

    def hold(
        self,
        actor: Actor,
        path: Path,
        intake: Intake,
        project: ProjectId,
        *,
        progress: Progress = lambda _: None,
    ) -> Sealed:
        """Seal an original from outside, so that it is kept and nobody opens it.

        Args:
            actor: Who added it; policy allowed that.
            path: The private copy of its files, one after the other.
            intake: Under which it is known.
            project: That it was added for.
            progress: Told the bytes sealed since the last call, from threads.

        Raises:
            InputError: The copy changed.
            ConflictError: It is held already.
            UnavailableError: A store or the database did not accept it.
        """
        files = opaque(path)
        plan = default_plan(files)
        draft = drafts.of_original(intake, project, self._keys.coordinate)
        assigned = assign_custodians(plan, list(self._domains), 1)
        with self._ledger.transaction() as writing:
            version = reserve(writing, actor, draft, plan)
        source = _Source(path=path, files=files, plan=plan, assigned=assigned)
        return self._finish(
            actor,
            draft.artifact,
            version,
            source,
            holding(actor, intake),
            progress=progress,
        )

    def _finish(
        self,
        actor: Actor,
        artifact: Artifact,
        version: Version,
        source: _Source,
        ending: Ending,
        *,
        progress: Progress,
    ) -> Sealed:
        """Seal the objects of a reserved version, then record what they are."""
        try:
            parts = self._seal_objects(source, version, progress=progress)
        except BaseException:  # also an interrupt: the number stays unused
            recording.abandon(self._ledger, actor, version)
            raise
        # From here on objects stay even if this fails: when the connection is lost
        # during a commit nobody knows whether it happened, and garbage is collected.
        try:
            return self._record(actor, artifact, version, parts, ending)
        except ConflictError:  # no lost connection: nothing of it was committed
            recording.abandon(self._ledger, actor, version)
            raise

    def _seal_objects(
        self, source: _Source, version: Version, *, progress: Progress
    ) -> tuple[SealedPart, ...]:
        with self._ledger.reading() as reading:
            recovery = sets_by_domain(reading)
        for segment, custodians in source.assigned.items():
            verify_apart(segment, custodians, recovery)
        job = SealJob(
            room=self._room,
            artifact=version.artifact,
            version=version.number,
            generation=version.generation,
            plan=source.plan,
            files=len(source.files),
            assigned=source.assigned,
            domains=self._domains,
            recovery=recovery,
            coordinate_key=self._keys.coordinate,
            map=map_document(source.plan, source.files),
            random=self._random,
        )
        with OpenSource(source.path, source.files) as opened:
            return seal_plan(job, opened, progress)

    def _record(
        self,
        actor: Actor,
        artifact: Artifact,
        version: Version,
        parts: tuple[SealedPart, ...],
        ending: Ending,
    ) -> Sealed:
        manifest = recording.manifest_of(self._room, artifact, version, parts)
        with self._ledger.transaction() as writing:
            second = in_force(writing.connection)
            manifest = replace(manifest, both=second is not None)
            version = VERSIONS.replace(
                writing,
                recording.still_sealing(writing, version),
                state=ending.state,
                manifest_digest=manifest.digest,
            )
            verify_in_use(writing, {w.root_key_id for p in parts for w in p.wraps})
            signed = manifest.sign(self._keys.manifest, second=second)
            recording.store_parts(writing.connection, manifest, signed, parts)
            writing.append(recording.sealed_event(actor, manifest, ending.origin))
            request = ending.then(writing, version)
            version = VERSIONS.get(writing, version.id)
        return Sealed(
            artifact=artifact, version=version, manifest=manifest, request=request
        )
