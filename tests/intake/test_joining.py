"""An advisory finds what it names in a report, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.canonical import Json, to_json
from strongroom.intake.advisories import Advisory, Selector
from strongroom.intake.joining import Join, facts_of, reader_of
from strongroom.intake.origins import Origin
from strongroom.intake.readers import READER, VERSION
from strongroom.intake.verdicts import origin_facts

TENSOR, TEMPLATE, OTHER = "aa" * 32, "bb" * 32, "cc" * 32
INSIDE: Json = {"globals": ["builtins.set"], "optimizer-tensors": [["m", "dd" * 32]]}
FACTS: dict[str, Json] = {
    "globals": ["collections.OrderedDict", "torch._utils._rebuild_tensor_v2"],
    "stubs": ["house.Thing"],
    "tensors": [["w", TENSOR]],
    "templates": [["chat_template", TEMPLATE]],
    "operators": [":Add", "ai.example:Odd"],
    "members": [["a/b.pt", "torch-zip", INSIDE]],
}


def report(reader: str = READER, *, facts: Json = None, origin: Json = None) -> bytes:
    return to_json(
        {
            **({"origin": origin} if origin else {}),
            "v": 1,
            "reader": reader,
            "digest": "11" * 32,
            "files": [{"path": "a.pt", "sha256": "22" * 32, "facts": facts or {}}],
            "findings": [],
        }
    )


REPORT = report(facts=FACTS)


def hit(selector: Selector, *values: str, withdrawn: bool = False) -> bool:
    advisory = Advisory(
        id="A-1", selectors={selector: frozenset(values)}, withdrawn=withdrawn
    )
    return bool(Join.of([advisory]).hits(REPORT))


@pytest.mark.parametrize(
    ("selector", "value"),
    [
        (Selector.FILES, "22" * 32),
        (Selector.INTAKES, "11" * 32),
        (Selector.TENSORS, TENSOR),
        (Selector.TENSORS, "dd" * 32),
        (Selector.TEMPLATES, TEMPLATE),
        (Selector.GLOBALS, "collections.OrderedDict"),
        (Selector.GLOBALS, "house.Thing"),
        (Selector.GLOBALS, "builtins.set"),
        (Selector.GLOBALS, "torch.*"),
        (Selector.DOMAINS, "ai.example"),
    ],
)
def test_what_a_report_has_is_found(selector: Selector, value: str) -> None:
    assert hit(selector, value)
    assert hit(selector, OTHER, value)
    assert not hit(selector, value, withdrawn=True)


@pytest.mark.parametrize(
    ("selector", "value"),
    [
        (Selector.FILES, TENSOR),
        (Selector.TENSORS, TEMPLATE),
        (Selector.TEMPLATES, TENSOR),
        (Selector.GLOBALS, "collections"),
        (Selector.GLOBALS, "collections.Ordered"),
        (Selector.GLOBALS, "tor.*"),
        (Selector.DOMAINS, "ai"),
        (Selector.PUBLISHERS, "a.pt"),
    ],
)
def test_what_stands_elsewhere_in_a_report_is_not_found(
    selector: Selector, value: str
) -> None:
    assert not hit(selector, value)


@pytest.mark.parametrize(
    ("selector", "value"),
    [
        (Selector.PUBLISHERS, "acme"),
        (Selector.PUBLISHERS, "Acme"),  # hubs take both
        (Selector.REPOSITORIES, "acme/llama"),
        (Selector.REPOSITORIES, "ACME/LLaMA"),
        (Selector.COMMITS, "15" * 20),
    ],
)
def test_where_it_is_from_is_found(selector: Selector, value: str) -> None:
    advisory = Advisory(id="A-1", selectors={selector: frozenset({value})})
    place = Origin(publisher="acmE", repository="Llama", commit="15" * 20)
    other = Origin(publisher="acme2", repository="llama", commit="16" * 20)
    join = Join.of([advisory])

    assert join.hits(report(origin=origin_facts(place))) == [advisory]
    assert join.hits(report(origin=origin_facts(other))) == []
    assert join.hits(REPORT) == []


def test_what_an_older_reader_admitted_is_found() -> None:
    newer = Join.of([Advisory(id="A-1", readers_below=VERSION + 1)])
    same = Join.of([Advisory(id="A-1", readers_below=VERSION)])

    assert (len(newer.hits(REPORT)), len(same.hits(REPORT))) == (1, 0)
    assert len(same.hits(report("somebody else"))) == 1


@given(st.text(max_size=40))
def test_no_text_in_a_report_passes_for_its_reader(text: str) -> None:
    hostile = f'"reader":"strongroom-readers 999"{text}'
    forged = report(facts={"globals": [hostile], "n": {"reader": hostile}})

    assert reader_of(forged) == VERSION


@given(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8))
def test_searching_the_bytes_loses_no_hit(name: str, other: str) -> None:
    made = report(facts={"globals": [name, other]})
    known = facts_of(made)[Selector.GLOBALS]
    advisory = Advisory(id="A-1", selectors={Selector.GLOBALS: frozenset({name})})

    assert known == {name, other}
    assert Join.of([advisory]).hits(made) == [advisory]
