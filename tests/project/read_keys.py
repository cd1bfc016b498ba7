"""How each file of vectors about keys and what they open is read.

This is how a second implementation would use it: one function for one kind of case,
which raises if the case must be refused.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from strongroom.access.request import Request, RequestState
from strongroom.crypto import keys, parts, sharing, signing, wraps
from strongroom.crypto.anchor_file import SLOT_BYTES, AnchorFile
from strongroom.crypto.aws_kms import AwsKmsKey
from strongroom.crypto.aws_kms_uri import AwsKmsUri, Login
from strongroom.crypto.container import (
    TAG_BYTES,
    ObjectFacts,
    cipher_for,
    record_offset,
)
from strongroom.crypto.custody.file import _anchor_key
from strongroom.crypto.custody.port import Anchor
from strongroom.crypto.custody_file import CustodyFile, unlock
from strongroom.crypto.custody_pin import Pin
from strongroom.crypto.hpke import ReaderKey
from strongroom.crypto.inspection import verify_object
from strongroom.crypto.keys import SegmentContext
from strongroom.crypto.parts import Evidence
from strongroom.crypto.recovery import RecoveryKey
from strongroom.crypto.roomkeys import PublicKeys
from strongroom.crypto.signing import Signed, VerifyKey
from strongroom.crypto.slip39 import from_words
from strongroom.crypto.token_file import TokenFile
from strongroom.crypto.token_uri import TokenUri
from strongroom.crypto.transit import TransitKey, TransitUri
from strongroom.database.times import parse_time
from strongroom.errors import IntegrityError
from strongroom.intake.signatures import verify_statement
from strongroom.permits import permit
from strongroom.permits.evidence import LedgerReferee
from strongroom.permits.opening import Opening
from strongroom.permits.reader import open_answer
from strongroom.stores.memory import MemoryStore
from strongroom.types import (
    AccountId,
    ArtifactId,
    PermitId,
    RequestId,
    RoomId,
    Secret,
    SegmentId,
    TeamId,
)
from strongroom.vault import manifest, maps
from tests.intake.signers import claim_of
from tests.project.vectors import Case, load, raw


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


def read_pin(case: Case) -> Pin:
    return Pin.from_bytes(case["pin"].encode())


def read_follow(case: Case) -> None:
    found = load("custody_follow")
    evidence = Evidence(
        entry=case["entry"].encode(),
        attached=None,
        position=case["position"],
        siblings=tuple(raw(value) for value in case["siblings"]),
        opening=b"",
    )
    note = found["notes"][case["note"]].encode()
    anchor = Anchor(size=case["size"], root=raw(case["root"]), note=note)
    referee = LedgerReferee(read_pin(found["pins"][case["pin"]]))
    after = referee.pin_after(evidence, anchor, found["second_keys"][case["second"]])
    assert after == read_pin(found["pins"][case["pin_after"]])


def read_token_file(case: Case) -> None:
    TokenFile.from_bytes(case["text"].encode(), TokenUri)


def read_wrap(case: Case) -> None:
    root, wrapped, place = (raw(case[n]) for n in ("root", "wrapped", "context"))
    wraps.unwrap(Secret(root), wrapped, place)


def read_aws_kms(case: Case) -> None:
    """Nothing is sent: what is no wrap is refused before."""
    uri = AwsKmsUri.from_text("aws-kms:eu-central-1/k?endpoint=https://nobody.invalid")
    login = Login.from_secret(Secret(b"ID:KEY"))
    AwsKmsKey(uri, login, key_id="k").unwrap(bytes(case["zeros"]), b"place")


def read_transit(case: Case) -> None:
    """Nothing is sent: what is no wrap is refused before."""
    uri = TransitUri.from_text("transit:https://nobody.invalid/transit/key")
    TransitKey(uri, token=Secret(b"none")).unwrap(case["text"].encode(), b"place")


def read_hpke(case: Case) -> None:
    ReaderKey(Secret(raw(case["seed"]))).open(raw(case["sealed"]), raw(case["info"]))


def read_recovery_wrap(case: Case) -> None:
    key = RecoveryKey(Secret(raw(case["seed"])))
    key.unwrap(raw(case["wrapped"]), raw(case["context"]))


def read_shares(case: Case) -> Secret:
    return sharing.combine([from_words(text.split()) for text in case["shares"]])


def read_part(case: Case) -> None:
    vector = load("release_parts")
    parts.open_part(
        raw(case["sealed"]),
        ReaderKey(Secret(raw(vector["reader_seed"]))),
        info=raw(case["info"]),
        entry=raw(case["entry"]),
        context=SegmentContext(**case["segment"]),
        share=case["share"],
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
    key, name = Secret(raw(honest["key"])), honest["segment_name"]
    verify_object(store, facts, key, name=name)


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


def read_manifest(case: Case) -> None:
    key = VerifyKey(raw(load("manifest")["public_key"]))
    signed = Signed.from_bytes(case["signed"].encode(), manifest.MAX_MANIFEST_BYTES)
    manifest.parse_manifest(signed.verify(manifest.PURPOSE, key))


def read_manifest_payload(case: Case) -> None:
    manifest.parse_manifest(case["payload"].encode())


def read_map(case: Case) -> None:
    maps.parse_map(case["text"].encode())


def read_permit(case: Case) -> None:
    key = VerifyKey(raw(load("permit")["public_key"]))
    signed = Signed.from_bytes(case["signed"].encode(), permit.MAX_PERMIT_BYTES)
    permit.parse_permit(signed.verify(permit.PURPOSE, key))


def read_request(case: Case) -> None:
    moment = parse_time("2026-11-22T10:00:00.000000Z")
    Request(
        id=RequestId(case["id"]),
        action=case["action"],
        asker=AccountId(case["asker"]),
        asker_team=TeamId("team-unused"),
        body=case["body"],
        digest=case["digest"],
        approvals=0,
        distinct_teams=0,
        state=RequestState.PENDING,
        created_at=moment,
        expires_at=moment,
    ).payload()


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


def read_model_signature(case: Case) -> None:
    claim = claim_of(case, case["bundle"].encode())
    verify_statement(claim, at=datetime.fromisoformat(case["at"]))
