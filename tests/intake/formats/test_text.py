"""Text comes out as text: readable, in the order it is read, and no program."""

from __future__ import annotations

import pickle
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import text as subject
from tests.corpus.tars_of_letters import tar_of_letters
from tests.intake.hostile import rewritten


def through(data: bytes, name: str = "README.md") -> bytes:
    return rewritten(subject.rewrite, data, name)[1][name]


def rule_of(data: bytes, name: str = "README.md") -> str:
    with pytest.raises(RefusedError) as refused:
        through(data, name)
    return refused.value.rule


@pytest.mark.parametrize("magic", [b"GGUF", b"%PDF-"])
def test_it_is_no_other_kind_of_file_behind_what_hides(magic: bytes) -> None:
    """The first reading let GGUF out, behind a control character."""
    assert rule_of(b"\x0b" + magic) == "text/magic"


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"])))
def test_plain_text_comes_out_the_same(text: str) -> None:
    assert through(b"# Title\n" + text.encode()) == b"# Title\n" + text.encode()


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u200b", "\U000e0041", "\x1b"])
def test_what_hides_or_reorders_is_taken_out_and_counted(mark: str) -> None:
    result, files = rewritten(subject.rewrite, f"a{mark}b".encode(), "README.md")

    assert files["README.md"] == b"ab"
    assert [finding.rule for finding in result.findings] == ["text/hidden"]


@pytest.mark.parametrize("mark", ["\ufeff", "\u200b", "\x01"])
@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"#!/bin/sh\nrm -rf ~", "text/script"),
        (b"cos\nsystem\n(S'id'\ntR.", "text/pickle"),
        (tar_of_letters(), "text/tar"),
    ],
)
def test_nothing_appears_once_what_hides_is_taken_out(
    mark: str, data: bytes, rule: str
) -> None:
    """Once, only the text as it came was looked at, not as it was written."""
    assert rule_of(mark.encode() + data) == rule
    assert rule_of(data[:1] + mark.encode() + data[1:]) == rule


def test_a_word_list_keeps_every_token() -> None:
    words = "a\u200db\n\u202e\n\u3164\n".encode()

    assert through(words, "vocab.txt") == words
    assert rule_of(b"a\x00b", "vocab.txt") == "text/control"


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"\xff\xfe", "text/encoding"),
        (b"#!/bin/sh\nrm -rf ~", "text/script"),
        (b" " * (subject.MOST_BYTES + 1), "text/size"),
        (b"cos\nsystem\n(S'id'\ntR.", "text/pickle"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, rule: str) -> None:
    assert rule_of(data) == rule


EVIL = "{{ ().__class__ }}"


@pytest.mark.parametrize(
    "name", ["chat_template.txt", "Prompt.md", "prompts/a.txt", "jinja/b.rst"]
)
def test_a_template_by_the_name_of_a_text_is_reviewed(name: str) -> None:
    """It came out as a text for people, and programs run it."""
    assert rule_of(EVIL.encode(), name) == "template/attribute"
    harmless = b"{{ messages[0].content }}"
    result, files = rewritten(subject.rewrite, harmless, name)

    assert files[name] == harmless
    assert "template/unknown" in {finding.rule for finding in result.findings}
    assert "templates" in result.facts


def test_what_is_for_people_may_speak_of_templates() -> None:
    data = f"Use `{EVIL}`, never `{{% include %}}`.".encode()

    for name in ("README.md", "prompts/README.md", "notes.txt"):
        assert through(data, name) == data
    assert through(b"Write short answers.", "system_prompt.txt")


def test_a_real_pickle_of_letters_is_refused_under_any_name() -> None:
    data = pickle.dumps(Fraction(1, 3), protocol=0)  # made here, never loaded

    assert rule_of(data, "vocab.txt") == rule_of(data) == "text/pickle"


@pytest.mark.parametrize(
    "data", [b"conda\nbase\nenvironments", b"c\nb\na\n", b"is\nit\nso?", b"(c) 2026"]
)
def test_sentences_are_no_pickles(data: bytes) -> None:
    assert through(data, "NOTES.txt") == data


def test_yaml_is_left_out_and_refused_where_it_calls() -> None:
    result, _ = rewritten(subject.drop_yaml, b"a: 1", "x.yaml")

    assert result.outputs == ()
    assert result.changes
    for data in (b"a: {_target_: os.system}", b"!!python/object/apply:os.system [id]"):
        with pytest.raises(RefusedError):
            rewritten(subject.drop_yaml, data, "x.yaml")


@pytest.mark.parametrize(
    "name",
    [".bashrc", ".netrc", "crontab", "x.pmml", "x.service", "x.jl", "x.conf", "noend"],
)
def test_a_text_that_some_program_obeys_is_left_out(name: str) -> None:
    """Any text once came in under any name, ``.bashrc`` too."""
    done, files = rewritten(subject.rewrite, b"rm -rf /\n", name)

    assert files == {}
    assert "left out" in done.changes[0]


@pytest.mark.parametrize(
    "name",
    ["README", "README.de.md", "LICENSE", "LICENSE-2.0.txt", "vocab.txt", "b.md"],
)
def test_a_text_for_people_comes_in(name: str) -> None:
    assert through(b"hello\n", name) == b"hello\n"
