"""Terms are what the files say, and files that err stop the start."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

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
