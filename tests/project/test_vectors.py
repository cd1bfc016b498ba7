"""Every published vector states its source, and what must be refused is refused.

The tests beside each module read what its vectors accept.  Here stands what they
refuse; ``read_keys`` and ``read_ledger`` say how a case is read.  A refusal has
``what`` was changed, the class of our ``error``, and ``why`` in our words, which are
compared: a case that fails earlier, for another reason than it was made for, would
test nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from strongroom.errors import IntegrityError, StrongroomError
from strongroom.ledger import tree
from tests.project import read_keys, read_ledger
from tests.project.vectors import FILES, VECTORS, Case, cases, load, raw

NOTHING_TO_REFUSE = {
    "intake": "digests of what comes in; a report is refused where it is read",
    "intake_statements": "written for outsiders; what reads them is theirs",
    "ocsf_activities": "enumerations of another standard",
    "plan_minilm": "the plan of one model",
    "reader_outputs": "of the corpus, and what is refused of it has no digest",
    "sealed_padding": "a function of a number",
    "webauthn": "an example of another standard, which is refused as it is",
}
"""Files without cases that must be refused, and what they are instead."""

NOTHING_TO_ACCEPT = {
    "aws_kms": "a wrap opens only in its service",
    "transit": "a wrap opens only in its engine",
}
"""Files whose honest cases need somebody else to read them."""

ONE_SENTENCE = {"encoding"}
"""Files where ours says one sentence to every refusal; ``why`` has the rule."""


READERS: dict[tuple[str, str], Callable[[Case], object]] = {
    ("advisories", "refused"): read_ledger.read_advisories,
    ("approval", "refused"): read_ledger.read_approval,
    ("aws_kms", "refused"): read_keys.read_aws_kms,
    ("checkpoint", "refused"): read_ledger.read_checkpoint,
    ("custody_file", "refused"): read_keys.read_custody_file,
    ("custody_file", "refused_anchors"): read_keys.read_anchor,
    ("cosignature", "refused"): read_ledger.read_cosignature,
    ("custody_follow", "refused"): read_keys.read_follow,
    ("custody_follow", "refused_pins"): read_keys.read_pin,
    ("custody_token", "refused"): read_keys.read_token_file,
    ("encoding", "refused"): read_ledger.read_encoding,
    ("footprints", "refused"): read_ledger.read_footprint,
    ("guarded_rows", "refused"): read_ledger.read_guarded_row,
    ("hpke", "refused"): read_keys.read_hpke,
    ("ledger_entries", "refused"): read_ledger.read_entry,
    ("manifest", "refused"): read_keys.read_manifest,
    ("manifest", "refused_payloads"): read_keys.read_manifest_payload,
    ("maps", "refused"): read_keys.read_map,
    ("merkle_tree", "refused_consistency"): read_ledger.read_consistency,
    ("merkle_tree", "refused_inclusion"): read_ledger.read_inclusion,
    ("model_signatures", "refused"): read_keys.read_model_signature,
    ("permit", "refused"): read_keys.read_permit,
    ("recovery_keys", "refused"): read_keys.read_recovery_wrap,
    ("recovery_shares", "refused"): read_keys.read_shares,
    ("release", "refused"): read_keys.read_release,
    ("release_parts", "refused"): read_keys.read_part,
    ("requests", "refused"): read_keys.read_request,
    ("sealed_keys", "refused"): read_keys.read_sealed_key,
    ("sealed_objects", "refused"): read_keys.read_sealed_object,
    ("second_signatures", "refused"): read_ledger.read_second,
    ("signatures", "refused"): read_keys.read_envelope,
    ("tlog_proof", "refused"): read_ledger.read_proof,
    ("totp", "refused"): read_ledger.read_code,
    ("transit", "refused"): read_keys.read_transit,
    ("witness_policy", "refused"): read_ledger.read_policy,
    ("wraps", "refused"): read_keys.read_wrap,
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
    with pytest.raises(StrongroomError) as refusal:
        READERS[name, key](case)

    assert type(refusal.value).__name__ == case["error"]
    if name not in ONE_SENTENCE:
        assert str(refusal.value) == case["why"]


@pytest.mark.parametrize(
    "case", cases("ledger_export"), ids=lambda case: str(case["what"])
)
def test_an_export_that_must_be_refused_is_refused(case: Case, tmp_path: Path) -> None:
    with pytest.raises(IntegrityError) as refusal:
        read_ledger.read_export(case, tmp_path)

    assert str(refusal.value).replace(f"{tmp_path}/", "") == case["why"]


# --- an honest case passes, or a refusal would say nothing ---------------------


def honest(name: str, key: str) -> list[Case]:
    """Return cases of the same form that must be accepted."""
    vector = load(name)
    lists = {
        ("advisories", "refused"): "accepted",
        ("approval", "refused"): "approvals",
        ("custody_file", "refused"): "files",
        ("custody_file", "refused_anchors"): "anchors",
        ("custody_follow", "refused"): "follows",
        ("custody_follow", "refused_pins"): "pins",
        ("encoding", "refused"): "documents",
        ("footprints", "refused"): "footprints",
        ("guarded_rows", "refused"): "rows",
        ("hpke", "refused"): "opened",
        ("ledger_entries", "refused"): "entries",
        ("model_signatures", "refused"): "signed",
        ("recovery_keys", "refused"): "keys",
        ("recovery_shares", "refused"): "made",
        ("signatures", "refused"): "envelopes",
        ("requests", "refused"): "requests",
        ("witness_policy", "refused"): "policies",
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
    ("cosignature", "refused"): lambda vector: [vector["cosignature"]],
    ("custody_token", "refused"): lambda vector: [{"text": vector["file"]}],
    ("manifest", "refused"): lambda vector: [vector],
    ("manifest", "refused_payloads"): lambda vector: [
        vector,
        vector["two_custodians"],
        vector["one_rekeyed"],
    ],
    ("maps", "refused"): lambda vector: [{"text": vector["map"]}],
    ("merkle_tree", "refused_consistency"): honest_growth,
    ("merkle_tree", "refused_inclusion"): honest_inclusions,
    ("permit", "refused"): lambda vector: [vector],
    ("release", "refused"): lambda vector: [vector],
    ("release_parts", "refused"): lambda vector: [
        {**vector, **part} for part in vector["parts"]
    ],
    ("sealed_keys", "refused"): lambda vector: [
        {**key, "shares": len(key["shares"])} for key in vector["keys"]
    ],
    ("sealed_objects", "refused"): lambda vector: [
        {"of": number}
        for number, sealed in enumerate(vector["objects"])
        if "object" in sealed
    ],
    ("second_signatures", "refused"): lambda vector: [
        {"signed": vector["manifest"]["signed"]},
        {"note": vector["note"]["text"]},
    ],
    ("tlog_proof", "refused"): lambda vector: [vector],
    ("totp", "refused"): lambda vector: [
        {**code, "last_step": None} for code in vector["codes"]
    ],
}


@pytest.mark.parametrize(
    ("name", "key"), [pair for pair in READERS if pair[0] not in NOTHING_TO_ACCEPT]
)
def test_what_was_not_changed_is_accepted(name: str, key: str) -> None:
    found = honest(name, key)

    assert found
    for case in found:
        READERS[name, key](case)


def test_an_export_that_was_not_changed_is_accepted(tmp_path: Path) -> None:
    read_ledger.read_export({"files_hex": {}}, tmp_path)


# --- the files themselves -------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_a_file_states_where_it_comes_from_and_is_read(name: str) -> None:
    tests = [path for path in VECTORS.parent.rglob("*.py") if name in path.read_text()]

    assert len(load(name)["source"]) > 20
    assert tests


@pytest.mark.parametrize("name", FILES)
def test_a_file_has_what_must_be_refused(name: str) -> None:
    refusals = {key for key in load(name) if key.startswith("refused")}

    if name == "ledger_export":
        assert refusals == {"refused"}
    else:
        assert refusals == {key for file, key in READERS if file == name}
        assert refusals or name in NOTHING_TO_REFUSE


@pytest.mark.parametrize("name", FILES)
def test_every_refusal_says_what_was_changed_and_why_it_is_refused(name: str) -> None:
    keys = [key for key in load(name) if key.startswith("refused")]

    for case in (case for key in keys for case in cases(name, key)):
        assert all(isinstance(case[field], str) for field in ("what", "error", "why"))
