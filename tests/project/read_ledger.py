"""How each file of vectors about the ledger, rows and codes is read.

One function for one kind of case, which raises if the case must be refused.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from pathlib import Path

from strongroom import canonical
from strongroom.access import totp
from strongroom.access.assertions import Assertion, verify_assertion
from strongroom.access.footprints import Footprint
from strongroom.crypto.mldsa import MlDsaSigner
from strongroom.crypto.signing import Signed, SigningKey, VerifyKey
from strongroom.database.guards import Guards
from strongroom.database.times import parse_time
from strongroom.errors import IntegrityError
from strongroom.intake.advisories import open_bundle
from strongroom.ledger import tree
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey
from strongroom.ledger.cosignature import WitnessKey, verified_cosignatures
from strongroom.ledger.notes import Notes
from strongroom.ledger.policy_file import WitnessPolicy
from strongroom.ledger.proof import Proof
from strongroom.ledger.rows import rows_of
from strongroom.ledger.verify import Check
from strongroom.settings import RelyingParty
from strongroom.types import Secret
from strongroom.vault import manifest
from tests.ledger.world import ORIGIN
from tests.project.vectors import Case, load, raw


def read_checkpoint(case: Case) -> None:
    key = VerifierKey.from_text(case["key"])
    verify = VerifyKey(key.public).verify_bytes
    Checkpoint.open(case["note"], key=key, verify=verify)


def read_cosignature(case: Case) -> None:
    witness = WitnessKey.from_text(case["key"])
    found = verified_cosignatures(case["note"], [witness])
    assert [one.witness for one in found] == [witness]


def read_advisories(case: Case) -> None:
    open_bundle(case["envelope"].encode(), VerifyKey(raw(load("advisories")["public"])))


def read_policy(case: Case) -> WitnessPolicy:
    return WitnessPolicy.from_bytes(case["text"].encode())


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


def read_second(case: Case) -> None:
    found = load("second_signatures")
    seeds = (raw(found["manifest"][f"{n}_seed"]) for n in ("ed25519", "ml_dsa_65"))
    first, second = map(Secret, seeds)
    key = SigningKey(first, MlDsaSigner(second)).public
    if "note" in case:
        beside = key.seconds[0]
        reader = Notes(origin=ORIGIN, key=key, signer=None, since=1, second=beside)
        reader.open(case["note"])
    else:
        manifest.open_manifest(Signed.from_bytes(case["signed"].encode(), 10**5), key)


def read_proof(case: Case) -> None:
    key = VerifierKey.from_text(load("tlog_proof")["key"])
    verify = VerifyKey(key.public).verify_bytes
    Proof.from_text(case["proof"]).verify(
        case["entry"].encode(), key=key, verify=verify
    )


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


def read_entry(case: Case) -> None:
    attached = case["attached"].encode() if "attached" in case else None
    rows_of(case["entry"].encode(), attached)


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


def read_code(case: Case) -> None:
    secret = Secret(raw(load("totp")["secret_hex"]))
    moment = datetime.fromtimestamp(case["seconds"], tz=UTC)
    totp.verify(secret, case["code"], now=moment, last_step=case["last_step"])


def read_approval(case: Case) -> int:
    vector = load("approval")
    return verify_assertion(
        Assertion(
            credential=b"k",
            authenticator_data=raw(case["authenticator_data"]),
            client_data=case["client_data"].encode(),
            signature=raw(case["signature"]),
        ),
        public_key=raw(case["cose"]),
        challenge=raw(vector["challenge"]),
        party=RelyingParty(domain=vector["domain"], origins=tuple(vector["origins"])),
    )
