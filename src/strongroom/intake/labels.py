"""What people called things that they added, and where these are from.

Both stand beside the entry of the arrival, until whoever added them is erased; so they
are known of what is refused as well, of which nothing else has a name.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePath

from strongroom.database.engine import Transaction
from strongroom.intake.intakes import INTAKES
from strongroom.intake.origins import is_on_hub
from strongroom.ledger.private_texts import Rows, every_private

_FEW = 1000
"""Databases take some thousands of values in one statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """How one addition is told from others.

    Attributes:
        name: Of the model that it was to become; empty if that is not known any more.
        origin: Where it is from, as whoever added it said; else the path it had.
    """

    name: str = ""
    origin: str = ""


UNKNOWN = Label()
"""Of what nobody says any more where it was from."""


def labels(transaction: Transaction, intakes: Collection[str]) -> dict[str, Label]:
    """Return the labels of additions by the ids of their intakes, if they have any yet.

    Args:
        transaction: Where to look.
        intakes: Ids; of many, all labels are read and more than these returned.

    Raises:
        IntegrityError: One is not what the entry commits to.
    """
    few = len(intakes) <= _FEW
    about = Rows(table=INTAKES.table.name, ids=intakes) if few else None
    return {
        str(facts["intake"]): _label(words)
        for facts, words in every_private(transaction, "intake.received", about=about)
    }


def _label(words: dict[str, str]) -> Label:
    path, origin = words.get("path", ""), words.get("origin", "")
    # Entries from before names were kept: a file from a hub had a path of ours.
    given = "" if is_on_hub(origin) else PurePath(path).name
    return Label(name=words.get("name", given), origin=origin or path)
