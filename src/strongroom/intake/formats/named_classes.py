"""Checks the names in configurations that a library would import.

``modules.json`` of sentence-transformers names classes, ``model_index.json`` of
diffusers libraries, and both import what stands there, in some versions unasked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strongroom.errors import InputError
from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.formats.documents import Value, objects
from strongroom.intake.names import verify_path

_LIBRARIES = frozenset({"diffusers", "transformers", "stable_diffusion"})
_MODULE = re.compile(r"sentence_transformers(?:\.[a-z]\w*)*\.[A-Z]\w*")
_ACTIVATION = re.compile(r"torch\.nn(?:\.modules(?:\.[a-z]\w*)?)?\.[A-Z]\w*")
_ACTIVATIONS = frozenset(
    {"activation_fn", "activation_function", "sbert_ce_default_activation_function"}
)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_CALLED = (("target", "params"), ("class_path", "init_args"))
"""What latent-diffusion's ``instantiate_from_config`` and Lightning's command call: a
name, and what it is called with."""


def verify_classes(name: str, document: Value) -> None:
    """Check what a loader would import by the names in a document.

    Args:
        name: Of its file, without folders.
        document: The whole of it.

    Raises:
        RefusedError: A name lies outside the library whose file it is.
    """
    if name == "modules.json":
        for row in document if isinstance(document, list) else [document]:
            _verify_row(row)
    if name in {"model_index.json", "modular_model_index.json"}:
        for key, library in _libraries(document):
            known = isinstance(library, str) and library in _LIBRARIES
            if library is not None and not known:
                raise _refused(f"{quoted(key)} is of the library {shown(library)}")
    for part in objects(document):
        _verify_part(part)


def _verify_row(row: Value) -> None:
    """Check one module of sentence-transformers: its class, and its folder."""
    kind = row.get("type") if isinstance(row, dict) else row
    if not _is_module(kind):
        raise _refused(f"module of the type {shown(kind)} is not known")
    path = row.get("path") if isinstance(row, dict) else None
    if not path:
        return
    try:
        verify_path(path if isinstance(path, str) else "/")
    except InputError:
        raise _refused(f"a module lies in {shown(path)}") from None


def _verify_part(part: dict[str, Value]) -> None:
    for key in _ACTIVATIONS & part.keys():
        value = part[key]
        is_path = isinstance(value, str) and "." in value
        if is_path and not _ACTIVATION.fullmatch(str(value)):
            raise _refused(f"the activation {shown(value)} is none of torch")
    types = part.get("types")
    if isinstance(types, dict) and "structure" in part:  # Router and Asym
        for kind in types.values():
            if not _is_module(kind):
                raise _refused(f"module of the type {shown(kind)} is not known")
    for target, arguments in _CALLED:
        value = part.get(target)
        if arguments in part and isinstance(value, str) and _DOTTED.fullmatch(value):
            raise _called(value)
    if part.get("lc") and part.get("type") == "constructor" and "id" in part:
        raise _called(part["id"])  # LangChain's, CVE-2025-68664


def _libraries(document: Value) -> Iterator[tuple[str, Value]]:
    """Yield part and library of every row of an index of diffusers."""
    for key, value in document.items() if isinstance(document, dict) else ():
        if isinstance(value, list) and value:
            yield key, value[0]
            for spec in value:
                hint = spec.get("type_hint") if isinstance(spec, dict) else None
                if isinstance(hint, list) and hint:
                    yield key, hint[0]


def _is_module(kind: Value) -> bool:
    return isinstance(kind, str) and _MODULE.fullmatch(kind) is not None


def shown(value: Value) -> str:
    """Return any value as it stands in a message."""
    return quoted(value if isinstance(value, str) else repr(value)[:200])


def _refused(message: str) -> RefusedError:
    return RefusedError("config/class", message)


def _called(value: Value) -> RefusedError:
    return RefusedError(
        "config/callable",
        f"the document names what a loader would call: {shown(value)}",
    )
