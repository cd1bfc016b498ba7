"""Turns planned segments of open files into sealed objects, a few at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from queue import SimpleQueue

from strongroom.access.footprints import Footprint
from strongroom.crypto.container import RECORD_BYTES
from strongroom.crypto.custody.port import KeyCustodian
from strongroom.crypto.keys import (
    KEY_BYTES,
    SALT_BYTES,
    SUITE_AES_256_GCM,
    SegmentContext,
)
from strongroom.crypto.sealing import Item, Workspace, seal_segment
from strongroom.errors import SetupError, StrongroomError
from strongroom.stores.port import BlobStore, BlobWriter
from strongroom.types import (
    ArtifactId,
    Random,
    RoomId,
    Secret,
    SegmentId,
    id_bytes,
    new_id,
)
from strongroom.vault.exposed import Exposed
from strongroom.vault.manifest_segment import ManifestSegment
from strongroom.vault.recovery_sets import RecoverySet
from strongroom.vault.segments import Plan, PlannedItem, PlannedSegment, items_of
from strongroom.vault.sharing import Wrap, wrap_share
from strongroom.vault.sources import OpenSource

THREADS = 8
"""Segments sealed at once, in 5 MiB each: on two cores two are hashed while others are
written, and a disk wants several writes at once.  Four take a tenth longer."""

MAP_ITEM = "map"
"""Item of the architecture segment that says where every byte of every file is."""

Progress = Callable[[int], None]
"""Called with the number of bytes that were sealed since the last call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyDomain:
    """One custodian and one store, opened."""

    name: str
    custodian: KeyCustodian
    store: BlobStore


def domain_named(domains: Mapping[str, CustodyDomain], name: str) -> CustodyDomain:
    """Return the custody domain of this name.

    Raises:
        SetupError: ``room.toml`` has none; a sealed segment still names it.
    """
    if name not in domains:
        raise SetupError(
            f"room.toml has no custody domain {name[:40]!r}",
            hint="put its [[domain]] back",
        )
    return domains[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPart:
    """A sealed segment: what the manifest says of it, and what the database keeps."""

    segment: ManifestSegment
    wraps: tuple[Wrap, ...]
    footprint: Footprint


@dataclass(frozen=True, slots=True, kw_only=True)
class SealJob:
    """Everything that sealing one version needs.

    Attributes:
        files: How many there are; the map is numbered after them.
        assigned: The domains that hold shares of each segment, by its name; the
            first one has the object.
        recovery: The recovery set of each domain that has one.
        coordinate_key: Blinds the extents that exposure counts.
        map: The item that says where every byte is.
    """

    room: RoomId
    artifact: ArtifactId
    version: int
    generation: int
    plan: Plan
    files: int
    assigned: Mapping[str, tuple[str, ...]]
    domains: Mapping[str, CustodyDomain]
    recovery: Mapping[str, RecoverySet]
    coordinate_key: Secret
    map: bytes
    random: Random


def seal_plan(
    job: SealJob, source: OpenSource, progress: Progress
) -> tuple[SealedPart, ...]:
    """Seal every segment of the plan and return them in its order.

    When one fails, or the caller is interrupted, no further one is begun and the
    objects written so far are removed.

    Raises:
        InputError: The source changed meanwhile.
        UnavailableError: A store or a custodian did not accept it.
    """
    exposed = Exposed.of(job.plan, key=job.coordinate_key)
    attempt = _Attempt(job=job, exposed=exposed, source=source, progress=progress)
    try:
        with ExitStack() as stack:
            for name in {custodians[0] for custodians in job.assigned.values()}:
                store = job.domains[name].store
                attempt.writers[name] = stack.enter_context(store.batch())
            parts = _seal_all(attempt)
            source.verify_unchanged()
    except BaseException:  # also an interrupt: nothing half done may stay
        remove_objects(attempt.written)
        raise
    return parts


def _seal_all(attempt: _Attempt) -> tuple[SealedPart, ...]:
    workspaces: SimpleQueue[Workspace] = SimpleQueue()
    for _ in range(THREADS):
        workspaces.put(Workspace())

    def seal(planned: PlannedSegment) -> SealedPart:
        workspace = workspaces.get()
        try:
            return _seal_one(attempt, planned, workspace)
        finally:
            workspaces.put(workspace)

    with ThreadPoolExecutor(THREADS, thread_name_prefix="seal") as pool:
        futures = [pool.submit(seal, one) for one in attempt.job.plan.segments]
        try:
            for future in wait(futures, return_when=FIRST_EXCEPTION).done:
                future.result()  # raises what failed, while others still run
            return tuple(future.result() for future in futures)
        except BaseException:
            attempt.stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def remove_objects(written: Sequence[tuple[BlobStore, str]]) -> None:
    """Remove objects that no manifest names; a store that fails keeps garbage."""
    for store, name in written:
        try:
            store.remove(name)
        except StrongroomError:
            continue  # unreadable without its key, and collected later


class _StoppedError(Exception):
    """Another segment failed; this one is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """What the threads of one seal share."""

    job: SealJob
    exposed: Exposed
    source: OpenSource
    progress: Progress
    writers: dict[str, BlobWriter] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    written: list[tuple[BlobStore, str]] = field(default_factory=list)


def _seal_one(
    attempt: _Attempt, planned: PlannedSegment, workspace: Workspace
) -> SealedPart:
    job = attempt.job
    custodians = job.assigned[planned.name]
    domain = job.domains[custodians[0]]
    segment = SegmentId(new_id("segment", job.random))
    shares = tuple(Secret(job.random(KEY_BYTES)) for _ in custodians)
    name = object_name(job.artifact, job.version, job.random)
    attempt.written.append((domain.store, name))
    facts = seal_segment(
        _items(attempt, planned),
        segment_name=planned.name,
        context=SegmentContext(
            suite=SUITE_AES_256_GCM,
            artifact=job.artifact,
            version=job.version,
            generation=job.generation,
            segment=segment,
            record_bytes=RECORD_BYTES,
            shares=len(shares),
        ),
        shares=shares,
        salt=job.random(SALT_BYTES),
        store=attempt.writers[domain.name],
        object_name=name,
        workspace=workspace,
    )
    footprint = attempt.exposed.footprint(planned)
    return SealedPart(
        segment=ManifestSegment(
            id=segment,
            name=planned.name,
            part=planned.part,
            domain=domain.name,
            footprint=footprint.digest.hex(),
            facts=facts,
            custodians=custodians,
        ),
        wraps=tuple(
            wrap
            for i, name in enumerate(custodians)
            for wrap in wrap_share(
                shares[i],
                i,
                facts.context,
                room=job.room,
                custodian=job.domains[name].custodian,
                recovery=job.recovery.get(name),
            )
        ),
        footprint=footprint,
    )


def object_name(artifact: ArtifactId, version: int, random: Random) -> str:
    """Return a name that no other attempt uses: ``<artifact>/<version>/<random>``."""
    return f"{id_bytes(artifact).hex()}/{version}/{random(16).hex()}"


def _items(attempt: _Attempt, planned: PlannedSegment) -> list[Item]:
    def reader(item: PlannedItem) -> Callable[[int, memoryview], None]:
        def read_into(offset: int, buffer: memoryview) -> None:
            if attempt.stop.is_set():
                raise _StoppedError
            attempt.source.read_into(item.file, item.file_start + offset, buffer)
            attempt.progress(len(buffer))

        return read_into

    items = [
        Item(
            name=item.name,
            file=item.file,
            dtype=item.dtype,
            shape=item.shape,
            ranges=item.ranges,
            read_into=reader(item),
        )
        for item in items_of(planned)
    ]
    if planned is attempt.job.plan.segments[0]:
        items.append(_map_item(attempt.job))
    return items


def _map_item(job: SealJob) -> Item:
    document = job.map

    def read_into(offset: int, buffer: memoryview) -> None:
        buffer[:] = document[offset : offset + len(buffer)]

    return Item(
        name=MAP_ITEM,
        file=job.files,
        dtype=None,
        shape=None,
        ranges=((0, len(document)),),
        read_into=read_into,
    )
