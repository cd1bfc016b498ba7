"""Whether a room is whole after a process was killed in the middle of something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from campaigns._kept import broken_promises
from campaigns._promises import Promises
from strongroom.access.request import REQUESTS, RequestState
from strongroom.cli.demo.house import House
from strongroom.errors import StrongroomError
from strongroom.ledger.log import Reading
from strongroom.permits.exposures import Exposures
from strongroom.permits.permit import PERMITS
from strongroom.vault.versions import VersionState

ACTION = "segment:release"
_VISIBLE = (VersionState.PENDING, VersionState.PUBLISHED)


def problems_after(
    house: House, model: str, promises: Promises, facts: Mapping[str, str]
) -> list[str]:
    """Open the room again and return everything that is wrong with it.

    Args:
        house: Its own connections stay open, as those of other processes would.
        model: The one that was sealed again and again.
        promises: What anybody was told.
        facts: Ids that promises are about.
    """
    try:
        with house.opened_at(house.folder) as again:
            return [
                *again.room.records.verify().findings,
                *_versions(again, model, promises),
                *_requests(again, promises),
                *_holdings(again, model, promises),
                *broken_promises(again, facts, promises.others),
            ]
    except StrongroomError as error:
        return [f"{type(error).__name__}: {error}"]


def _versions(house: House, model: str, promises: Promises) -> Iterator[str]:
    """Name versions that were promised and are not whole, or are half visible."""
    mia = house.acting_as("mia")
    catalogue = mia.room.catalogue
    versions = {v.number: v for v in catalogue.versions(mia.actor, model)}
    for number in promises.sealed:
        if number not in versions or versions[number].state not in _VISIBLE:
            yield f"version {number} was sealed and is lost"
    for number, version in versions.items():
        if version.state is VersionState.PUBLISHED:
            try:
                catalogue.verify(
                    mia.actor, f"{model}@{number}", progress=lambda _: None
                )
            except StrongroomError as error:
                yield f"version {number} is visible and not whole: {error}"


def _requests(house: House, promises: Promises) -> Iterator[str]:
    """Name requests that were promised and are lost, and permits without one."""
    with house.room.room.ledger.reading() as reading:
        requests = {request.id: request for request in REQUESTS.find(reading)}
        permitted = _permitted(reading)
    for known in promises.asked:
        if known not in requests:
            yield f"{known} was asked and is lost"
    for known in promises.approved:
        if known not in permitted:
            yield f"{known} was approved and has no permit"
    for request in requests.values():
        approved = request.state is RequestState.APPROVED
        if request.action == ACTION and approved is not (request.id in permitted):
            yield f"{request.id} is half carried out"


def _permitted(reading: Reading) -> set[str]:
    return {permit.request for permit in PERMITS.find(reading)}


def _holdings(house: House, model: str, promises: Promises) -> Iterator[str]:
    """Say when rosa holds less than she was given.

    The same segment of another version is the same bytes, and counts once.
    """
    room, lena = house.room.room, house.acting_as("lena")
    report = Exposures(room.gate, room.keys).report(lena.actor, model)
    held = {holder.name: holder.released for holder in report.holders}
    least = sum(promises.opened.values())
    if held.get("rosa", 0) < least:
        yield f"rosa opened {least} bytes and is charged {held.get('rosa', 0)}"
