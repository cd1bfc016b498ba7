"""What readers state of files, gathered under a few words, archives included.

Readers write facts under names of their own: ONNX has operators, an archive has
members with facts in turn.  Here is the one place that knows them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from strongroom.canonical import Json

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MEMBER = 3

PAIRS = ("tensors", "optimizer-tensors")
"""Facts of a file that list names and digests of tensors."""

MEMBERS = "members"
"""Fact of an archive: path, kind and facts of each file in it."""


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
    elif name == MEMBERS:
        for item in items:
            if isinstance(item, list) and len(item) == _MEMBER:
                yield str(item[0]), item[-1]
    else:  # of whatever tensors: weights, optimizers
        found.tensors.update((path, label, d) for label, d in _digests(items))


def _digests(items: Iterable[Json]) -> Iterator[tuple[str, str]]:
    """Yield each pair of a label and a digest."""
    for label, digest in pairs(items):
        if _SHA256.fullmatch(digest):
            yield label, digest


def flat(
    path: str, facts: Mapping[str, Json]
) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Yield path and facts of a file, and of each file that lies in it.

    Args:
        path: Of the file.
        facts: What its reader, or a worker, says of it.
    """
    yield path, facts
    for member in listed(facts.get(MEMBERS)):
        match member:
            case [str(name), str(), Mapping() as inner]:
                yield name, inner


def listed(value: object) -> Sequence[object]:
    """Return a fact that is a list; nothing for what is none."""
    return value if isinstance(value, list | tuple) else ()


def pairs(value: object) -> Iterator[tuple[str, str]]:
    """Yield the pairs of name and digest that readers list; see ``digest_facts``."""
    for item in listed(value):
        match item:
            case [str(name), str(digest)]:
                yield name, digest


def strings(value: object) -> Iterator[str]:
    """Yield the texts that a fact lists."""
    yield from (item for item in listed(value) if isinstance(item, str))
