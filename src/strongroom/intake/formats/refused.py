"""What is known and does not enter, each with what to do instead.

Some formats are programs by design; others could be re-written, but only by a reader
that nobody has made yet.  The supplier, who trusts the file, converts it first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.rewriting import Options, Rewrite, Rewritten, Workplace
from strongroom.intake.sources import Source

_TENSORS_ONLY = (
    "where the file is trusted: "
    "safetensors.torch.save_model(model, 'model.safetensors')"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a kind of file does not enter.

    Attributes:
        rule: As in ``Finding``.
        what: What the file is, in words that follow "file is".
        hint: The conversion to run first.
    """

    rule: str
    what: str
    hint: str


REFUSALS: Mapping[str, Refusal] = {
    "7z": Refusal(
        rule="refused/archive",
        what="a 7z archive, which scanners and loaders unpack differently",
        hint="unpack it, and add the folder",
    ),
    "code": Refusal(
        rule="refused/code",
        what="a program",
        hint="leave it out (--leave-out NAME); code goes through review, not through "
        "intake",
    ),
    "coreml": Refusal(
        rule="refused/graph",
        what="a Core ML model, whose layers can hold programs",
        hint="add the model that it was converted from",
    ),
    "executable": Refusal(
        rule="refused/code",
        what="an executable",
        hint="leave it out (--leave-out NAME); a llamafile is a GGUF file behind a "
        "program: add that",
    ),
    "executorch": Refusal(
        rule="refused/graph",
        what="an ExecuTorch program",
        hint="add the checkpoint that it was exported from",
    ),
    "hdf5": Refusal(
        rule="refused/hdf5",
        what="an HDF5 file of Keras, whose layers can hold code that is run unasked "
        "(CVE-2025-9905)",
        hint="where the file is trusted: keras.models.load_model(...) and then "
        "model.save('model.keras')",
    ),
    "mar": Refusal(
        rule="refused/code",
        what="a TorchServe archive, which holds a handler",
        hint="add the checkpoint that lies in it",
    ),
    "nemo": Refusal(
        rule="refused/archive",
        what="a NeMo archive, whose configuration names what is called",
        hint="unpack it, and add its weights: tar xf model.nemo",
    ),
    "pickle": Refusal(
        rule="refused/pickle",
        what="a pickle of another kind than a torch checkpoint, such as of joblib or "
        "scikit-learn",
        hint="where the file is trusted: skops.io.dump(joblib.load(path), "
        "'model.skops'), or convert the model to ONNX with skl2onnx",
    ),
    "pt2": Refusal(
        rule="refused/graph",
        what="an exported torch program (.pt2)",
        hint=_TENSORS_ONLY,
    ),
    "rar": Refusal(
        rule="refused/archive",
        what="a RAR archive",
        hint="unpack it, and add the folder",
    ),
    "savedmodel": Refusal(
        rule="refused/graph",
        what="a TensorFlow SavedModel, whose graph can read and write files",
        hint="where the file is trusted: load it and save its variables with "
        "safetensors.numpy.save_file",
    ),
    "tflite": Refusal(
        rule="refused/graph",
        what="a TensorFlow Lite model, whose graph can have operators of anybody",
        hint="add the model that it was converted from",
    ),
    "torchscript": Refusal(
        rule="refused/graph",
        what="a TorchScript program",
        hint=_TENSORS_ONLY.replace("model,", "torch.jit.load('model.pt'),"),
    ),
    "unknown": Refusal(
        rule="refused/unknown",
        what="of no kind that is known here",
        hint="convert it to safetensors, GGUF or ONNX",
    ),
    "compressed": Refusal(
        rule="refused/archive",
        what="packed by another method than zip or tar",
        hint="unpack it, and add what lies in it",
    ),
}
"""By the names that ``identify`` gives, and a few that only an ending tells."""

_CODE = frozenset(
    {
        *(".py", ".pyc", ".pyd", ".pyo", ".pyw", ".pyx", ".ipynb", ".pyz", ".egg"),
        *(".whl", ".so", ".dylib", ".dll", ".exe", ".o", ".a", ".elf", ".com", ".msi"),
        *(".sh", ".bash", ".zsh", ".fish", ".csh", ".bat", ".cmd", ".ps1", ".psm1"),
        *(".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".php", ".lua", ".tcl", ".r"),
        *(".java", ".class", ".jar", ".war", ".go", ".rs", ".c", ".cc", ".cpp", ".cu"),
        *(".wasm", ".hta", ".vbs", ".wsf", ".scpt", ".applescript", ".desktop"),
        *(".dockerfile", ".mk", ".cmake", ".llamafile", ".lnk", ".reg", ".scr"),
    }
)
_CODE_NAMES = frozenset({"dockerfile", "makefile", "jenkinsfile", "vagrantfile"})
_BY_ENDING = {
    ".mar": "mar",
    ".mlmodel": "coreml",
    ".nemo": "nemo",
    ".pt2": "pt2",
    ".pte": "executorch",
    ".rar": "rar",
    ".7z": "7z",
    ".tflite": "tflite",
}
_LEFT_OUT = frozenset(
    {
        *(".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".ico", ".svg", ".pdf"),
        *(".mp3", ".mp4", ".wav", ".flac", ".ogg", ".webm", ".mov", ".avi", ".tif"),
        *(".html", ".htm", ".xml", ".css", ".ttf", ".woff", ".woff2", ".docx"),
        *(".csv", ".tsv", ".parquet", ".arrow", ".gitattributes", ".gitignore"),
        *(".gitkeep", ".log", ".lock", ".toml", ".cfg", ".ini", ".sig", ".asc"),
        *(".tiff", ".heic", ".heif", ".avif", ".m4a", ".m4v", ".aac", ".opus", ".mkv"),
    }
)
_MOST_LOOKED_AT = 1 << 16  # bytes of what is left out
_TRAINING_LOG = "events.out.tfevents."  # of TensorBoard
_WEIGHTS = frozenset(
    {
        *(".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".onnx", ".npy"),
        *(".npz", ".h5", ".keras", ".skops", ".model", ".spm", ".pkl", ".joblib"),
    }
)
_LEFT_OUT_NAMES = frozenset(
    {
        *("requirements.txt", "setup.cfg", "package.json", "package-lock.json"),
        *("composer.json", "deno.json", "tsconfig.json"),
    }
)
"""Together with whatever a dot hides: programs that work in the folder obey them."""


def kind_by_name(path: str) -> str:
    """Return what a name alone tells: a key of ``REFUSALS``, ``left-out``, or nothing.

    Args:
        path: As the supplier calls it.  Only for a file that no other rule knows: an
            ending is a claim.
    """
    name = path.rpartition("/")[2].lower()
    ending = "." + name.rpartition(".")[2] if "." in name else ""
    if name.startswith(_TRAINING_LOG):
        return "left-out"
    if ending in _CODE or name in _CODE_NAMES:
        return "code"
    if ending in _LEFT_OUT or name in _LEFT_OUT_NAMES or _is_obeyed(path):
        return "left-out"
    return _BY_ENDING.get(ending, "")


def _is_obeyed(path: str) -> bool:
    """Return whether a file configures a program, not a model."""
    name = path.rpartition("/")[2].lower()
    hidden = any(part.startswith(".") for part in path.split("/"))
    return hidden or (name.startswith("jupyter") and name.endswith("_config.json"))


def refusal_of(kind: str, path: str) -> RefusedError:
    """Return the error for a kind that does not enter.

    Args:
        kind: A key of ``REFUSALS``; any other counts as unknown.
        path: As the supplier calls the file.
    """
    found = REFUSALS.get(kind, REFUSALS["unknown"])
    return RefusedError(
        found.rule, f"file {quoted(path)} is {found.what}", hint=found.hint
    )


def refusing_kind(kind: str) -> Rewrite:
    """Return a reader that refuses every file of a kind."""

    def rewrite(source: Source, workplace: Workplace, options: Options) -> Rewritten:
        del workplace, options
        raise refusal_of(kind, source.path)

    return rewrite


def leave_out(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Let a file stay behind that no loader of weights needs.

    Args:
        source: An image, a table, a page.
        workplace: Not used.
        options: Not used.

    Raises:
        RefusedError: It is a pickle all the same.
    """
    del workplace, options
    from strongroom.intake.formats.pickle_letters import (  # noqa: PLC0415
        verify_no_pickle,  # starting imports no format
    )

    verify_no_pickle(source.read(0, _MOST_LOOKED_AT))
    return Rewritten(
        kind="left-out",
        changes=(f"{quoted(source.path)} left out: no loader of weights reads it",),
    )


def leave_out_empty(
    source: Source, workplace: Workplace, options: Options
) -> Rewritten:
    """Let an empty file stay behind, which a folder often holds to be kept.

    Args:
        source: It, of no bytes.
        workplace: Not used.
        options: Not used.

    Raises:
        RefusedError: By its name there should be weights in it, or a tokenizer.
    """
    del workplace, options
    name = source.path.rpartition("/")[2].lower()
    if "." + name.rpartition(".")[2] in _WEIGHTS:
        raise RefusedError(
            "file/empty", "file is empty", hint="leave it out, or get it again"
        )
    return Rewritten(
        kind="empty", changes=(f"{quoted(source.path)} left out: it is empty",)
    )
