"""Every template of a GGUF file is reviewed, wherever a program would find it."""

from __future__ import annotations

import pytest

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import gguf_files
from strongroom.intake.formats import gguf_templates as subject
from tests.intake.formats.gguf_maker import made, pair, text, u32, u64
from tests.intake.hostile import rewritten

HARMLESS = "{{ messages[0].content }}"
EVIL = "{{ ().__class__.__base__.__subclasses__() }}"


def texts(*items: str) -> bytes:
    return u32(8) + u64(len(items)) + b"".join(map(text, items))


def rule_of(*pairs: bytes) -> str:
    with pytest.raises(RefusedError) as refused:
        rewritten(gguf_files.rewrite, made(pairs), "m.gguf")
    return refused.value.rule


@pytest.mark.parametrize(
    "key",
    [
        "tokenizer.chat_template",
        "tokenizer.chat_template.tool_use",
        "Tokenizer.Chat_Template",
        "x.PROMPT_TEMPLATE",
    ],
)
def test_a_template_under_any_key_and_in_a_list_is_reviewed(key: str) -> None:
    """Lists, and keys in other letters, once came out as they were."""
    assert rule_of(pair(key, 8, text(EVIL))) == "template/call"
    assert rule_of(pair(key, 9, texts(HARMLESS, EVIL))) == "template/call"


def test_names_of_templates_are_no_templates() -> None:
    key = "tokenizer.chat_templates"
    pairs = [
        pair("tokenizer.chat_template", 8, text(HARMLESS)),
        pair("tokenizer.chat_template.rag", 8, text(HARMLESS)),
        pair(key, 9, texts("rag", "tool_use")),
    ]
    result, _ = rewritten(gguf_files.rewrite, made(pairs), "m.gguf")

    assert len(str(result.facts["templates"]).split("chat_template")) == 3
    assert rule_of(pair(key, 9, texts("rag", EVIL))) == "template/call"


def test_what_is_no_text_is_no_template() -> None:
    for kind, value in ((4, u32(1)), (9, u32(4) + u64(1) + u32(1))):
        assert rule_of(pair("Tokenizer.CHAT_TEMPLATE", kind, value)) == "gguf/template"


def test_more_templates_than_any_file_has_are_refused_before_they_are_read() -> None:
    many = [HARMLESS] * (subject.MOST_TEMPLATES + 1)
    assert rule_of(pair("tokenizer.chat_template", 9, texts(*many))) == "gguf/size"

    pairs = [pair(f"t{n}.template", 8, text("x")) for n in range(len(many))]
    assert rule_of(*pairs) == "gguf/size"
