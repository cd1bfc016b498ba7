"""Finds the templates in a configuration: what some program will run as one.

transformers reads ``chat_template``, by itself, in a list or by names; others have
``prompt_template``, ``prompt_format`` or ``prompts``.  Which of them a program hands to
jinja2 cannot be seen, so every text below such a name is one if it has jinja2's marks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from strongroom.intake.findings import MOST_QUOTED, RefusedError

MOST_TEMPLATES = 64
"""Of one document; those that were met have up to ten."""

Part: TypeAlias = "Mapping[str, Part] | Sequence[Part] | str | float | bool | None"
"""Any part of a JSON document."""

Members: TypeAlias = Callable[[Mapping[str, Part]], Iterable[tuple[str, Part]]]
"""Gives names and values of one object, in its order."""

_NAMES = re.compile(
    r"template|prompt|jinja|(?:chat|message|conversation|instruct(?:ion)?)_?format"
)
_MARKS = re.compile(r"\{[{%#]")


def is_of_templates(name: str) -> bool:
    """Return whether programs look for templates under such a name, in any case."""
    return _NAMES.search(name.casefold()) is not None


def has_marks(text: str) -> bool:
    """Return whether jinja2 would do more with a text than print it."""
    return _MARKS.search(text) is not None


def templates_in(
    document: Part, members: Members = Mapping.items
) -> Iterator[tuple[str, str]]:
    """Yield label and text of each template in a document, in its order.

    Args:
        document: The whole of it.
        members: What stands in an object, where that is not what it says.

    Raises:
        RefusedError: There are more than any document has.
    """
    count = 0
    # What is left, the next one last; a label stands below a name of templates.
    left: list[tuple[str, Part]] = [("", document)]
    while left:
        label, value = left.pop()
        if isinstance(value, Mapping):
            left.extend(_below(list(members(value)), label))
        elif isinstance(value, Sequence) and not isinstance(value, str):
            left.extend((label, inner) for inner in reversed(value))
        elif label and isinstance(value, str) and has_marks(value):
            count += 1
            if count > MOST_TEMPLATES:
                raise RefusedError(
                    "template/size", f"document has over {MOST_TEMPLATES} templates"
                )
            yield label, value


def _below(part: Sequence[tuple[str, Part]], label: str) -> list[tuple[str, Part]]:
    """Return the members of one object with their labels, the first one last."""
    name = next((value for key, value in part if key == "name"), None)
    found: list[tuple[str, Part]] = []
    for key, value in part:
        inner = key if is_of_templates(key) else ""
        if label:
            inner = f"{label}.{name if isinstance(name, str) else key}"
        found.append((inner[:MOST_QUOTED], value))
    return found[::-1]
