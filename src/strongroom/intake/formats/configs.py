"""Rewrites the JSON files of a model without what makes a library run code.

A loader that meets ``auto_map`` imports a module of the repository; ``_target_`` names
what Hydra calls; a row of ``modules.json`` names a class to import.  The first kind is
left out, because the model may well be known without; the second is refused, because
nothing would be left.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from strongroom.canonical import Json
from strongroom.intake.findings import Finding, Level, RefusedError, quoted
from strongroom.intake.formats.config_templates import templates_in
from strongroom.intake.formats.documents import (
    MOST_BYTES,
    Value,
    objects,
    read_document,
    write_document,
)
from strongroom.intake.formats.named_classes import shown, verify_classes
from strongroom.intake.formats.templates import review
from strongroom.intake.rewriting import Options, Rewritten, Workplace
from strongroom.intake.sources import Source

KIND = "json"
MOST_CONFIG_BYTES = 4 << 20
_LARGE = frozenset({"tokenizer.json", "vocab.json", "added_tokens.json"})

REMOTE_CODE = frozenset(
    {"auto_map", "trust_remote_code", "auto_mapping", "custom_pipelines", "use_kernels"}
)
"""Names whose value makes transformers or PEFT import code that is not theirs."""

_CALLED = re.compile(r"_target_|py/[a-z]+|__reduce(?:_ex)?__")
"""Names whose value is called or imported: Hydra's, jsonpickle's, pickle's."""

_KERAS_CODE = frozenset({"Lambda", "TorchModuleWrapper", "FlaxLayer", "JaxLayer"})
_SOMEBODYS_PATH = frozenset({"_name_or_path", "name_or_path"})


@dataclass(slots=True)
class _Notes:
    changes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def rewrite(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Write the same document without what makes a library run code.

    Args:
        source: A JSON file of a model: configuration, tokenizer, preprocessor.
        workplace: Where it is written, under its own name.
        options: Not used.

    Raises:
        RefusedError: It is no strict JSON, has no meaning without code from elsewhere,
            or a template in it could do more than put text together.
    """
    del options
    name = source.path.rpartition("/")[2]
    document = read_document(
        source,
        at_most_bytes=MOST_BYTES if name in _LARGE else MOST_CONFIG_BYTES,
        for_python=True,
    )
    notes = _Notes()
    verify_classes(name, document)
    for part in objects(document):
        _clean(part, notes, top=part is document)
    digests: list[Json] = []
    for label, text in templates_in(document):
        found = review(text, label=label)
        notes.findings.extend(found.findings)
        digests.append([label, found.digest])
    write_document(workplace, source.path, document)
    return Rewritten(
        kind=KIND,
        outputs=(source.path,),
        facts={"templates": digests} if digests else {},
        changes=tuple(notes.changes),
        findings=tuple(notes.findings),
    )


def _clean(part: dict[str, Value], notes: _Notes, *, top: bool) -> None:
    """Take what runs code out of one object.

    Raises:
        RefusedError: Nothing would be left that a library knows.
    """
    for key, value in list(part.items()):
        if type(value) is int:
            continue  # a vocabulary may have a token of any name
        if _CALLED.fullmatch(key):
            raise RefusedError(
                "config/callable",
                f"{quoted(key)} names what a loader would call: {shown(value)}",
            )
        if key in {"class_name", "module"} and _is_one_of(value, _KERAS_CODE):
            raise RefusedError("config/callable", f"a layer {shown(value)} holds code")
        if key in REMOTE_CODE or _is_remote_kernel(key, value):
            _drop_code(part, key, notes, top=top)
        elif _is_somebodys_path(key, value):
            del part[key]
            notes.changes.append(f"path left out: {quoted(key)} was {shown(value)}")


def _drop_code(part: dict[str, Value], key: str, notes: _Notes, *, top: bool) -> None:
    value = part.pop(key)
    if not value:
        return
    known = isinstance(part.get("model_type"), str)
    if top and key == "auto_map" and "AutoConfig" in str(value) and not known:
        raise RefusedError(
            "config/only-code",
            "auto_map names the code of this model, and no model_type says which "
            "class of a library could stand in",
            hint="have the code reviewed, and add the weights without it",
        )
    notes.changes.append(f"left out {quoted(key)}: {shown(value)}")
    notes.findings.append(
        Finding(
            rule="config/remote-code",
            level=Level.WARNING,
            message=f"{quoted(key)} asked for code from elsewhere ({shown(value)}); "
            "without it the model loads only where a library knows it",
            place=key,
        )
    )


def _is_remote_kernel(key: str, value: Value) -> bool:
    """Return whether an attention is fetched: ``attn_implementation: org/repo``."""
    return "_implementation" in key and "/" in str(value)


def _is_somebodys_path(key: str, value: Value) -> bool:
    """Return whether a name would lead to a file or a hub that is not this model."""
    if key in _SOMEBODYS_PATH:
        return bool(value)
    leads_away = isinstance(value, str) and re.search(r"[/\\]|\.\.", value)
    return key.endswith("_file") and leads_away is not None and bool(leads_away)


def _is_one_of(value: Value, names: frozenset[str]) -> bool:
    return isinstance(value, str) and value in names
