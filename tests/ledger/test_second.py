"""Second signatures of checkpoints: when there is one, and that nobody takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from strongroom.canonical import Json
from strongroom.crypto.mldsa import MlDsaKey
from strongroom.crypto.roomkeys import RoomKeys, new_second_seeds
from strongroom.crypto.signing import VerifyKey
from strongroom.errors import (
    ConflictError,
    InputError,
    IntegrityError,
    UnavailableError,
)
from strongroom.ledger import sequencer
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey
from strongroom.ledger.checks import check_all
from strongroom.ledger.events import Event
from strongroom.ledger.note import key_id, split_note
from strongroom.ledger.notes import Notes
from strongroom.ledger.second import (
    BOTH,
    ONE,
    SWITCHED,
    TYPE,
    Demand,
    demand_of,
    in_force,
    newest_demand,
    parse_second_key,
    second_key_text,
    switches,
    verify_second,
)
from strongroom.ledger.settled import settle
from tests.crypto.test_mldsa import SIGNER, VECTORS
from tests.ledger.world import KEYS, ORIGIN, World, another_sequencer, event

TWICE = KEYS.with_second(new_second_seeds(lambda count: bytes(count - 1) + b"\x09"))


OWN = TWICE.checkpoint.public.seconds[0]
THRICE = TWICE.with_second(new_second_seeds(lambda n: bytes(n - 1) + b"\x0a", 2))
NEXT = THRICE.checkpoint.public.seconds[1]


def notes(since: int | None = None, keys: RoomKeys = TWICE) -> Notes:
    signer = keys.checkpoint
    second = next(iter(signer.public.seconds), None)
    return Notes(
        origin=ORIGIN, key=signer.public, signer=signer, since=since, second=second
    )


def arm(world: World, keys: RoomKeys = TWICE) -> None:
    """Let the world's ledger have the second keys, as if it were opened anew."""
    world.ledger.notes = notes(keys=keys)
    settle(world.ledger)


def switch(algorithms: str, key: MlDsaKey = OWN) -> Event:
    facts: dict[str, Json] = {
        "algorithms": algorithms,
        "checkpoint": key.digest,
        "manifest": "0" * 64,
        "request": "request-1",
    }
    return event(kind=SWITCHED, facts=facts)


def record(world: World, *events: Event) -> None:
    with world.ledger.transaction() as writing:
        for one in events:
            writing.append(one)


def lines(world: World) -> dict[int, int]:
    """Return how many signatures each checkpoint carries, by its size."""
    found = {}
    with world.ledger.reading() as reading:
        rows = reading.connection.exec_driver_sql("SELECT size, note FROM checkpoints")
        for size, note in rows:
            found[size] = len(split_note(note).lines)
    return found


def test_a_note_of_another_implementation_verifies() -> None:
    note, key = VECTORS["note"]["text"], VECTORS["note"]["key"]

    verify_second(note, ORIGIN, SIGNER.public)
    assert key.startswith(f"{ORIGIN}+")
    assert split_note(note).lines[1].key_id.hex() == key.split("+")[1]


def test_a_second_key_is_read_as_it_was_written() -> None:
    key = TWICE.checkpoint.require_second().public
    text = second_key_text(ORIGIN, key)

    assert parse_second_key(text, ORIGIN) == key
    assert parse_second_key(VECTORS["note"]["key"], ORIGIN) == SIGNER.public


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name+hash",
        VECTORS["note"]["key"] + "\n",
        VECTORS["note"]["key"].replace("+", "++", 1),
        VECTORS["note"]["key"].replace(ORIGIN, "elsewhere.example/room"),
        VECTORS["note"]["key"] + "A" * 9000,
        VerifierKey(origin=ORIGIN, public=bytes(32)).text(),
    ],
)
def test_what_is_no_second_key_of_this_ledger_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="second key"):
        parse_second_key(text, ORIGIN)


def test_a_reader_that_knows_one_key_passes_over_the_second() -> None:
    note = notes(since=1).sign(9, bytes(32))
    key = KEYS.checkpoint.public

    opened = Checkpoint.open(
        note,
        key=VerifierKey(origin=ORIGIN, public=key.raw),
        verify=key.verify_bytes,
    )

    assert opened.size == 9
    assert len(split_note(note).lines) == 2


@pytest.mark.parametrize(("size", "count"), [(8, 1), (9, 2), (10, 2)])
def test_both_sign_from_the_size_on_that_is_demanded(size: int, count: int) -> None:
    note = notes(since=9).sign(size, bytes(32))

    assert len(split_note(note).lines) == count
    assert notes(since=9).open(note).size == size


def without(note: str, number: int) -> str:
    """Return a note without one of its signature lines."""
    head, _, tail = note.rpartition("\n\n")
    kept = [x for n, x in enumerate(tail.splitlines()) if n != number]
    return f"{head}\n\n" + "".join(f"{line}\n" for line in kept)


@pytest.mark.parametrize("number", [0, 1])
def test_a_stripped_signature_is_refused(number: int) -> None:
    """Whoever forges one of the two algorithms still lacks the other."""
    note = without(notes(since=1).sign(9, bytes(32)), number)

    with pytest.raises(IntegrityError, match=r"not signed by|lacks the second"):
        notes(since=1).open(note)


def test_a_second_signature_of_another_checkpoint_is_refused() -> None:
    note, other = (notes(since=1).sign(size, bytes(32)) for size in (9, 8))
    swapped = without(note, 1) + other.splitlines()[-1] + "\n"

    with pytest.raises(IntegrityError, match="second signature is not by"):
        notes(since=1).open(swapped)


def test_a_second_signature_by_another_rooms_key_is_refused() -> None:
    foreign = KEYS.with_second(new_second_seeds(bytes))

    with pytest.raises(IntegrityError, match="lacks the second"):
        notes(since=1).open(notes(since=1, keys=foreign).sign(9, bytes(32)))


def test_a_note_is_not_remembered_as_good_for_a_later_demand() -> None:
    """What was verified before the switch was held to one signature only."""
    own = notes()
    note = own.sign(9, bytes(32))
    assert own.open(note).size == 9
    own.demand(9, OWN)

    with pytest.raises(IntegrityError, match="lacks the second"):
        own.open(note)


def test_without_a_pinned_key_nothing_passes_for_two_signatures() -> None:
    signer = TWICE.checkpoint
    bare = VerifyKey(signer.public.raw)
    reader = Notes(origin=ORIGIN, key=bare, signer=None, since=1)

    with pytest.raises(IntegrityError, match="pins no key"):
        reader.open(notes(since=1).sign(9, bytes(32)))


@pytest.mark.parametrize(
    ("switches", "counts"),
    [
        ((), (1, 1, 1)),
        ((BOTH,), (1, 2, 2)),
        ((BOTH, ONE), (1, 2, 2, 1)),
        ((BOTH, ONE, BOTH), (1, 2, 2, 2, 2)),
    ],
)
def test_a_switch_counts_from_its_own_checkpoint_on(
    world: World, switches: Sequence[str], counts: Sequence[int]
) -> None:
    """The checkpoint over the entry that ends it still carries both."""
    arm(world)
    record(world, event())
    for algorithms in switches:
        record(world, switch(algorithms))
    while len(lines(world)) < len(counts):
        record(world, event())

    assert tuple(lines(world).values()) == tuple(counts)
    settle(world.ledger)
    both = bool(switches) and switches[-1] == BOTH
    assert world.ledger.notes.since == (len(switches) + 1 if both else None)
    with world.ledger.reading() as reading:
        assert check_all(world.ledger, reading) == []


def test_a_switch_on_and_off_in_one_transaction_is_covered_by_both(
    world: World,
) -> None:
    arm(world)
    record(world, switch(BOTH), switch(ONE))
    record(world, event())

    assert list(lines(world).values()) == [2, 1]


def test_a_switch_that_waits_for_its_index_counts_when_it_gets_one(
    on_postgresql: World,
) -> None:
    world = on_postgresql
    arm(world)
    record(world, event())
    with pytest.raises(UnavailableError), another_sequencer(world):
        record(world, switch(BOTH))
    settle(world.ledger)
    assert world.ledger.notes.since is None
    world.ledger.catch_up()

    assert list(lines(world).values()) == [1, 2]


def test_a_process_without_the_second_key_signs_nothing_any_more(world: World) -> None:
    """It was opened before the key was made, and would strip what is demanded."""
    arm(world)
    record(world, switch(BOTH))
    world.ledger.notes = notes(keys=KEYS)

    with pytest.raises(ConflictError, match="since it was opened"):
        record(world, event())
    assert world.size() == 1


def test_a_checkpoint_that_lost_its_second_signature_is_found(world: World) -> None:
    """ATT&CK T1565.001: the administrator of the database removes the line."""
    arm(world)
    record(world, switch(BOTH))
    record(world, event())
    settle(world.ledger)
    with world.ledger.reading() as reading:
        note = sequencer.newest_note(reading.connection) or ""
    world.attack(
        "UPDATE checkpoints SET note = :note WHERE size = 2", note=without(note, 1)
    )

    with pytest.raises(IntegrityError, match="lacks the second"):
        record(world, event())


def test_a_switch_that_somebody_wrote_into_the_database_is_refused(
    world: World,
) -> None:
    arm(world)
    record(world, switch(BOTH))
    settle(world.ledger)
    with world.ledger.reading() as reading:
        body = world.ledger.entry(reading, 0).body
    forged = body.replace(BOTH.encode(), ONE.encode())
    world.attack("UPDATE entries SET body = :body", body=forged)

    with pytest.raises(IntegrityError):
        settle(world.ledger)
    assert world.ledger.notes.since == 1


def test_a_switch_that_somebody_took_out_is_missed(world: World) -> None:
    """``room.toml`` demands it still."""
    arm(world)
    record(world, switch(BOTH))
    settle(world.ledger)
    world.attack("UPDATE entries SET kind = 'project.created'")

    with pytest.raises(IntegrityError, match=r"room\.toml"):
        settle(world.ledger)


def test_an_end_of_it_before_the_switch_that_room_toml_knows_is_refused(
    world: World,
) -> None:
    """Its checkpoint needed one signature: whoever forged Ed25519 ended the demand."""
    arm(world)
    record(world, switch(ONE))
    record(world, event())
    world.ledger.notes.demand(9, OWN)

    with pytest.raises(IntegrityError, match=r"room\.toml"):
        settle(world.ledger)
    assert world.ledger.notes.since == 9


@pytest.mark.parametrize("algorithms", ["", "rsa", 3])
def test_signatures_that_nobody_knows_are_refused(
    world: World, algorithms: Json
) -> None:
    arm(world)
    facts = {**switch(BOTH).facts, "algorithms": algorithms}
    with pytest.raises(IntegrityError, match="nobody knows"):
        record(world, replace(switch(BOTH), facts=facts))


def rotated(world: World) -> None:
    """Let the ledger demand two signatures, and then those of another second key."""
    arm(world, THRICE)
    record(world, switch(BOTH))
    record(world, event())
    record(world, switch(BOTH, NEXT))
    record(world, event())


def signers(world: World) -> dict[int, list[str]]:
    """Return the second keys that signed each checkpoint, by its size."""
    known = {key_id(ORIGIN, TYPE, key.raw): key.digest for key in (OWN, NEXT)}
    with world.ledger.reading() as reading:
        rows = reading.connection.exec_driver_sql("SELECT size, note FROM checkpoints")
        return {
            size: [known[x.key_id] for x in split_note(note).lines if x.key_id in known]
            for size, note in rows
        }


def test_the_checkpoint_over_a_rotation_is_the_last_of_the_former_key(
    world: World,
) -> None:
    rotated(world)

    assert list(signers(world).values()) == [[OWN.digest]] * 3 + [[NEXT.digest]]
    settle(world.ledger)
    assert (world.ledger.notes.since, world.ledger.notes.second) == (4, NEXT)
    with world.ledger.reading() as reading:
        assert check_all(world.ledger, reading) == []


def test_after_a_rotation_the_former_key_signs_nothing_new(world: World) -> None:
    """Whoever has it, and forges Ed25519, is held to the successor."""
    rotated(world)
    settle(world.ledger)
    former = notes(since=1).sign(9, bytes(32))

    with pytest.raises(IntegrityError, match="lacks the second"):
        world.ledger.notes.open(former)
    with pytest.raises(IntegrityError, match="lacks the second"):
        notes(since=1, keys=THRICE).open(notes(keys=THRICE).sign(9, bytes(32)))


def test_a_process_from_before_a_rotation_signs_nothing_any_more(world: World) -> None:
    rotated(world)
    world.ledger.notes = notes()

    with pytest.raises(ConflictError, match="since it was opened"):
        record(world, event())


def test_a_rotation_that_the_former_key_did_not_sign_is_refused(world: World) -> None:
    """ATT&CK T1600: an entry that names a key of the forger's, under Ed25519 alone."""
    rotated(world)
    with world.ledger.reading() as reading:
        note = reading.connection.exec_driver_sql(
            "SELECT note FROM checkpoints WHERE size = 3"
        ).scalar_one()
    world.attack(
        "UPDATE checkpoints SET note = :note WHERE size = 3", note=without(note, 1)
    )

    with pytest.raises(IntegrityError, match="lacks the second"):
        settle(world.ledger)


def test_a_switch_back_to_the_key_before_the_one_that_is_pinned_is_missed(
    world: World,
) -> None:
    """The rotation is cut out of the ledger; ``room.toml`` knows the successor."""
    rotated(world)
    settle(world.ledger)
    world.attack("UPDATE entries SET kind = 'project.created' WHERE position = 2")

    with pytest.raises(IntegrityError, match=r"room\.toml"):
        settle(world.ledger)
    assert world.ledger.notes.second == NEXT


def test_what_is_in_force_is_what_the_newest_switch_demands(world: World) -> None:
    def now() -> tuple[Demand | None, str | None]:
        with world.database.reading() as connection:
            return newest_demand(connection), in_force(connection)

    assert now() == (None, None)
    arm(world)
    record(world, switch(BOTH))
    both = Demand(both=True, checkpoint=OWN.digest, manifest="0" * 64)
    assert now() == (both, "0" * 64)
    record(world, switch(ONE))
    one = Demand(both=False, checkpoint=OWN.digest, manifest="0" * 64)
    assert now() == (one, None)


def test_switches_are_given_the_newest_first(world: World) -> None:
    arm(world)
    record(world, switch(BOTH))
    record(world, event(), switch(ONE))

    with world.database.reading() as connection:
        found = switches(connection)
    assert [each.position for each in found] == [2, 0]
    assert [each.demand.both for each in found] == [False, True]
    assert [demand_of(each.body) for each in found] == [each.demand for each in found]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "is not what a room writes"),
        ("text", "is not what a room writes"),
        (b"[]", "is not about signatures"),
        (b'{"facts":{},"kind":"project.created"}', "is not about signatures"),
        (b'{"facts":[],"kind":"signatures.switched"}', "nobody knows signatures"),
        (b'{"kind":"signatures.switched"}', "nobody knows signatures 'None'"),
        (
            b'{"facts":{"algorithms":"rsa"},"kind":"signatures.switched"}',
            "nobody knows signatures 'rsa'",
        ),
    ],
)
def test_what_is_no_switch_demands_nothing(body: object, said: str) -> None:
    with pytest.raises(IntegrityError, match=said):
        demand_of(body)


def test_the_words_and_the_type_of_signatures_are_published() -> None:
    """They stand in entries, in ``room.toml`` and in the keys that outsiders keep."""
    assert (ONE, BOTH) == ("ed25519", "ed25519+ml-dsa-65")
    assert (SWITCHED, TYPE) == ("signatures.switched", b"\xffstrongroom/ml-dsa-65")


def test_from_the_size_on_that_is_pinned_the_pinned_key_signs_unless_told() -> None:
    """Also where nobody names a key: the second of two is the one that is pinned."""
    signer = THRICE.checkpoint
    own = Notes(origin=ORIGIN, key=signer.public, signer=signer, since=5, second=OWN)

    for size, second, by in (
        (4, None, []),
        (5, None, [OWN]),
        (6, None, [OWN]),
        (4, NEXT.digest, [NEXT]),
        (6, NEXT.digest, [NEXT]),
    ):
        note = own.sign(size, bytes(32), second=second)
        ids = {line.key_id for line in split_note(note).lines}
        for key in (OWN, NEXT):
            assert (key_id(ORIGIN, TYPE, key.raw) in ids) is (key in by)
