"""Seals the segments of a version anew under other keys: its next generation.

    begin (an entry) ──▶ segment by segment ──▶ switch (one commit)

Until the switch everybody opens the generation before; an interruption loses at
most one segment.  Names, ids, content and exposure stay what they are, so permits in
force go on.  After the switch, the old wraps are gone and the old objects garbage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from strongroom.access.gate import Gate
from strongroom.access.people import ROOM
from strongroom.access.sessions import Actor
from strongroom.canonical import Json
from strongroom.crypto.keys import SUITES
from strongroom.crypto.roomkeys import RoomKeys
from strongroom.errors import ConflictError, InputError
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.log import Writing
from strongroom.ledger.second import in_force
from strongroom.types import Random, RoomId
from strongroom.vault.manifest import Manifest
from strongroom.vault.manifest_segment import ManifestSegment
from strongroom.vault.rekeys import (
    REKEYS,
    Rekey,
    RekeyState,
    active_rekeys,
    load_finished,
    remove_finished,
    remove_wraps,
    replace_manifest,
    still_active,
)
from strongroom.vault.resealing import Progress, Resealing
from strongroom.vault.seals import CustodyDomain
from strongroom.vault.shredding import shredded, verify_not_shredded
from strongroom.vault.versions import (
    VERSIONS,
    Version,
    find_version,
    load_manifest,
    resource_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rekeyed:
    """A version in its next generation.

    Attributes:
        segments: Those that have other keys now.
    """

    version: Version
    manifest: Manifest
    segments: tuple[ManifestSegment, ...]


class Rekeying:
    """What key-holders do when a key, or a suite, is not trusted any more."""

    def __init__(
        self,
        gate: Gate,
        anchors: Anchors,
        *,
        room: RoomId,
        domains: Mapping[str, CustodyDomain],
        keys: RoomKeys,
        random: Random,
    ) -> None:
        """Wire it; nothing is read yet."""
        self._gate = gate
        self._ledger = gate.ledger
        self._keys = keys
        self._resealing = Resealing(
            gate.ledger,
            anchors,
            room=room,
            domains=domains,
            keys=keys,
            random=random,
        )

    def run(
        self,
        actor: Actor,
        target: str,
        *,
        segments: tuple[str, ...] = (),
        suite: int | None = None,
        progress: Progress = lambda _: None,
    ) -> Rekeyed:
        """Re-key a version, or go on with the re-keying that is under way.

        Args:
            actor: A key-holder.
            target: As ``NAME`` or ``NAME@3``.
            segments: Names; all unless given.
            suite: How the new objects are encrypted; as the old ones if ``None``.
            progress: Told the bytes since the last call.

        Raises:
            InputError: There is no such suite, or segments differ in theirs.
            MissingError: There is no such version or segment.
            DeniedError: The actor may not manage keys.
            ConflictError: Another re-keying of the version is under way.
            SetupError: A custodian gives out no shares.
            IntegrityError: An object is not the one that was sealed.
            UnavailableError: A custodian or a store does not answer.
        """
        with (
            self._gate.recording_refusals(actor, "key:manage", "room"),
            self._ledger.transaction() as writing,
        ):
            self._gate.require(writing, actor, "key:manage", ROOM)
            artifact, version = find_version(writing, target)
            self._gate.require(writing, actor, "model:show", resource_of(artifact))
            manifest, _ = load_manifest(writing, version, self._keys.manifest.public)
            gone = shredded(writing, manifest)
            chosen = manifest.select(segments) if segments else manifest.segments
            if segments or len(gone) == len(manifest.segments):
                verify_not_shredded(writing, manifest, chosen)
            chosen = tuple(s for s in chosen if s.id not in gone)
            suite = _suite_of(chosen, suite)
            rekey = self._begin(writing, actor, version, chosen, suite)
        self._resealing.run(rekey, manifest, progress)
        return self._switch(actor, rekey)

    def _begin(
        self,
        writing: Writing,
        actor: Actor,
        version: Version,
        chosen: Sequence[ManifestSegment],
        suite: int,
    ) -> Rekey:
        wanted = tuple(segment.id for segment in chosen)
        for active in active_rekeys(writing, version.id):
            if active.segments != wanted or active.suite != suite:
                raise ConflictError(
                    f"a re-keying of {len(active.segments)} segments of {version.id}"
                    f" into suite {active.suite} is under way",
                    hint="name the same segments and suite to go on with it",
                )
            return active
        rekey = Rekey(
            id=f"{version.id}/{version.generation + 1}",
            artifact=version.artifact,
            number=version.number,
            generation=version.generation + 1,
            segments=wanted,
            suite=suite,
            state=RekeyState.ACTIVE,
            begun_by=actor.account,
            begun_at=writing.now,
        )
        REKEYS.insert(writing, rekey)
        facts = {**_names(rekey), "suite": rekey.suite}
        writing.append(actor.event("rekey.begun", facts))
        return rekey

    def _switch(self, actor: Actor, rekey: Rekey) -> Rekeyed:
        """Let the version be the next generation, and delete what opened the old."""
        with self._ledger.transaction() as writing:
            self._gate.require(writing, actor, "key:manage", ROOM)
            rekey = still_active(writing, rekey)
            version = VERSIONS.get(
                writing, f"{rekey.artifact}/{rekey.number}", lock=True
            )
            public = self._keys.manifest.public
            before, _ = load_manifest(writing, version, public)
            done = load_finished(writing.connection, rekey, public)
            if done.keys() != set(rekey.segments):
                raise ConflictError(
                    f"the re-keying of {version.id} is not finished",
                    hint="run it again",
                )
            second = in_force(writing.connection)
            after = replace(
                before,
                generation=rekey.generation,
                both=second is not None,
                segments=tuple(done.get(s.id, s) for s in before.segments),
            )
            version = VERSIONS.replace(
                writing,
                version,
                generation=after.generation,
                manifest_digest=after.digest,
            )
            signed = after.sign(self._keys.manifest, second=second)
            replace_manifest(writing.connection, before, after, signed)
            for segment in before.segments:
                if segment.id in done:
                    old = segment.facts.context.generation
                    remove_wraps(writing.connection, before, segment.id, old)
            remove_finished(writing.connection, rekey)
            REKEYS.replace(writing, rekey, state=RekeyState.ENDED)
            facts = {
                **_names(rekey),
                "manifest": after.digest,
                "previous": before.digest,
            }
            writing.append(actor.event("version.rekeyed", facts))
        return Rekeyed(version=version, manifest=after, segments=tuple(done.values()))


def _suite_of(chosen: Sequence[ManifestSegment], wanted: int | None) -> int:
    """Return the suite of the next objects.

    Raises:
        InputError: There is no such suite, or the segments have several.
    """
    suites = {segment.facts.context.suite for segment in chosen}
    if wanted is None and len(suites) > 1:
        raise InputError("the segments have several suites", hint="--suite 1 or 2")
    suite = min(suites) if wanted is None else wanted
    if suite not in SUITES:
        raise InputError(f"there is no suite {suite}", hint="--suite 1 or 2")
    return suite


def _names(rekey: Rekey) -> dict[str, Json]:
    return {
        "artifact": rekey.artifact,
        "version": rekey.number,
        "generation": rekey.generation,
        "segments": list(rekey.segments),
    }
