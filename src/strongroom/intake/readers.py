"""Which reader takes which kind of file: a line for each.

Nothing of a reader is imported before a file of its kind comes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeAlias

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.refused import REFUSALS, refusing_kind
from strongroom.intake.kinds import Kind
from strongroom.intake.rewriting import Rewrite, Rewritten, Workplace
from strongroom.intake.sources import Source

VERSION = 2
"""Raised when readers would not make the same of something that they let in before: of
its kind, of what comes out, or of what somebody has to look at.  Then everything that
was admitted is read again.  A file that was refused and comes in since raises nothing.

``tests/intake/outcomes.py`` has what each version makes of the corpus, and
``docs/specification/intake.md`` what was new in it.
"""

READER = f"strongroom-readers {VERSION}"

_FORMATS = "strongroom.intake.formats"

READERS: Mapping[Kind, str] = {
    Kind.SAFETENSORS: "safetensors_files:rewrite",
    Kind.TORCH_ZIP: "torch_zip:rewrite",
    Kind.TORCH_LEGACY: "torch_legacy:rewrite",
    Kind.TORCH_TAR: "torch_tar:rewrite",
    Kind.GGUF: "gguf_files:rewrite",
    Kind.ONNX: "onnx_files:rewrite",
    Kind.KERAS: "keras:rewrite",
    Kind.SENTENCEPIECE: "sentencepiece:rewrite",
    Kind.SKOPS: "skops:rewrite",
    Kind.JSON: "configs:rewrite",
    Kind.STATE: "states:rewrite",
    Kind.TEXT: "text:rewrite",
    Kind.YAML: "text:drop_yaml",
    Kind.TEMPLATE: "templates:rewrite",
    Kind.NUMPY: "npy:rewrite",
    Kind.NUMPY_ZIP: "npy:rewrite_npz",
    Kind.ZIP: "archives:rewrite_zip",
    Kind.TAR: "archives:rewrite_tar",
    Kind.IMAGE: "refused:leave_out",
    Kind.SOUND: "refused:leave_out",
    Kind.PDF: "refused:leave_out",
    Kind.TABLE: "refused:leave_out",
    Kind.LEFT_OUT: "refused:leave_out",
    Kind.EMPTY: "refused:leave_out_empty",
}
"""Module of ``formats`` and function, of the shape ``Rewrite``."""

Beside: TypeAlias = Callable[[str], Source | None]
"""Gives another file of the same supplier by its path, or None if there is none."""

BESIDE: Mapping[Kind, str] = {Kind.ONNX: "onnx_files:reader"}
"""Module and function that make a ``Rewrite`` of a ``Beside``.  What such a reader took
in from other files stands in its facts as ``external``."""

LateRewrite: TypeAlias = Callable[
    [Source, Workplace, Mapping[str, Rewritten]], Rewritten
]
"""What reads a file that speaks of others: it gets what became of them, by path."""

LATE: Mapping[Kind, str] = {Kind.INDEX: "indexes:rewrite_index"}
"""The same for files of the shape ``LateRewrite``."""

MODULES = ("h5py", "jinja2", "markupsafe", "numpy")
"""Packages that readers import in the sandbox beside our own."""

OWN_MODULES = ("jinja2", "markupsafe")
"""Those of them that readers of what our writers write need."""


def reader_for(kind: Kind) -> Rewrite:
    """Return what re-writes files of this kind, or refuses them.

    Raises:
        RefusedError: Nobody made a reader of the kind, nor knows what to do instead.
    """
    if kind in REFUSALS:
        return refusing_kind(kind)
    if kind not in READERS:
        raise _refusal(kind)
    reader: Rewrite = _loaded(READERS[kind])
    return reader


def reader_beside(kind: Kind, beside: Beside) -> Rewrite:
    """Return what re-writes files of this kind, one of ``BESIDE``."""
    reader: Rewrite = _loaded(BESIDE[kind])(beside)
    return reader


def late_reader_for(kind: Kind) -> LateRewrite:
    """Return what re-writes files of this kind, one of ``LATE``."""
    reader: LateRewrite = _loaded(LATE[kind])
    return reader


def _loaded(place: str) -> Any:  # noqa: ANN401  # the table says of which shape
    module, _, function = place.partition(":")
    return getattr(import_module(f"{_FORMATS}.{module}"), function)


_REASONS: Mapping[Kind, tuple[str, str, str]] = {
    Kind.POINTER: (
        "file/pointer",
        "file is a pointer of Git LFS to the real one",
        "fetch the files: git lfs pull, or hf download",
    ),
}


def _refusal(kind: Kind) -> RefusedError:
    rule, message, hint = _REASONS.get(
        kind, ("file/kind", f"no reader is made for {kind}", "convert it before")
    )
    return RefusedError(rule, message, hint=hint)
