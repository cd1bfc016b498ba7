"""Rotates a domain's root key: makes the successor, moves everything, switches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from strongroom.access.request import Request
from strongroom.app.adapters import create_custodian, open_custodian
from strongroom.app.schemes import ELSEWHERE, scheme_of
from strongroom.client.client import Strongroom
from strongroom.crypto.anchor_file import anchor_path
from strongroom.crypto.custody.port import KeyCustodian
from strongroom.crypto.custody_file import read_custody_file
from strongroom.crypto.durable import remove_durably, write_durably
from strongroom.crypto.passphrases import Cost
from strongroom.errors import (
    ConflictError,
    InputError,
    StrongroomError,
    UnavailableError,
)
from strongroom.settings import FILE_NAME, Domain, Settings, load_settings
from strongroom.types import Secret
from strongroom.vault.handovers import stays_apart, verify_keeper
from strongroom.vault.roots import Move, RootKey
from strongroom.vault.rotation import Place

_MOST_SUCCESSORS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationOptions:
    """How a root key is to be rotated.

    Attributes:
        domain: Whose.
        to: URI of the successor; a new file in the room's folder unless given.
        new: Passphrase or PIN of the successor, if it needs one.
        old: Of the former custodian; needed only after an interruption.
        cost: Of guessing the new passphrase; ``Cost()`` unless given.
    """

    domain: str
    to: str | None = None
    new: Secret | None = None
    old: Secret | None = None
    cost: Cost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """How far a rotation came.

    Attributes:
        request: What others have to agree to first; ``None`` when it is done.
        wrapped: Keys wrapped under the successor by this call.
        removed: Wraps under the former root key that were deleted.
        former: The root key that is no longer in use.
    """

    request: Request | None
    wrapped: int = 0
    removed: int = 0
    former: RootKey | None = None
    successor: RootKey | None = None


def rotate(
    room: Strongroom,
    options: RotationOptions,
    progress: Callable[[int], None] = lambda _: None,
) -> Rotated:
    """Begin a rotation, or go on with the one that is under way.

    Args:
        room: Opened by a key-holder, the domain's custodian unlocked.
        options: Which domain, and how.
        progress: Told the keys wrapped since the last call.

    Raises:
        InputError: There is no such domain, or the URI names no custodian.
        DeniedError: The actor may not, or a passphrase is wrong.
        ConflictError: There is a custodian at the successor's place.
        SetupError: The successor needs a passphrase, or the old custodian gives
            no shares and the successor is not of its keeper.
        UnavailableError: A custodian, the disk or the database does not answer.
    """
    rotation = room.room.upkeep.rotation
    rotation.verify_allowed(room.actor, options.domain)
    move = rotation.under_way(options.domain)
    if move is None:
        request = rotation.waiting(options.domain) or _propose(room, options)
        move = rotation.under_way(options.domain)
        if move is None:
            return Rotated(request=request)
    new = _custodian_of(room, move.joining, options.new)
    wrapped = 0
    in_use = room.room.domains[options.domain].custodian
    if in_use.root_key_id == move.leaving.id:
        wrapped += room.room.upkeep.rewrapping.wrap(
            room.actor, move, in_use, new, progress
        )
        room.room.anchors.advance(new)
        _switch(room, move.joining)
    late, removed = _finish(room, options, move, new)
    room.room.anchors.advance(new)
    return Rotated(
        request=None,
        wrapped=wrapped + late,
        removed=removed,
        former=move.leaving,
        successor=move.joining,
    )


def _finish(
    room: Strongroom, options: RotationOptions, move: Move, new: KeyCustodian
) -> tuple[int, int]:
    """Delete the old wraps; wrap first what was sealed between two looks.

    Returns:
        How many were wrapped, and how many deleted.
    """
    rewrapping = room.room.upkeep.rewrapping
    try:
        return 0, rewrapping.end(room.actor, move)
    except ConflictError:
        old = room.room.domains[options.domain].custodian
        if old.root_key_id != move.leaving.id:
            old = _custodian_of(room, move.leaving, options.old or options.new)
        wrapped = rewrapping.wrap(room.actor, move, old, new)
        return wrapped, rewrapping.end(room.actor, move)


def destroy_former(room: Strongroom, domain: str) -> list[tuple[RootKey, Path | None]]:
    """Delete custody files of root keys that wrap nothing any more.

    The entry comes first: a root key that is said to be destroyed may still be
    there after a crash, never the other way round.  The next call deletes it then.

    Returns:
        Each root key with the file that was deleted; ``None`` where somebody has to
        delete it in a token, or where another account keeps it.

    Raises:
        InputError: There is no such domain.
        DeniedError: The actor may not manage keys.
        UnavailableError: A file cannot be deleted.
    """
    settings = load_settings(room.room.settings.folder)  # a rotation changes it
    rotation = room.room.upkeep.rotation
    left = [
        (root, path)
        for root in rotation.said_destroyed(room.actor, domain)
        if (path := _file_of(settings, root)) is not None and _is_in(path, root)
    ]
    done: list[tuple[RootKey, Path | None]] = []
    for root in rotation.retired(room.actor, domain):
        rotation.record_destroyed(room.actor, root)
        done.append((root, _file_of(settings, root)))
    done += left
    for _, path in done:
        if path is not None:
            _delete(path)
    return done


def _file_of(settings: Settings, root: RootKey) -> Path | None:
    """Return the custody file of a former root key, unless another is in use there."""
    scheme, rest = scheme_of(root.custodian)
    in_use = {one.custodian for one in settings.domains}
    theirs = scheme == "file" and root.custodian not in in_use
    return settings.folder / rest if theirs else None


def _is_in(path: Path, root: RootKey) -> bool:
    """Return whether a custody file holds this root key, and not a later one."""
    try:
        return read_custody_file(path).root_key_id == root.id
    except StrongroomError:
        return False


def _propose(room: Strongroom, options: RotationOptions) -> Request:
    settings = load_settings(room.room.settings.folder)
    leaving = next(d for d in settings.domains if d.name == options.domain)
    joining = _successor(settings, leaving, options.to)
    random = room.room.random
    in_use = room.room.domains[options.domain].custodian
    if not in_use.gives_shares and scheme_of(joining.custodian)[0] != ELSEWHERE:
        raise stays_apart(in_use)
    create_custodian(settings, joining, options.new, cost=options.cost, random=random)
    made = open_custodian(settings, joining, options.new, random=random)
    verify_keeper(in_use, made)
    try:
        return room.room.upkeep.rotation.propose(
            room.actor,
            options.domain,
            leaving=Place(
                root_key_id=in_use.root_key_id,
                custodian=leaving.custodian,
                file=leaving.file,
            ),
            joining=Place(
                root_key_id=made.root_key_id,
                custodian=joining.custodian,
                file=joining.file,
            ),
        )
    except ConflictError:  # somebody else was first; nothing is in this one
        scheme, rest = scheme_of(joining.custodian)
        if scheme == "file":
            _delete(settings.folder / rest)
        raise


def _successor(settings: Settings, domain: Domain, to: str | None) -> Domain:
    """Return the domain with its successor in place of its custodian."""
    free = _free_file(settings, domain.name)
    uri = to or f"file:{free}"
    if uri == domain.custodian:
        raise InputError(f"{domain.name} has this custodian already")
    scheme, _ = scheme_of(uri)
    beside = scheme not in ("file", ELSEWHERE)  # a file beside a token or service
    return replace(domain, custodian=uri, file=free if beside else "")


def _free_file(settings: Settings, name: str) -> str:
    """Return a file for a successor that is not there yet: ``custodians/NAME.2``."""
    for number in range(2, _MOST_SUCCESSORS):
        path = f"custodians/{name}.{number}"
        taken = settings.folder / path
        if not taken.exists() and not anchor_path(taken).exists():
            return path
    raise ConflictError(
        f"there are {_MOST_SUCCESSORS} custodians of {name}",
        hint="delete those that no root key is in",
    )


def _custodian_of(
    room: Strongroom, root: RootKey, secret: Secret | None
) -> KeyCustodian:
    settings = room.room.settings
    store = next(d.store for d in settings.domains if d.name == root.domain)
    domain = Domain(
        name=root.domain, custodian=root.custodian, store=store, file=root.file
    )
    return open_custodian(settings, domain, secret, random=room.room.random)


def _switch(room: Strongroom, joining: RootKey) -> None:
    """Let ``room.toml`` name the successor; whoever opens the room now uses it."""
    settings = load_settings(room.room.settings.folder)
    switched = replace(
        settings,
        domains=tuple(
            replace(d, custodian=joining.custodian, file=joining.file)
            if d.name == joining.domain
            else d
            for d in settings.domains
        ),
    )
    path = settings.folder / FILE_NAME
    text = switched.to_toml().encode()
    write_durably(path, text, room.room.random, overwrite=True)


def _delete(path: Path) -> None:
    try:
        remove_durably(path, anchor_path(path))
    except OSError as error:
        raise UnavailableError(f"{path}: {error.strerror}") from None
