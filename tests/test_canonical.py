"""Documents and contexts have one encoding each, and nothing else is read."""

from __future__ import annotations

import math
from collections import OrderedDict
from types import MappingProxyType

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from strongroom import canonical
from strongroom.errors import InputError, IntegrityError
from strongroom.types import Profile

MOST = 2**53 - 1
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
KEYS = st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF), max_size=10)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-MOST, MOST) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner),
    max_leaves=20,
)
FIELDS = st.lists(st.binary(max_size=9) | TEXTS | st.integers(0, 2**64 - 1))


def test_the_example_of_rfc_8785_is_written_as_published() -> None:
    """Section 3.2.2, without its numbers that are no integers."""
    document = {
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }

    assert canonical.to_json(document) == (
        b'{"literals":[null,true,false],'
        b'"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_a_context_is_every_field_after_its_length() -> None:
    assert canonical.encode("t", b"\x00", "\u00e9", 5) == bytes.fromhex(
        "00000001 74 00000001 00 00000002 c3a9 00000008 0000000000000005"
    )


@given(DOCUMENTS)
def test_a_document_is_what_rfc_8785_says(document: canonical.Json) -> None:
    assert canonical.to_json(document) == rfc8785.dumps(document)


@given(DOCUMENTS)
def test_a_document_comes_back(document: canonical.Json) -> None:
    data = canonical.to_json(document)

    assert canonical.from_json(data, at_most_bytes=len(data)) == document


@given(FIELDS, FIELDS)
def test_different_fields_have_different_encodings(
    one: list[canonical.Field], other: list[canonical.Field]
) -> None:
    def as_bytes(fields: list[canonical.Field]) -> list[bytes]:
        return [canonical.encode("", f)[8:] for f in fields]

    same = as_bytes(one) == as_bytes(other)

    assert (canonical.encode("t", *one) == canonical.encode("t", *other)) == same


@given(DOCUMENTS, st.data())
def test_a_flipped_bit_is_refused_or_is_another_document(
    document: canonical.Json, data: st.DataObject
) -> None:
    """JSON has no checksum: what may never happen is a second form of one value."""
    original = canonical.to_json(document)
    bit = data.draw(st.integers(0, 8 * len(original) - 1))
    changed = bytearray(original)
    changed[bit // 8] ^= 1 << bit % 8
    try:
        read = canonical.from_json(bytes(changed), at_most_bytes=len(changed))
    except IntegrityError:
        return
    assert canonical.to_json(read) == bytes(changed) != original


def test_a_mapping_of_any_kind_is_written_like_a_dictionary() -> None:
    """A read-only view once passed the check and then stopped the encoder."""
    inner: OrderedDict[str, canonical.Json] = OrderedDict(x=MappingProxyType({}))
    view: canonical.Json = MappingProxyType({"b": 1, "a": inner})

    assert canonical.to_json(view) == b'{"a":{"x":{}},"b":1}'


def test_words_of_an_enumeration_are_written_as_text() -> None:
    document: canonical.Json = {Profile.SOLO: [Profile.STANDARD, True]}

    assert canonical.to_json(document) == b'{"solo":["standard",true]}'


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        math.nan,
        [0.5],
        MOST + 1,
        -MOST - 1,
        b"bytes",
        {1: "a"},
        {"\U0001f511": 1},
        {"\ud800": 1},
        {"a": 1, None: 2},
        ["a", {"b": [0, {"c": 0.5}]}],
        {"a": {"b": [MOST + 1]}},
        "\ud800",
        {"a": {1, 2}},
    ],
    ids=repr,
)
def test_what_has_no_canonical_form_is_refused(value: canonical.Json) -> None:
    with pytest.raises(InputError):
        canonical.to_json(value)


def test_nesting_has_an_end() -> None:
    deep: canonical.Json = 1
    for _ in range(64):
        deep = [deep]

    canonical.to_json(deep)
    with pytest.raises(InputError, match="deeper"):
        canonical.to_json([deep])


def test_a_document_that_holds_itself_is_refused() -> None:
    circle: list[canonical.Json] = []
    circle.append({"again": circle})

    with pytest.raises(InputError, match="deeper"):
        canonical.to_json(circle)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" 1",
        b"1\n",
        b"1.0",
        b"1e0",
        b"-0",
        b"NaN",
        b"Infinity",
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a": 1}',
        b'"\\u0041"',
        b'"\\/"',
        b'"\\u000F"',
        b'"\\ud800"',
        b'"\xff"',
        b'\xef\xbb\xbf"a"',
        '"a"'.encode("utf-16"),
        b"9007199254740992",
        b"1" * 5000,
        b"[" * 5000,
        b"[" * 100 + b"]" * 100,
    ],
    ids=lambda data: repr(data[:20]),
)
def test_only_the_canonical_form_is_read(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        canonical.from_json(data, at_most_bytes=10_000)


def test_a_document_over_its_limit_is_refused_unread() -> None:
    with pytest.raises(IntegrityError, match="3 bytes of 2"):
        canonical.from_json(b"[1]", at_most_bytes=2)


@pytest.mark.parametrize("field", [-1, 2**64, "\ud800"], ids=repr)
def test_a_field_that_does_not_fit_is_refused(field: canonical.Field) -> None:
    with pytest.raises(InputError):
        canonical.encode("t", field)
