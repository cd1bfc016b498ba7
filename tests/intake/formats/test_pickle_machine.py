"""Pickles become values that can do nothing; what unpicklers disagree on is refused.

Nothing here is unpickled: honest pickles are compared with what was pickled.
"""

from __future__ import annotations

import collections
import os
import pickle
from collections.abc import Collection, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.pickle_machine import (
    How,
    Rules,
    Unpickled,
    read_pickle,
)
from strongroom.intake.formats.pickle_opcodes import OPCODES
from strongroom.intake.formats.pickle_values import (
    MOST_KEY_LETTERS,
    Call,
    Group,
    Name,
    Persistent,
    Table,
    Value,
)
from strongroom.intake.formats.torch_names import rules
from strongroom.intake.sources import Source
from tests.intake.formats.pickle_attacks import ATTACKS, GADGETS
from tests.intake.hostile import mutated

ORDERED = Name("collections", "OrderedDict")
CALLED: Mapping[Name, Collection[How]] = {
    Name(module, name): ["reduce"]
    for module, name in [
        ("_codecs", "encode"),
        ("__builtin__", "bytes"),
        ("__builtin__", "set"),
        ("__builtin__", "frozenset"),
        ("builtins", "set"),
        ("builtins", "frozenset"),
    ]
}
RULES = Rules(
    names={
        **CALLED,
        ORDERED: ["reduce", "fill", "build"],
        Name("torch", "float32"): [],
    }
)


def unpickled(data: bytes, rules: Rules = RULES) -> Unpickled:
    """Return what the machine makes of these bytes."""
    descriptor = os.memfd_create("pickle")
    try:
        os.write(descriptor, data)
        return read_pickle(
            Source(descriptor=descriptor, start=0, length=len(data), path="p"), rules
        )
    finally:
        os.close(descriptor)


def refusal(data: bytes, rules: Rules = RULES) -> RefusedError:
    """Return why the machine refuses these bytes."""
    with pytest.raises(RefusedError) as refused:
        unpickled(data, rules)
    return refused.value


def plain(value: Value) -> object:  # noqa: PLR0911  # a table
    """Return the Python value that a value of ours stands for."""
    match value:
        case Table():
            return {plain(k): plain(v) for k, v in value.pairs.values()}
        case Group():
            return (frozenset if value.is_frozen else set)(
                plain(v) for v in value.items.values()
            )
        case list():
            return [plain(v) for v in value]
        case tuple():
            return tuple(plain(v) for v in value)
        case Call(callee=Name(name="encode"), arguments=(str(text), "latin1")):
            return text.encode("latin1")
        case Call(callee=Name(name="bytes"), arguments=()):
            return b""
        case Call(callee=Name(name="set"), arguments=(list(items),)):
            return {plain(v) for v in items}
        case Call(callee=Name(name="frozenset"), arguments=(list(items),)):
            return frozenset(plain(v) for v in items)
        case Call(callee=Name(name="OrderedDict")):
            return collections.OrderedDict(
                (plain(k), plain(v)) for k, v in value.table.pairs.values()
            )
    return value


keys = (
    st.text(max_size=8)
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.tuples(st.text(max_size=3), st.integers(0, 9))
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False)
    | st.text(max_size=300)
    | st.binary(max_size=300),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(keys, inner, max_size=5)
        | st.dictionaries(keys, inner, max_size=5).map(collections.OrderedDict)
        | st.sets(keys, max_size=5)
        | st.frozensets(keys, max_size=5)
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(value=values, protocol=st.integers(2, 5))
def test_plain_values_come_back(value: object, protocol: int) -> None:
    assert plain(unpickled(pickle.dumps(value, protocol)).value) == value


@settings(max_examples=60, deadline=None)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=30)
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner)
        ),
        max_leaves=10,
    ),
    protocol=st.integers(0, 1),
)  # fmt: skip
def test_plain_values_of_the_old_protocols_come_back(
    value: object, protocol: int
) -> None:
    assert plain(unpickled(pickle.dumps(value, protocol)).value) == value


def test_what_python_2_wrote_as_text_is_text() -> None:
    assert unpickled(b"S'a\\n\\x41\\''\n.").value == "a\nA'"
    assert unpickled(b"\x80\x02U\x03abc.").value == "abc"
    assert unpickled(b"I01\n.").value is True
    assert unpickled(b"L12L\n.").value == 12


def test_large_things_lie_outside_frames_and_come_back() -> None:
    value = {"a": b"x" * 200_000, "b": "y" * 3_000_000, "c": list(range(5000))}
    assert plain(unpickled(pickle.dumps(value, 5)).value) == value


def test_a_value_may_stand_in_two_places_and_in_itself() -> None:
    shared: list[object] = [1]
    found = unpickled(pickle.dumps([shared, shared])).value
    assert isinstance(found, list)
    assert found[0] is found[1]
    shared.append(shared)
    found = unpickled(pickle.dumps(shared)).value
    assert isinstance(found, list)
    assert found[1] is found


def test_every_name_is_a_fact_even_one_that_is_thrown_away() -> None:
    found = unpickled(b"ctorch\nfloat32\n0ccollections\nOrderedDict\n.")
    assert found.names == ("torch.float32", "collections.OrderedDict")
    assert found.value == ORDERED


def test_the_end_is_where_the_pickle_ends() -> None:
    data = pickle.dumps([1, 2], 4)
    assert unpickled(data + b"more").end == len(data)


def test_persistent_ids_are_records() -> None:
    found = unpickled(b"\x80\x02X\x01\x00\x00\x00aQ.", Rules(persistent=True)).value
    assert isinstance(found, Persistent)
    assert found.id == "a"


@settings(max_examples=300, deadline=None)
@given(
    data=st.sampled_from(
        [
            pickle.dumps([{"a": (1, 2.5, None)}, "x" * 50, b"y"], protocol)
            for protocol in (0, 2, 3, 4, 5)
        ]
    ).flatmap(mutated)
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        unpickled(data, Rules(salvage=True, persistent=True))
    except RefusedError:
        return


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_by_its_rule(name: str) -> None:
    rule, data = ATTACKS[name]
    assert refusal(data).rule == rule


def test_no_gadget_is_known_to_a_checkpoint() -> None:
    """Scanners list them one by one; here nobody has to."""
    gadgets = [
        g.split() for line in GADGETS.strip().splitlines() for g in line.split(";")
    ]
    for module, name in gadgets:
        data = f"c{module}\n{name}\n(S'id'\ntR.".encode()
        assert refusal(data, rules(salvage=False)).rule == "pickle/global", name
    assert len(gadgets) > 120


def test_the_names_that_refuse_a_pickle_are_in_the_message() -> None:
    error = refusal(b"cos\nsystem\n0cpathlib\nPosixPath\n0N.")
    assert "'os.system', 'pathlib.PosixPath'" in str(error)
    assert error.place == "byte 0"


def test_more_instructions_than_a_checkpoint_needs_are_refused() -> None:
    assert refusal(b"N0" * 50 + b"N.", Rules(instructions=100)).rule == "pickle/size"


@pytest.mark.parametrize(
    ("longest", "too_long"),
    [
        (bytes(MOST_KEY_LETTERS), bytes(MOST_KEY_LETTERS + 1)),
        (("a" * MOST_KEY_LETTERS, 1), ("a" * MOST_KEY_LETTERS, 1, "b")),
    ],
)
def test_a_key_that_each_dict_copies_is_short(
    longest: object, too_long: object
) -> None:
    """One of 100 MB, in a thousand dicts of a small pickle, was 100 GB of memory."""
    assert unpickled(pickle.dumps({longest: 1}, 4))
    assert refusal(pickle.dumps({too_long: 1}, 4)).rule == "pickle/key"


def test_lines_count_twice_because_they_take_that_time() -> None:
    """Two million lines took 9 s of CPU, twice what other instructions take."""
    assert unpickled(b"I1\n0" * 33 + b"N.", Rules(instructions=102))
    assert refusal(b"I1\n0" * 34 + b"N.", Rules(instructions=102)).rule == "pickle/size"


def test_salvage_makes_stubs_and_says_so() -> None:
    found = unpickled(
        b"\x80\x02cargparse\nNamespace\n)\x81}X\x01\x00\x00\x00aK\x01sb.",
        Rules(salvage=True),
    )
    assert found.stubs == ("argparse.Namespace",)
    assert isinstance(found.value, Call)
    assert plain(found.value.state) == {"a": 1}


def test_salvage_still_refuses_what_unpicklers_disagree_on() -> None:
    rules = Rules(salvage=True)
    rule, data = ATTACKS["fickling_frame_boundary_divergence"]
    assert refusal(data, rules).rule == rule


def test_every_opcode_of_python_is_known_and_no_other() -> None:
    spelt = {
        value[0]
        for name, value in vars(pickle).items()
        if name.isupper() and isinstance(value, bytes) and len(value) == 1
    }
    assert set(OPCODES) == spelt
