"""What an entry says of rows is read back, and nothing else is taken for it."""

from __future__ import annotations

import pytest

from strongroom import canonical
from strongroom.database.basis import Basis, RowsRead, RowUsed
from strongroom.database.guards import RowChange
from strongroom.errors import IntegrityError
from strongroom.ledger.events import attached_digest
from strongroom.ledger.rows import rows_of

BODY = canonical.to_json(
    {
        "rows": [["teams", "team-a", 2, "01" * 32]],
        "basis": {
            "counted": [["holdings", "model-a/", 0, "02" * 32]],
            "seen": 7,
            "used": [["accounts", "account-a", 3]],
        },
    }
)


def test_an_entry_says_what_changed_and_what_was_read() -> None:
    found = rows_of(BODY, None)

    assert found.changes == (
        RowChange(table="teams", id="team-a", revision=2, mac=b"\x01" * 32),
    )
    assert found.basis == Basis(
        seen=7,
        reads=(
            RowsRead(table="holdings", prefix="model-a/", after=0, digest=b"\x02" * 32),
        ),
        used=(RowUsed(table="accounts", id="account-a", revision=3),),
    )


def test_what_was_counted_is_read_from_entries_of_old_too() -> None:
    found = rows_of(BODY.replace(b"counted", b"reads"), None)

    assert [read.listed for read in found.basis.reads] == [True]
    assert [read.listed for read in rows_of(BODY, None).basis.reads] == [False]


def test_what_is_attached_counts_alike() -> None:
    bare = canonical.to_json({"rows": []})
    naming = canonical.to_json({"attached": attached_digest(BODY).hex(), "rows": []})

    assert rows_of(naming, BODY) == rows_of(BODY, None)
    assert not rows_of(bare, None).says_anything


@pytest.mark.parametrize(
    ("digest", "attached"),
    [(None, BODY), (attached_digest(BODY).hex(), None), ("00" * 32, BODY)],
    ids=["not named", "gone", "another one"],
)
def test_another_attached_document_than_the_one_named_is_refused(
    digest: str | None, attached: bytes | None
) -> None:
    """Its rows would be taken for what the entry says."""
    more = {} if digest is None else {"attached": digest}
    body = canonical.to_json({"rows": [], **more})

    with pytest.raises(IntegrityError, match="another attached document"):
        rows_of(body, attached)


@pytest.mark.parametrize(
    "basis",
    [
        [],
        {"reads": [], "seen": True, "used": []},
        {"reads": [], "seen": "7", "used": []},
        {"reads": [["t", "a/", 0]], "seen": 7, "used": []},
        {"reads": [["t", "a/", 0, "zz"]], "seen": 7, "used": []},
        {"reads": {}, "seen": 7, "used": []},
        {"counted": [["t", "a/", 0]], "seen": 7, "used": []},
        {"counted": [["t", "a/", "0", "02" * 32]], "seen": 7, "used": []},
        {"counted": [["t", "a/", 0, "02" * 31]], "seen": 7, "used": []},
        {"reads": [], "seen": -7, "used": []},
        {"reads": [], "seen": 7, "used": [["t", "a", None]]},
        {"reads": [], "seen": 7, "used": ["tab"]},
    ],
)
def test_a_basis_of_another_form_is_refused(basis: canonical.Json) -> None:
    body = canonical.to_json({"rows": [], "basis": basis or [1]})

    with pytest.raises(IntegrityError, match="does not name its rows"):
        rows_of(body, None)


@pytest.mark.parametrize(
    "rows",
    [None, {}, [["t", "a", 1]], [["t", "a", "1", ""]], ["abcd"], [["t", "a", 1, "z"]]],
)
def test_rows_of_another_form_are_refused(rows: canonical.Json) -> None:
    with pytest.raises(IntegrityError):
        rows_of(canonical.to_json({"rows": rows}), None)


@pytest.mark.parametrize("body", [b"[]", b"1", b"{}", b"{", b"null"])
def test_what_is_no_entry_is_refused(body: bytes) -> None:
    with pytest.raises(IntegrityError):
        rows_of(body, None)


@pytest.mark.parametrize("row", [["t", "a", -1, "02" * 32], ["t", "a", 1, "02" * 31]])
def test_a_row_that_no_tree_of_counted_rows_can_hold_is_refused(
    row: list[canonical.Json],
) -> None:
    """Once, a revision below zero ended the replay in an error of Python's."""
    with pytest.raises(IntegrityError, match="does not name its rows"):
        rows_of(canonical.to_json({"rows": [row]}), None)


def test_an_entry_about_no_row_says_nothing() -> None:
    bare = rows_of(canonical.to_json({"rows": []}), None)
    assert (bare.changes, bare.basis, bare.says_anything) == ((), Basis(seen=0), False)
    assert rows_of(BODY, None).says_anything
    digest = "01" * 32
    changed: dict[str, canonical.Json] = {"rows": [["teams", "a", 1, digest]]}
    assert rows_of(canonical.to_json(changed), None).says_anything
    bases: list[dict[str, canonical.Json]] = [
        {"seen": 1, "used": [["teams", "a", 1]]},
        {"seen": 1, "reads": [["teams", "", 0, digest]]},
        {"seen": 1, "counted": [["teams", "", 0, digest]]},
    ]
    for basis in bases:
        read: dict[str, canonical.Json] = {"rows": [], "basis": basis}
        assert rows_of(canonical.to_json(read), None).says_anything


@pytest.mark.parametrize("number", [True, -1, "1", None, [1]])
def test_a_revision_is_a_whole_number_from_0(number: canonical.Json) -> None:
    row: list[canonical.Json] = ["teams", "a", number, "01" * 32]
    with pytest.raises(IntegrityError, match="does not name its rows"):
        rows_of(canonical.to_json({"rows": [row]}), None)
    row[2] = 0
    assert rows_of(canonical.to_json({"rows": [row]}), None).changes[0].revision == 0
