"""No configuration that comes out makes a library run what is not its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import configs as subject
from strongroom.intake.rewriting import Rewritten
from tests.intake.hostile import mutated, rewritten, rewritten_or_refused

PLAIN = {"model_type": "bert", "hidden_size": 8, "layers": [{"dropout": 0.1}]}


def through(document: object, name: str = "config.json") -> tuple[Rewritten, Any]:
    result, files = rewritten(subject.rewrite, json.dumps(document).encode(), name)
    return result, json.loads(files[name])


def rule_of(document: object, name: str = "config.json") -> str:
    with pytest.raises(RefusedError) as refused:
        through(document, name)
    return refused.value.rule


def test_a_plain_configuration_comes_out_the_same() -> None:
    result, document = through(PLAIN)

    assert document == PLAIN
    assert (result.changes, result.findings) == ((), ())


@pytest.mark.parametrize(
    "name",
    [
        "auto_map",
        "trust_remote_code",
        "auto_mapping",
        "custom_pipelines",
        "use_kernels",
    ],
)
def test_what_asks_for_remote_code_is_left_out_at_any_depth(name: str) -> None:
    result, document = through({**PLAIN, "x": [{name: {"AutoModel": "evil.Model"}}]})

    assert document == {**PLAIN, "x": [{}]}
    assert [finding.rule for finding in result.findings] == ["config/remote-code"]
    assert name in result.changes[0]


def test_peft_auto_mapping_that_says_nothing_goes_without_a_word() -> None:
    result, document = through({"peft_type": "LORA", "auto_mapping": None})

    assert document == {"peft_type": "LORA"}
    assert result.findings == ()


def test_a_model_that_only_its_own_code_knows_is_refused() -> None:
    document = {"auto_map": {"AutoConfig": "conf.Config", "AutoModel": "model.Model"}}

    assert rule_of(document) == "config/only-code"
    assert through({**document, "model_type": "bert"})[1] == {"model_type": "bert"}


@pytest.mark.parametrize(
    "part",
    [
        {"_target_": "os.system", "command": "id"},
        {"\u005ftarget_": "builtins.exec"},
        {"py/object": "subprocess.Popen"},
        {"py/reduce": [{"py/type": "os.system"}, {"py/tuple": ["id"]}]},
        {"class_name": "Lambda", "config": {"function": ["4wEAAA==", None, None]}},
        {"class_name": "TorchModuleWrapper", "config": {"module": "gAJj"}},
    ],
)
def test_what_a_loader_would_call_is_refused_at_any_depth(part: object) -> None:
    assert rule_of({"model": [{"net": part}]}) == "config/callable"


def test_cve_2025_23304_a_hydra_target_in_a_nemo_configuration_is_refused() -> None:
    document = {"encoder": {"_target_": "os.system", "command": "id"}}

    assert rule_of(document, "model_config.json") == "config/callable"


def test_a_token_may_have_any_name() -> None:
    document = {"model": {"vocab": {"auto_map": 7, "_target_": 8}}}

    assert through(document, "tokenizer.json")[1] == document


@pytest.mark.parametrize(
    "kind", ["os.system", "sentence_transformers", "evil.models.Transformer", None, {}]
)
def test_a_module_outside_sentence_transformers_is_refused(kind: object) -> None:
    rows = [{"idx": 0, "name": "0", "path": "", "type": kind}]

    assert rule_of(rows, "modules.json") == "config/class"


def test_modules_of_sentence_transformers_come_out() -> None:
    rows = [{"idx": 0, "type": "sentence_transformers.models.Transformer"}]

    assert through(rows, "modules.json")[1] == rows


@pytest.mark.parametrize("library", ["os", "my_pipeline", {"a": 1}, ["x"]])
def test_a_part_of_a_pipeline_from_elsewhere_is_refused(library: object) -> None:
    assert rule_of({"unet": [library, "Net"]}, "model_index.json") == "config/class"


def test_parts_of_diffusers_come_out() -> None:
    document = {"_class_name": "P", "unet": ["diffusers", "UNet"], "x": [None, None]}

    assert through(document, "model_index.json")[1] == document


def test_paths_on_the_machine_of_somebody_else_are_left_out() -> None:
    result, document = through(
        {
            "_name_or_path": "/home/x/model",
            "tokenizer_file": "/root/.cache/tokenizer.json",
            "vocab_file": "..\\vocab.txt",
            "special_file": "plain.json",
        },
        "tokenizer_config.json",
    )

    assert document == {"special_file": "plain.json"}
    assert len(result.changes) == 3


def test_an_attention_that_would_be_fetched_is_left_out() -> None:
    result, document = through({**PLAIN, "_attn_implementation": "evil/kernel"})

    assert document == PLAIN
    assert [finding.rule for finding in result.findings] == ["config/remote-code"]


ATTACK = "{{ x.__class__ }}"


@pytest.mark.parametrize(
    "document",
    [
        {"chat_template": ATTACK},
        {"chat_template": [{"name": "default", "template": ATTACK}]},
        {"chat_template": {"tool_use": ATTACK}},
        {"chat_templates": [ATTACK]},
        {"nested": [{"my_template": ATTACK}]},
        {"Chat_Template": ATTACK},
        {"chat_template": {"a": {"b": [[ATTACK]]}}},
        {"prompt_format": ATTACK},
        {"prompts": {"query": ATTACK}},
        {"defaults": {"chat_format": {"text": "{% include 'x' %}" + ATTACK}}},
    ],
)
def test_a_chat_template_is_reviewed_wherever_it_stands(document: object) -> None:
    rules = {"template/attribute", "template/statement"}
    assert rule_of(document, "tokenizer_config.json") in rules


def test_what_only_looks_like_a_template_stays_as_it_is() -> None:
    document = {
        **PLAIN,
        "prompts": {"query": "query: ", "passage": "{text} {0}"},
        "chat_template": None,
        "citation": "@article{x, title={{BERT}}}",
        "added_tokens": [{"id": 5, "content": "{{"}],
        "template_id": 3,
    }
    result, found = through(document)

    assert found == document
    assert "templates" not in result.facts


def test_digests_of_templates_are_facts() -> None:
    result, _ = through({"chat_template": [{"name": "rag", "template": "{{ a }}"}]})

    assert str(result.facts["templates"]).startswith("[['chat_template.rag', '")
    assert [finding.rule for finding in result.findings] == ["template/unknown"]


@given(st.data())
def test_a_changed_configuration_is_refused_or_comes_out(data: st.DataObject) -> None:
    text = json.dumps({**PLAIN, "auto_map": {"a": "b.c"}, "chat_template": "{{ a.b }}"})
    files = rewritten_or_refused(
        subject.rewrite, data.draw(mutated(text.encode())), "config.json"
    )

    if files is not None:
        assert "auto_map" not in json.loads(files["config.json"])


def test_numbers_past_every_range_stay_as_python_writes_them() -> None:
    """Mamba-2 has ``time_step_limit: [0.0, Infinity]``, and was refused."""
    text = b'{"model_type": "mamba2", "time_step_limit": [0.0, Infinity], "x": NaN}'
    _, files = rewritten(subject.rewrite, text, "config.json")

    assert json.loads(files["config.json"])["time_step_limit"] == [0.0, float("inf")]
    assert b"NaN" in files["config.json"]
