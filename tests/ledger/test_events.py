"""Every kind of event fits an entry, and says in the clear what may stand there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom import canonical
from strongroom.database.basis import Basis, RowsRead, RowUsed
from strongroom.database.guards import RowChange
from strongroom.errors import InputError
from strongroom.ledger import events
from strongroom.ledger.events import MAX_ENTRY_BYTES, Event, typed
from strongroom.ledger.kind import Kind
from strongroom.ledger.kinds import KINDS
from strongroom.ledger.rows import rows_of
from strongroom.types import AccountId, SessionId, new_id
from tests.ledger.world import event

VECTORS = Path(__file__).parents[1] / "vectors"
OCSF = json.loads((VECTORS / "ocsf_activities.json").read_text())
SALT = bytes(32)
AT = "2026-11-22T10:00:00.000000Z"
ACCOUNT = AccountId(new_id("account", lambda n: b"\xff" * n))
LONGEST = new_id("artifact", lambda n: b"\xff" * n)


def rows(count: int) -> list[RowChange]:
    return [
        RowChange(table="second_factors", id=LONGEST, revision=9, mac=bytes(32))
        for _ in range(count)
    ]


def full(name: str, kind: Kind) -> Event:
    """Return an event whose facts are all as long as ours ever are."""
    return Event(
        kind=name,
        actor=ACCOUNT,
        facts=dict.fromkeys(kind.facts, LONGEST),
        private=dict.fromkeys(kind.private, "\u20ac" * 500),
    )


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_an_activity_of_ocsf(name: str) -> None:
    class_id, activity = KINDS[name].ocsf

    assert str(activity) in OCSF["classes"][str(class_id)]["activities"]


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_fits_an_entry(name: str) -> None:
    encoded = events.encode(full(name, KINDS[name]), at=AT, rows=rows(4), salt=SALT)

    assert len(encoded.body) <= MAX_ENTRY_BYTES
    assert encoded.attached is None
    document = json.loads(encoded.body)
    assert set(document) - {"private"} == {
        "v", "kind", "at", "actor", "session", "facts", "rows",
    }  # fmt: skip
    assert set(document["facts"]) == set(KINDS[name].facts)


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_says_one_sentence_and_each_field_once(name: str) -> None:
    kind = KINDS[name]

    assert kind.summary.endswith(".")
    assert "\n" not in kind.summary
    assert len(set(kind.facts + kind.private)) == len(kind.facts + kind.private)


@pytest.mark.parametrize(
    ("kind", "facts", "private"),
    [
        ("project.destroyed", {"project": "a"}, {}),
        ("project.created", {}, {}),
        ("project.created", {"project": "a", "name": "secret"}, {}),
        ("project.created", {"project": "a"}, {"title": "secret"}),
    ],
)
def test_fields_that_a_kind_does_not_have_are_refused(
    kind: str, facts: dict[str, canonical.Json], private: dict[str, str]
) -> None:
    with pytest.raises(InputError):
        Event(kind=kind, actor=None, facts=facts, private=private)


@given(st.integers(0, 400), st.integers(0, 200))
def test_long_lists_stand_beside_the_entry(row_count: int, rules: int) -> None:
    made = event(
        "action.refused",
        {"action": "a:b", "resource": None, "rules": [LONGEST] * rules},
    )

    encoded = events.encode(made, at=AT, rows=rows(row_count), salt=SALT)

    document = json.loads(encoded.body)
    assert len(encoded.body) <= MAX_ENTRY_BYTES
    if encoded.attached is None:
        assert "attached" not in document
        assert len(document["rows"]) == row_count
        assert len(document["facts"]["rules"]) == rules
        return
    attached = json.loads(encoded.attached)
    assert document["attached"] == events.attached_digest(encoded.attached).hex()
    assert document["rows"] == []
    assert document["facts"] == {"action": "a:b", "resource": None}
    assert len(attached["rows"]) == row_count
    assert attached["facts"] == {"rules": [LONGEST] * rules}


@given(st.integers(0, 9), st.integers(0, 300))
def test_an_entry_says_what_was_read_for_it(reads: int, used: int) -> None:
    basis = Basis(
        seen=7,
        reads=(RowsRead(table="t", prefix="a/", after=1, digest=bytes(32)),) * reads,
        used=(RowUsed(table="t", id=LONGEST, revision=2),) * used,
    )

    encoded = events.encode(event(), at=AT, rows=rows(2), salt=SALT, basis=basis)

    assert len(encoded.body) <= MAX_ENTRY_BYTES
    found = rows_of(encoded.body, encoded.attached)
    assert found.basis == (basis if basis else Basis(seen=0))
    assert found.changes == tuple(rows(2))
    assert (b'"basis"' in encoded.body) == bool(basis and encoded.attached is None)


def test_what_is_too_long_even_so_is_refused() -> None:
    with pytest.raises(InputError, match="an event has"):
        events.encode(event(facts={"project": "a" * 5000}), at=AT, rows=[], salt=SALT)
    long = event(private={"name": "a" * events.MAX_PRIVATE_BYTES})
    with pytest.raises(InputError, match="free text has"):
        events.encode(long, at=AT, rows=[], salt=SALT)
    with pytest.raises(InputError, match="names more than fits"):
        events.encode(event(), at=AT, rows=rows(40_000), salt=SALT)


@given(
    st.dictionaries(st.just("name"), st.text(st.characters(codec="utf-8")), min_size=1),
    st.binary(min_size=32, max_size=32),
)
def test_private_text_is_committed_to_and_not_shown(
    private: dict[str, str], salt: bytes
) -> None:
    encoded = events.encode(event(private=private), at=AT, rows=[], salt=salt)

    assert encoded.private is not None
    assert json.loads(encoded.private) == private
    commitment = json.loads(encoded.body)["private"]
    assert commitment == events.commitment(salt, encoded.private).hex()
    assert len(private["name"]) < 5 or private["name"] not in encoded.body.decode()


def test_a_commitment_is_not_guessed_without_its_salt() -> None:
    one, other = (events.commitment(bytes([n]) * 32, b'{"name":"a"}') for n in (1, 2))

    assert one != other


def test_what_somebody_typed_is_bounded_and_unicode() -> None:
    assert typed("a" * 300) == "a" * 200
    assert typed("abc", at_most=2) == "ab"
    assert typed("half \udc80") == "half ?"


def test_an_entry_says_all_of_this_and_nothing_else() -> None:
    made = Event(
        kind="project.created",
        actor=AccountId("account-ana"),
        session=SessionId("session-1"),
        facts={"project": "a"},
        private={"name": "n"},
    )
    basis = Basis(seen=3, used=(RowUsed(table="t", id="i", revision=2),))

    encoded = events.encode(made, at=AT, rows=rows(1), salt=SALT, basis=basis)

    (row,) = rows(1)
    assert json.loads(encoded.body) == {
        "v": 1,
        "kind": "project.created",
        "at": AT,
        "actor": "account-ana",
        "session": "session-1",
        "facts": {"project": "a"},
        "rows": [[row.table, row.id, row.revision, row.mac.hex()]],
        "basis": basis.to_json(),
        "private": events.commitment(SALT, b'{"name":"n"}').hex(),
    }
    assert (encoded.private, encoded.salt) == (b'{"name":"n"}', SALT)
    assert encoded.attached is None
    bare = events.encode(event(), at=AT, rows=[], salt=b"")
    assert bare.private is None
    assert json.loads(bare.body).keys() == {
        *("v", "kind", "at", "actor", "session", "facts", "rows"),
    }


def test_texts_and_entries_are_taken_up_to_their_limits() -> None:
    limits = (events.MAX_ENTRY_BYTES, events.MAX_ATTACHED_BYTES)
    assert limits == (4096, 4 << 20)
    assert (events.MAX_PRIVATE_BYTES, events.MOST_TYPED) == (16 << 10, 200)
    around = len(b'{"name":""}')
    fits = event(private={"name": "a" * (events.MAX_PRIVATE_BYTES - around)})
    encoded = events.encode(fits, at=AT, rows=[], salt=SALT)
    assert len(encoded.private or b"") == events.MAX_PRIVATE_BYTES
    bare = len(
        events.encode(event(facts={"project": ""}), at=AT, rows=[], salt=b"").body
    )
    room = MAX_ENTRY_BYTES - bare
    whole = event(facts={"project": "a" * room})
    assert len(events.encode(whole, at=AT, rows=[], salt=b"").body) == MAX_ENTRY_BYTES
    more = event(facts={"project": "a" * (room + 1)})
    with pytest.raises(InputError, match="an event has"):
        events.encode(more, at=AT, rows=[], salt=b"")
