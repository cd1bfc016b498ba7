"""Every ``strongroom`` command that the documentation shows can be typed."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator

from typer.exceptions import TyperException

from strongroom.cli.commands import every_leaf, load
from tests.project.newcomer import ROOT

BOX = re.compile(r"^( *)```(?:sh)?\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^ *(?:\$ )?(strongroom .*)$", re.MULTILINE)
NAMED = re.compile(r"strongroom ([a-z]+(?: [a-z]+){0,2})")
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


def hinted() -> Iterator[tuple[str, list[str]]]:
    """Give the module and the words of every command that a hint names."""
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.keyword) and node.arg == "hint"):
                continue
            for part in ast.walk(node.value):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    for named in NAMED.findall(part.value):
                        yield path.name, named.split()


def test_every_command_that_a_hint_names_is_there() -> None:
    """A refused pickle pointed at ``strongroom intake add``, which does not exist."""
    commands = list(hinted())
    known = {name[:count] for name in LEAVES for count in (1, 2, 3)}
    groups = {name[:count] for name in LEAVES for count in range(1, len(name))}

    def is_known(words: list[str]) -> bool:
        count = next((n for n in (3, 2, 1) if tuple(words[:n]) in known), 0)
        found = tuple(words[:count])
        return found in LEAVES or (found in groups and count == len(words))

    assert [(module, *typed) for module, typed in commands if not is_known(typed)] == []
    assert len(commands) > 30  # the pattern still finds them


def test_a_command_that_is_not_there_would_be_noticed() -> None:
    assert problem(["model", "burn", "x"]) == "there is no such command"
    assert problem(["seal", "x", "--into", "y"])
    assert problem(["approve"])
