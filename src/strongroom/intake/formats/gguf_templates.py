"""Reviews the chat templates of a GGUF file.

Whoever serves the model runs them (CVE-2024-34359).  They stand under
``tokenizer.chat_template`` and ``tokenizer.chat_template.NAME``, and
``tokenizer.chat_templates`` lists the names; other programs look in other places, and
in other letters, so every text under such a key is reviewed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strongroom.canonical import Json
from strongroom.intake.findings import Finding, RefusedError
from strongroom.intake.formats.gguf import TEXT, Head, Value, text_of, texts_of
from strongroom.intake.formats.templates import review
from strongroom.intake.sources import Source

MOST_TEMPLATES = 64
"""Of one file; those that were met have up to three."""

_LIST_OF_NAMES = "tokenizer.chat_templates"
_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,64}")


def review_templates(head: Head, source: Source) -> tuple[list[Json], list[Finding]]:
    """Review every template of a file; return label and digest of each.

    Args:
        head: The head of the file.
        source: The whole file.

    Raises:
        RefusedError: A template could do more than put text together, a value that
            should be one is none, or there are too many.
    """
    digests: list[Json] = []
    findings: list[Finding] = []
    for label, text in _templates(head, source):
        if len(digests) == MOST_TEMPLATES:
            raise _too_many()
        found = review(text, label=label)
        digests.append([label, found.digest])
        findings.extend(found.findings)
    return digests, findings


def _templates(head: Head, source: Source) -> Iterator[tuple[str, str]]:
    for value in head.values:
        key = value.key.casefold()
        if "template" not in key:
            continue
        if value.kind == TEXT:
            yield value.key, text_of(source, value)
        elif value.items is not None and value.items[0] == TEXT:
            yield from _of_a_list(source, value)
        elif "chat_template" in key:
            raise RefusedError("gguf/template", f"{value.key} is no text")


def _of_a_list(source: Source, value: Value) -> Iterator[tuple[str, str]]:
    if value.items is not None and value.items[1] > MOST_TEMPLATES:
        raise _too_many()
    for number, text in enumerate(texts_of(source, value)):
        if value.key != _LIST_OF_NAMES or not _NAME.fullmatch(text):
            yield f"{value.key}.{number}", text


def _too_many() -> RefusedError:
    return RefusedError("gguf/size", f"file has over {MOST_TEMPLATES} chat templates")
