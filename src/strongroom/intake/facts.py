"""What readers state of files, gathered under a few words, archives included.

Readers write facts under names of their own: ONNX has operators, an archive has
members with facts in turn.  Here is the one place that knows them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from strongroom.canonical import Json

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PAIR = 2
_MEMBER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What all files together are made of.

    Attributes:
        globals: Names in pickles, those that became stubs too.
        domains: Of operators.
        templates: Digests of chat templates.
        tensors: Path of a file, name of a tensor in it, and SHA-256 of its bytes.
    """

    globals: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)
    templates: set[str] = field(default_factory=set)
    tensors: set[tuple[str, str, str]] = field(default_factory=set)


def gather(files: Iterable[tuple[str, Json]]) -> Gathered:
    """Return the facts of files.

    Args:
        files: The path of each, and its facts as its reader stated them.
    """
    found = Gathered()
    waiting = list(files)
    while waiting:
        path, facts = waiting.pop()
        for name, value in (facts if isinstance(facts, Mapping) else {}).items():
            if isinstance(value, list):
                waiting.extend(_take(found, path, name, value))
    return found


def _take(
    found: Gathered, path: str, name: str, items: list[Json]
) -> Iterator[tuple[str, Json]]:
    """Take one fact; yield the files that lie in this one."""
    texts = [item for item in items if isinstance(item, str)]
    if name in {"globals", "stubs"}:
        found.globals.update(texts)
    elif name == "domains":
        found.domains.update(texts)
    elif name == "operators":
        found.domains.update(text.rpartition(":")[0] for text in texts)
    elif name == "templates":
        found.templates.update(digest for _, digest in _digests(items))
    elif name == "members":
        for item in items:
            if isinstance(item, list) and len(item) == _MEMBER:
                yield str(item[0]), item[-1]
    else:  # of whatever tensors: weights, optimizers
        found.tensors.update((path, label, d) for label, d in _digests(items))


def _digests(items: Iterable[Json]) -> Iterator[tuple[str, str]]:
    """Yield each pair of a label and a digest."""
    for item in items:
        if isinstance(item, list) and len(item) == _PAIR:
            label, digest = item
            if (
                isinstance(label, str)
                and isinstance(digest, str)
                and _SHA256.fullmatch(digest)
            ):
                yield label, digest
