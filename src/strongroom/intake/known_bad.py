"""The last bundle of advisories that a room took, and what it says of one report.

What comes in is judged by it when it is examined, and again when it is accepted; a
newer bundle has everything judged again that was admitted before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from strongroom.access.sessions import Actor
from strongroom.canonical import to_json
from strongroom.crypto.signing import VerifyKey
from strongroom.database.engine import Transaction
from strongroom.errors import DeniedError, IntegrityError, SetupError
from strongroom.intake.advisories import Advisory, Bundle, open_bundle
from strongroom.intake.feeds import (
    digest_of,
    feed_findings,
    known_hits,
    load_bundle,
    newest_feed,
    take_bundle,
    verify_takeable,
)
from strongroom.intake.findings import Finding, Level
from strongroom.intake.intakes import Intake
from strongroom.intake.issuers import (
    every_issuer,
    is_awaited,
    last_signer,
    verify_pinned,
)
from strongroom.intake.joining import Join
from strongroom.intake.judging import hit_finding, hit_id
from strongroom.intake.later_readings import (
    later_reading,
    reader_in_force,
    reports_on,
)
from strongroom.intake.verdicts import Verdict
from strongroom.ledger.log import Reading, Writing

_MOST_NAMED = 20
"""Advisories that a finding each, or an entry, names; there may be 50,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBad:
    """Whose bundles a room takes.

    Attributes:
        key: Of whoever issues them; ``None`` if the room pins none.
        at_most_age: Of a bundle, before that is a finding.
    """

    key: VerifyKey | None = None
    at_most_age: timedelta = timedelta(days=30)

    def open(self, bundle: bytes) -> Bundle:
        """Return what a signed file says.

        Raises:
            SetupError: The room pins no key for it.
            IntegrityError: It is malformed, or not by the pinned key.
        """
        key = self._pinned()
        try:
            return open_bundle(bundle, key)
        except IntegrityError as error:
            raise IntegrityError(
                f"this bundle of advisories is not taken: {error}",
                hint="is it the file of whoever room.toml names under [advisories]?",
            ) from None

    def verify_takeable(
        self, transaction: Reading | Writing, data: bytes, bundle: Bundle
    ) -> None:
        """Check that a bundle may be taken now.

        Args:
            transaction: Where the one before is.
            data: The signed file.
            bundle: What it says, from ``open``.

        Raises:
            ConflictError: It is older, or another one under the same number.
            IntegrityError: It says that it was issued later than now.
            SetupError: The room trusts another key than ``room.toml`` pins.
        """
        verify_takeable(transaction, bundle, digest_of(data), self._pinned())

    def take(self, writing: Writing, actor: Actor, data: bytes, bundle: Bundle) -> None:
        """Put a bundle in the place of the one before, and record it.

        Args:
            writing: The open transaction.
            actor: Who imports it.
            data: The signed file.
            bundle: What it says, from ``open``.

        Raises:
            ConflictError: As ``verify_takeable``.
            IntegrityError: As ``verify_takeable``.
            SetupError: As ``verify_takeable``.
        """
        take_bundle(writing, actor, data, bundle, self._pinned())

    def findings(
        self, transaction: Reading | Writing, bundle: Bundle | None, *, offered: bool
    ) -> Iterator[Finding]:
        """Yield why a bundle does not say enough.

        Args:
            transaction: Where it is.
            bundle: The one that counts, if there is any.
            offered: Whether it is not taken yet.

        Raises:
            IntegrityError: A row that says whose bundles count was deleted or altered.
        """
        yield from feed_findings(bundle, transaction.now, self.at_most_age)
        issuers = every_issuer(transaction)
        if not offered and is_awaited(issuers):
            yield Finding(
                rule="advisory/issuer",
                level=Level.WARNING,
                message="the last bundle is by a key that is trusted no longer, and"
                " there is none yet by the one in its place",
            )

    def _pinned(self) -> VerifyKey:
        """Return the key in ``room.toml``.

        Raises:
            SetupError: There is none.
        """
        if self.key is None:
            raise SetupError(
                "the room pins no key for bundles of advisories",
                hint="write [advisories] with its key into room.toml",
            )
        return self.key

    def last(self, transaction: Transaction, *, lock: bool = False) -> Bundle | None:
        """Return the bundle that was taken last; ``None`` if none ever was.

        Args:
            transaction: Where to look.
            lock: Whether to keep others from taking the next one, and to wait for
                those who do.  Before any version or intake is locked.

        Raises:
            IntegrityError: It was deleted or altered, or is not by the key in force
                when it was taken.
            SetupError: One was taken, and the room pins no key for it any more, or
                another one than it trusts.
        """
        feed = newest_feed(transaction, lock=lock)
        if feed is None:
            return None
        if self.key is None:  # else who edits room.toml ends judging, and nobody sees
            raise SetupError(
                f"bundle {feed.number} of advisories was taken, and the room pins no"
                " key for it any more",
                hint="write [advisories] with its key back into room.toml",
            )
        issuers = every_issuer(transaction, locked=lock)
        verify_pinned(issuers, self.key)
        return load_bundle(transaction, feed, last_signer(issuers, self.key))

    def applied(
        self,
        transaction: Transaction,
        judged: Callable[[tuple[Finding, ...]], Verdict],
    ) -> tuple[Verdict, bytes]:
        """Return a verdict that knows which advisories concern it, and its document.

        Args:
            transaction: Where the bundle is.
            judged: Gives the verdict with findings beside those of the readers.

        Raises:
            IntegrityError: As ``last``.
            SetupError: As ``last``.
        """
        verdict = judged(())
        document = to_json(verdict.document)
        hits = concerning(self.last(transaction), document)[:_MOST_NAMED]
        if hits:
            verdict = judged(tuple(hit_finding(advisory) for advisory in hits))
            document = to_json(verdict.document)
        return verdict, document


def verify_unadvised(
    transaction: Transaction, bundle: Bundle | None, intake: Intake
) -> None:
    """Check that no advisory concerns an intake that nobody has seen there yet.

    Args:
        transaction: Where the reports are.
        bundle: The last one, if there is one.
        intake: Examined.

    Raises:
        DeniedError: One does.
        IntegrityError: A report was deleted or altered.
    """
    later = later_reading(transaction, intake)
    reports = reports_on(transaction, intake, later)
    reader = reader_in_force(reports[0], later)
    hits = concerning(bundle, *reports, reader=reader)
    if not hits:
        return
    known = known_hits(transaction, intake)
    unseen = [one for one in hits if hit_id(intake, one) not in known][:_MOST_NAMED]
    if unseen:
        raise DeniedError(
            f"{intake.id} cannot be accepted: {hit_finding(unseen[0]).message}",
            hint="strongroom intake reaudit notes it; then somebody decides",
            reasons=tuple(advisory.id for advisory in unseen),
        )


def concerning(
    bundle: Bundle | None, *reports: bytes, reader: int | None = None
) -> list[Advisory]:
    """Return the advisories in a bundle that concern what reports are about.

    Args:
        bundle: The last one, if there is one.
        reports: On one thing.
        reader: As ``Join.hits``.

    Raises:
        IntegrityError: One is no report.
    """
    if bundle is None:
        return []
    return Join.of(bundle.advisories).hits(*reports, reader=reader)
