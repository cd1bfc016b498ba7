"""Checks what the configuration of a Keras model names, without Keras.

Keras builds a model by importing what its configuration names.  Its own safe mode has
been walked around by names that looked harmless (CVE-2025-1550, CVE-2025-8747), so only
classes that are listed here may be named, each in its own module, with no function and
no path for an argument.
"""

from __future__ import annotations

from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.formats.documents import Value, objects

# As Keras writes what is no class: tuples, and tensors between layers.
_MARKS = frozenset({"__keras_tensor__", "__tuple__", "__slice__", "__ellipsis__"})

_PATHS = frozenset(
    {"vocabulary", "idf_weights", "filepath", "path", "fname", "origin", "url", "uri"}
)
"""Arguments that are lists, or the name of a file to read (CVE-2025-12058)."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LAYERS = _words(
    "Activation ActivityRegularization AdaptiveAveragePooling1D "
    "AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D "
    "AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout "
    "Attention AutoContrast Average AveragePooling1D AveragePooling2D "
    "AveragePooling3D BatchNormalization Bidirectional CategoryEncoding CenterCrop "
    "Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D "
    "Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Cropping1D Cropping2D "
    "Cropping3D Dense DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU "
    "EinsumDense Embedding Equalization Flatten GRU GRUCell GaussianDropout "
    "GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D "
    "GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D "
    "GroupNormalization GroupQueryAttention HashedCrossing Hashing Identity "
    "InputLayer InputSpec IntegerLookup LSTM LSTMCell LayerNormalization LeakyReLU "
    "Masking MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram Minimum "
    "MultiHeadAttention Multiply Normalization PReLU Permute RMSNormalization RNN "
    "RandomBrightness RandomContrast RandomCrop RandomFlip RandomRotation "
    "RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape Resizing "
    "ReversibleEmbedding STFTSpectrogram SeparableConv1D SeparableConv2D SimpleRNN "
    "SimpleRNNCell Softmax SpatialDropout1D SpatialDropout2D SpatialDropout3D "
    "SpectralNormalization StackedRNNCells StringLookup Subtract TextVectorization "
    "AugMix ContrastLimitedAdaptiveHistogramEqualization CutMix "
    "MaxNumBoundingBoxes MixUp RandAugment RandomColorDegeneration RandomColorJitter "
    "RandomElasticTransform RandomErasing RandomGaussianBlur RandomGrayscale RandomHue "
    "RandomInvert RandomPerspective RandomPosterization RandomSaturation "
    "RandomSharpness RandomShear Solarization "
    "TimeDistributed UnitNormalization UpSampling1D UpSampling2D UpSampling3D "
    "ZeroPadding1D ZeroPadding2D ZeroPadding3D"
)
_OPERATIONS = _words(
    "Abs Absolute Add All Any Argmax Argmin BroadcastTo Ceil Clip Concatenate Copy "
    "Cos Cumsum Divide Dot Einsum Equal Exp ExpandDims Expm1 Flip Floor "
    "FloorDivide GetItem Greater GreaterEqual Isfinite Isinf Isnan Less LessEqual "
    "Log Log10 Log1p Log2 LogicalAnd LogicalNot LogicalOr Matmul Max Maximum Mean "
    "Min Minimum Mod Moveaxis Multiply Negative NotEqual OnesLike Outer Pad Power "
    "Prod Reciprocal Repeat Reshape Roll Round Sign Sin Split Sqrt Square Squeeze "
    "Stack Std Subtract Sum Swapaxes Take TakeAlongAxis Tan Tanh Tensordot Tile "
    "Transpose Tril Triu TrueDivide Var Where ZerosLike"
)
"""What ``x + y`` between layers is written as; none takes a function."""

_INITIALIZERS = _words(
    "Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity "
    "IdentityInitializer LecunNormal LecunUniform Ones Orthogonal "
    "OrthogonalInitializer RandomNormal RandomUniform STFT STFTInitializer "
    "TruncatedNormal VarianceScaling Zeros"
)
_POLICIES = _words("DTypePolicy DTypePolicyMap FloatDTypePolicy QuantizedDTypePolicy")
KNOWN = {
    "keras": frozenset({"Sequential", "Functional", "Model"}) | _POLICIES,
    "keras.constraints": _words("MaxNorm MinMaxNorm NonNeg UnitNorm"),
    "keras.dtype_policies": _POLICIES,
    "keras.initializers": _INITIALIZERS,
    "keras.layers": LAYERS,
    "keras.models": frozenset({"Sequential", "Functional", "Model"}),
    "keras.regularizers": _words("L1 L1L2 L2 OrthogonalRegularizer"),
    "keras.src.models.functional": frozenset({"Functional"}),
    "keras.src.models.sequential": frozenset({"Sequential"}),
    "keras.src.ops.core": _words("Cast SaturateCast Slice StopGradient Unstack"),
    "keras.src.ops.math": _words("Erf Logsumexp Rsqrt TopK"),
    "keras.src.ops.nn": _words(
        "Celu Elu Gelu Glu HardSigmoid HardSilu LeakyRelu LogSigmoid LogSoftmax "
        "Normalize OneHot Relu Relu6 Selu Sigmoid Silu Softmax Softplus Softsign "
        "Threshold"
    ),
    "keras.src.ops.numpy": _OPERATIONS,
}
"""Classes by module; those that hold or fetch code stand in none."""


def verify_config(document: Value) -> list[str]:
    """Return every class that a configuration names, sorted.

    Args:
        document: ``config.json``, without how the model was trained.

    Raises:
        RefusedError: It names something that is not known, or a function, or a file
            to read.
    """
    if not isinstance(document, dict) or "class_name" not in document:
        raise RefusedError("keras/form", "configuration is of no model")
    found: set[str] = set()
    for part in objects(document):
        if "class_name" in part:
            found.add(_class_of(part))
        elif {"module", "registered_name", "fn"} & part.keys():
            raise RefusedError("keras/class", "something is named that is no class")
        for key in _PATHS & part.keys():
            if not isinstance(part[key], list | dict | type(None)):
                raise RefusedError(
                    "keras/path", f"{quoted(key)} is the name of something to read"
                )
    return sorted(found)


def _class_of(part: dict[str, Value]) -> str:
    """Return module and name of the class that an object names."""
    name, module = part["class_name"], part.get("module")
    registered = part.get("registered_name")
    if not isinstance(name, str):
        raise RefusedError("keras/class", "a class has no name")
    if name in _MARKS and module is None and registered is None:
        return name
    if not isinstance(module, str) or name not in KNOWN.get(module, ()):
        raise RefusedError(
            "keras/class",
            f"class {quoted(name)} of {quoted(str(module))} is not one that is known",
            hint="a layer of one's own is code: have it reviewed, and add the weights "
            "as safetensors",
        )
    if registered not in {None, name} or not isinstance(part.get("config"), dict):
        raise RefusedError(
            "keras/class", f"class {quoted(name)} is registered under another name"
        )
    return f"{module}.{name}"
