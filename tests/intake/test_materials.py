"""A bill of materials names what was written, and what it was written from."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from cyclonedx.model.bom import Bom

from strongroom.canonical import Json
from strongroom.intake.intakes import Intake, IntakeState
from strongroom.intake.materials import bill_of_materials
from strongroom.types import AccountId, IntakeId

INTAKE = Intake(
    id=IntakeId("intake-a"),
    state=IntakeState.ACCEPTED,
    digest="11" * 32,
    plain_bytes=3,
    files=1,
    source="",
    original=None,
    review=(),
    report="22" * 32,
    version=None,
    added_by=AccountId("account-a"),
    added_at=datetime(2026, 11, 26, tzinfo=UTC),
    expires_at=datetime(2026, 12, 26, tzinfo=UTC),
)
REPORT: dict[str, Json] = {
    "reader": "strongroom-readers 1",
    "policy": "33" * 32,
    "files": [
        {
            "path": "a.pt",
            "sha256": "44" * 32,
            "outputs": [["a.safetensors", 9, "55" * 32]],
        }
    ],
    "findings": [{"level": "note", "rule": "file/ending", "path": "", "place": ""}],
}


def test_the_bill_is_read_again_by_the_library() -> None:
    bill = Bom.from_json(json.loads(bill_of_materials(INTAKE, REPORT)))  # type: ignore[attr-defined]  # added by a decorator

    model = bill.metadata.component
    assert (model.type.value, model.name) == ("machine-learning-model", "intake-a")
    ((written,), (came,)) = model.components, model.pedigree.ancestors
    assert (written.name, came.name) == ("a.safetensors", "a.pt")
    assert [h.content for h in written.hashes] == ["55" * 32]
    assert [h.content for h in came.hashes] == ["44" * 32]
    assert "note file/ending -" in [p.value for p in model.properties]


def test_the_bill_names_the_place_on_a_hub_if_one_is_known() -> None:
    place: dict[str, Json] = {
        "publisher": "acme",
        "repository": "acme/llama",
        "commit": "a1" * 20,
    }

    for origin, purl in (
        (place, f"pkg:huggingface/acme/llama@{'a1' * 20}"),
        ({**place, "commit": ""}, None),
        ({**place, "repository": ""}, None),
    ):
        bill = json.loads(bill_of_materials(INTAKE, {**REPORT, "origin": origin}))
        assert bill["metadata"]["component"].get("purl") == purl


def test_the_bill_of_one_intake_is_always_the_same() -> None:
    assert bill_of_materials(INTAKE, REPORT) == bill_of_materials(INTAKE, REPORT)
