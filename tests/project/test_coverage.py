"""Every requirement is answered, and what the answer names exists."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cache

import pytest

from strongroom.cli.commands import every_leaf
from tests.project.reference import DOCS, ROOT

PAGE = DOCS / "reference" / "coverage.md"
CATALOGUE = {"A": 14, "B": 8, "C": 8}
"""Section of the catalogue of requirements, and how many it has."""

THREATS = (
    "data poisoning",
    "model inversion",
    "adversarial inputs during fine-tuning",
    "supply-chain attack on a pre-trained model",
    "misconfigured infrastructure or open storage",
    "theft through storage",
    "theft through the API",
    "theft by an insider",
)
STATES = ("met", "partly", "not yet")

HEADING = re.compile(r"^### (?:([ABC]\d+) .+|Threat: (.+))$", re.MULTILINE)
LINE = re.compile(r"^- (State|Met by|See|Proof|Not yet): (.+)$")
NODE = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
COMMAND = re.compile(r"`strongroom ([^`]+)`")
COMMANDS = {" ".join(name) for name, _ in every_leaf()}


@dataclass
class Answer:
    """What the page says of one requirement, by the word before the colon."""

    id: str
    said: dict[str, list[str]] = field(default_factory=dict)

    @property
    def state(self) -> str:
        return self.said.get("State", [""])[0]


def answers() -> list[Answer]:
    """Return the page's sections in order."""
    found: list[Answer] = []
    for line in PAGE.read_text().splitlines():
        if heading := HEADING.match(line):
            found.append(Answer(heading[1] or heading[2]))
        elif found and (said := LINE.match(line)):
            found[-1].said.setdefault(said[1], []).append(said[2])
    return found


ANSWERS = answers()


@cache
def names_in(path: str) -> set[str]:
    """Return the names of the tests in a file; none if it is not there."""
    file = ROOT / path
    if not file.exists():
        return set()
    nodes = ast.walk(ast.parse(file.read_text()))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


def test_every_id_of_the_catalogue_is_answered_once() -> None:
    ids = [
        f"{section}{n + 1}"
        for section, count in CATALOGUE.items()
        for n in range(count)
    ]

    assert [answer.id for answer in ANSWERS] == [*ids, *THREATS]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.id)
def test_an_answer_says_what_it_has_to(answer: Answer) -> None:
    assert answer.state in STATES
    assert answer.said.get("See")
    if answer.state != "not yet":
        assert answer.said.get("Met by")
        assert answer.said.get("Proof")
    if answer.state != "met":
        assert answer.said.get("Not yet")


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.id)
def test_what_an_answer_names_exists(answer: Answer) -> None:
    proofs = [NODE.fullmatch(proof) for proof in answer.said.get("Proof", [])]

    for proof in proofs:
        assert proof
        assert proof[2] in names_in(proof[1]), proof[0]
    named = [name for see in answer.said["See"] for name in COMMAND.findall(see)]
    assert [name for name in named if name not in COMMANDS] == []


def test_the_summary_says_what_the_sections_say() -> None:
    table = re.findall(r"^\| (met|partly|not yet) \| (.+) \|$", PAGE.read_text(), re.M)
    stated = {state: ids.split(", ") for state, ids in table}

    assert stated == {
        state: [answer.id for answer in ANSWERS if answer.state == state]
        for state in STATES
    }
