"""A report names each separation that is missing, and no other."""

from __future__ import annotations

from strongroom.access.separations import missing_separations
from strongroom.types import Profile

CODES = (
    "a code is enough to log in and to approve; only an approval by a passkey is signed"
)


def test_reports_name_every_separation_that_is_missing() -> None:
    said = missing_separations(
        Profile.SOLO, domains=1, embedded=True, witness=False, without_factor=1
    )

    assert len(said) == 7
    assert said[1] == (
        "nobody else agrees to an opening; restricted models wait instead"
    )
    assert any("embedded" in sentence for sentence in said)
    assert "one person has no second factor" in said


def test_a_house_with_every_separation_has_none_missing() -> None:
    said = missing_separations(
        Profile.HARDENED, domains=3, embedded=False, witness=True
    )

    assert said == []


def test_standard_says_that_codes_sign_nothing() -> None:
    said = missing_separations(
        Profile.STANDARD, domains=3, embedded=False, witness=True
    )

    assert said == [CODES]


def test_small_says_that_teams_and_roles_are_not_kept_apart() -> None:
    said = missing_separations(Profile.SMALL, domains=3, embedded=False, witness=True)

    assert said == [
        "any one other person agrees, also of the asker's own team",
        "who keeps accounts and roles may read weights too",
        CODES,
    ]


def test_two_domains_leave_one_separation_missing() -> None:
    said = missing_separations(
        Profile.HARDENED, domains=2, embedded=False, witness=True, without_factor=3
    )

    assert said == [
        "architecture and biases share a custody domain",
        "3 people have no second factor",
    ]


def test_what_custodians_elsewhere_keep_is_not_everybodys() -> None:
    said = missing_separations(
        Profile.HARDENED,
        domains=3,
        embedded=True,
        witness=True,
        apart=["biases", "weights"],
    )

    assert said == [
        "embedded mode: whoever has the passphrase has everything but what biases"
        " and weights must release; permits, approvals and caps are recorded rules"
    ]


def test_who_asks_decides_and_nobody_caps_in_solo() -> None:
    said = missing_separations(Profile.SOLO, domains=3, embedded=False, witness=True)

    assert said == [
        "one account has every role: whoever asks also decides",
        "nobody else agrees to an opening; restricted models wait instead",
        "nothing caps how much of a model one person holds",
    ]


def test_one_domain_one_witness_too_few_and_nobody_apart() -> None:
    said = missing_separations(
        Profile.HARDENED, domains=1, embedded=True, witness=False, without_factor=2
    )

    assert said == [
        "architecture, biases and weights share one custody domain",
        "embedded mode: whoever has the passphrase has everything; permits,"
        " approvals and caps are recorded rules",
        "no independent witness keeps checkpoints of the ledger",
        "2 people have no second factor",
    ]
