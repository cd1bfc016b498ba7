"""Whether what several processes were given at once could be given to all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from campaigns._contests import COLLECTORS, DOMAIN, TWIN
from campaigns._racers import CRASHED
from strongroom.cli.demo.house import MODEL, House
from strongroom.permits.exposures import Exposures
from strongroom.permits.permit import PERMITS
from strongroom.settings import load_settings
from strongroom.vault.versions import ARTIFACTS, VersionState

PERSON_PERCENT, PAIR_PERCENT = 25, 45


def verdict(
    house: House, contest: str, said: Sequence[str], facts: dict[str, str]
) -> list[str]:
    """Return what was wrong with a contest; the room is whole besides.

    Args:
        house: Opened anew.
        contest: Its name.
        said: By all processes.
        facts: Of the room.
    """
    judges = {
        "caps": _caps,
        "one approval": _one_approval,
        "last approval": _last_approval,
        "revocation": _revocation,
        "sequencers": _sequencers,
        "seals": _seals,
        "rotations": _rotations,
        "rotations agreed": _rotated,
    }
    crashed = [f"{contest}: a process crashed"] if CRASHED in said else []
    found = judges[contest](house, said, facts)
    return [*crashed, *(f"{contest}: {one}" for one in found)]


def _good(said: Sequence[str]) -> list[list[str]]:
    return [line.split()[1:] for line in said if line.startswith("ok")]


def _caps(house: House, said: Sequence[str], _: dict[str, str]) -> Iterator[str]:
    """Compare what processes opened with the caps, and with what the room knows."""
    opened: dict[str, dict[str, int]] = {name: {} for name in COLLECTORS}
    for who, segment, size in _good(said):
        opened[who][segment] = int(size)
    room, ada = house.room.room, house.acting_as("ada")
    report = Exposures(room.gate, room.keys).report(ada.actor, MODEL)
    stated = {holder.name: holder.held for holder in report.holders}
    both = opened[COLLECTORS[0]] | opened[COLLECTORS[1]]
    for name, held in opened.items():
        total = sum(held.values())
        if total > report.total * PERSON_PERCENT // 100:
            yield f"{name} opened {total} of {report.total} bytes"
        if total > stated.get(name, 0):
            yield f"{name} opened {total}, the room says {stated.get(name, 0)}"
    if sum(both.values()) > report.total * PAIR_PERCENT // 100:
        yield f"both opened {sum(both.values())} of {report.total} bytes"
    if not _good(said):
        yield "nothing was allowed"


def _one_approval(
    house: House, said: Sequence[str], facts: dict[str, str]
) -> Iterator[str]:
    if len(_good(said)) != 1:
        yield f"one person agreed {len(_good(said))} times"
    if _permits(house, facts["pending"]):
        yield "one approval was enough for a permit that needs two"


def _last_approval(
    house: House, said: Sequence[str], facts: dict[str, str]
) -> Iterator[str]:
    if len(_good(said)) != 1:
        yield f"the last approval was given {len(_good(said))} times"
    if _permits(house, facts["pending"]) != 1:
        yield f"there are {_permits(house, facts['pending'])} permits"


def _permits(house: House, request: str) -> int:
    with house.room.room.ledger.reading() as reading:
        return sum(permit.request == request for permit in PERMITS.find(reading))


def _revocation(_: House, said: Sequence[str], __: dict[str, str]) -> Iterator[str]:
    good = _good(said)
    ends = [float(words[1]) for words in good if words[0] == "revoked"]
    if len(ends) != 1:
        yield "nobody could revoke"
        return
    late = [
        words for words in good if words[0] == "opened" and float(words[1]) > ends[0]
    ]
    if late:
        yield f"{len(late)} openings began after the revocation had returned"


def _sequencers(_: House, said: Sequence[str], __: dict[str, str]) -> Iterator[str]:
    if not _good(said):
        yield "nobody could ask"


def _seals(house: House, said: Sequence[str], _: dict[str, str]) -> Iterator[str]:
    good = _good(said)
    if len({artifact for artifact, _ in good}) > 1:
        yield "two models have one name"
    if len({number for _, number in good}) != len(good):
        yield "two versions have one number"
    with house.room.room.ledger.reading() as reading:
        named = ARTIFACTS.find(reading, ARTIFACTS.columns.name == TWIN)
    if len(named) != (1 if good else 0):
        yield f"{len(named)} models are called {TWIN}"
    mia = house.acting_as("mia")
    for version in mia.room.catalogue.versions(mia.actor, TWIN) if good else ():
        if version.state is VersionState.PUBLISHED:
            target = f"{TWIN}@{version.number}"
            mia.room.catalogue.verify(mia.actor, target, progress=lambda _: None)


def _rotations(house: House, said: Sequence[str], _: dict[str, str]) -> Iterator[str]:
    asked = {words[1] for words in _good(said) if words[0] == "asks"}
    waiting = [
        p.request.id
        for p in house.acting_as("lena").records.requests()
        if p.request.action == "key:rotate"
    ]
    if len(asked) != 1 or set(waiting) != asked:
        yield f"{len(asked)} rotations were asked for, {len(waiting)} wait"


def _rotated(house: House, said: Sequence[str], _: dict[str, str]) -> Iterator[str]:
    if not any(words == ["rotated"] for words in _good(said)):
        yield "nobody could carry the rotation out"
    (uri,) = [
        d.custodian for d in load_settings(house.folder).domains if d.name == DOMAIN
    ]
    if uri == f"file:custodians/{DOMAIN}":
        yield "room.toml names the former custodian"
