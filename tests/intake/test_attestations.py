"""Outsiders verify what a room says of an intake with tools of their own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # no __all__

from strongroom.crypto.signing import SigningKey, VerifyKey
from strongroom.errors import ConflictError, MissingError
from strongroom.intake.attestations import attest
from strongroom.types import IntakeId, Secret
from tests.intake.rooms import add
from tests.intake.test_materials import INTAKE
from tests.journeys.rooms import House


def opened(data: bytes, key: VerifyKey) -> dict[str, object]:
    """Return a statement, verified by the library of the in-toto project."""
    envelope = Envelope.from_dict(json.loads(data))
    public = {"public": key.raw.hex()}
    envelope.verify([SSlibKey(key.key_id, "ed25519", "ed25519", public)], 1)
    statement: dict[str, object] = json.loads(envelope.payload)
    return statement


VECTORS = Path(__file__).parents[1] / "vectors" / "intake_statements.json"
PUBLISHED = json.loads(VECTORS.read_text())


@pytest.mark.parametrize("case", PUBLISHED["cases"], ids=lambda case: case["what"])
def test_published_statements_come_out_as_they_are(
    case: dict[str, dict[str, str]],
) -> None:
    row = replace(
        INTAKE,
        id=IntakeId(case["intake"]["id"]),
        digest=case["intake"]["digest"],
        report=case["intake"]["report"],
        review=tuple(case["intake"]["review"]),
    )
    report = json.loads(str(case["report"]))

    written = attest(row, report, SigningKey(Secret(bytes.fromhex(PUBLISHED["seed"]))))

    assert {name: data.decode() for name, data in written.items()} == case["statements"]
    for data in written.values():
        opened(data, VerifyKey(bytes.fromhex(PUBLISHED["key"])))


def test_both_statements_are_verified_by_another_library(
    house: House, foreign: Path
) -> None:
    added = add(house, foreign)
    key = house.room.room.public_keys.manifest
    _, report = house.by("olga").intakes.show(added.intake.id)
    assert isinstance(report, dict)
    (file,) = report["files"]
    (output,) = file["outputs"]

    written = house.by("olga").intakes.statements(added.intake.id)

    verdict = opened(written["verdict.dsse.json"], key)
    rewriting = opened(written["rewriting.dsse.json"], key)
    came = {"name": "model.safetensors", "digest": {"sha256": file["sha256"]}}
    assert verdict["subject"] == [came]
    assert verdict["predicate"] == {
        "intake": added.intake.id,
        "digest": added.intake.digest,
        "origin": report["origin"],
        "report": added.intake.report,
        "reader": report["reader"],
        "policy": house.room.room.gate.rules_digest,
        "verdict": "review",
        "review": ["source/unknown"],
        "findings": [
            {"path": "", "place": "", "rule": "source/unknown", "level": "warning"}
        ],
    }
    assert rewriting["subject"] == [
        {"name": output[0], "digest": {"sha256": output[2]}}
    ]
    assert came in rewriting["predicate"]["buildDefinition"]["resolvedDependencies"]  # type: ignore[index]  # JSON


def test_another_key_or_a_changed_statement_is_refused(
    house: House, foreign: Path
) -> None:
    added = add(house, foreign)
    written = house.by("olga").intakes.statements(added.intake.id)
    keys = house.room.room.public_keys
    changed = json.loads(written["verdict.dsse.json"])
    changed["payloadType"] = "application/json"

    with pytest.raises(VerificationError):
        opened(json.dumps(changed).encode(), keys.manifest)
    with pytest.raises(VerificationError):
        opened(written["verdict.dsse.json"], keys.permit)


def test_of_a_refused_intake_there_is_a_verdict_alone(
    house: House, foreign: Path
) -> None:
    (foreign / "model.safetensors").write_bytes(b"no weights")

    added = add(house, foreign)
    written = house.by("olga").intakes.statements(added.intake.id)

    assert list(written) == ["verdict.dsse.json"]
    statement = opened(
        written["verdict.dsse.json"], house.room.room.public_keys.manifest
    )
    assert statement["predicate"]["verdict"] == "refused"  # type: ignore[index]  # JSON
    with pytest.raises(MissingError):
        house.by("olga").intakes.statements("intake-aaaa")


def test_a_report_from_before_digests_of_what_is_written_is_not_attested(
    house: House, foreign: Path
) -> None:
    added = add(house, foreign)
    key = house.room.room.keys.manifest
    assert isinstance(added.report, dict)
    (file,) = added.report["files"]
    old = {**added.report, "files": [{**file, "outputs": [["a.safetensors", 9]]}]}

    with pytest.raises(ConflictError, match="before digests"):
        attest(added.intake, old, key)
