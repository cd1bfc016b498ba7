"""Operators that a model may name beside its own functions.

Of ONNX Runtime's domain only those that compute: ``PythonOp`` runs Python,
``EPContext`` loads a program that another compiler made, ``Snpe`` one for a chip.

Source: the page "Contrib Operators" of ONNX Runtime, without those named above.
"""

from __future__ import annotations

ALLOWED_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RUNTIME = _words(
    "Attention AttnLSTM BeamSearch BiasAdd BiasDropout BiasGelu BiasSoftmax "
    "BiasSplitGelu BifurcationDetector BitmaskBiasDropout BitmaskDropout CDist "
    "CausalConvWithState ComplexMul ComplexMulConj ConvTransposeWithDynamicPads "
    "CropAndResize DecoderAttention DecoderMaskedMultiHeadAttention "
    "DecoderMaskedSelfAttention DequantizeBFP DequantizeLinear "
    "DequantizeWithOrder DynamicQuantizeLSTM DynamicQuantizeMatMul "
    "DynamicTimeWarping EmbedLayerNormalization ExpandDims FastGelu FusedConv "
    "FusedGemm FusedMatMul FusedMatMulActivation GatedRelativePositionBias "
    "GatherBlockQuantized GatherND Gelu GemmFastGelu GemmFloat8 GreedySearch "
    "GridSample GroupNorm GroupQueryAttention Inverse Irfft LinearAttention "
    "LongformerAttention MatMulBnb4 MatMulFpQ4 MatMulInteger16 "
    "MatMulIntegerToFloat MatMulNBits MaxpoolWithMask MoE MulInteger "
    "MultiHeadAttention MurmurHash3 NGramRepeatBlock NhwcConv NhwcFusedConv "
    "NhwcMaxPool OrderedAttention PackedAttention PackedMultiHeadAttention Pad "
    "PagedAttention QAttention QEmbedLayerNormalization QGemm QLinearAdd "
    "QLinearAveragePool QLinearConcat QLinearConv QLinearGlobalAveragePool "
    "QLinearLeakyRelu QLinearMul QLinearReduceMean QLinearSigmoid QLinearSoftmax "
    "QLinearWhere QMoE QOrderedAttention QOrderedGelu QOrderedLayerNormalization "
    "QOrderedLongformerAttention QOrderedMatMul QuantizeBFP QuantizeLinear "
    "QuantizeWithOrder QuickGelu Range ReduceSumInteger RelativePositionBias "
    "RemovePadding RestorePadding Rfft RotaryEmbedding SampleOp Sampling "
    "SimplifiedLayerNormalization SkipGroupNorm SkipLayerNormalization "
    "SkipSimplifiedLayerNormalization SparseAttention SparseToDenseMatMul "
    "Tokenizer TorchEmbedding TransposeMatMul Trilu UnfoldTensor Unique "
    "WhisperBeamSearch WordConvEmbedding"
)
