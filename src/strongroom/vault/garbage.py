"""Removes sealed objects that no manifest names, and seals that never ended.

An object gets its random name before its manifest exists, so whatever a crash
leaves behind is invisible: nobody has its key.  It only takes room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from strongroom.crypto.signing import Signed, VerifyKey
from strongroom.database import tables
from strongroom.database.cells import blob
from strongroom.database.engine import Transaction
from strongroom.ledger.log import Ledger
from strongroom.types import id_bytes
from strongroom.vault.manifest import MAX_MANIFEST_BYTES, open_manifest
from strongroom.vault.recording import abandoned_event
from strongroom.vault.rekeys import active_rekeys
from strongroom.vault.seals import CustodyDomain
from strongroom.vault.versions import VERSIONS, VersionState

ABANDONED_AFTER = timedelta(hours=24)
"""A seal that has not ended by then was interrupted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What was cleaned up.

    Attributes:
        versions: Seals given up.
        objects: Objects and unfinished files removed, over all domains.
    """

    versions: int
    objects: int


def collect_garbage(
    ledger: Ledger, domains: Mapping[str, CustodyDomain], key: VerifyKey
) -> Collected:
    """Give up interrupted seals and remove every object without a manifest.

    Raises:
        IntegrityError: A manifest does not verify: nothing is removed then.
        UnavailableError: A store or the database does not answer.
    """
    versions = _abandon_interrupted(ledger)
    # Listed first: an object whose manifest is committed afterwards belongs to a
    # seal that was under way when the states were read, and is kept.
    stored = {name: list(domain.store.names()) for name, domain in domains.items()}
    with ledger.reading() as reading:
        named = _named_objects(reading, key)
        under_way = _under_way(reading)
    objects = 0
    for domain, names in stored.items():
        for name in names:
            if name not in named and not name.startswith(under_way):
                domains[domain].store.remove(name)
                objects += 1
        objects += domains[domain].store.sweep()
    return Collected(versions=versions, objects=objects)


def _abandon_interrupted(ledger: Ledger) -> int:
    with ledger.transaction() as writing:
        stuck = VERSIONS.find(
            writing,
            VERSIONS.columns.state == VersionState.SEALING,
            VERSIONS.columns.sealed_at < writing.now - ABANDONED_AFTER,
            lock=True,
        )
        for version in stuck:
            VERSIONS.replace(writing, version, state=VersionState.ABANDONED)
            writing.append(abandoned_event(version))
    return len(stuck)


def _named_objects(transaction: Transaction, key: VerifyKey) -> set[str]:
    rows = transaction.connection.execute(sa.select(tables.manifests.c.signed))
    names: set[str] = set()
    for row in rows.scalars():
        signed = Signed.from_bytes(blob(row), 2 * MAX_MANIFEST_BYTES)
        manifest = open_manifest(signed, key)
        names |= {segment.facts.object_name for segment in manifest.segments}
    return names


def _under_way(transaction: Transaction) -> tuple[str, ...]:
    """Return the prefixes of objects that a seal or a re-keying may still name."""
    running = VERSIONS.find(transaction, VERSIONS.columns.state == VersionState.SEALING)
    places = [(v.artifact, v.number) for v in running]
    places += [(one.artifact, one.number) for one in active_rekeys(transaction)]
    return tuple(f"{id_bytes(artifact).hex()}/{n}/" for artifact, n in places)
