"""Terms are what the files say, and files that err stop the start."""

from __future__ import annotations

from datetime import timedelta
from importlib import resources
from pathlib import Path

import pytest

from strongroom import canonical
from strongroom.access.terms_file import load_terms, parse_terms
from strongroom.errors import SetupError
from strongroom.types import Classification, Profile

PACKAGED = (
    resources.files("strongroom.access") / "policies" / "terms.toml"
).read_text()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("person_cap_percent = 25", "person_cap_percent = 50", "not in order"),
        ("pair_cap_percent = 45", "pair_cap_percent = 100", "not in order"),
        ("pair_cap_percent = 45", "", "come together"),
        ("person_cap_percent = 25", "person_cap_percent = 25.0", "is not int"),
        ("approvals = 2", "approvals = true", "is not int"),
        ("approvals = 2", "approvals = 1", "cannot come from"),
        ("approvals = 2", "approvals = 2\nbreak_glass = true", "unknown key"),
        ("approvals = 2", "", "is not int"),
        ("second_factor_required = true", "second_factor_required = 1", "not bool"),
        ("604800", "99999999999999999999", "outside a year"),
        ("604800", "-1", "outside a year"),
        ('default_class = "restricted"', 'default_class = "secret"', "secret"),
        ('default_class = "restricted"', "", "None"),
        ("[standard.administration]", "[standard.other]", "absent"),
        ("distinct_teams = 1\n", "distinct_teams = 1\napprovals = 1\n", "TOML"),
        (
            "pair_cap_percent = 45\nwhole_model_to_a_person = false",
            "pair_cap_percent = 45\nwhole_model_to_a_person = true",
            "whole model",
        ),
        (
            "approvals = 1\ndistinct_teams = 1",
            "approvals = 3\ndistinct_teams = 3",
            "less",
        ),
    ],
)
def test_a_table_that_contradicts_itself_stops_the_start(
    old: str, new: str, said: str
) -> None:
    text = PACKAGED
    assert old in text

    with pytest.raises(SetupError, match=said):
        parse_terms(Profile.STANDARD, text.replace(old, new).encode())


def test_a_house_may_keep_its_own_table(tmp_path: Path) -> None:
    own = PACKAGED.replace("person_cap_percent = 25", "person_cap_percent = 10")
    (tmp_path / "terms.toml").write_text(own)

    terms = load_terms(Profile.STANDARD, folder=tmp_path)

    assert terms.of(Classification.RESTRICTED).person_cap_percent == 10


def test_an_absent_table_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"terms\.toml"):
        load_terms(Profile.STANDARD, folder=tmp_path)


def test_an_endless_table_is_not_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "terms.toml").write_text("#" * 70_000)

    with pytest.raises(SetupError, match="longer"):
        load_terms(Profile.STANDARD, folder=tmp_path)


@pytest.mark.parametrize("data", [b"\xff", b"[" * 5000, b"solo = 3", b""])
def test_what_is_no_table_stops_the_start(data: bytes) -> None:
    with pytest.raises(SetupError):
        parse_terms(Profile.SOLO, data)


def changed(old: str, new: str) -> str:
    assert old in PACKAGED
    return PACKAGED.replace(old, new)


def test_a_table_has_64_kibibytes_at_most(tmp_path: Path) -> None:
    room = 65_536 - len(PACKAGED.encode())
    longest = PACKAGED + "#" * room
    (tmp_path / "terms.toml").write_text(longest)

    assert load_terms(Profile.STANDARD, folder=tmp_path)
    assert parse_terms(Profile.STANDARD, longest.encode())
    with pytest.raises(SetupError, match="longer than 65536 bytes"):
        parse_terms(Profile.STANDARD, longest.encode() + b"#")


@pytest.mark.parametrize(("days", "taken"), [(366, True), (367, False)])
def test_a_duration_is_a_year_at_most(days: int, *, taken: bool) -> None:
    text = changed("604800", str(days * 86_400)).encode()
    if not taken:
        with pytest.raises(SetupError, match="is outside a year"):
            parse_terms(Profile.STANDARD, text)
        return

    table = parse_terms(Profile.STANDARD, text)
    assert table.of(Classification.RESTRICTED).max_duration == timedelta(days=days)


def test_a_table_that_is_absent_or_no_table_is_named() -> None:
    for text, said in (
        (b"", "table standard is absent"),
        (b"standard = 3", "table standard is absent"),
        (b"[standard]\ndefault_class = 'open'\nsigned_approvals = true\n", "open"),
    ):
        with pytest.raises(SetupError, match=said):
            parse_terms(Profile.STANDARD, text)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("signed_approvals = false", "signed_approvals = 0", "signed_approvals is not"),
        ("wait_seconds = 0", "wait_seconds = false", "wait_seconds is not int"),
        ("purpose_required = true", "", "purpose_required is not bool"),
        ("wait_seconds = 0", "wait = 0", "wait_seconds is not int"),
    ],
)
def test_what_is_wrong_with_a_value_is_said(old: str, new: str, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        parse_terms(Profile.STANDARD, changed(old, new).encode())


def test_no_profile_but_the_one_that_is_asked_for_is_read() -> None:
    text = changed("[solo.administration]", "[solo.nothing]").encode()

    assert parse_terms(Profile.STANDARD, text).profile is Profile.STANDARD
    with pytest.raises(SetupError, match="solo: table administration is absent"):
        parse_terms(Profile.SOLO, text)


def test_the_digest_is_of_the_whole_file_and_the_same_in_every_version() -> None:
    data = PACKAGED.encode()
    computed = canonical.digest("strongroom/v1/terms", data).hex()

    assert {parse_terms(profile, data).digest for profile in Profile} == {computed}
