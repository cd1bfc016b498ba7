"""A second reader of entries, checkpoints, cosignatures and policies agrees."""

from __future__ import annotations

import json

import pytest

from tests.specification import ledger
from tests.specification.pages import Document, RefusedError, vector, write

CHECKPOINTS = vector("checkpoint")
COSIGNED = vector("cosignature")
POLICIES = vector("witness_policy")
ENTRIES = vector("ledger_entries")


def named(case: Document) -> str:
    return str(case["what"])


def attached(case: Document) -> bytes | None:
    """Return the attached document of a case, if it has one."""
    return case["attached"].encode() if "attached" in case else None


@pytest.mark.parametrize("case", ENTRIES["entries"], ids=named)
def test_an_entry_is_read_with_what_hangs_on_it(case: Document) -> None:
    body = case["entry"].encode()

    found = ledger.entry(body)

    assert ledger.leaf(body).hex() == case["leaf"]
    if "private_file" in case:
        text = ledger.private(found, case["private_file"].encode())
        assert text == case["private_text"]
    found = ledger.whole(found, attached(case))
    assert {name: found[name] for name in case["says"]} == case["says"]


@pytest.mark.parametrize("case", ENTRIES["refused"], ids=named)
def test_an_entry_that_must_be_refused_is(case: Document) -> None:
    with pytest.raises(RefusedError):
        ledger.whole(ledger.entry(case["entry"].encode()), attached(case))


@pytest.mark.parametrize("bent", ["payload", "salt"])
def test_erasable_text_that_the_entry_did_not_commit_to_is_refused(bent: str) -> None:
    case = next(case for case in ENTRIES["entries"] if "private_file" in case)
    shown = json.loads(case["private_file"])
    shown[bent] = shown[bent].replace("o", "0").replace("0", "1")

    with pytest.raises(RefusedError):
        ledger.private(ledger.entry(case["entry"].encode()), write(shown))


def test_the_published_checkpoint_is_read() -> None:
    case = CHECKPOINTS["checkpoint"]

    size, root = ledger.checkpoint(case["note"], case["key"])

    assert (size, root.hex()) == (case["size"], case["root_hex"])


@pytest.mark.parametrize("case", CHECKPOINTS["refused"], ids=named)
def test_a_checkpoint_that_must_be_refused_is(case: Document) -> None:
    with pytest.raises(RefusedError):
        ledger.checkpoint(case["note"], case["key"])


def test_the_published_cosignature_is_read() -> None:
    case = COSIGNED["cosignature"]

    assert ledger.cosigned(case["note"], case["key"]) == [case["seconds"]]


@pytest.mark.parametrize("case", COSIGNED["refused"], ids=named)
def test_a_cosignature_that_must_be_refused_is(case: Document) -> None:
    with pytest.raises(RefusedError):
        ledger.cosigned(case["note"], case["key"])


@pytest.mark.parametrize("case", POLICIES["policies"], ids=named)
def test_a_policy_is_met_by_whom_its_vector_says(case: Document) -> None:
    keys = {
        name: ledger.key_of(text, ledger.WITNESS)[2]
        for name, text in POLICIES["witnesses"].items()
    }

    found = ledger.Policy(case["text"].encode())

    assert all(found.met_by([keys[x] for x in names]) for names in case["met_by"])
    assert not any(
        found.met_by([keys[x] for x in names]) for names in case["not_met_by"]
    )


@pytest.mark.parametrize("case", POLICIES["refused"], ids=named)
def test_a_policy_that_must_be_refused_is(case: Document) -> None:
    with pytest.raises(RefusedError):
        ledger.Policy(case["text"].encode())
