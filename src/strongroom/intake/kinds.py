"""What a file can truly be, and by which bytes one knows."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """What a file is, whatever it is called.

    Those that ``formats.refused`` has a reason for have its words.
    """

    SAFETENSORS = "safetensors"
    GGUF = "gguf"
    NUMPY = "numpy"
    NUMPY_ZIP = "numpy-zip"
    ONNX = "onnx"
    HDF5 = "hdf5"
    KERAS = "keras"
    SKOPS = "skops"
    PICKLE = "pickle"
    TORCH_ZIP = "torch-zip"
    TORCH_LEGACY = "torch-legacy"
    TORCH_TAR = "torch-tar"
    TORCHSCRIPT = "torchscript"
    TORCH_EXPORT = "pt2"
    EXECUTORCH = "executorch"
    TFLITE = "tflite"
    SAVED_MODEL = "savedmodel"
    SENTENCEPIECE = "sentencepiece"
    JSON = "json"
    INDEX = "index"  # of a model in shards
    STATE = "rewritten-state"  # what intake writes beside the weights of a checkpoint
    YAML = "yaml"
    TEMPLATE = "template"
    TEXT = "text"
    CODE = "code"
    PROGRAM = "executable"  # for a machine: native, or a virtual one
    ZIP = "zip"
    TAR = "tar"
    COMPRESSED = "compressed"  # one stream: gzip, bzip2, xz, zstd, lz4
    SEVEN_ZIP = "7z"
    RAR = "rar"
    IMAGE = "image"
    SOUND = "sound"
    PDF = "pdf"
    TABLE = "table"
    DATABASE = "database"
    COREML = "coreml"
    TORCHSERVE = "mar"
    NEMO = "nemo"
    LEFT_OUT = "left-out"  # what no loader of weights reads, by its name
    POINTER = "pointer"  # to a file that was not fetched
    EMPTY = "empty"
    UNKNOWN = "unknown"


MAGIC: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"GGUF", Kind.GGUF),
    (0, b"\x93NUMPY", Kind.NUMPY),
    (0, b"\x89HDF\r\n\x1a\n", Kind.HDF5),
    (0, b"PK\x03\x04", Kind.ZIP),
    (0, b"PK\x05\x06", Kind.ZIP),
    (0, b"PK\x07\x08", Kind.ZIP),
    (0, b"7z\xbc\xaf\x27\x1c", Kind.SEVEN_ZIP),
    (0, b"Rar!\x1a\x07", Kind.RAR),
    (0, b"\x1f\x8b\x08", Kind.COMPRESSED),
    (0, b"BZh", Kind.COMPRESSED),
    (0, b"\xfd7zXZ\x00", Kind.COMPRESSED),
    (0, b"\x28\xb5\x2f\xfd", Kind.COMPRESSED),
    (0, b"\x04\x22\x4d\x18", Kind.COMPRESSED),
    (0, b"\x7fELF", Kind.PROGRAM),
    (0, b"MZ", Kind.PROGRAM),
    (0, b"\x00asm", Kind.PROGRAM),
    (0, b"\xca\xfe\xba\xbe", Kind.PROGRAM),
    (0, b"\xfe\xed\xfa\xce", Kind.PROGRAM),
    (0, b"\xfe\xed\xfa\xcf", Kind.PROGRAM),
    (0, b"\xce\xfa\xed\xfe", Kind.PROGRAM),
    (0, b"\xcf\xfa\xed\xfe", Kind.PROGRAM),
    (0, b"#!", Kind.CODE),
    (0, b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (0, b"\xff\xd8\xff", Kind.IMAGE),
    (0, b"GIF8", Kind.IMAGE),
    (8, b"WEBP", Kind.IMAGE),
    (8, b"WAVE", Kind.SOUND),
    (0, b"fLaC", Kind.SOUND),
    (0, b"OggS", Kind.SOUND),
    (0, b"ID3", Kind.SOUND),
    (0, b"%PDF-", Kind.PDF),
    (0, b"PAR1", Kind.TABLE),
    (0, b"ARROW1", Kind.TABLE),
    (0, b"SQLite format 3\x00", Kind.DATABASE),
    (4, b"TFL3", Kind.TFLITE),
    (4, b"ET12", Kind.EXECUTORCH),
    (0, b'{"format":"strongroom/rewritten-state/v1"', Kind.STATE),
    (0, b"version https://git-lfs.github.com/spec/v1", Kind.POINTER),
)
"""Where which bytes stand; the first that fits says what it is.

Source: the specification of each format.
"""

_TORCH = frozenset({
    Kind.TORCH_ZIP, Kind.TORCH_LEGACY, Kind.TORCH_TAR, Kind.TORCHSCRIPT,
    Kind.TORCH_EXPORT, Kind.PICKLE,
})  # fmt: skip
_ZIPS = frozenset({
    Kind.ZIP, Kind.TORCH_ZIP, Kind.TORCHSCRIPT, Kind.TORCH_EXPORT, Kind.KERAS,
    Kind.NUMPY_ZIP, Kind.SKOPS,
})  # fmt: skip

_TARS = frozenset({  # model.pth.tar is no tar file since PyTorch 0.1.10
    Kind.TAR, Kind.TORCH_TAR, Kind.TORCH_ZIP, Kind.TORCH_LEGACY,
})  # fmt: skip


def _only(kind: Kind) -> frozenset[Kind]:
    return frozenset({kind})


ENDINGS: Mapping[str, frozenset[Kind]] = {
    ".safetensors": _only(Kind.SAFETENSORS),
    ".gguf": _only(Kind.GGUF),
    ".npy": _only(Kind.NUMPY),
    ".npz": _only(Kind.NUMPY_ZIP),
    ".onnx": _only(Kind.ONNX),
    ".h5": _only(Kind.HDF5),
    ".hdf5": _only(Kind.HDF5),
    ".keras": _only(Kind.KERAS),
    ".skops": _only(Kind.SKOPS),
    ".pte": _only(Kind.EXECUTORCH),
    ".tflite": _only(Kind.TFLITE),
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".pt2"), _TORCH),
    ".bin": _TORCH | {Kind.GGUF},
    **dict.fromkeys((".pkl", ".pickle", ".joblib", ".dill"), _TORCH),
    ".zip": _ZIPS,
    ".tar": _TARS,
    **dict.fromkeys((".gz", ".tgz", ".bz2", ".xz", ".zst"), _only(Kind.COMPRESSED)),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".webp"), _only(Kind.IMAGE)),
    ".pdf": _only(Kind.PDF),
    ".parquet": _only(Kind.TABLE),
    ".json": frozenset({Kind.JSON, Kind.INDEX, Kind.STATE}),
    **dict.fromkeys((".yaml", ".yml"), _only(Kind.YAML)),
    **dict.fromkeys((".jinja", ".j2", ".jinja2"), _only(Kind.TEMPLATE)),
    **dict.fromkeys((".txt", ".md", ".rst"), _only(Kind.TEXT)),
}
"""What one expects behind an ending.  A hint: the bytes decide."""

PICKLED = frozenset({
    ".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle", ".joblib", ".dill",
})  # fmt: skip
"""Endings whose libraries unpickle a file that shows no other magic."""
