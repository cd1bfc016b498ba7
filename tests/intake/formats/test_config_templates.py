"""Templates are found under every name that some program looks for."""

from __future__ import annotations

import pytest

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import config_templates as subject
from strongroom.intake.formats.documents import Value


@pytest.mark.parametrize(
    ("name", "yes"),
    [
        ("chat_template", True),
        ("CHAT_TEMPLATE", True),
        ("prompts", True),
        ("instruction_format", True),
        ("jinja", True),
        ("format", False),
        ("torch_dtype", False),
        ("content", False),
    ],
)
def test_names_of_templates(name: str, yes: bool) -> None:
    assert subject.is_of_templates(name) is yes


def test_labels_say_where_a_template_stands_in_the_order_of_the_document() -> None:
    document: Value = {
        "a": [{"prompt": "{{ 1 }}"}],
        "b": "{{ no }}",
        "chat_template": [
            {"name": "rag", "template": "{{ 2 }}"},
            {"x": {"y": "{% 3 %}"}},
            "plain",
        ],
        "template": {"k" * 9999: "{{ 4 }}"},
    }
    found = list(subject.templates_in(document))

    assert [text for _, text in found] == ["{{ 1 }}", "{{ 2 }}", "{% 3 %}", "{{ 4 }}"]
    assert [label[:20] for label, _ in found] == [
        "prompt",
        "chat_template.rag",
        "chat_template.x.y",
        "template.kkkkkkkkkkk",
    ]
    assert max(len(label) for label, _ in found) <= 200


def test_more_templates_than_any_document_has_are_refused() -> None:
    document: Value = {"prompts": ["{{ a }}"] * (subject.MOST_TEMPLATES + 1)}

    with pytest.raises(RefusedError, match="over 64 templates"):
        list(subject.templates_in(document))
