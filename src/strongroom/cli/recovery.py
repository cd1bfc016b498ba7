"""Recovery keys: made on papers, put in force, and how much they cover."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.access.explain import spell
from strongroom.cli import words
from strongroom.cli.call import Call
from strongroom.cli.output import Column
from strongroom.client.places import lies_inside
from strongroom.errors import DeniedError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rich.console import Console

    from strongroom.canonical import Json
    from strongroom.client.client import Strongroom
    from strongroom.crypto.paper import Paper
    from strongroom.crypto.recovery import RecoveryKey
    from strongroom.vault.recovery import Covered, Drill


def create(
    call: Call,
    *,
    papers: Annotated[
        int, typer.Option(help="Papers to make.", min=1, max=16, metavar="N")
    ] = 5,
    threshold: Annotated[
        int, typer.Option(help="Papers that restore it.", min=1, max=16, metavar="M")
    ] = 3,
    domain: Annotated[
        list[str] | None,
        typer.Option(help="Custody domain it is for; all unless given.", metavar="D"),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(help="A file for each paper, not the screen.", metavar="FOLDER"),
    ] = None,
) -> None:
    """Make a recovery key and hand its papers out, one at a time.

    Enough papers, with copies of database and store, open everything, and the
    ledger does not notice.  Give them to people who do not meet by chance.

    Example: strongroom recovery create --papers 5 --threshold 3 --to ./papers
    """
    from strongroom.cli.papers import hand_out
    from strongroom.crypto.recovery import RecoveryKey
    from strongroom.crypto.sharing import new_set_id

    if to is not None and lies_inside(to, call.settings().folder):
        raise InputError(
            f"{to} lies inside the room: papers open every copy that they lie beside",
            hint="name another folder: --to FOLDER",
        )
    with call.open() as room:
        domains = tuple(domain or room.room.domains)
        room.room.upkeep.recovery.verify_allowed(room.actor, domains)
        random = room.room.random
        key, set_id = RecoveryKey.generate(random), new_set_id(random)
        made = _on_papers(room, key, papers, threshold=threshold, set_id=set_id)
        files = hand_out(call, made, to, random=random)
        request = room.room.upkeep.recovery.propose(
            room.actor,
            public=key.public,
            domains=domains,
            set_id=set_id,
            shares=papers,
            threshold=threshold,
        )
        done = request.state == "approved"
        only = [domain.custodian for domain in room.room.domains.values()]
        at_once = done and len(only) == 1 and only[0].gives_shares
        wrapped = _finish(room) if at_once else 0
    call.output.say(
        {
            "key": key.id,
            "set": set_id,
            "domains": list(domains),
            "papers": papers,
            "threshold": threshold,
            "files": [str(path) for path in files],
            "request": request.id,
            "state": request.state,
            "wrapped": wrapped,
        },
        f"recovery set {set_id}: any {threshold} of {papers} papers restore"
        f" {', '.join(domains)}",
        *(f"  {path}" for path in files),
        *_next(done=done, request=request.id, wrapped=wrapped),
    )


def _on_papers(
    room: Strongroom, key: RecoveryKey, count: int, *, threshold: int, set_id: int
) -> list[Paper]:
    """Return the papers of a recovery key, ``threshold`` of which restore it.

    Raises:
        InputError: There cannot be so many, or so many needed.
    """
    from strongroom.crypto.paper import Paper
    from strongroom.crypto.sharing import split

    parts = split(
        key.seed,
        shares=count,
        threshold=threshold,
        set_id=set_id,
        random=room.room.random,
    )
    return [
        Paper(
            share=part,
            room=room.room.settings.room,
            key=key.id,
            shares=count,
            made=room.room.now().date(),
        )
        for part in parts
    ]


def wrap(call: Call) -> None:
    """Wrap to the recovery keys what is not wrapped to them yet.

    Goes on where an interrupted one stopped.  What is sealed from now on is
    wrapped by itself.

    Example: strongroom recovery wrap
    """
    with call.open(every_domain=True) as room:
        wrapped = _finish(room)
        found = room.room.upkeep.recovery.sets(room.actor)
    call.output.say(
        {"wrapped": wrapped, "sets": [_document(one) for one in found]},
        f"{words.many(wrapped, 'key')} wrapped for recovery",
        *(_sentence(one) for one in found),
    )


def status(call: Call) -> None:
    """Show which papers restore what, and when that was last tried.

    Example: strongroom recovery status
    """
    with call.open() as room:
        found = room.room.upkeep.recovery.sets(room.actor)
        last = room.room.upkeep.recovery.last_drill(room.actor)
        now = room.room.now()
    sets = [_document(one) for one in found]
    drilled: dict[str, Json] | None = None
    if last is not None:
        drilled = {"at": words.stamp(last.at), "passed": last.passed}

    def show(console: Console) -> None:
        call.output.listing(sets, COLUMNS, empty=NONE)
        if found:
            console.print(_drilled(last, now), style="dim")

    call.output.answer({"sets": list(sets), "drill": drilled}, show)


NONE = "No recovery key: who loses the custodians loses the room."


def _finish(room: Strongroom) -> int:
    """Wrap what lacks it, and pin the sets in force; return how many were wrapped."""
    try:
        wrapped = room.room.upkeep.recovery_wrapping.run(room.actor)
    except DeniedError:  # a custodian elsewhere refused; the rest is wrapped
        _pin(room)
        raise
    _pin(room)
    return wrapped


def _pin(room: Strongroom) -> None:
    from strongroom.app.recovery import pin_sets

    sets = [one.set for one in room.room.upkeep.recovery.sets(room.actor)]
    pin_sets(room.room.settings, sets, random=room.room.random)


def _next(*, done: bool, request: str, wrapped: int) -> list[str]:
    if not done:
        return [
            f"{request} waits for another team: strongroom approve {request}",
            "then: strongroom recovery wrap",
        ]
    if wrapped:
        return [
            f"{words.many(wrapped, 'key')} wrapped to it; try it:"
            " strongroom recovery drill"
        ]
    return ["next: strongroom recovery wrap"]


def _drilled(last: Drill | None, now: datetime) -> str:
    """Return how long ago the papers were last tried."""
    if last is None:
        return "never drilled: strongroom recovery drill"
    ago = spell(timedelta(seconds=int((now - last.at).total_seconds())))
    return f"last drill {ago} ago" + ("" if last.passed else ": it FAILED")


def _document(one: Covered) -> dict[str, Json]:
    return {
        "key": one.set.id,
        "set": one.set.set_id,
        "domains": list(one.set.domains),
        "papers": one.set.shares,
        "threshold": one.set.threshold,
        "created": words.stamp(one.set.created_at),
        "wrapped": one.wrapped,
        "total": one.total,
    }


def _sentence(one: Covered) -> str:
    lacking = one.total - one.wrapped
    rest = f"{words.many(lacking, 'key')} lacking" if lacking else "everything wrapped"
    return f"set {one.set.set_id} of {', '.join(one.set.domains)}: {rest}"


def _listed(row: Mapping[str, Json]) -> str:
    domains = row["domains"]
    return ", ".join(map(str, domains)) if isinstance(domains, list) else ""


COLUMNS = (
    Column("set", lambda row: str(row["set"]), right=True),
    Column("papers", lambda row: f"{row['threshold']} of {row['papers']}"),
    Column("wrapped", lambda row: f"{row['wrapped']} of {row['total']}"),
    Column("made", lambda row: str(row["created"])[:10]),
    Column("domains", _listed),
)
