"""Operators that a model may name beside its own functions.

Of ONNX Runtime's domain only those that compute: ``PythonOp`` runs Python,
``EPContext`` loads a program that another compiler made, ``Snpe`` one for a chip.

Source: the schemas of ONNX 1.23, every version, compared in
``tests/intake/formats/test_onnx_nodes.py``; the page "Contrib Operators" of ONNX
Runtime, without those named above.
"""

from __future__ import annotations

from collections.abc import Mapping


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

STANDARD = _words(
    "Abs Acos Acosh Add AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh "
    "Attention AveragePool BatchNormalization Bernoulli BitCast BitShift BitwiseAnd "
    "BitwiseNot BitwiseOr BitwiseXor BlackmanWindow Cast CastLike "
    "CausalConvWithState Ceil Celu CenterCropPad Clip Col2Im Compress Concat "
    "ConcatFromSequence Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos "
    "Cosh CumProd CumSum DFT DeformConv DepthToSpace DequantizeLinear Det Div "
    "Dropout DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten "
    "Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool "
    "GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GridSample "
    "GroupNormalization HammingWindow HannWindow HardSigmoid HardSwish Hardmax "
    "Identity If ImageDecoder InstanceNormalization IsInf IsNaN LRN LSTM "
    "LayerNormalization LeakyRelu Less LessOrEqual LinearAttention Log LogSoftmax "
    "Loop LpNormalization LpPool MatMul MatMulInteger Max MaxPool MaxRoiPool "
    "MaxUnpool Mean MeanVarianceNormalization MelWeightMatrix Min Mish Mod Mul "
    "Multinomial Neg NegativeLogLikelihoodLoss NonMaxSuppression NonZero Not OneHot "
    "Optional OptionalGetElement OptionalHasElement Or PRelu Pad Pow QLinearConv "
    "QLinearMatMul QuantizeLinear RMSNormalization RNN RandomNormal "
    "RandomNormalLike RandomUniform RandomUniformLike Range Reciprocal ReduceL1 "
    "ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin "
    "ReduceProd ReduceSum ReduceSumSquare RegexFullMatch Relu Reshape Resize "
    "ReverseSequence RoiAlign RotaryEmbedding Round STFT Scan Scatter "
    "ScatterElements ScatterND Selu SequenceAt SequenceConstruct SequenceEmpty "
    "SequenceErase SequenceInsert SequenceLength SequenceMap Shape Shrink Sigmoid "
    "Sign Sin Sinh Size Slice Softmax SoftmaxCrossEntropyLoss Softplus Softsign "
    "SpaceToDepth Split SplitToSequence Sqrt Squeeze StringConcat StringNormalizer "
    "StringSplit Sub Sum SwiGLU Swish Tan Tanh TensorScatter TfIdfVectorizer "
    "ThresholdedRelu Tile TopK Transpose Trilu Unique Unsqueeze Upsample Where Xor"
)

ML = _words(
    "ArrayFeatureExtractor Binarizer CastMap CategoryMapper DictVectorizer "
    "FeatureVectorizer Imputer LabelEncoder LinearClassifier LinearRegressor "
    "Normalizer OneHotEncoder SVMClassifier SVMRegressor Scaler TreeEnsemble "
    "TreeEnsembleClassifier TreeEnsembleRegressor ZipMap"
)

RUNTIME_STANDARD = _words(
    "Affine Crop DynamicSlice GRUUnit GivenTensorFill ImageScaler ParametricSoftplus "
    "Scale ScaledTanh SimplifiedLayerNormalization"
)
"""What ONNX Runtime has in ONNX's own domain beside ONNX: what once was on trial, and
what its optimizer writes."""

OPERATORS: Mapping[str, frozenset[str]] = {
    "": STANDARD | RUNTIME_STANDARD,
    "ai.onnx.ml": ML,
    "com.microsoft": RUNTIME,
}
"""By domain; ``ai.onnx`` is another name of the first."""
