"""Tells custodians elsewhere what checkpoints have to carry from now on."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from strongroom.errors import UnavailableError
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.changes import changes
from strongroom.ledger.log import Ledger
from strongroom.ledger.second import second_key_text
from strongroom.vault.seals import CustodyDomain


def tell_custodians(ledger: Ledger, domains: Mapping[str, CustodyDomain]) -> None:
    """Show each custodian elsewhere the entries about signatures that it has not seen.

    One that does not answer is told when the room is opened the next time.

    Raises:
        ForkError: One of them saw another ledger.
        IntegrityError: One of them does not believe an entry.
    """
    from strongroom.crypto.custody.remote import RemoteCustodian

    anchors = Anchors(ledger)
    for custodian in (domain.custodian for domain in domains.values()):
        if not isinstance(custodian, RemoteCustodian):
            continue
        with suppress(UnavailableError):
            above = custodian.above()
            with ledger.reading() as reading:
                unseen = changes(ledger, reading, above=above)
            for change in unseen:
                key = change.second
                custodian.follow(
                    change.evidence,
                    second_key_text(ledger.verifier.origin, key) if key else "",
                    anchor=change.anchor,
                    verify_extension=anchors.verify_extension,
                )
