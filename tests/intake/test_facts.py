"""Facts are gathered from every reader's own words, and nothing breaks on others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from strongroom.canonical import Json
from strongroom.intake.facts import Gathered, flat, gather, listed, pairs, strings

WEIGHT, STATE, TEMPLATE = "aa" * 32, "bb" * 32, "cc" * 32


def test_every_reader_is_understood() -> None:
    inside: Json = {"globals": ["builtins.set"], "optimizer-tensors": [["m", STATE]]}
    facts: Json = {
        "globals": ["a.b"],
        "stubs": ["c.d"],
        "operators": ["ai.example:Odd"],
        "templates": [["chat_template", TEMPLATE]],
        "tensors": [["w", WEIGHT]],
        "members": [["x/y.pt", "torch-zip", inside]],
        "pieces": 7,
        "types": ["F16"],
    }

    assert gather([("x.zip", facts)]) == Gathered(
        globals={"a.b", "c.d", "builtins.set"},
        domains={"ai.example"},
        templates={TEMPLATE},
        tensors={("x.zip", "w", WEIGHT), ("x/y.pt", "m", STATE)},
    )


@given(
    st.dictionaries(
        st.sampled_from(["globals", "operators", "templates", "tensors", "members"]),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=3) | st.just(WEIGHT),
            lambda inner: st.lists(inner, max_size=3),
            max_leaves=8,
        ),
    )
)
def test_other_forms_are_passed_over(facts: dict[str, Json]) -> None:
    gather([("a", facts)])


def test_facts_of_an_archive_are_those_of_its_members() -> None:
    inner: Json = {"globals": ["a.b"]}
    facts: dict[str, Json] = {"members": [["m/a.pt", "torch-zip", inner], ["odd"], 3]}
    assert list(flat("m.zip", facts)) == [("m.zip", facts), ("m/a.pt", inner)]


def test_a_fact_of_another_form_holds_nothing() -> None:
    for odd in (None, 3, "ab", {"a": "b"}):
        assert not [*listed(odd), *pairs(odd), *strings(odd)]
    assert list(pairs([["a", "b"], ["a"], "ab", ["a", 3]])) == [("a", "b")]
    assert list(strings(["a", 3, ["b"]])) == ["a"]
