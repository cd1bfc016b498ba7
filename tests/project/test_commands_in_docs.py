"""Every ``strongroom`` command that the documentation shows can be typed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from typer.exceptions import TyperException

from strongroom.cli.commands import every_leaf, load
from tests.project.newcomer import ROOT

BOX = re.compile(r"^( *)```(?:sh)?\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^ *(?:\$ )?(strongroom .*)$", re.MULTILINE)
ENDS = {"|", "||", "&&", ";", ">", "&"}
LEAVES = dict(every_leaf())


def shown() -> Iterator[tuple[str, list[str]]]:
    """Give the page and the words of every command in a box."""
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for _, box in BOX.findall(page.read_text()):
            for line in COMMAND.findall(box.replace("\\\n", " ")):
                yield page.name, words(line)


def words(line: str) -> list[str]:
    """Return what the shell gives to ``strongroom`` in a line's first command."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;>")
    lexer.whitespace_split = True
    found = list(lexer)[1:]
    ends = [number for number, word in enumerate(found) if word in ENDS]
    return found[: ends[0]] if ends else found


def problem(typed: list[str]) -> str | None:
    """Return why ``typed`` cannot be typed, or None."""
    lengths = (3, 2, 1)  # a command may be in a group of a group
    known = [count for count in lengths if tuple(typed[:count]) in LEAVES]
    count = known[0] if known else 0
    name = tuple(typed[:count])
    if name not in LEAVES:
        return "there is no such command"
    try:
        load(name[-1], LEAVES[name]).make_context(name[-1], typed[count:])
    except TyperException as error:
        return error.format_message()
    return None


def test_every_command_in_the_documentation_can_be_typed() -> None:
    commands = list(shown())

    assert [(page, *typed) for page, typed in commands if problem(typed)] == []
    assert len(commands) > 50  # the pattern still finds them


def test_a_command_that_is_not_there_would_be_noticed() -> None:
    assert problem(["model", "burn", "x"]) == "there is no such command"
    assert problem(["seal", "x", "--into", "y"])
    assert problem(["approve"])
