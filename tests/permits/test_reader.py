"""Answers of the desk, and what a reader refuses to believe."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from strongroom.crypto import keys
from strongroom.crypto.hpke import ReaderKey, seal_to
from strongroom.crypto.parts import PartOrder
from strongroom.crypto.roomkeys import PublicKeys
from strongroom.crypto.signing import VerifyKey
from strongroom.errors import InputError, IntegrityError, MissingError
from strongroom.permits.answer import Answer, KeyPart
from strongroom.permits.opening import Opening
from strongroom.permits.reader import OpenedAnswer, open_answer
from strongroom.types import AccountId, ArtifactId, PermitId, RoomId, Secret
from strongroom.vault.manifest_segment import ManifestSegment
from tests.permits.documents import (
    KEYS,
    MANIFEST,
    NOW,
    OPENING,
    READER,
    ROOM,
    SEGMENT_KEYS,
    identifier,
    release,
    signed_answer,
    signed_manifest,
)

VECTOR = json.loads(
    (Path(__file__).parents[1] / "vectors" / "release.json").read_text()
)


def check(data: bytes, **changes: object) -> OpenedAnswer:
    values: dict[str, object] = {
        "opening": OPENING,
        "reader": READER,
        "keys": KEYS.public,
        "room": ROOM,
        **changes,
    }
    return open_answer(data, **values)  # type: ignore[arg-type]  # a test bends any


def test_the_published_answer_opens() -> None:
    asked = VECTOR["opening"]
    reader = ReaderKey(Secret(bytes.fromhex(VECTOR["reader_seed"])))
    opening = Opening(
        permit=PermitId(asked["permit"]),
        artifact=ArtifactId(asked["artifact"]),
        version=asked["version"],
        segments=tuple(asked["segments"]),
        reader=reader.public,
        nonce=bytes.fromhex(asked["nonce"]),
    )
    pinned = PublicKeys(
        checkpoint=KEYS.checkpoint.public,
        permit=KEYS.permit.public,
        manifest=VerifyKey(bytes.fromhex(VECTOR["manifest_key"])),
        answer=VerifyKey(bytes.fromhex(VECTOR["answer_key"])),
    )

    opened = open_answer(
        VECTOR["answer"].encode(),
        opening=opening,
        reader=reader,
        keys=pinned,
        room=RoomId(VECTOR["room"]),
    )

    assert opening.digest == VECTOR["opening_digest"]
    assert opened.release.info(opening).hex() == VECTOR["info"]
    assert [k.reveal().hex() for k in opened.keys.values()] == VECTOR["keys"]
    assert opened.manifest == MANIFEST


def test_an_honest_answer_opens() -> None:
    opened = check(signed_answer(release()).to_bytes())
    joined = b"".join(key.reveal() for key in opened.keys.values())
    assert joined == SEGMENT_KEYS.reveal()


def test_a_flipped_bit_anywhere_is_refused() -> None:
    data = signed_answer(release()).to_bytes()
    for at in range(len(data)):
        bent = bytearray(data)
        bent[at] ^= 1 << (at % 8)
        with pytest.raises(IntegrityError):
            check(bytes(bent))


@pytest.mark.parametrize(
    "changes",
    [
        {"room": RoomId(identifier("room", 99))},
        {"permit": PermitId(identifier("permit", 99))},
        {"artifact": ArtifactId(identifier("model", 99))},
        {"version": 2},
        {"generation": 2},
        {"manifest": "00" * 32},
        {"segments": (MANIFEST.segments[0].id, MANIFEST.segments[1].id)},
        {"segments": ()},
        {"opening": "00" * 32},
    ],
)
def test_a_signed_answer_to_another_question_is_refused(
    changes: dict[str, object],
) -> None:
    with pytest.raises(IntegrityError):
        check(signed_answer(release(**changes)).to_bytes())


@pytest.mark.parametrize(
    "changes",
    [
        {"account": AccountId(identifier("account", 99))},
        {"session": ""},
        {"request": identifier("request", 99)},
        {"entry": "00" * 32},
        {"expires_at": NOW + timedelta(days=9)},
    ],
)
def test_keys_sealed_for_another_release_do_not_open(
    changes: dict[str, object],
) -> None:
    """Whoever can sign answers and lacks the keys cannot pass old ones on."""
    bent = signed_answer(release(**changes), info_of=release())
    with pytest.raises(IntegrityError, match="not for this reader"):
        check(bent.to_bytes())


def test_another_reader_opens_nothing() -> None:
    with pytest.raises(IntegrityError, match="not for this reader"):
        check(signed_answer(release()).to_bytes(), reader=ReaderKey.generate())


def test_the_answer_to_another_nonce_is_refused() -> None:
    other = replace(OPENING, nonce=bytes(32))
    with pytest.raises(IntegrityError, match="another question"):
        check(signed_answer(release()).to_bytes(), opening=other)


def test_another_signature_is_refused() -> None:
    answer = signed_answer(release())
    for signed in (
        KEYS.permit.sign("answer", answer.payload),
        KEYS.answer.sign("permit", answer.payload),
    ):
        with pytest.raises(IntegrityError):
            check(signed.to_bytes())


def test_an_old_manifest_is_refused() -> None:
    """The desk names the manifest; last week's signed one does not have its digest."""
    old = signed_manifest(replace(MANIFEST, sealed_at=NOW - timedelta(days=7)))
    with pytest.raises(IntegrityError, match="manifest is of another version"):
        check(signed_answer(release(), manifest=old).to_bytes())


def test_a_manifest_that_the_room_did_not_sign_is_refused() -> None:
    forged = KEYS.answer.sign("manifest", MANIFEST.payload()).to_bytes()
    with pytest.raises(IntegrityError):
        check(signed_answer(release(), manifest=forged).to_bytes())


@pytest.mark.parametrize("length", [0, 32, 63, 65, 96])
def test_another_number_of_keys_is_refused(length: int) -> None:
    bent = signed_answer(release(), secret=Secret(bytes(length)))
    with pytest.raises(IntegrityError):
        check(bent.to_bytes())


@pytest.mark.parametrize(
    "payload", [b"[]", b"{}", b"1", b'{"release":1}', b'{"release":{}}', b""]
)
def test_what_is_no_answer_is_refused(payload: bytes) -> None:
    with pytest.raises(IntegrityError):
        check(KEYS.answer.sign("answer", payload).to_bytes())


def test_an_unknown_segment_of_the_opening_is_missing() -> None:
    with pytest.raises((IntegrityError, MissingError)):
        check(
            signed_answer(release()).to_bytes(),
            opening=replace(OPENING, segments=("x",)),
        )


@pytest.mark.parametrize(
    "changes", [{"nonce": bytes(31)}, {"segments": ()}, {"reader": bytes(5)}]
)
def test_an_opening_of_another_shape_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InputError):
        replace(OPENING, **changes)  # type: ignore[arg-type]  # bent on purpose


def test_every_field_of_an_opening_changes_its_digest() -> None:
    digests = {
        OPENING.digest,
        replace(OPENING, permit=PermitId("permit-x")).digest,
        replace(OPENING, artifact=ArtifactId("model-x")).digest,
        replace(OPENING, version=2).digest,
        replace(OPENING, segments=("blocks.0",)).digest,
        replace(OPENING, segments=("ü", "blocks.0")).digest,
        replace(OPENING, reader=ReaderKey.generate().public).digest,
        replace(OPENING, nonce=bytes(32)).digest,
    }
    assert len(digests) == 8


# --- parts that custodians sealed themselves -----------------------------------

SHARES = (Secret(bytes(32)), Secret(bytes(range(32))))


def shared(segment: ManifestSegment) -> ManifestSegment:
    """Return the segment as if it had been sealed with two shares."""
    context = replace(segment.facts.context, shares=2)
    parts = [
        keys.derive_share_key(share, i, segment.facts.salt, context)
        for i, share in enumerate(SHARES)
    ]
    key = keys.derive_key(parts, segment.facts.salt, context)
    facts = replace(
        segment.facts,
        context=context,
        commitment=keys.commitment(key, segment.facts.salt, context),
    )
    return replace(segment, facts=facts, custodians=(segment.domain, "second"))


TWO = replace(MANIFEST, segments=(*MANIFEST.segments[:2], shared(MANIFEST.segments[2])))
FOUND = release(manifest=TWO.digest)


def part(number: int, share: Secret) -> KeyPart:
    """Return what the custodian of a share seals for the release."""
    segment = TWO.segments[2]
    order = PartOrder(
        room=ROOM,
        context=segment.facts.context,
        share=number,
        salt=segment.facts.salt,
        wrapped=b"",
        reader=READER.public,
        info=FOUND.info(OPENING),
        entry=bytes.fromhex(FOUND.entry),
    )
    return KeyPart(segment=segment.id, share=number, sealed=order.seal(share))


PARTS = tuple(part(i, share) for i, share in enumerate(SHARES))


def answered(parts: tuple[KeyPart, ...], *, whole: int = 1) -> bytes:
    """Return a signed answer with these parts and that many whole keys."""
    secret = Secret(SEGMENT_KEYS.reveal()[: 32 * whole])
    sealed = seal_to(READER.public, secret, FOUND.info(OPENING)) if whole else b""
    answer = Answer(
        release=FOUND,
        manifest=signed_manifest(TWO),
        sealed_keys=sealed,
        parts=parts,
    )
    return KEYS.answer.sign("answer", answer.payload()).to_bytes()


def test_the_reader_combines_parts_and_checks_the_commitment() -> None:
    opened = check(answered(PARTS))
    segment = TWO.segments[2]

    assert [*opened.keys] == [*FOUND.segments]
    assert opened.keys[FOUND.segments[0]].reveal() == SEGMENT_KEYS.reveal()[:32]
    keys.verify_commitment(
        opened.keys[segment.id],
        segment.facts.commitment,
        segment.facts.salt,
        segment.facts.context,
    )


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((), "is missing"),
        (PARTS[:1], "is missing"),
        (PARTS[1:], "is missing"),
        (PARTS[::-1], "not asked for"),
        ((*PARTS, PARTS[0]), "not asked for"),
        ((*PARTS, replace(PARTS[0], share=2)), "not asked for"),
        ((*PARTS, replace(PARTS[0], segment=MANIFEST.segments[0].id)), "not asked"),
        ((replace(PARTS[1], share=0), PARTS[1]), "not for this reader"),
        ((PARTS[0], replace(PARTS[1], sealed=PARTS[0].sealed)), "not for this"),
        ((PARTS[0], part(1, Secret(b"\7" * 32))), "not the one that sealed"),
    ],
)
def test_parts_that_are_not_those_of_the_manifest_are_refused(
    parts: tuple[KeyPart, ...], said: str
) -> None:
    """A desk cannot give a whole key where the manifest wants two custodians."""
    with pytest.raises(IntegrityError, match=said):
        check(answered(parts))


def test_a_whole_key_too_many_beside_parts_is_refused() -> None:
    for whole in (0, 2):
        with pytest.raises(IntegrityError):
            check(answered(PARTS, whole=whole))


def test_parts_and_nothing_else_is_an_answer_too() -> None:
    """A custodian elsewhere releases its part also where it is the only one."""
    only = replace(OPENING, segments=("ü",))
    found = release(
        manifest=TWO.digest, opening=only.digest, segments=(TWO.segments[2].id,)
    )
    orders = [
        PartOrder(
            room=ROOM,
            context=TWO.segments[2].facts.context,
            share=i,
            salt=TWO.segments[2].facts.salt,
            wrapped=b"",
            reader=READER.public,
            info=found.info(only),
            entry=bytes.fromhex(found.entry),
        )
        for i in range(2)
    ]
    answer = Answer(
        release=found,
        manifest=signed_manifest(TWO),
        sealed_keys=b"",
        parts=tuple(
            KeyPart(segment=found.segments[0], share=i, sealed=order.seal(SHARES[i]))
            for i, order in enumerate(orders)
        ),
    )
    signed = KEYS.answer.sign("answer", answer.payload()).to_bytes()

    assert [*check(signed, opening=only).keys] == [*found.segments]
