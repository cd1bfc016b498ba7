"""Templates in a checkpoint are reviewed like those in a configuration."""

from __future__ import annotations

import io
from collections import OrderedDict

import pytest
import torch

from strongroom.canonical import Json, from_json, to_json
from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import states, torch_zip
from strongroom.intake.formats.state_templates import review_state
from strongroom.intake.rewriting import Rewritten
from tests.intake.hostile import rewritten

UNKNOWN = "{% for m in messages %}{{ m['content'] }} and more{% endfor %}"
REACHING = "{{ messages.__class__ }}"


def read(value: object) -> tuple[Rewritten, dict[str, bytes]]:
    """Return what comes out for a checkpoint."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return rewritten(torch_zip.rewrite, buffer.getvalue(), "model.pt")


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ({"chat_template": UNKNOWN}, "chat_template"),
        ({"args": {"tokenizer": OrderedDict(CHAT_TEMPLATE=UNKNOWN)}}, "CHAT_TEMPLATE"),
        ({"prompts": [("a", {"b": UNKNOWN})]}, "prompts.tuple.b"),
        ({"chat_template": {3: UNKNOWN}}, "chat_template.3"),
        ({("prompt", 1): UNKNOWN}, "{'tuple': ['prompt', 1]}"),
        (
            {"chat_template": [{"name": "rag", "template": UNKNOWN}]},
            "chat_template.rag",
        ),
    ],
)
def test_a_template_is_shown_wherever_it_hangs(value: object, label: str) -> None:
    """None was looked at: it came out as it was, in JSON of our own."""
    found, _ = read({"w": torch.ones(2), "more": value})

    assert {f.rule for f in found.findings} >= {"template/unknown"}
    assert {f.place for f in found.findings} == {label}
    match found.facts["templates"]:
        case [[str(where), str(digest)]]:
            assert (where, len(digest)) == (label, 64)
        case other:
            pytest.fail(f"the facts are {other}")


def test_what_is_no_template_is_left_alone() -> None:
    found, files = read(
        {"template": "{a} [b]", "other": "{{ x }}", "prompt": {"{{ y }}": "z"}}
    )

    assert (found.findings, "templates" in found.facts) == ((), False)
    assert b"{{ x }}" in files["model.json"]


def test_the_name_of_a_tensor_is_no_template() -> None:
    node: Json = {"tensor": {"file": "m.safetensors", "name": "prompt {{ x }}"}}
    root: Json = {"dict": ["prompt", node]}

    assert review_state(root, to_json(root)) == ([], ())


def test_a_checkpoint_whose_template_reaches_into_python_is_refused() -> None:
    with pytest.raises(RefusedError) as caught:
        read({"w": torch.ones(2), "chat_template": REACHING})

    assert (caught.value.rule, caught.value.place) == (
        "template/attribute",
        "chat_template",
    )


def test_so_is_the_tree_of_one_that_somebody_else_rewrote() -> None:
    """It is read as a stranger's, and shows the same where nothing is refused."""
    first, files = read({"chat_template": UNKNOWN, "step": 1})
    again, _ = rewritten(states.rewrite, files["model.json"], "model.json")
    assert again.findings == first.findings
    assert again.facts["templates"] == first.facts["templates"]

    document = from_json(files["model.json"], at_most_bytes=1 << 20)
    altered = to_json(document).replace(to_json(UNKNOWN), to_json(REACHING))
    with pytest.raises(RefusedError) as caught:
        rewritten(states.rewrite, altered, "model.json")
    assert caught.value.rule == "template/attribute"
