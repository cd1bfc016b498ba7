"""What a model is called when nobody says it, and which class somebody said."""

from __future__ import annotations

import os
from pathlib import Path

from strongroom.errors import InputError
from strongroom.types import Classification

MOST_CHARACTERS = 64


def default_name(path: Path) -> str:
    """Return a model name for a path: its last part, made to fit.

    Raises:
        InputError: Letters would be lost, so that two paths could get one name.
    """
    stem = os.path.basename(os.path.abspath(path)).removesuffix(".safetensors")
    text = "".join(c if c.isalnum() else "-" for c in stem.lower()).strip("-")
    if not text or not text.isascii():
        raise InputError(f"{stem[:80]!r} makes no name for a model", hint="--as NAME")
    return text[:MOST_CHARACTERS]


def class_named(text: str | None) -> Classification | None:
    """Return the class of this name; ``None`` where the defaults decide.

    Raises:
        InputError: There is none.
    """
    if text is None:
        return None
    try:
        return Classification(text)
    except ValueError:
        raise InputError(
            f"there is no class {text[:40]!r}",
            hint="one of: " + ", ".join(Classification),
        ) from None
