"""``examples/independent_reader.py`` reads every vector of its three formats.

It shares no code with Strongroom, so what it opens is what the pages say, and what
it refuses is refused for what the pages say.
"""

from __future__ import annotations

import ast
import hashlib
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

from tests.project.read_keys import bent_object
from tests.specification.pages import (
    READER,
    Document,
    independent_reader,
    sign,
    vector,
)
from tests.specification.sealer import manifest_of, seal

MOST_LINES = 150
SEED = bytes(range(32))
KEY = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
OBJECTS: list[Document] = vector("sealed_objects")["objects"]
BENT: list[Document] = vector("sealed_objects")["refused"]
MANIFESTS = vector("manifest")
TWICE = vector("second_signatures")
ALGORITHMS = ("ed25519", "ml_dsa_65")
TREE = vector("merkle_tree")
PROOF = vector("tlog_proof")


@pytest.fixture(scope="module")
def reader() -> ModuleType:
    """Give the program."""
    return independent_reader()


def named(case: Document) -> str:
    """Return what a case is, as the name of a test."""
    return str(case["what"])


# --- the program itself -----------------------------------------------------------


def test_it_is_short_and_imports_only_python_and_cryptography() -> None:
    text = READER.read_text()
    nodes = list(ast.walk(ast.parse(text)))
    names = {n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)}
    names |= {x.name for n in nodes if isinstance(n, ast.Import) for x in n.names}
    packages = {name.partition(".")[0] for name in names}

    assert len(text.splitlines()) <= MOST_LINES
    assert packages - sys.stdlib_module_names == {"cryptography"}


# --- manifests --------------------------------------------------------------------


@pytest.mark.parametrize("form", ["", "two_custodians", "one_rekeyed"])
def test_a_manifest_of_each_form_verifies(reader: ModuleType, form: str) -> None:
    case = MANIFESTS[form] if form else MANIFESTS
    key = MANIFESTS["public_key"].encode()

    found = reader.manifest(case["signed"].encode(), key)

    assert found["digest"] == case["digest"]


def second_keys() -> tuple[bytes, bytes]:
    """Return both keys of the vectors of the fourth form, as ``room.toml`` has them."""
    seeds = (bytes.fromhex(TWICE["manifest"][f"{x}_seed"]) for x in ALGORITHMS)
    first = Ed25519PrivateKey.from_private_bytes(next(seeds)).public_key()
    second = MLDSA65PrivateKey.from_seed_bytes(next(seeds)).public_key()
    keys = (first.public_bytes_raw(), second.public_bytes_raw())
    return keys[0].hex().encode(), keys[1].hex().encode()


def test_the_fourth_form_is_checked_with_both_keys(reader: ModuleType) -> None:
    """And with the first alone, which it says."""
    first, second = second_keys()
    signed = TWICE["manifest"]["signed"].encode()

    found = reader.manifest(signed, first, second)
    assert found["digest"] == TWICE["manifest"]["digest"]
    assert found["checked"] == found["signatures"] == ["ed25519", "ml-dsa-65"]
    assert reader.manifest(signed, first)["checked"] == ["ed25519"]


def test_a_second_key_is_no_matter_for_what_carries_one(reader: ModuleType) -> None:
    _, second = second_keys()
    signed, key = (MANIFESTS[x].encode() for x in ("signed", "public_key"))

    assert reader.manifest(signed, key, second)["checked"] == ["ed25519"]
    with pytest.raises(reader.REFUSED):
        reader.manifest(signed, b"", second)


@pytest.mark.parametrize(
    "case", [x for x in TWICE["refused"] if "signed" in x], ids=named
)
def test_one_of_two_signatures_is_not_enough(
    reader: ModuleType, case: Document
) -> None:
    with pytest.raises(reader.REFUSED):
        reader.manifest(case["signed"].encode(), *second_keys())


@pytest.mark.parametrize("number", [0, -1])
def test_a_manifest_of_no_version_is_refused(reader: ModuleType, number: int) -> None:
    payload = next(
        x["payload"]
        for x in MANIFESTS["refused_payloads"]
        if x["what"] == f"version {number}"
    )
    with pytest.raises(reader.REFUSED, match="its names"):
        reader.manifest(sign(SEED, "manifest", payload.encode()), KEY.hex().encode())


@pytest.mark.parametrize("case", MANIFESTS["refused"], ids=named)
def test_a_manifest_that_must_be_refused_is(reader: ModuleType, case: Document) -> None:
    key = MANIFESTS["public_key"].encode()

    with pytest.raises(reader.REFUSED):
        reader.manifest(case["signed"].encode(), key)


# --- proofs -----------------------------------------------------------------------


def signed_root(size: int, root: bytes) -> tuple[str, str]:
    """Return a checkpoint of a ledger of the test, and the key of that ledger."""
    kind = b"\x01" + KEY
    name = hashlib.sha256(b"ledger.example\n" + kind).digest()[:4]
    text = f"ledger.example\n{size}\n{b64encode(root).decode()}\n"
    value = name + Ed25519PrivateKey.from_private_bytes(SEED).sign(text.encode())
    note = f"{text}\n\N{EM DASH} ledger.example {b64encode(value).decode()}\n"
    return note, f"ledger.example+{name.hex()}+{b64encode(kind).decode()}"


def proof_file(case: Document, checkpoint: str) -> bytes:
    """Return the text of a proof file."""
    siblings = [b64encode(bytes.fromhex(x)).decode() for x in case["proof_hex"]]
    lines = ["c2sp.org/tlog-proof@v1", f"index {case['index']}", *siblings]
    return "\n".join([*lines, "", checkpoint]).encode()


@pytest.mark.parametrize("case", TREE["inclusion"], ids=lambda x: f"{x['index']}")
def test_the_published_proofs_hold(reader: ModuleType, case: Document) -> None:
    root = bytes.fromhex(TREE["roots_hex"][case["size"]])
    checkpoint, key = signed_root(case["size"], root)
    entry = bytes.fromhex(TREE["entries_hex"][case["index"]])

    found = reader.proof(entry, proof_file(case, checkpoint), key.encode())

    assert (found["index"], found["size"]) == (case["index"], case["size"])


@pytest.mark.parametrize("case", TREE["refused_inclusion"], ids=named)
def test_a_proof_that_must_be_refused_is(reader: ModuleType, case: Document) -> None:
    """A leaf that is the hash of no published entry stands for itself."""
    entries = [bytes.fromhex(x) for x in TREE["entries_hex"]]
    leaves = {hashlib.sha256(b"\0" + entry).hexdigest(): entry for entry in entries}
    entry = leaves.get(case["leaf_hex"], bytes.fromhex(case["leaf_hex"]))
    checkpoint, key = signed_root(case["size"], bytes.fromhex(case["root_hex"]))

    with pytest.raises(reader.REFUSED):
        reader.proof(entry, proof_file(case, checkpoint), key.encode())


def test_the_proof_file_of_a_ledger_of_three_hundred_holds(reader: ModuleType) -> None:
    entry, proof, key = (PROOF[x].encode() for x in ("entry", "proof", "key"))

    found = reader.proof(entry, proof, key)

    assert (found["index"], found["size"]) == (PROOF["index"], PROOF["size"])


@pytest.mark.parametrize("case", PROOF["refused"], ids=named)
def test_a_proof_file_that_must_be_refused_is(
    reader: ModuleType, case: Document
) -> None:
    with pytest.raises(reader.REFUSED):
        reader.proof(
            case["entry"].encode(), case["proof"].encode(), PROOF["key"].encode()
        )


# --- objects ----------------------------------------------------------------------


def contents(
    reader: ModuleType, facts: Document, blob: bytes, secrets: list[str]
) -> list[Document]:
    """Return what lies in an object, with a manifest that the test signs for it."""
    signed = sign(SEED, "manifest", manifest_of(facts, blob))
    lines = "\n".join(secrets).encode()
    found: list[Document] = reader.contents(blob, signed, KEY.hex().encode(), lines)
    return found


def ranges_of(facts: Document) -> list[bytes]:
    """Return the bytes of every item of a vector that has some."""
    found = (
        hashlib.shake_256(item["shake_256_of"].encode()).digest(item["length"])
        for item in facts["items"]
    )
    return [held for held in found if held]


@pytest.mark.parametrize("facts", OBJECTS)
def test_objects_are_sealed_a_second_time_and_opened(
    reader: ModuleType, facts: Document
) -> None:
    """The page is enough to write the object, to the bit, and to read it."""
    blob = seal(facts, ranges_of(facts))

    assert hashlib.sha256(blob).hexdigest() == facts["sha256"]
    for secrets in (facts["shares"], [facts["key"]]):
        items = contents(reader, facts, blob, secrets)
        assert [x["name"] for x in items] == [x["name"] for x in facts["items"]]
        assert [x["held"] for x in items if x["held"]] == ranges_of(facts)


@pytest.mark.parametrize("case", BENT, ids=named)
def test_an_object_that_must_be_refused_is(reader: ModuleType, case: Document) -> None:
    facts = OBJECTS[case["of"]]

    with pytest.raises(reader.REFUSED):
        contents(reader, facts, bent_object(facts, case), [facts["key"]])


@pytest.mark.parametrize("secrets", [["00" * 32], ["00" * 32] * 2, ["00"], []])
def test_another_key_is_refused(reader: ModuleType, secrets: list[str]) -> None:
    facts = OBJECTS[0]
    blob = bytes.fromhex(facts["object"])

    with pytest.raises(reader.REFUSED):
        contents(reader, facts, blob, secrets)


def test_a_flipped_bit_of_the_object_is_refused(reader: ModuleType) -> None:
    """The digest would refuse everything, so the manifest states the bent one."""
    facts = OBJECTS[0]
    blob = bytes.fromhex(facts["object"])
    for at in (*range(0, 256, 5), *range(256, len(blob), 997), len(blob) - 1):
        bent = bytearray(blob)
        bent[at] ^= 1 << at % 8
        with pytest.raises(reader.REFUSED):
            contents(reader, facts, bytes(bent), [facts["key"]])


# --- as a program -----------------------------------------------------------------


def run(*words: str | Path) -> Any:  # noqa: ANN401  a finished process
    """Return what the program did, with nothing of ours to import."""
    command = [sys.executable, "-I", str(READER), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_person_reads_files_with_it(tmp_path: Path) -> None:
    for name in ("entry", "proof", "key"):
        (tmp_path / name).write_text(PROOF[name])
    files = [tmp_path / name for name in ("entry", "proof", "key")]

    done = run("proof", *files)
    files[0].write_text(PROOF["entry"].replace("1", "2", 1))
    bent = run("proof", *files)

    assert (done.returncode, done.stderr) == (0, "")
    assert '"index": 123' in done.stdout
    assert (bent.returncode, bent.stdout) == (1, "")
    assert bent.stderr == "refused: the entry is not there\n"


def test_what_is_no_file_is_refused_in_one_line() -> None:
    for words in ([], ["object"], ["proof", "absent", "absent", "absent"], ["open"]):
        done = run(*words)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("refused: ")
        assert done.stderr.count("\n") == 1
