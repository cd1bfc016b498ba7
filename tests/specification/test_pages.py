"""What the second readers stand on: they import nothing of ours, and they agree."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.specification import pages
from tests.specification.pages import Document, RefusedError, vector

FOLDER = Path(__file__).parent
READERS = [
    path
    for path in sorted(FOLDER.glob("[!_]*.py"))
    if not path.name.startswith(("test_", "conftest"))
]


def named(case: Document) -> str:
    return str(case["what"])


@pytest.mark.parametrize("path", READERS, ids=lambda path: str(path.name))
def test_a_second_reader_imports_nothing_of_ours(path: Path) -> None:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)]
    names += [x.name for n in nodes if isinstance(n, ast.Import) for x in n.names]

    assert [name for name in names if name.startswith("strongroom")] == []
    ours = [name for name in names if name.startswith("tests")]
    assert [x for x in ours if not x.startswith("tests.specification")] == []


def test_contexts_are_encoded_as_published() -> None:
    for case in vector("encoding")["contexts"]:
        fields = [
            bytes.fromhex(x["hex"]) if isinstance(x, dict) else x
            for x in case["fields"]
        ]
        assert pages.encode(case["tag"], *fields).hex() == case["encoding"]
        assert pages.digest(case["tag"], *fields).hex() == case["digest"]


def test_documents_have_the_published_form() -> None:
    for case in vector("encoding")["documents"]:
        data = bytes.fromhex(case["bytes_hex"])

        assert pages.write(case["value"]) == data
        assert pages.read(data, 1000) == case["value"]


@pytest.mark.parametrize("case", vector("encoding")["refused"], ids=named)
def test_a_document_that_must_be_refused_is(case: Document) -> None:
    with pytest.raises(RefusedError):
        pages.read(bytes.fromhex(case["bytes_hex"]), 1000)


def test_envelopes_say_what_was_signed() -> None:
    for case in vector("signatures")["envelopes"]:
        public = bytes.fromhex(case["public"])
        data = case["envelope"].encode()

        payload = pages.envelope(data, case["purpose"], public, 10_000)

        assert payload.hex() == case["payload"]
        assert pages.key_id(public) == case["key_id"]


def test_an_envelope_is_written_as_published() -> None:
    """The second one carries a signature by another key besides, so it is skipped."""
    case = vector("signatures")["envelopes"][0]
    payload = bytes.fromhex(case["payload"])

    made = pages.sign(bytes.fromhex(case["seed"]), case["purpose"], payload)

    assert made.decode() == case["envelope"]


@pytest.mark.parametrize("case", vector("signatures")["refused"], ids=named)
def test_an_envelope_that_must_be_refused_is(case: Document) -> None:
    with pytest.raises(RefusedError):
        pages.envelope(
            case["envelope"].encode(),
            case["purpose"],
            bytes.fromhex(case["public"]),
            10_000,
        )
