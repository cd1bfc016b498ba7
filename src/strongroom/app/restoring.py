"""Makes a room with new custodians out of papers and copies of the old one.

    papers ──▶ recovery keys ──┐
    database copy ──▶ checked ─┴▶ new custodians ──▶ wraps moved ──▶ room.toml

Nothing of the copy is believed before the ledger is checked with the keys that
``room.toml`` pins, and every guarded row with the ledger.  Each step can be
interrupted and done again; ``room.toml`` is written last, and without it there is
no room.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from strongroom.access.accounts import find_account
from strongroom.app.adapters import create_custodian, open_domains, passphrase_of
from strongroom.app.copies import (
    CUSTODIANS,
    UNFINISHED,
    Checked,
    RestoreOptions,
    check_copy,
    copy_database,
    make_folder,
    settings_of,
)
from strongroom.app.recovered import Recovered, recover_keys
from strongroom.app.wiring import Clock, clock, open_ledger
from strongroom.crypto.durable import write_durably
from strongroom.errors import InputError
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.events import Event
from strongroom.ledger.log import Ledger
from strongroom.settings import FILE_NAME, Settings, load_settings
from strongroom.types import Random, Secret
from strongroom.vault.restoring import Moved, Restoration
from strongroom.vault.seals import CustodyDomain


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A room that was restored.

    Attributes:
        recovered: The keys that the papers gave.
        size: Entries in the ledger of the copy.
        seen: Entries that the checkpoint from elsewhere covers; ``None`` without.
        troubles: What kept a witness from saying what it saw.
    """

    settings: Settings
    recovered: tuple[Recovered, ...]
    size: int
    seen: int | None
    troubles: tuple[str, ...]
    moved: Moved


def restore(
    options: RestoreOptions,
    *,
    progress: Callable[[int], None] = lambda _: None,
    now: Clock = clock,
    random: Random = os.urandom,
) -> Restored:
    """Restore a room; called again after an interruption, it goes on.

    Args:
        options: What, and how.
        progress: Told the shares moved since the last call.
        now: The clock, aware UTC.
        random: Source of every key, salt, nonce and id.

    Raises:
        InputError: Papers are of another room, too few, or stand twice; or
            segments are wrapped to none of their keys.
        IntegrityError: The copy is not what its ledger says.
        ForkError: The copy is older than a checkpoint or a witness, or another
            history.
        ConflictError: ``into`` holds something else.
        SetupError: The copy has no settings, or a passphrase is missing.
        MissingError: There is no such account.
        UnavailableError: A file or the database does not answer.
    """
    source = load_settings(options.copy)
    recovered = recover_keys(options.papers, source)
    settings = settings_of(options, source)
    make_folder(settings, random)
    if options.database is None:
        copy_database(source, settings)
    checked = check_copy(settings, recovered, options, now=now, random=random)
    domains = _custodians(settings, options, random)
    ledger = open_ledger(settings, keys=checked.keys, now=now, random=random)
    with contextlib.closing(ledger.database):
        moved = _move(
            Restoration(
                ledger,
                room=settings.room,
                domains=domains,
                custodians={d.name: d.custodian for d in settings.domains},
                recovered=[one.key for one in recovered],
                manifest_key=checked.keys.manifest.public,
            ),
            checked.seeds,
            _begun(ledger, options, recovered, checked),
            allow_lost=options.allow_lost,
            progress=progress,
        )
        anchors = Anchors(ledger)
        for domain in domains.values():
            anchors.advance(domain.custodian)
    _finish(settings, random)
    return Restored(
        settings=settings,
        recovered=tuple(recovered),
        size=checked.size,
        seen=checked.seen,
        troubles=checked.troubles,
        moved=moved,
    )


def _move(
    steps: Restoration,
    seeds: Mapping[str, Secret],
    begun: Event,
    *,
    allow_lost: bool,
    progress: Callable[[int], None],
) -> Moved:
    """Move every key to the new custodians, the room's own ones first.

    Raises:
        InputError: Shares are wrapped to none of the recovery keys, and may not
            be given up.
        IntegrityError: A wrap was altered.
        UnavailableError: The database does not answer.
    """
    manifests = steps.manifests()
    lost = steps.lost(manifests)
    if lost and not allow_lost:
        raise InputError(
            f"{len(lost)} shares of {', '.join(sorted({h.domain for h in lost}))}"
            " are wrapped to none of these recovery keys",
            hint="bring papers of every set, or give them up: --allow-lost",
        )
    steps.begin(seeds, begun)
    for manifest in manifests:
        steps.move(manifest, progress)
    return steps.finish(manifests, len(lost))


def _custodians(
    settings: Settings, options: RestoreOptions, random: Random
) -> dict[str, CustodyDomain]:
    """Make the custodians that are not there yet, and open all.

    Raises:
        DeniedError: One was made by an interrupted run with another passphrase.
        SetupError: A passphrase is missing.
    """
    folder = settings.folder / CUSTODIANS
    folder.mkdir(mode=0o700, exist_ok=True)
    for domain in settings.domains:
        path = folder / domain.name
        if path.exists():
            continue
        path.with_name(f"{domain.name}.anchor").unlink(missing_ok=True)
        create_custodian(
            settings,
            domain,
            passphrase_of(domain, options.passphrases),
            cost=options.cost,
            random=random,
        )
    return open_domains(settings, options.passphrases, random=random)


def _begun(
    ledger: Ledger,
    options: RestoreOptions,
    recovered: Sequence[Recovered],
    checked: Checked,
) -> Event:
    with ledger.reading() as reading:
        account = find_account(reading, options.by).id
    return Event(
        kind="recovery.begun",
        actor=None,
        facts={
            "account": account,
            "keys": [one.key.id for one in recovered],
            "sets": [one.set_id for one in recovered],
            "papers": [one.papers for one in recovered],
            "size": checked.size,
            "seen": checked.seen,
            "drill": options.drill,
        },
    )


def _finish(settings: Settings, random: Random) -> None:
    """Write ``room.toml``: from here on there is a room."""
    text = settings.to_toml().encode()
    write_durably(settings.folder / FILE_NAME, text, random, overwrite=True)
    (settings.folder / UNFINISHED).unlink(missing_ok=True)
