"""What rows say of themselves has one digest, and no name passes for two rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.teams import TEAMS, Team
from strongroom.ledger.present import Row, digest_of_rows, present_rows, rows_before
from strongroom.ledger.rows import rows_of
from strongroom.types import TeamId
from tests.ledger.world import World, event

MACS = [bytes([n]) * 32 for n in range(3)]
cells = st.text("ab\0\n", max_size=4)
listed = st.lists(
    st.tuples(cells, cells, st.integers(1, 3), st.sampled_from(MACS)), max_size=4
)


def test_a_digest_is_the_same_in_every_version_of_strongroom() -> None:
    """Another one would only cost a whole replay, once."""
    rows: list[Row] = [("teams", "b", 1, MACS[1]), ("members", "a/b", 2, MACS[2])]

    assert (
        digest_of_rows(rows).hex()
        == digest_of_rows(rows[::-1]).hex()
        == ("3baf9cffef3b6f575a63bbb02a2af3d9dd6986d9a026e779e6421fe3d9c95688")
    )


@given(listed, listed)
def test_different_rows_have_different_digests(
    one: list[Row], other: list[Row]
) -> None:
    """Or none, where a name holds what separates cells and rows."""
    digests = [digest(rows) for rows in (one, other)]

    if None not in digests:
        assert (digests[0] == digests[1]) == (sorted(one) == sorted(other))


def digest(rows: list[Row]) -> bytes | None:
    try:
        return digest_of_rows(rows)
    except ValueError:
        return None


@pytest.mark.parametrize("name", ["a\0b", "a\nb", "\n", "\0"])
def test_a_name_that_holds_a_separator_has_no_digest(name: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  it has no words, only a caller
        digest_of_rows([("teams", name, 1, MACS[0])])


def test_rows_are_turned_back_to_before_the_entries(world: World) -> None:
    bodies = []
    for name in ("alpha", "beta", "gamma"):
        with world.ledger.transaction() as writing:
            found = TEAMS.find(writing)
            if found:
                TEAMS.replace(writing, found[0], name=name)
            else:
                TEAMS.insert(writing, Team(id=TeamId("team-a"), name=name))
            bodies.append(writing.append(event()).body)
    entries = [rows_of(body, None) for body in bodies]

    with world.ledger.reading() as reading:
        present = present_rows(reading)
        turned = [list(rows_before(reading, present, entries[n:])) for n in range(4)]

    macs = [entry.changes[0].mac for entry in entries]
    assert turned == [
        [],
        [("teams", "team-a", 1, macs[0])],
        [("teams", "team-a", 2, macs[1])],
        [("teams", "team-a", 3, macs[2])],
    ]
