"""A name that a library would import lies in the library whose file it is."""

from __future__ import annotations

import pytest

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.documents import Value
from strongroom.intake.formats.named_classes import verify_classes

TRANSFORMER = "sentence_transformers.models.Transformer"


def row(kind: str = TRANSFORMER, path: Value = "") -> list[Value]:
    return [{"idx": 0, "name": "0", "path": path, "type": kind}]


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("modules.json", row(path="1_Pooling")),
        ("modules.json", row("sentence_transformers.sparse_encoder.models.MLM")),
        ("config.json", {"activation_function": "gelu_new"}),
        ("config.json", {"activation_function": "torch.nn.modules.activation.Tanh"}),
        ("config.json", {"activation_fn": "torch.nn.Identity"}),
        ("router_config.json", {"types": {"query_0": TRANSFORMER}, "structure": {}}),
        ("model_index.json", {"unet": ["diffusers", "UNet"], "x": [None, None]}),
        ("config.json", {"target": "text", "params": {}, "types": {"a": "b"}}),
    ],
)
def test_what_libraries_write_passes(name: str, document: Value) -> None:
    verify_classes(name, document)


SPEC: Value = {"repo": "a/b", "type_hint": ["evil", "X"]}


@pytest.mark.parametrize(
    ("name", "document", "rule"),
    [
        ("modules.json", row("evil.Module"), "config/class"),
        ("modules.json", row(TRANSFORMER + ".os.system"), "config/class"),
        ("modules.json", row("sentence_transformers.util.import_it"), "config/class"),
        ("modules.json", row(path="../../elsewhere"), "config/class"),
        ("modules.json", row(path=1), "config/class"),
        ("config.json", {"activation_function": "evil.Payload"}, "config/class"),
        ("config.json", {"x": {"activation_fn": "torch.hub.X"}}, "config/class"),
        (
            "config.json",
            {"sbert_ce_default_activation_function": "a.B"},
            "config/class",
        ),
        ("x.json", {"types": {"query_0": "a.B"}, "structure": {}}, "config/class"),
        ("modular_model_index.json", {"unet": ["evil", "X"]}, "config/class"),
        ("model_index.json", {"unet": [{"a": 1}, "X"]}, "config/class"),
        ("modular_model_index.json", {"x": [None, None, SPEC]}, "config/class"),
        ("x.json", {"a": {"target": "os.system", "params": {}}}, "config/callable"),
        ("x.json", {"class_path": "os.system", "init_args": {}}, "config/callable"),
        ("x.json", {"lc": 1, "type": "constructor", "id": ["os"]}, "config/callable"),
    ],
)
def test_a_name_from_elsewhere_is_refused(
    name: str, document: Value, rule: str
) -> None:
    """All but the first and the last ones of diffusers' once came out as they were."""
    with pytest.raises(RefusedError) as refused:
        verify_classes(name, document)
    assert refused.value.rule == rule
