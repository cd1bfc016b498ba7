"""The last bundle of advisories that a room took, and what it says of one report.

What comes in is judged by it when it is examined, and again when it is accepted; a
newer bundle has everything judged again that was admitted before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from strongroom.canonical import to_json
from strongroom.crypto.signing import VerifyKey
from strongroom.database.engine import Transaction
from strongroom.errors import DeniedError, IntegrityError, SetupError
from strongroom.intake.advisories import Advisory, Bundle, open_bundle
from strongroom.intake.feeds import known_hits, load_bundle, newest_feed
from strongroom.intake.findings import Finding
from strongroom.intake.intakes import Intake, load_report_bytes
from strongroom.intake.joining import Join
from strongroom.intake.judging import hit_finding, hit_id
from strongroom.intake.verdicts import Verdict

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
        if self.key is None:
            raise SetupError(
                "the room pins no key for bundles of advisories",
                hint="write [advisories] with its key into room.toml",
            )
        try:
            return open_bundle(bundle, self.key)
        except IntegrityError as error:
            raise IntegrityError(
                f"this bundle of advisories is not taken: {error}",
                hint="is it the file of whoever room.toml names under [advisories]?",
            ) from None

    def last(self, transaction: Transaction, *, lock: bool = False) -> Bundle | None:
        """Return the bundle that was taken last; ``None`` if none ever was.

        Args:
            transaction: Where to look.
            lock: Whether to keep others from taking the next one, and to wait for
                those who do.  Before any version or intake is locked.

        Raises:
            IntegrityError: It was deleted or altered, or is not by the pinned key.
            SetupError: One was taken, and the room pins no key for it any more.
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
        return load_bundle(transaction, feed, self.key)

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
        transaction: Where the report is.
        bundle: The last one, if there is one.
        intake: Examined.

    Raises:
        DeniedError: One does.
        IntegrityError: The report was deleted or altered.
    """
    hits = concerning(bundle, load_report_bytes(transaction, intake))
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


def concerning(bundle: Bundle | None, report: bytes) -> list[Advisory]:
    """Return the advisories in a bundle that concern what a report is about.

    Raises:
        IntegrityError: It is no report.
    """
    return Join.of(bundle.advisories).hits(report) if bundle else []
