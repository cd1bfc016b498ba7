"""Which separations are not in force: every report says so."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.types import Profile


def missing_separations(
    profile: Profile,
    *,
    domains: int,
    embedded: bool,
    witness: bool,
    without_factor: int = 0,
    apart: Sequence[str] = (),
) -> list[str]:
    """Return one sentence per separation that is not in force; for reports.

    Args:
        profile: The profile of the room.
        domains: Custody domains that are configured.
        embedded: Whether users open the database themselves, without a server.
        witness: Whether somebody independent cosigns checkpoints.
        without_factor: Active people who have none.
        apart: Custody domains whose custodians run elsewhere and give no shares.
    """
    solo, small = profile is Profile.SOLO, profile is Profile.SMALL
    claims = (
        (solo, "one account has every role: whoever asks also decides"),
        (solo, "nobody else agrees to an opening; restricted models wait instead"),
        (solo, "nothing caps how much of a model one person holds"),
        (small, "any one other person agrees, also of the asker's own team"),
        (small, "who keeps accounts and roles may read weights too"),
        (
            profile in (Profile.SMALL, Profile.STANDARD),
            "a code is enough to log in and to approve; only an approval by a passkey"
            " is signed",
        ),
        (domains < 2, "architecture, biases and weights share one custody domain"),  # noqa: PLR2004
        (domains == 2, "architecture and biases share a custody domain"),  # noqa: PLR2004
        (
            embedded,
            "embedded mode: whoever has the passphrase has everything"
            + (f" but what {' and '.join(apart)} must release" if apart else "")
            + "; permits, approvals and caps are recorded rules",
        ),
        (not witness, "no independent witness keeps checkpoints of the ledger"),
        (without_factor > 0, f"{_people(without_factor)} no second factor"),
    )
    return [sentence for missing, sentence in claims if missing]


def _people(count: int) -> str:
    return "one person has" if count == 1 else f"{count} people have"
