"""Each kind has a reader or a reason."""

from __future__ import annotations

import ast
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import strongroom.intake
from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.refused import REFUSALS
from strongroom.intake.kinds import Kind
from strongroom.intake.readers import (
    BESIDE,
    LATE,
    MODULES,
    READERS,
    VERSION,
    late_reader_for,
    reader_beside,
    reader_for,
)
from tests.intake.hostile import rewritten
from tests.intake.outcomes import known, outcomes

STANDARD = sys.stdlib_module_names
INTAKE = Path(strongroom.intake.__file__).parent


@pytest.mark.parametrize("kind", READERS)
def test_a_reader_that_is_named_is_there(kind: Kind) -> None:
    assert callable(reader_for(kind))


@pytest.mark.parametrize("kind", BESIDE)
def test_a_reader_of_several_files_is_there(kind: Kind) -> None:
    assert callable(reader_beside(kind, lambda _: None))


@pytest.mark.parametrize("kind", LATE)
def test_a_late_reader_that_is_named_is_there(kind: Kind) -> None:
    assert callable(late_reader_for(kind))


@pytest.mark.parametrize("kind", sorted({*Kind} - {*READERS} - {*LATE}))
def test_a_kind_without_a_reader_is_refused_with_a_hint(kind: Kind) -> None:
    with pytest.raises(RefusedError) as caught:
        rewritten(reader_for(kind), b"", "file")
    assert caught.value.hint


def test_every_kind_that_is_refused_is_one_that_is_recognised() -> None:
    assert {*REFUSALS} <= {*Kind}
    assert {*REFUSALS}.isdisjoint({*READERS} | {*LATE})


def test_readers_make_of_the_corpus_what_their_version_stands_for() -> None:
    """It stayed 1 while they refused what they had let in: nothing was read again."""
    version, expected = known()

    found = outcomes(frozenset(expected))

    changed = sorted(name for name in expected if found.get(name) != expected[name])
    assert changed == [], "raise VERSION, then python -m tests.intake.outcomes"
    assert sorted(found.keys() - expected.keys()) == [], "write it: see outcomes.py"
    assert version == VERSION, "python -m tests.intake.outcomes"


@pytest.mark.parametrize("name", MODULES)
def test_a_package_that_readers_need_is_there(name: str) -> None:
    assert find_spec(name)


def test_readers_import_only_what_the_sandbox_shows() -> None:
    """A package that is not shown would be found missing by the first hostile file."""
    shown = {"strongroom", *STANDARD, *MODULES}
    for path in (INTAKE / "formats").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                top = name.partition(".")[0]
                assert top in shown, f"{path.name} imports {name}"
