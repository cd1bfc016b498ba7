"""Names of tensors of real models are understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.vault.grouping import Group, group_of


@pytest.mark.parametrize(
    ("tensor", "stack", "depth"),
    [
        ("encoder.layer.3.attention.self.query.weight", "encoder", 3),  # BERT
        ("model.layers.12.mlp.experts.7.w1.weight", "model", 12),  # Mixtral
        ("h.7.attn.c_attn.weight", "", 7),  # GPT-2
        ("transformer.h.11.mlp.c_fc.weight", "transformer", 11),
        ("blocks.2.norm1.weight", "", 2),  # timm
        ("visual.transformer.resblocks.9.attn.in_proj", "visual.transformer", 9),
        ("decoder.block.5.layer.1.DenseReluDense.wi.weight", "decoder", 5),  # T5
        ("0.auto_model.encoder.layer.4.output", "0.auto_model.encoder", 4),
        ("layers.1.blocks.3.attn.qkv.weight", "", 1),  # Swin
        ("down_blocks.2.attentions.0.proj_in.weight", "down_blocks", 2),  # UNet
        ("layer3.0.conv1.weight", "", 3),  # ResNet
        ("bert/encoder/layer_10/output/dense/kernel", "bert.encoder", 10),
        ("model.layers.0.self_attn.embed_positions", "model", 0),
    ],
)
def test_blocks_are_found_with_their_depth(tensor: str, stack: str, depth: int) -> None:
    assert group_of(tensor) == Group("block", stack, depth)


@pytest.mark.parametrize(
    ("tensor", "kind"),
    [
        ("embeddings.word_embeddings.weight", "embeddings"),
        ("model.embed_tokens.weight", "embeddings"),
        ("wte.weight", "embeddings"),
        ("transformer.wpe.weight", "embeddings"),
        ("shared.weight", "embeddings"),
        ("patch_embed.proj.weight", "embeddings"),
        ("embeddings.position_ids", "embeddings"),
        ("lm_head.weight", "head"),
        ("classifier.weight", "head"),
        ("pooler.dense.weight", "head"),
        ("cls.predictions.decoder.weight", "head"),
        ("visual_projection.weight", "other"),
        ("0.weight", "other"),
        ("a.12345678.b", "other"),
        ("a.٣.b", "other"),
    ],
)
def test_the_rest_is_told_apart(tensor: str, kind: str) -> None:
    assert group_of(tensor).kind == kind


@given(st.text(min_size=1))
def test_every_name_has_a_group(tensor: str) -> None:
    assert 0 <= group_of(tensor).depth < 10**6
