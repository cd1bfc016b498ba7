"""Files are those that were signed, each of them and no others, or they are refused."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from strongroom.errors import InputError
from strongroom.intake.findings import Level
from strongroom.intake.signatures import (
    Arrived,
    Checked,
    Claim,
    check_claim,
    sign_files,
)
from strongroom.intake.statements import ALONE
from tests.intake.signers import Pair, make_authority, make_pair

NOW = datetime.now(UTC) + timedelta(hours=1)
FILES = {"a.bin": "1" * 64, "sub/b": "2" * 64}
ARRIVED = Arrived(name="llm", files=FILES)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return make_pair(tmp_path)


def checked(
    pair: Pair, arrived: Arrived, files: Mapping[str, str] = FILES, name: str = "llm"
) -> Checked:
    bundle = sign_files(name, files, pair.signer)
    return check_claim(Claim(bundle=bundle, trust=(pair.key,)), arrived, at=NOW)


def faults(found: Checked) -> list[tuple[str, str]]:
    """Return the rule and level of everything that is not only told."""
    listed = [(f.rule, f.level.value) for f in found.findings]
    return [one for one in listed if one[1] != Level.NOTE]


def test_files_as_they_were_signed_pass_and_the_signer_is_named(pair: Pair) -> None:
    found = checked(pair, ARRIVED)

    assert faults(found) == []
    assert found.signer == pair.key.fingerprint
    assert found.findings[0].message == (
        f"2 files signed as 'llm' by key {pair.key.fingerprint}"
    )


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"a.bin": "1" * 64}, "1 file signed and not there: 'sub/b'"),
        ({**FILES, ".git/x": "3" * 64}, "1 file there and not signed: '.git/x'"),
        ({**FILES, "sub/b": "3" * 64}, "1 file not as they were signed: 'sub/b'"),
    ],
)
def test_a_file_changed_added_or_missing_is_refused(
    pair: Pair, files: Mapping[str, str], why: str
) -> None:
    found = checked(pair, replace(ARRIVED, files=files))

    assert faults(found) == [("signature/files", "error")]
    assert why in [finding.message for finding in found.findings]


def test_the_signature_itself_need_not_be_signed_and_a_copy_of_it_changed_must(
    pair: Pair,
) -> None:
    bundle = sign_files("llm", FILES, pair.signer)
    claim = Claim(bundle=bundle, trust=(pair.key,))

    for data, expected in ((bundle, []), (bundle + b"\n", ["signature/files"])):
        own = hashlib.sha256(data).hexdigest()
        arrived = replace(ARRIVED, files={**FILES, "model.sig": own})
        found = check_claim(claim, arrived, at=NOW)
        assert [rule for rule, _ in faults(found)] == expected


def test_the_signature_under_several_names_is_signed_under_none(pair: Pair) -> None:
    """Any number of copies, such as a config.json, once passed as the signature."""
    bundle = sign_files("llm", FILES, pair.signer)
    own = hashlib.sha256(bundle).hexdigest()
    arrived = replace(ARRIVED, files={**FILES, "model.sig": own, "config.json": own})

    found = check_claim(Claim(bundle=bundle, trust=(pair.key,)), arrived, at=NOW)

    assert faults(found) == [("signature/files", "error")]


def test_another_name_and_empty_folders_are_noticed(pair: Pair) -> None:
    odd = Arrived(name="other", files=FILES, empty_folders=["sub/new"])

    assert faults(checked(pair, odd)) == [
        ("signature/name", "warning"),
        ("signature/folder", "warning"),
    ]


def test_one_file_is_signed_without_its_name(pair: Pair) -> None:
    alone = Arrived(name="a.bin", files={"a.bin": "1" * 64})

    assert faults(checked(pair, alone, {ALONE: "1" * 64}, "a.bin")) == []
    assert faults(checked(pair, alone, {ALONE: "2" * 64}, "a.bin")) != []
    assert faults(checked(pair, ARRIVED, {ALONE: "1" * 64})) != []


def test_a_signature_by_somebody_else_is_refused(tmp_path: Path, pair: Pair) -> None:
    other = make_pair(tmp_path, "other")
    hinted = Claim(bundle=sign_files("llm", FILES, other.signer), trust=(pair.key,))
    lying = replace(
        hinted,
        bundle=hinted.bundle.replace(
            other.key.fingerprint.encode(), pair.key.fingerprint.encode()
        ),
    )

    for claim, why in ((hinted, "signature is by key"), (lying, "is not by key")):
        found = check_claim(claim, ARRIVED, at=NOW)
        assert faults(found) == [("signature/invalid", "error")]
        assert why in found.findings[0].message
        assert found.signer == ""


def test_any_key_of_several_may_sign_and_no_other(tmp_path: Path, pair: Pair) -> None:
    other, third = make_pair(tmp_path, "other"), make_pair(tmp_path, "third")
    bundle = sign_files("llm", FILES, other.signer)
    unhinted = bundle.replace(other.key.fingerprint.encode(), b"")

    for each in (bundle, unhinted):
        claim = Claim(bundle=each, trust=(pair.key, other.key, third.key))
        assert check_claim(claim, ARRIVED, at=NOW).signer == other.key.fingerprint
        wrong = replace(claim, trust=(pair.key, third.key))
        assert faults(check_claim(wrong, ARRIVED, at=NOW)) == [
            ("signature/invalid", "error")
        ]


def test_an_authority_vouches_for_a_signer_until_the_certificate_expires(
    tmp_path: Path, pair: Pair
) -> None:
    authority = make_authority(tmp_path)
    _, der = authority.issue(pair)
    bundle = sign_files("llm", FILES, pair.signer, chain=[der])
    claim = Claim(bundle=bundle, trust=authority.anchors)

    assert check_claim(claim, ARRIVED, at=NOW).signer == pair.key.fingerprint
    late = NOW + timedelta(days=11)
    assert faults(check_claim(claim, ARRIVED, at=late)) != []
    # Whoever pins the key itself needs nobody who vouches, and no time.
    pinned = Claim(bundle=bundle, trust=(pair.key,))
    assert faults(check_claim(pinned, ARRIVED, at=late)) == []
    bare = replace(claim, bundle=sign_files("llm", FILES, pair.signer))
    assert "bare key" in check_claim(bare, ARRIVED, at=NOW).findings[0].message


def test_a_certificate_of_another_key_is_not_put_beside_a_signature(
    tmp_path: Path, pair: Pair
) -> None:
    _, der = make_authority(tmp_path).issue(make_pair(tmp_path, "other"))

    with pytest.raises(InputError, match="not of the key that signs"):
        sign_files("llm", FILES, pair.signer, chain=[der])


@pytest.mark.parametrize("bundle", [b"", b"{}", b"[" * 100_000, b"\xff", b"null"])
def test_what_is_no_signature_is_refused(pair: Pair, bundle: bytes) -> None:
    found = check_claim(Claim(bundle=bundle, trust=(pair.key,)), ARRIVED, at=NOW)

    assert faults(found) == [("signature/invalid", "error")]
