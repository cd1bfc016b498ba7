"""Every command: it loads, its help has one example, and help loads nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module

import pytest

from strongroom.cli.commands import every_leaf
from strongroom.cli.sections import Leaf
from tests.cli.terminal import type_command

LEAVES = list(every_leaf())
PROMISED = (
    "init|seal|request|requests|approve|decline|revoke|withdraw|open|model list|"
    "model show|model versions|model verify|model rollback|exposure|ledger tail|"
    "ledger show|ledger verify|ledger prove|ledger export|account list|login|logout|"
    "project list|policy check|policy explain|policy test|demo"
)
LOADED_BY_HELP = """
import sys
from strongroom.cli.main import run
run(["--help"])
heavy = {"rich", "numpy", "sqlalchemy", "cryptography", "cedarpy", "strongroom.client"}
print(*sorted(heavy & set(sys.modules)), file=sys.stderr, end="")
"""


def test_what_was_promised_is_there() -> None:
    names = {" ".join(words) for words, _ in LEAVES}

    assert set(PROMISED.split("|")) <= names


@pytest.mark.parametrize(("words", "leaf"), LEAVES)
def test_a_summary_is_the_first_sentence_of_its_help(
    words: tuple[str, ...], leaf: Leaf
) -> None:
    module, _, function = leaf.place.partition(":")
    help_text = getattr(import_module(f"strongroom.cli.{module}"), function).__doc__

    assert len(leaf.summary) <= 60
    assert not leaf.summary.endswith(".")
    assert leaf.summary.split()[0] == help_text.split()[0].rstrip(".")


@pytest.mark.parametrize(("words", "leaf"), LEAVES)
def test_each_help_shows_one_example_of_itself(
    words: tuple[str, ...], leaf: Leaf
) -> None:
    done = type_command(*words, "--help")

    assert done.status == 0
    assert len(re.findall(r"Example: strongroom", done.out)) == 1
    assert f"Example: strongroom {' '.join(words)}" in done.out
    assert "--json" in done.out
    assert "--room" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_help_names_every_command_and_loads_none() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED_BY_HELP],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stderr == ""
    for words, _ in LEAVES:
        assert words[0] in done.stdout


def test_help_of_a_noun_lists_its_verbs() -> None:
    done = type_command("model", "--help")

    assert done.status == 0
    for verb in ("list", "show", "versions", "verify", "rollback", "caps"):
        assert re.search(rf"^  {verb} ", done.out, re.MULTILINE)
