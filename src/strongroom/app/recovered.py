"""Recovery keys out of papers: of one room, enough of each set, none twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.crypto.paper import Paper
from strongroom.crypto.recovery import RecoveryKey
from strongroom.crypto.sharing import combine
from strongroom.errors import InputError, IntegrityError
from strongroom.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """A recovery key that papers restored.

    Attributes:
        set_id: Of which set they were.
        papers: How many were given.
    """

    key: RecoveryKey
    set_id: int
    papers: int


def recover_keys(papers: Sequence[Paper], settings: Settings) -> list[Recovered]:
    """Return the recovery keys that the papers restore, by their sets.

    Args:
        papers: Of one set, or of several.
        settings: Of the room; its pinned sets say which papers belong to it.

    Raises:
        InputError: A paper is of another room or set, stands twice, or there are
            too few of a set.
        IntegrityError: The papers of a set do not belong together, or restore
            another key than they name.
    """
    if not papers:
        raise InputError("no paper was given", hint="--paper FILE, once for each")
    _verify_room(papers, settings)
    return [
        _recover([p for p in papers if p.share.set_id == set_id], settings)
        for set_id in sorted({paper.share.set_id for paper in papers})
    ]


def _verify_room(papers: Sequence[Paper], settings: Settings) -> None:
    known = {one.set_id: one for one in settings.recovery}
    for paper in papers:
        number, set_id = paper.share.number, paper.share.set_id
        if paper.room and paper.room != settings.room:
            raise InputError(
                f"paper {number} of set {set_id} is of another room",
                hint=f"this copy is of {settings.room}",
            )
        if known and set_id not in known:
            sets = ", ".join(
                f"{n} ({_domains(one.domains)})" for n, one in known.items()
            )
            raise InputError(
                f"paper {number} is of set {set_id}, which is not one of this room",
                hint=f"bring papers of set {sets}",
            )


def _domains(names: Sequence[str]) -> str:
    return ", ".join(names)


def _recover(papers: list[Paper], settings: Settings) -> Recovered:
    set_id = papers[0].share.set_id
    key = RecoveryKey(combine([paper.share for paper in papers]))
    named = {paper.key for paper in papers if paper.key}
    named |= {one.key for one in settings.recovery if one.set_id == set_id}
    if named - {key.id}:
        raise IntegrityError(
            f"the papers of set {set_id} restore {key.id}, not {min(named - {key.id})}",
            hint="they are of another room, or were made after this copy",
        )
    return Recovered(key=key, set_id=set_id, papers=len(papers))
