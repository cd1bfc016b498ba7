"""The witnesses that a room's settings name, and changes of who they are.

The policy file is pinned in ``room.toml`` by digest, outside the database; a
change of it is an entry of the ledger at the next opening.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from strongroom.canonical import Json
from strongroom.crypto.durable import write_durably
from strongroom.errors import ConflictError, InputError, SetupError
from strongroom.ledger.cosignature import WitnessKey
from strongroom.ledger.events import Event
from strongroom.ledger.log import Ledger
from strongroom.ledger.policy_file import (
    MAX_POLICY_BYTES,
    NO_QUORUM,
    Group,
    KnownWitness,
    WitnessPolicy,
)
from strongroom.ledger.recorded import newest_recorded
from strongroom.ledger.witness_socket import SocketWitness
from strongroom.ledger.witnesses import Witnesses
from strongroom.settings import FILE_NAME, Settings, WitnessSettings
from strongroom.settings.small_files import read_small
from strongroom.types import Random

POLICY_FILE = Path("witnesses")
GROUP = "witnesses"
_SOCKET = "unix:"


def open_witnesses(
    settings: Settings, ledger: Ledger, *, now: Callable[[], datetime]
) -> Witnesses | None:
    """Return the witnesses of a room; ``None`` if it has none.

    Raises:
        SetupError: The policy is missing, not the pinned one, or of another ledger.
    """
    stated = settings.witnesses
    if stated is None:
        return None
    policy = load_policy(settings)
    if policy.logs and ledger.verifier not in policy.logs:
        raise SetupError("the witness policy is for another ledger")
    seconds = stated.answer_within_seconds
    return Witnesses(
        ledger,
        policy,
        {
            name: SocketWitness(socket_path(settings, known), seconds=seconds)
            for name, known in policy.witnesses.items()
            if known.url
        },
        releases_wait=stated.releases_wait,
        every=timedelta(seconds=stated.every_seconds),
        now=now,
    )


def load_policy(settings: Settings) -> WitnessPolicy:
    """Return the policy that ``room.toml`` pins; the empty one if it names none.

    Raises:
        SetupError: It is missing, not understood, or not the pinned one.
    """
    if settings.witnesses is None:
        return WitnessPolicy()
    data = _read(settings.folder / settings.witnesses.policy)
    if hashlib.sha256(data).hexdigest() != settings.witnesses.digest:
        raise SetupError(
            f"room.toml pins another witness policy than {settings.witnesses.policy}",
            hint="look at what changed; then strongroom ledger witness pin",
        )
    return _parsed(settings.folder / settings.witnesses.policy, data)


def add_witness(
    settings: Settings,
    log: Ledger,
    key: WitnessKey,
    *,
    name: str,
    socket: Path | None,
    needed: int | None,
    releases_wait: bool | None,
    random: Random = os.urandom,
) -> WitnessPolicy:
    """Add a witness to the room, and pin the new policy; return it.

    Args:
        settings: Of the room.
        log: Its ledger, which the policy names.
        key: Of the witness, compared by a person.
        name: In the policy.
        socket: Where it listens; ``None`` if it is asked by hand.
        needed: How many of all have to sign; as before unless given, one at first.
        releases_wait: Whether keys leave only then; as before unless given.
        random: Gives the name of a temporary file.

    Raises:
        ConflictError: The policy has groups of its own.
        InputError: The name or the key is there already, or too many are needed.
        UnavailableError: The disk did not take it.
    """
    before = load_policy(settings)
    if set(before.groups) - {GROUP} or before.quorum not in (NO_QUORUM, GROUP):
        raise ConflictError(
            "the witness policy has groups of its own",
            hint=f"edit {POLICY_FILE}, then strongroom ledger witness pin",
        )
    url = f"{_SOCKET}{socket.absolute()}" if socket else ""
    added = {name: KnownWitness(name=name, key=key, url=url)}
    if name in before.witnesses:
        raise InputError(f"the name {name[:80]!r} is taken")
    witnesses = {**before.witnesses, **added}
    kept = before.groups[GROUP].threshold if before.groups else 1
    group = Group(name=GROUP, threshold=needed or kept, members=tuple(witnesses))
    policy = WitnessPolicy(
        logs=(log.verifier,),
        witnesses=witnesses,
        groups={GROUP: group},
        quorum=GROUP,
    )
    data = policy.to_text().encode()
    policy = WitnessPolicy.from_bytes(data)  # it checks what was put together
    write_durably(settings.folder / POLICY_FILE, data, random, overwrite=True)
    pin_policy(settings, POLICY_FILE, releases_wait=releases_wait, random=random)
    return policy


def pin_policy(
    settings: Settings,
    path: Path,
    *,
    releases_wait: bool | None = None,
    random: Random = os.urandom,
) -> WitnessPolicy:
    """Pin a policy file, as somebody edited it, in ``room.toml``; return it.

    Raises:
        SetupError: It is missing or not understood.
        UnavailableError: The disk did not take it.
    """
    data = _read(settings.folder / path)
    policy = _parsed(settings.folder / path, data)
    digest = hashlib.sha256(data).hexdigest()
    stated = settings.witnesses or WitnessSettings(policy=path, digest=digest)
    waits = stated.releases_wait if releases_wait is None else releases_wait
    stated = replace(stated, policy=path, digest=digest, releases_wait=waits)
    content = replace(settings, witnesses=stated).to_toml().encode()
    write_durably(settings.folder / FILE_NAME, content, random, overwrite=True)
    return policy


def record_witnesses(ledger: Ledger, settings: Settings) -> None:
    """Record who keeps the checkpoints, if that is not what was recorded last.

    Raises:
        IntegrityError: What stands there as recorded last is not in the tree.
    """
    policy, stated = load_policy(settings), settings.witnesses
    facts: dict[str, Json] = {
        "digest": stated.digest if stated else "",
        "witnesses": len(policy.witnesses),
        "needed": policy.least(),
        "releases_wait": stated is not None and stated.releases_wait,
    }
    with ledger.reading() as reading:
        last = newest_recorded(ledger, reading, "witnesses.changed")
    if stated is None if last is None else last.facts == facts:
        return
    with ledger.transaction() as writing:
        writing.append(Event(kind="witnesses.changed", actor=None, facts=facts))


def socket_path(settings: Settings, known: KnownWitness) -> Path:
    """Return where a witness listens.

    Raises:
        SetupError: Its URL is none that can be asked.
    """
    if not known.url.startswith(_SOCKET):
        raise SetupError(
            f"witness {known.name} cannot be asked at {known.url[:200]}",
            hint="unix:PATH, or no URL and strongroom ledger witness request",
        )
    return settings.folder / known.url.removeprefix(_SOCKET)


def _parsed(path: Path, data: bytes) -> WitnessPolicy:
    try:
        return WitnessPolicy.from_bytes(data)
    except InputError as error:
        raise SetupError(f"{path}: {error}", hint=error.hint) from None


def _read(path: Path) -> bytes:
    data = read_small(path, MAX_POLICY_BYTES, error=SetupError)
    if data is None:
        raise SetupError(f"{path} is not there")
    return data
