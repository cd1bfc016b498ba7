"""Puts the key of a segment together here, from the shares that custodians unwrap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strongroom.crypto import keys
from strongroom.crypto.custody.port import Anchor
from strongroom.errors import IntegrityError, SetupError
from strongroom.ledger.anchors import Anchors
from strongroom.types import Secret
from strongroom.vault.manifest_segment import ManifestSegment
from strongroom.vault.recovery_wraps import Held
from strongroom.vault.seals import CustodyDomain, domain_named


class SegmentKeys:
    """Opens keys for what the room itself does with a segment."""

    def __init__(
        self,
        anchors: Anchors,
        domains: Mapping[str, CustodyDomain],
        *,
        action: str,
        instead: str,
    ) -> None:
        """Wire it; nothing is read yet.

        Args:
            anchors: Show custodians the ledger.
            domains: The custody domains by name.
            action: What it is for, as in ``cannot be re-keyed here``.
            instead: What to do where a custodian gives out no shares.
        """
        self._anchors = anchors
        self._domains = domains
        self._action = action
        self._instead = instead

    def key(
        self,
        segment: ManifestSegment,
        held: Sequence[Held],
        *,
        covering: Anchor | None = None,
    ) -> Secret:
        """Return K of a segment as it is now, checked against its commitment.

        Args:
            segment: As the manifest has it.
            held: The shares of it.
            covering: The checkpoint that covers the entry which says why.

        Raises:
            SetupError: A custodian gives out no shares, or has no domain any more.
            IntegrityError: The key is not wrapped by a custodian, or is another.
            UnavailableError: A custodian is locked, or does not answer.
        """
        facts, parts = segment.facts, []
        by_number = {one.share: one for one in held}
        for number, name in enumerate(segment.custodians):
            custodian = domain_named(self._domains, name).custodian
            if not custodian.gives_shares:
                raise SetupError(
                    f"the custodian {name} gives out no shares, so {segment.name}"
                    f" cannot be {self._action} here",
                    hint=self._instead,
                )
            root, share = custodian.root_key_id, by_number.get(number)
            if share is None or root not in share.wrapped:
                raise IntegrityError(
                    f"the key of {segment.name} is not wrapped by {name}"
                )
            secret = self._anchors.unwrap(
                custodian, share.wrapped[root], share.context(root), covering=covering
            )
            part = keys.derive_share_key(secret, number, facts.salt, facts.context)
            parts.append(part)
        key = keys.derive_key(parts, facts.salt, facts.context)
        keys.verify_commitment(key, facts.commitment, facts.salt, facts.context)
        return key
