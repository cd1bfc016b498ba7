"""Exposure caps of lineages: what may be asked for, and what follows."""

from __future__ import annotations

from strongroom.access.request import Request
from strongroom.errors import InputError, IntegrityError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import ArtifactId
from strongroom.vault.lineages import LINEAGES

CAP_ACTION = "cap:change"


def check_caps(*, person: int, pair: int) -> None:
    """Check that these caps, in percent, can be asked for.

    Raises:
        InputError: They are not in order.
    """
    if not 0 < person <= pair < 100:  # noqa: PLR2004  # percent
        raise InputError(
            f"caps of {person} % and {pair} % are not in order",
            hint="0 < person <= pair < 100",
        )


def change_caps(writing: Writing, request: Request) -> None:
    """Give the lineages of an agreed request their other caps.

    Raises:
        IntegrityError: The request does not ask for caps.
    """
    payload = request.payload()
    roots, person, pair = payload["roots"], payload["person"], payload["pair"]
    if not isinstance(roots, list) or not (
        isinstance(person, int) and isinstance(pair, int)
    ):
        raise IntegrityError(f"{request.id} does not ask for caps")
    for root in roots:
        lineage = LINEAGES.get(writing, ArtifactId(str(root)), lock=True)
        LINEAGES.replace(
            writing, lineage, person_cap_percent=person, pair_cap_percent=pair
        )
        writing.append(
            Event(
                kind="cap.changed",
                actor=request.asker,
                facts={
                    "root": lineage.id,
                    "person_percent": person,
                    "pair_percent": pair,
                    "request": request.id,
                },
            )
        )
