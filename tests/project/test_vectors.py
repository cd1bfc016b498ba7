"""Every published vector states its source, and what must be refused is refused.

The tests beside each module read what its vectors accept.  Here stands what they
refuse: for each file, how a case is read, which is how a second implementation
would use it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from strongroom import canonical
from strongroom.access import totp
from strongroom.access.footprints import Extent, Footprint, Grain, coordinate
from strongroom.access.scales import Scale, columns_of, rescale
from strongroom.crypto import keys, signing, wraps
from strongroom.crypto.anchor_file import SLOT_BYTES, AnchorFile
from strongroom.crypto.container import (
    TAG_BYTES,
    ObjectFacts,
    cipher_for,
    record_offset,
)
from strongroom.crypto.custody.file import _anchor_key
from strongroom.crypto.custody_file import CustodyFile, unlock
from strongroom.crypto.hpke import ReaderKey
from strongroom.crypto.inspection import verify_object
from strongroom.crypto.keys import SegmentContext
from strongroom.crypto.roomkeys import PublicKeys
from strongroom.crypto.signing import Signed, VerifyKey
from strongroom.database.guards import Guards
from strongroom.database.times import parse_time
from strongroom.errors import DeniedError, IntegrityError
from strongroom.ledger import tree
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey
from strongroom.ledger.proof import Proof
from strongroom.ledger.verify import Check
from strongroom.permits import permit
from strongroom.permits.opening import Opening
from strongroom.permits.reader import open_answer
from strongroom.stores.memory import MemoryStore
from strongroom.types import (
    ArtifactId,
    PermitId,
    RoomId,
    Secret,
    SegmentId,
)
from strongroom.vault import manifest, maps

VECTORS = Path(__file__).parents[1] / "vectors"
FILES = sorted(path.stem for path in VECTORS.glob("*.json"))

NOTHING_TO_REFUSE = {
    "ocsf_activities": "enumerations of another standard",
    "plan_minilm": "the plan of one model",
    "sealed_padding": "a function of a number",
}
"""Files without cases that must be refused, and what they are instead."""

REFUSED_ELSEWHERE = {
    "cosignature": "tests/ledger/test_cosignature.py",
    "custody_token": "tests/crypto/test_token_file.py",
    "recovery_keys": "tests/crypto/test_recovery.py",
    "recovery_shares": "tests/crypto/test_sharing.py",
    "release_parts": "tests/crypto/test_parts.py",
    "transit": "tests/crypto/test_transit.py",
}
"""Files whose refusals are in the tests of their module."""

Case = dict[str, Any]


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


def load(name: str) -> Case:
    found: Case = json.loads((VECTORS / f"{name}.json").read_text())
    return found


def cases(name: str, key: str = "refused") -> list[Case]:
    """Return the cases of a file that must be refused, each with what it is."""
    found: list[Case] | dict[str, Any] = load(name)[key]
    if isinstance(found, dict):
        return [{"what": what, "text": text} for what, text in found.items()]
    return found


# --- how each file is read ----------------------------------------------------


def read_checkpoint(case: Case) -> None:
    key = VerifierKey.from_text(case["key"])
    verify = VerifyKey(key.public).verify_bytes
    Checkpoint.open(case["note"], key=key, verify=verify)


def read_custody_file(case: Case) -> None:
    file = CustodyFile.from_bytes(case["file"].encode())
    unlock(file, Secret(case["passphrase"].encode()))


def read_anchor(case: Case) -> None:
    body = raw(case["slot_without_zeros"]).ljust(SLOT_BYTES - 32, b"\0")
    anchors = AnchorFile(Path("unused"), _anchor_key(Secret(raw(case["root"]))))
    found = anchors._parse(case["sequence"] % 2, body + raw(case["mac"]))
    if found is None:
        raise IntegrityError("the slot is not valid")
    sequence, anchor = found
    assert sequence == case["sequence"]
    assert (anchor.size, anchor.root.hex()) == (case["size"], case["tree_root"])
    assert anchor.note.decode() == case["note"]


def read_encoding(case: Case) -> None:
    canonical.from_json(raw(case["bytes_hex"]), at_most_bytes=1000)


def read_footprint(case: Case) -> Footprint:
    return Footprint.from_bytes(raw(case["encoded"]), digest=raw(case["digest"]))


def read_guarded_row(case: Case) -> None:
    key = Secret(raw(load("guarded_rows")["guard_key"]))
    mac = Guards(key).mac(case["table"], cells(case["columns"]))
    if not hmac.compare_digest(mac, raw(case["mac"])):
        raise IntegrityError("the row was not written by this room")


def cells(columns: Case) -> Case:
    """Return columns as Python has them."""

    def cell(value: object) -> object:
        if not isinstance(value, dict):
            return value
        return raw(value["hex"]) if "hex" in value else parse_time(value["time"])

    return {name: cell(value) for name, value in columns.items()}


def read_hpke(case: Case) -> None:
    ReaderKey(Secret(raw(case["seed"]))).open(raw(case["sealed"]), raw(case["info"]))


def read_export(case: Case, folder: Path) -> None:
    vector = load("ledger_export")
    for name, content in {**vector["files_hex"], **case["files_hex"]}.items():
        if content is not None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(raw(content))
    check = Check(str(folder))
    try:
        check.export(vector["key"], None)
    except (ValueError, OSError) as error:  # as its main does
        check.problems.append(str(error))
    if check.problems:
        raise IntegrityError(check.problems[0])


def read_manifest(case: Case) -> None:
    key = VerifyKey(raw(load("manifest")["public_key"]))
    signed = Signed.from_bytes(case["signed"].encode(), manifest.MAX_MANIFEST_BYTES)
    manifest.parse_manifest(signed.verify(manifest.PURPOSE, key))


def read_map(case: Case) -> None:
    maps.parse_map(case["text"].encode())


def read_inclusion(case: Case) -> None:
    tree.verify_inclusion(
        raw(case["leaf_hex"]),
        index=case["index"],
        size=case["size"],
        proof=[raw(value) for value in case["proof_hex"]],
        root=raw(case["root_hex"]),
    )


def read_consistency(case: Case) -> None:
    tree.verify_consistency(
        older=case["older"],
        older_root=raw(case["older_root_hex"]),
        newer=case["newer"],
        newer_root=raw(case["newer_root_hex"]),
        proof=[raw(value) for value in case["proof_hex"]],
    )


def read_permit(case: Case) -> None:
    key = VerifyKey(raw(load("permit")["public_key"]))
    signed = Signed.from_bytes(case["signed"].encode(), permit.MAX_PERMIT_BYTES)
    permit.parse_permit(signed.verify(permit.PURPOSE, key))


def read_release(case: Case) -> None:
    asked = {**load("release"), **case}
    reader = ReaderKey(Secret(raw(asked["reader_seed"])))
    unused = VerifyKey(bytes(32))
    open_answer(
        asked["answer"].encode(),
        opening=Opening(
            permit=PermitId(asked["opening"]["permit"]),
            artifact=ArtifactId(asked["opening"]["artifact"]),
            version=asked["opening"]["version"],
            segments=tuple(asked["opening"]["segments"]),
            reader=reader.public,
            nonce=raw(asked["opening"]["nonce"]),
        ),
        reader=reader,
        keys=PublicKeys(
            checkpoint=unused,
            permit=unused,
            manifest=VerifyKey(raw(asked["manifest_key"])),
            answer=VerifyKey(raw(asked["answer_key"])),
        ),
        room=RoomId(asked["room"]),
    )


def context(case: Case, shares: int) -> SegmentContext:
    return SegmentContext(
        suite=case["suite"],
        artifact=ArtifactId(case["artifact"]),
        version=case["version"],
        generation=case["generation"],
        segment=SegmentId(case["segment"]),
        record_bytes=case.get("record_bytes", 1 << 20),
        shares=shares,
    )


def read_sealed_key(case: Case) -> None:
    key, commitment, salt = (raw(case[n]) for n in ("key", "commitment", "salt"))
    keys.verify_commitment(Secret(key), commitment, salt, context(case, case["shares"]))


def read_sealed_object(case: Case) -> None:
    honest = load("sealed_objects")["objects"][case["of"]]
    blob = bent_object(honest, case)
    store = MemoryStore()
    store.write("o", [blob])
    facts = ObjectFacts(
        object_name="o",
        context=context(honest, len(honest["shares"])),
        salt=raw(honest["salt"]),
        commitment=raw(honest["commitment"]),
        records=honest["records"],
        length=honest["length"],
        plain_bytes=honest["plain_bytes"],
        sha256=hashlib.sha256(blob).digest(),  # else the digest refuses everything
    )
    verify_object(store, facts, Secret(raw(honest["key"])))


def bent_object(honest: Case, case: Case) -> bytes:
    """Return an object as its source says, changed as the case says."""
    blob = bytearray(raw(honest["object"]))
    for at, value in case.get("changes", []):
        blob[at : at + len(raw(value))] = raw(value)
    if "record" in case:
        number = case["record"]
        end = min(record_offset(number + 1), len(blob))
        place = slice(record_offset(number), end)
        plain = raw(case["plain"]).ljust(end - place.start - TAG_BYTES, b"\0")
        cipher = cipher_for(honest["suite"], Secret(raw(honest["key"])))
        blob[place] = cipher.encrypt(raw(case["nonce"]), plain, None)
    length = case.get("length", len(blob))
    return bytes(blob[:length].ljust(length, b"\0"))


def read_envelope(case: Case) -> None:
    signed = signing.Signed.from_bytes(case["envelope"].encode(), 10_000)
    signed.verify(case["purpose"], VerifyKey(raw(case["public"])))


def read_proof(case: Case) -> None:
    key = VerifierKey.from_text(load("tlog_proof")["key"])
    verify = VerifyKey(key.public).verify_bytes
    Proof.from_text(case["proof"]).verify(
        case["entry"].encode(), key=key, verify=verify
    )


def read_code(case: Case) -> None:
    secret = Secret(raw(load("totp")["secret_hex"]))
    moment = datetime.fromtimestamp(case["seconds"], tz=UTC)
    totp.verify(secret, case["code"], now=moment, last_step=case["last_step"])


def read_wrap(case: Case) -> None:
    root, wrapped, place = (raw(case[n]) for n in ("root", "wrapped", "context"))
    wraps.unwrap(Secret(root), wrapped, place)


READERS: dict[tuple[str, str], Callable[[Case], object]] = {
    ("checkpoint", "refused"): read_checkpoint,
    ("custody_file", "refused"): read_custody_file,
    ("custody_file", "refused_anchors"): read_anchor,
    ("encoding", "refused"): read_encoding,
    ("footprints", "refused"): read_footprint,
    ("guarded_rows", "refused"): read_guarded_row,
    ("hpke", "refused"): read_hpke,
    ("manifest", "refused"): read_manifest,
    ("maps", "refused"): read_map,
    ("merkle_tree", "refused_consistency"): read_consistency,
    ("merkle_tree", "refused_inclusion"): read_inclusion,
    ("permit", "refused"): read_permit,
    ("release", "refused"): read_release,
    ("sealed_keys", "refused"): read_sealed_key,
    ("sealed_objects", "refused"): read_sealed_object,
    ("signatures", "refused"): read_envelope,
    ("tlog_proof", "refused"): read_proof,
    ("totp", "refused"): read_code,
    ("wraps", "refused"): read_wrap,
}
"""By file and by the key of its refusals; an export needs a folder besides."""


@pytest.mark.parametrize(
    ("name", "key", "case"),
    [
        pytest.param(name, key, case, id=f"{name}: {case['what']}")
        for name, key in READERS
        for case in cases(name, key)
    ],
)
def test_what_must_be_refused_is_refused(name: str, key: str, case: Case) -> None:
    with pytest.raises((DeniedError, IntegrityError)):
        READERS[name, key](case)


@pytest.mark.parametrize(
    "case", cases("ledger_export"), ids=lambda case: str(case["what"])
)
def test_an_export_that_must_be_refused_is_refused(case: Case, tmp_path: Path) -> None:
    with pytest.raises(IntegrityError):
        read_export(case, tmp_path)


# --- an honest case passes, or a refusal would say nothing ---------------------


def honest(name: str, key: str) -> list[Case]:
    """Return cases of the same form that must be accepted."""
    vector = load(name)
    lists = {
        ("custody_file", "refused"): "files",
        ("custody_file", "refused_anchors"): "anchors",
        ("encoding", "refused"): "documents",
        ("footprints", "refused"): "footprints",
        ("guarded_rows", "refused"): "rows",
        ("hpke", "refused"): "opened",
        ("signatures", "refused"): "envelopes",
        ("wraps", "refused"): "wraps",
    }
    if (name, key) in lists:
        found: list[Case] = vector[lists[name, key]]
        return found
    return MADE_OF[name, key](vector)


def honest_inclusions(vector: Case) -> list[Case]:
    entries = [raw(entry) for entry in vector["entries_hex"]]
    return [
        {
            **proof,
            "leaf_hex": tree.leaf_hash(entries[proof["index"]]).hex(),
            "root_hex": vector["roots_hex"][proof["size"]],
        }
        for proof in vector["inclusion"]
    ]


def honest_growth(vector: Case) -> list[Case]:
    roots = vector["roots_hex"]
    return [
        {
            **proof,
            "older_root_hex": roots[proof["older"]],
            "newer_root_hex": roots[proof["newer"]],
        }
        for proof in vector["consistency"]
    ]


MADE_OF: dict[tuple[str, str], Callable[[Case], list[Case]]] = {
    ("checkpoint", "refused"): lambda vector: [vector["checkpoint"]],
    ("manifest", "refused"): lambda vector: [vector],
    ("maps", "refused"): lambda vector: [{"text": vector["map"]}],
    ("merkle_tree", "refused_consistency"): honest_growth,
    ("merkle_tree", "refused_inclusion"): honest_inclusions,
    ("permit", "refused"): lambda vector: [vector],
    ("release", "refused"): lambda vector: [vector],
    ("sealed_keys", "refused"): lambda vector: [
        {**key, "shares": len(key["shares"])} for key in vector["keys"]
    ],
    ("sealed_objects", "refused"): lambda vector: [
        {"of": number}
        for number, sealed in enumerate(vector["objects"])
        if "object" in sealed
    ],
    ("tlog_proof", "refused"): lambda vector: [vector],
    ("totp", "refused"): lambda vector: [
        {**code, "last_step": None} for code in vector["codes"]
    ],
}


@pytest.mark.parametrize(("name", "key"), READERS)
def test_what_was_not_changed_is_accepted(name: str, key: str) -> None:
    found = honest(name, key)

    assert found
    for case in found:
        READERS[name, key](case)


def test_an_export_that_was_not_changed_is_accepted(tmp_path: Path) -> None:
    read_export({"files_hex": {}}, tmp_path)


# --- vectors that no module's own test reads -----------------------------------


def test_contexts_are_every_field_after_its_length() -> None:
    for case in load("encoding")["contexts"]:
        fields = [raw(f["hex"]) if isinstance(f, dict) else f for f in case["fields"]]

        assert canonical.encode(case["tag"], *fields).hex() == case["encoding"]
        assert canonical.digest(case["tag"], *fields).hex() == case["digest"]


def test_documents_have_the_bytes_that_are_published() -> None:
    for case in load("encoding")["documents"]:
        assert canonical.to_json(case["value"]).hex() == case["bytes_hex"]


def test_a_mac_is_what_the_specification_says() -> None:
    """Computed a second time, from the content that the vector shows."""
    vector = load("guarded_rows")
    key = raw(vector["guard_key"])
    for row in vector["rows"]:
        parts = ("strongroom/v1/row", row["table"], row["columns"]["id"])
        message = prefixed(*(part.encode() for part in parts), row["content"].encode())
        assert hmac.digest(key, message, "sha256").hex() == row["mac"]
    for waiting in vector["waiting"]:
        number = waiting["id"].to_bytes(8, "big")
        at, leaf = waiting["at"].encode(), raw(waiting["leaf"])
        message = prefixed(b"strongroom/v1/entry", number, at, leaf)
        assert hmac.digest(key, message, "sha256").hex() == waiting["mac"]


def prefixed(*fields: bytes) -> bytes:
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def test_footprints_and_coordinates_are_the_published_ones() -> None:
    vector = load("footprints")
    key = Secret(raw(vector["coordinate_key"]))
    for named in vector["coordinates"]:
        place = {name: named[name] for name in ("place", "tensor", "alone")}
        assert coordinate(key, **place).hex() == named["coordinate"]
    for case in vector["footprints"]:
        extents = [
            Extent(raw(name), start, end, Grain(*grain))
            for name, start, end, *grain in case["extents"]
        ]
        assert Footprint.of(extents) == read_footprint(case)
        assert read_footprint(case).bytes == case["bytes"]


def test_extents_are_turned_as_the_published_ones() -> None:
    for case in load("footprints")["scales"]:
        held, opened = Grain(*case["grain"]), Grain(*case["opened"])
        columns, _ = columns_of(
            [Footprint.of([Extent(bytes(16), case["start"], case["end"], held)])]
        )
        whole = Extent(bytes(16), 0, opened.bytes, opened)

        rescale(
            columns,
            np.zeros(1, bool),
            np.zeros(1, int),
            Scale.of([Footprint.of([whole])]),
        )

        assert [columns["start"][0], columns["end"][0]] == case["turned"]


# --- the files themselves -------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_a_file_states_where_it_comes_from_and_is_read(name: str) -> None:
    tests = [path for path in VECTORS.parent.rglob("*.py") if name in path.read_text()]

    assert len(load(name)["source"]) > 20
    assert tests


@pytest.mark.parametrize("name", FILES)
def test_a_file_has_what_must_be_refused(name: str) -> None:
    refusals = {key for key in load(name) if key.startswith("refused")}

    if name in REFUSED_ELSEWHERE:
        assert (VECTORS.parents[1] / REFUSED_ELSEWHERE[name]).exists()
    elif name == "ledger_export":
        assert refusals == {"refused"}
    else:
        assert refusals == {key for file, key in READERS if file == name}
        assert refusals or name in NOTHING_TO_REFUSE
