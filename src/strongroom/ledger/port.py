"""How a room reaches a witness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from strongroom.ledger.witness import Answer


class WitnessLink(Protocol):
    """A way to ask one witness; nothing that it says is trusted.

    Both calls raise UnavailableError when it does not answer in time, and
    IntegrityError when what it says has no form.
    """

    def add_checkpoint(self, body: bytes) -> Answer:
        """Return its answer to a request to cosign."""
        ...

    def newest(self, origin: str) -> str:
        """Return the newest note of a ledger that it cosigned.

        Raises:
            MissingError: It saw nothing of that ledger.
        """
        ...


@dataclass(frozen=True, slots=True)
class Trouble:
    """A witness that could not be asked, or whose answer is of no use."""

    witness: str
    problem: str

    def __str__(self) -> str:
        """Return one sentence."""
        return f"witness {self.witness}: {self.problem}"
