"""Seals the segments of a re-keying anew, a few at a time.

Each finished segment is a commit of its own, signed, so that an interruption loses
only those under way.  Of each, only records pass through memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace

import sqlalchemy as sa

from strongroom.crypto.keys import KEY_BYTES, SALT_BYTES
from strongroom.crypto.rekeying import Anew, rekey_object
from strongroom.crypto.roomkeys import RoomKeys
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.log import Ledger
from strongroom.ledger.second import in_force
from strongroom.types import Random, RoomId, Secret, SegmentId
from strongroom.vault.manifest import Manifest
from strongroom.vault.manifest_segment import ManifestSegment
from strongroom.vault.recording import store_wraps
from strongroom.vault.recovery_sets import sets_by_domain
from strongroom.vault.recovery_wraps import Held, held_shares
from strongroom.vault.rekeys import (
    Rekey,
    load_finished,
    remove_finished,
    remove_wraps,
    still_active,
    store_finished,
)
from strongroom.vault.roots import verify_in_use
from strongroom.vault.seals import CustodyDomain, domain_named, object_name
from strongroom.vault.segment_keys import SegmentKeys
from strongroom.vault.sharing import wrap_share

Progress = Callable[[int], None]
"""Called with the number of bytes that were sealed anew since the last call."""

THREADS = 3
"""Segments under way; with two processors, one more to wait for the disk.  More are
no quicker, and an interruption would lose them."""


class _StoppedError(Exception):
    """Another segment failed; this one is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One segment to seal anew.

    Attributes:
        segment: As it is now.
        key: K of it.
        anew: What the next object is made with.
    """

    segment: ManifestSegment
    key: Secret
    anew: Anew


class Resealing:
    """Everything between the beginning of a re-keying and its switch."""

    def __init__(
        self,
        ledger: Ledger,
        anchors: Anchors,
        *,
        room: RoomId,
        domains: Mapping[str, CustodyDomain],
        keys: RoomKeys,
        random: Random,
    ) -> None:
        """Wire it; nothing is read yet."""
        self._ledger = ledger
        self._segment_keys = SegmentKeys(
            anchors, domains, action="re-keyed", instead="seal the version again"
        )
        self._room = room
        self._domains = domains
        self._keys = keys
        self._random = random

    def run(self, rekey: Rekey, manifest: Manifest, progress: Progress) -> None:
        """Seal every segment of the re-keying anew that is not finished.

        Args:
            rekey: Which segments, and how.
            manifest: Of the generation that is in use.
            progress: Told the bytes since the last call.

        Raises:
            SetupError: A custodian gives out no shares.
            IntegrityError: An object is not the one that was sealed, or its key is
                not wrapped.
            ConflictError: Somebody else ended it, or a root key was rotated.
            UnavailableError: A custodian or a store does not answer.
        """
        with self._ledger.reading() as reading:
            frame = replace(
                manifest,
                generation=rekey.generation,
                both=in_force(reading.connection) is not None,
            )
            done = load_finished(reading.connection, rekey, self._keys.manifest.public)
            held: dict[SegmentId, list[Held]] = {}
            for share in held_shares(reading.connection, manifest):
                held.setdefault(share.segment.id, []).append(share)
            usable = [
                one
                for one in done.values()
                if self._is_wrapped(reading.connection, frame, one)
            ]
        finished = {segment.id for segment in usable}
        tasks = []
        for segment in manifest.segments:
            if segment.id not in rekey.segments:
                continue
            if segment.id in finished:
                progress(segment.facts.stream_bytes)
                continue
            key = self._segment_keys.key(segment, held.get(segment.id, []))
            tasks.append(self._task(rekey, segment, key))
        self._seal_all(rekey, frame, tasks, progress)

    def _is_wrapped(
        self, connection: sa.Connection, frame: Manifest, one: ManifestSegment
    ) -> bool:
        """Return whether the custodians of today hold the shares of a finished one."""
        found = held_shares(connection, replace(frame, segments=(one,)))
        roots = {held.share: held.wrapped.keys() for held in found}
        return all(
            domain_named(self._domains, name).custodian.root_key_id
            in roots.get(number, ())
            for number, name in enumerate(one.custodians)
        )

    def _task(self, rekey: Rekey, segment: ManifestSegment, key: Secret) -> _Task:
        context = replace(
            segment.facts.context, generation=rekey.generation, suite=rekey.suite
        )
        anew = Anew(
            context=context,
            shares=tuple(Secret(self._random(KEY_BYTES)) for _ in segment.custodians),
            salt=self._random(SALT_BYTES),
            object_name=object_name(rekey.artifact, rekey.number, self._random),
        )
        return _Task(segment=segment, key=key, anew=anew)

    def _seal_all(
        self,
        rekey: Rekey,
        frame: Manifest,
        tasks: Sequence[_Task],
        progress: Progress,
    ) -> None:
        """Seal a few at once, and record each as soon as it is on the disk."""
        stop = threading.Event()

        def tell(count: int) -> None:
            if stop.is_set():
                raise _StoppedError
            progress(count)

        with ThreadPoolExecutor(THREADS, thread_name_prefix="rekey") as pool:
            try:
                futures = {pool.submit(self._seal, t, tell): t for t in tasks}
                for future in as_completed(futures):
                    self._record(rekey, frame, futures[future], future.result())
            except BaseException:  # also an interrupt: nobody waits for the rest
                stop.set()
                pool.shutdown(cancel_futures=True)
                raise

    def _seal(self, task: _Task, progress: Progress) -> ManifestSegment:
        """Return the segment as it will be, its object written."""
        store = domain_named(self._domains, task.segment.domain).store
        facts = rekey_object(
            store.once(),
            task.segment.facts,
            task.key,
            task.anew,
            store=store,
            progress=progress,
        )
        return replace(task.segment, facts=facts)

    def _record(
        self, rekey: Rekey, frame: Manifest, task: _Task, fresh: ManifestSegment
    ) -> None:
        """Keep the shares of a segment that was sealed anew, and what it is now."""
        with self._ledger.reading() as reading:
            recovery = sets_by_domain(reading)
        wraps = [
            wrap
            for number, name in enumerate(fresh.custodians)
            for wrap in wrap_share(
                task.anew.shares[number],
                number,
                fresh.facts.context,
                room=self._room,
                custodian=domain_named(self._domains, name).custodian,
                recovery=recovery.get(name),
            )
        ]
        with self._ledger.transaction() as writing:
            still_active(writing, rekey)
            verify_in_use(writing, {wrap.root_key_id for wrap in wraps})
            remove_finished(writing.connection, rekey, fresh.id)
            remove_wraps(writing.connection, frame, fresh.id, rekey.generation)
            store_wraps(writing.connection, frame, wraps)
            store_finished(writing.connection, frame, fresh, self._keys.manifest)
