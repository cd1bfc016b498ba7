"""Keys of the room: replaced, given up, listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import passphrases, words
from strongroom.cli.call import Call

if TYPE_CHECKING:
    from pathlib import Path

    from strongroom.app.rotating import Rotated
    from strongroom.canonical import Json
    from strongroom.settings import Settings
    from strongroom.types import Secret
    from strongroom.vault.roots import RootKey

COPIES = (
    "Copies of the old custody file elsewhere still open old wraps: those in backups"
    " of the database. After a leak, re-key."
)


def rotate(
    call: Call,
    *,
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="Whose root key.")],
    to: Annotated[
        str | None,
        typer.Option(
            help="What holds the new one; a file unless given.", metavar="URI"
        ),
    ] = None,
    new_passphrase_file: Annotated[
        str | None,
        typer.Option(help="Passphrase or PIN of the new one.", metavar="FILE"),
    ] = None,
    old_passphrase_file: Annotated[
        str | None,
        typer.Option(help="Of the former one, to go on.", metavar="FILE"),
    ] = None,
    destroy_old: Annotated[
        bool, typer.Option("--destroy-old", help="Delete former custody files.")
    ] = False,
) -> None:
    """Give a custody domain another root key, or go on with that.

    Everything stays readable.  Once done, ``--destroy-old`` deletes the former
    custody file.  It does not remedy a leak: re-keying does.

    Example: strongroom key rotate weights --to file:custodians/weights.2
    """
    from strongroom.app.rotating import RotationOptions, destroy_former
    from strongroom.app.rotating import rotate as run

    found = unlock(call, domain)
    with call.open(typed=found) as room:
        if destroy_old:
            _say_destroyed(call, domain, destroy_former(room, domain))
            return
        options = RotationOptions(
            domain=domain,
            to=to,
            new=None
            if to is not None and to.startswith("unix:")  # unlocked where it runs
            else _new_secret(call, domain, new_passphrase_file, found),
            old=passphrases.read_secret(old_passphrase_file)
            if old_passphrase_file
            else None,
        )
        done = run(room, options)
    _say_rotated(call, domain, done)


def rekey(
    call: Call,
    *,
    target: Annotated[str, typer.Argument(metavar="NAME[@V]", help="A version.")],
    segment: Annotated[
        list[str] | None,
        typer.Option(help="Only these segments.", metavar="S"),
    ] = None,
    suite: Annotated[
        int | None,
        typer.Option(help="1 AES-256-GCM, 2 ChaCha20-Poly1305.", min=1, max=2),
    ] = None,
) -> None:
    """Seal a version anew under other keys, or in another suite.

    Content, names and permits stay what they are, and the version opens all the
    time.  Interrupted, the same command goes on.

    Example: strongroom key rekey llm --suite 2
    """
    names = tuple(segment or ())
    with call.open(every_domain=True) as room:
        shown = room.room.catalogue.show(room.actor, target)
        chosen = shown.manifest.select(names) if names else shown.manifest.segments
        total = sum(one.facts.stream_bytes for one in chosen)
        with call.output.progress("re-keying", total) as progress:
            done = room.room.upkeep.rekeying.run(
                room.actor, target, segments=names, suite=suite, progress=progress
            )
    count = words.many(len(done.segments), "segment")
    call.output.say(
        {
            "model": shown.artifact.name,
            "version": done.version.number,
            "generation": done.version.generation,
            "segments": [one.name for one in done.segments],
            "manifest": done.manifest.digest,
        },
        f"{shown.artifact.name}@{done.version.number} is in generation"
        f" {done.version.generation}: {count} under other keys",
        "next: strongroom clean, which removes the former objects",
        "Copies of database and store from before still open with the old root keys,"
        " and whoever received old keys has what they opened.",
    )


def unlock(call: Call, domain: str) -> dict[str, Secret]:
    """Return the passphrases of the home custodian and of this domain's."""
    from strongroom.app import needs_secret

    settings: Settings = call.settings()
    home = settings.home.name
    wanted = [
        d.name for d in settings.domains if d.name in (home, domain) and needs_secret(d)
    ]
    return passphrases.find(
        wanted,
        known=[d.name for d in settings.domains],
        files=call.passphrase_files,
        descriptor=call.passphrase_fd,
    )


def _new_secret(
    call: Call, domain: str, file: str | None, found: dict[str, Secret]
) -> Secret | None:
    """Return the successor's passphrase; the old one's for programs that give none."""
    if file is not None:
        return passphrases.read_secret(file)
    if call.locked() and passphrases.somebody_types():
        prompt = f"New passphrase or PIN of {domain} (Enter: the same)"
        typed = passphrases.type_secret(prompt, hint="--new-passphrase-file FILE")
        if len(typed):
            return typed
    return found.get(domain)


def _say_rotated(call: Call, domain: str, done: Rotated) -> None:
    document: dict[str, Json] = {
        "domain": domain,
        "request": done.request.id if done.request else None,
        "state": "waiting" if done.request else "done",
        "wrapped": done.wrapped,
        "removed": done.removed,
        "root": done.successor.id if done.successor else None,
        "former": done.former.id if done.former else None,
    }
    if done.request is not None:
        call.output.say(
            document,
            f"{done.request.id} waits for another team:"
            f" strongroom approve {done.request.id}",
            f"then: strongroom key rotate {domain}",
        )
        return
    call.output.say(
        document,
        f"{domain} has a new root key: {words.many(done.wrapped, 'key')} wrapped,"
        f" {words.many(done.removed, 'old wrap')} deleted",
        f"next: strongroom key rotate {domain} --destroy-old",
        COPIES,
    )


def _say_destroyed(
    call: Call, domain: str, done: list[tuple[RootKey, Path | None]]
) -> None:
    document: dict[str, Json] = {
        "domain": domain,
        "destroyed": [
            {"root": root.id, "file": str(path) if path else None}
            for root, path in done
        ],
    }
    lines = [
        f"{root.id}: {path} deleted"
        if path
        else f"{root.id}: delete it where it is, {root.custodian}"
        for root, path in done
    ]
    call.output.say(
        document,
        *(lines or [f"{domain} has no former root key that was not destroyed"]),
        COPIES,
    )
