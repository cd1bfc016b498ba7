"""Reviews the templates in what hung beside the tensors of a checkpoint.

Programs keep a tokenizer's settings or their own arguments there, chat templates among
them, and hand them to jinja2 as they would those of a configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from strongroom.canonical import Json
from strongroom.intake.findings import Finding
from strongroom.intake.formats.config_templates import Part, templates_in
from strongroom.intake.formats.templates import review

MAPPINGS = frozenset({"dict", "ordered-dict", "counter"})
"""Nodes whose values are key, value, key, value."""

_MARKS = re.compile(rb"\{[{%#]")
_NAMED = frozenset({"tensor", "array"})


def review_state(root: Json, document: bytes) -> tuple[list[Json], tuple[Finding, ...]]:
    """Return label and digest of each template in a tree, and what was found in them.

    Args:
        root: Of the tree.
        document: The same as canonical JSON, in which no two braces follow one another
            but in texts; most checkpoints have none, and their trees are not walked.

    Raises:
        RefusedError: A template could do more than put text together.
    """
    if not _MARKS.search(document):
        return [], ()
    digests: list[Json] = []
    findings: list[Finding] = []
    for label, text in templates_in(root, _members):
        found = review(text, label=label)
        digests.append([label, found.digest])
        findings += found.findings
    return digests, tuple(findings)


def _members(node: Mapping[str, Part]) -> Iterator[tuple[str, Part]]:
    """Yield what stands in a node, a mapping's by its keys; tensors only have names."""
    for kind, value in node.items():
        if kind in MAPPINGS and isinstance(value, Sequence):
            for key, inner in zip(value[::2], value[1::2], strict=True):
                yield str(key), inner
        elif kind not in _NAMED:
            yield kind, value
