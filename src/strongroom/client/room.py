"""An opened room: every part wired to every other, as ``app`` built it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from strongroom.access.approvals import Approvals
from strongroom.access.gate import Gate
from strongroom.access.logins import Sessions
from strongroom.access.people import People
from strongroom.client.room_parts import Outside, Persons, Upkeep
from strongroom.client.seen import Seen, check_seen
from strongroom.crypto.roomkeys import PublicKeys, RoomKeys
from strongroom.errors import ForkError, StrongroomError
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.log import Ledger
from strongroom.ledger.port import Trouble
from strongroom.ledger.witnesses import Witnesses
from strongroom.permits.desk import Desk
from strongroom.permits.requests import Requests
from strongroom.sandboxes.port import Sandbox
from strongroom.settings import Settings
from strongroom.types import Random
from strongroom.vault.catalogue import Catalogue
from strongroom.vault.seals import CustodyDomain
from strongroom.vault.vault import Vault


def tell_nobody(_: Trouble) -> None:
    """Leave what troubles a witness untold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The parts of one installation.

    Attributes:
        sandbox: Gives what foreign files are read in; raises ``SetupError`` where
            the settings name none.
        persons: What people prove, answer for, and are forgotten by.
        outside: What meets things from outside.
        upkeep: What is done about keys.
        keys: The room's own keys.
        public_keys: What ``room.toml`` pins; every answer must verify with them.
        now: The clock, aware UTC.
        seen: What this reader had seen before, if they keep it.
        witnesses: Who else keeps checkpoints; ``None`` if nobody does.
        used_by: Who can use a root key, by the scheme of its custodian's URI.
        tell: Is given what keeps a witness from watching; it stops nothing.
    """

    settings: Settings
    ledger: Ledger
    anchors: Anchors
    gate: Gate
    approvals: Approvals
    sessions: Sessions
    people: People
    persons: Persons
    outside: Outside
    upkeep: Upkeep
    sandbox: Callable[[], Sandbox]
    vault: Vault
    catalogue: Catalogue
    requests: Requests
    desk: Desk
    domains: Mapping[str, CustodyDomain]
    used_by: Mapping[str, str]
    keys: RoomKeys
    public_keys: PublicKeys
    now: Callable[[], datetime]
    random: Random
    seen: Seen | None = None
    witnesses: Witnesses | None = None
    tell: Callable[[Trouble], None] = tell_nobody

    def ask_witnesses(self, *, seldom: bool = False) -> None:
        """Have the witnesses sign the newest checkpoint; tell what troubles them.

        Args:
            seldom: Whether to leave it if they were asked a moment ago.

        Raises:
            ForkError: One shows a checkpoint of this room that the ledger does not
                continue.
        """
        if self.witnesses is None:
            return
        ask = self.witnesses.ask_seldom if seldom else self.witnesses.ask
        for trouble in ask():
            self.tell(trouble)

    def anchor(self) -> None:
        """Show the custodians what happened; see ``Anchors.advance_all``.

        Raises:
            ForkError: The database does not extend what one of them saw.
        """
        self.anchors.advance_all(d.custodian for d in self.domains.values())

    def keep_seen(self) -> None:
        """Keep the newest checkpoint for this reader, if they keep any.

        Raises:
            ForkError: The ledger does not continue what this reader saw.
            IntegrityError: What is kept is not a checkpoint of this ledger.
            UnavailableError: The file cannot be read or written.
        """
        if self.seen is not None:
            check_seen(self.anchors, self.seen.path, random=self.random)

    def close(self) -> None:
        """Anchor, have witnesses sign, keep what was seen; close the database.

        Whatever else is wrong with one of them, the next opening says again.

        Raises:
            ForkError: The database is not what the custodians, a witness, or this
                reader, saw last.
        """
        try:
            for step in (self.anchor, self.ask_witnesses, self.keep_seen):
                try:
                    step()
                except ForkError:
                    raise
                except StrongroomError:
                    continue
        finally:
            self.ledger.database.close()
