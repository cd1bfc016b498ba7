"""Manifests: what they say, and that nothing else can be made of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom import canonical
from strongroom.crypto.mldsa import MlDsaSigner
from strongroom.crypto.signing import Signed, SigningKey, VerifyKey
from strongroom.errors import InputError, IntegrityError, MissingError
from strongroom.types import Secret
from strongroom.vault.manifest import (
    MAX_MANIFEST_BYTES,
    PURPOSE,
    Manifest,
    manifest_digest,
    open_manifest,
    parse_manifest,
)
from strongroom.vault.manifest_segment import ManifestSegment
from tests.permits.documents import MANIFEST, segment, signed_manifest

VECTOR = json.loads(
    (Path(__file__).parents[1] / "vectors" / "manifest.json").read_text()
)


def test_the_published_manifest_reads_and_verifies() -> None:
    key = VerifyKey(bytes.fromhex(VECTOR["public_key"]))
    signed = Signed.from_bytes(VECTOR["signed"].encode(), MAX_MANIFEST_BYTES)

    payload = signed.verify(PURPOSE, key)

    assert payload.decode() == VECTOR["payload"]
    assert manifest_digest(payload) == VECTOR["digest"]
    assert parse_manifest(payload) == MANIFEST


def test_the_published_manifest_is_what_we_write() -> None:
    assert MANIFEST.payload().decode() == VECTOR["payload"]
    assert signed_manifest().decode() == VECTOR["signed"]


def two_custodians() -> Manifest:
    """Return the published manifest with a second custodian for two segments."""
    first, *others = MANIFEST.segments
    return replace(MANIFEST, segments=(first, *map(with_second, others)))


def with_second(one: ManifestSegment) -> ManifestSegment:
    context = replace(one.facts.context, shares=2)
    return replace(
        one,
        facts=replace(one.facts, context=context),
        custodians=(one.domain, "second"),
    )


def test_the_second_form_names_the_custodian_of_every_share() -> None:
    """The first form stays what it was: one custodian, and no field for it."""
    found = VECTOR["two_custodians"]
    key = VerifyKey(bytes.fromhex(VECTOR["public_key"]))
    signed = Signed.from_bytes(found["signed"].encode(), MAX_MANIFEST_BYTES)
    payload = signed.verify(PURPOSE, key)

    assert payload.decode() == found["payload"]
    assert manifest_digest(payload) == found["digest"]
    assert parse_manifest(payload) == two_custodians()
    assert two_custodians().payload() == payload
    assert json.loads(payload)["v"] == 2
    assert json.loads(VECTOR["payload"])["v"] == 1
    assert "custodians" not in VECTOR["payload"]


def one_rekeyed() -> Manifest:
    """Return the published manifest after its last segment was re-keyed."""
    *others, last = MANIFEST.segments
    context = replace(last.facts.context, generation=2)
    fresh = replace(last, facts=replace(last.facts, context=context))
    return replace(MANIFEST, generation=2, segments=(*others, fresh))


def test_the_third_form_names_the_generation_of_every_segment() -> None:
    """The other forms stay what they were: one generation, stated once."""
    found = VECTOR["one_rekeyed"]
    key = VerifyKey(bytes.fromhex(VECTOR["public_key"]))
    signed = Signed.from_bytes(found["signed"].encode(), MAX_MANIFEST_BYTES)
    payload = signed.verify(PURPOSE, key)

    assert payload.decode() == found["payload"]
    assert manifest_digest(payload) == found["digest"]
    assert parse_manifest(payload) == one_rekeyed()
    assert one_rekeyed().payload() == payload
    assert json.loads(payload)["v"] == 3
    assert [s["generation"] for s in json.loads(payload)["segments"]][-1] == 2
    assert "generation" not in json.loads(VECTOR["payload"])["segments"][0]


SECOND = json.loads(
    (Path(__file__).parents[1] / "vectors" / "second_signatures.json").read_text()
)["manifest"]
TWICE = SigningKey(
    Secret(bytes.fromhex(SECOND["ed25519_seed"])),
    MlDsaSigner(Secret(bytes.fromhex(SECOND["ml_dsa_65_seed"]))),
)


def test_the_fourth_form_names_the_signatures_that_it_carries() -> None:
    """Its second signature was made by another implementation."""
    signed = Signed.from_bytes(SECOND["signed"].encode(), MAX_MANIFEST_BYTES)
    found = open_manifest(signed, TWICE.public)

    assert found == replace(MANIFEST, both=True)
    assert found.payload().decode() == SECOND["payload"]
    assert found.digest == SECOND["digest"] != MANIFEST.digest
    document = json.loads(SECOND["payload"])
    assert (document["v"], document["signatures"]) == (4, ["ed25519", "ml-dsa-65"])
    assert "generation" in document["segments"][0]


@pytest.mark.parametrize("of", [MANIFEST, two_custodians(), one_rekeyed()])
def test_every_form_can_carry_two_signatures_and_comes_back(of: Manifest) -> None:
    manifest = replace(of, both=True)
    signed = manifest.sign(TWICE)

    assert len(signed.signatures) == 2
    assert open_manifest(signed, TWICE.public) == manifest
    assert open_manifest(of.sign(TWICE), TWICE.public) == of


@pytest.mark.parametrize("number", [0, 1])
def test_a_manifest_without_one_of_its_signatures_is_refused(number: int) -> None:
    signed = replace(MANIFEST, both=True).sign(TWICE)
    stripped = replace(signed, signatures=(signed.signatures[number],))

    with pytest.raises(IntegrityError, match=r"carries no (second )?signature"):
        open_manifest(stripped, TWICE.public)


def test_a_second_signature_over_another_manifest_is_refused() -> None:
    signed = replace(MANIFEST, both=True).sign(TWICE)
    other = replace(MANIFEST, both=True, version=7).sign(TWICE)
    mixed = replace(signed, signatures=(signed.signatures[0], other.signatures[1]))

    with pytest.raises(IntegrityError, match="second signature is not by"):
        open_manifest(mixed, TWICE.public)


@pytest.mark.parametrize(
    "signatures", [[], ["ed25519"], ["ml-dsa-65", "ed25519"], "both", None, 1]
)
def test_other_lists_of_signatures_are_refused(signatures: canonical.Json) -> None:
    document = json.loads(replace(MANIFEST, both=True).payload())

    with pytest.raises(IntegrityError):
        parse_manifest(canonical.to_json({**document, "signatures": signatures}))


@pytest.mark.parametrize("generation", [0, 3, -1, None, "1", True])
def test_a_segment_of_a_generation_that_cannot_be_is_refused(
    generation: object,
) -> None:
    document = json.loads(one_rekeyed().payload())
    document["segments"][0]["generation"] = generation

    with pytest.raises(IntegrityError):
        parse_manifest(canonical.to_json(document))


@pytest.mark.parametrize(
    "names", [["weights"], ["second", "weights"], ["weights"] * 2, [], [1, 2], "ab"]
)
def test_custodians_that_do_not_fit_the_shares_are_refused(names: object) -> None:
    document = json.loads(two_custodians().payload())
    document["segments"][1]["custodians"] = names

    with pytest.raises(IntegrityError):
        parse_manifest(canonical.to_json(document))


def test_one_form_does_not_pass_for_the_other() -> None:
    for manifest, form in (
        (MANIFEST, 2),
        (two_custodians(), 1),
        (MANIFEST, 3),
        (one_rekeyed(), 2),
    ):
        document = {**json.loads(manifest.payload()), "v": form}
        with pytest.raises(IntegrityError):
            parse_manifest(canonical.to_json(document))


manifests = st.builds(
    lambda count, parent, plain: replace(
        MANIFEST,
        parent=parent,
        plain_bytes=plain,
        segments=tuple(segment(n + 1, f"s{n}") for n in range(count)),
    ),
    st.integers(1, 20),
    st.none() | st.text(max_size=40),
    st.integers(0, 2**53 - 1),
)


@given(manifests)
def test_what_was_written_is_read_back(manifest: Manifest) -> None:
    assert parse_manifest(manifest.payload()) == manifest


def test_a_flipped_bit_anywhere_is_refused() -> None:
    key = VerifyKey(bytes.fromhex(VECTOR["public_key"]))
    data = signed_manifest()
    for at in range(len(data)):
        bent = bytearray(data)
        bent[at] ^= 1 << (at % 8)
        with pytest.raises(IntegrityError):
            Signed.from_bytes(bytes(bent), MAX_MANIFEST_BYTES).verify(PURPOSE, key)


def document() -> dict[str, object]:
    found: dict[str, object] = json.loads(MANIFEST.payload())
    return found


@pytest.mark.parametrize("field", sorted(json.loads(MANIFEST.payload())))
@pytest.mark.parametrize("value", [None, True, -1, "", [], {}, [1], "x" * 100])
def test_a_field_of_another_kind_is_refused_or_says_itself(
    field: str, value: canonical.Json
) -> None:
    """Never another error, and never a manifest that writes itself differently."""
    payload = canonical.to_json({**document(), field: value})  # type: ignore[dict-item]
    try:
        manifest = parse_manifest(payload)
    except IntegrityError:
        return
    assert manifest.payload() == payload


@pytest.mark.parametrize("field", sorted(json.loads(MANIFEST.payload())["segments"][0]))
@pytest.mark.parametrize("value", [None, True, -1, "", [], "zz", 2**40])
def test_a_field_of_a_segment_likewise(field: str, value: canonical.Json) -> None:
    whole = json.loads(MANIFEST.payload())
    whole["segments"][0][field] = value
    payload = canonical.to_json(whole)
    try:
        manifest = parse_manifest(payload)
    except IntegrityError:
        return
    assert manifest.payload() == payload


@pytest.mark.parametrize("field", sorted(json.loads(MANIFEST.payload())))
def test_a_field_that_is_missing_is_refused(field: str) -> None:
    whole = document()
    del whole[field]
    with pytest.raises(IntegrityError):
        parse_manifest(canonical.to_json(whole))  # type: ignore[arg-type]


def test_a_field_that_nobody_knows_is_refused() -> None:
    with pytest.raises(IntegrityError, match="nobody knows"):
        parse_manifest(canonical.to_json({**document(), "x": 1}))  # type: ignore[dict-item]


def test_a_newer_form_is_refused() -> None:
    with pytest.raises(IntegrityError, match="newer form"):
        parse_manifest(canonical.to_json({**document(), "v": 5}))  # type: ignore[dict-item]


@pytest.mark.parametrize("payload", [b"[]", b"1", b"null", b'"x"', b"", b"{}"])
def test_what_is_no_manifest_is_refused(payload: bytes) -> None:
    with pytest.raises(IntegrityError):
        parse_manifest(payload)


@pytest.mark.parametrize("segments", [(), (segment(1, "a"), segment(2, "a"))])
def test_segments_must_differ(segments: tuple[ManifestSegment, ...]) -> None:
    with pytest.raises(InputError, match="share"):
        replace(MANIFEST, segments=segments)


def test_segments_are_selected_by_name_or_id_in_order() -> None:
    second, first = MANIFEST.segments[1], MANIFEST.segments[0]
    assert MANIFEST.select((second.id, first.name)) == (first, second)


def test_an_unknown_segment_says_which_exist() -> None:
    with pytest.raises(MissingError) as caught:
        MANIFEST.select(("blocks.9",))
    assert "architecture, blocks.0" in caught.value.hint
