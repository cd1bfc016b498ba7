"""The room's own keys."""

from __future__ import annotations

import os

import pytest

from strongroom.crypto.roomkeys import (
    MOST_SECOND,
    NAMES,
    SIGNING_NAMES,
    PublicKeys,
    RoomKeys,
    all_names,
    are_whole,
    new_second_seeds,
    new_seeds,
    second_names,
)
from strongroom.errors import ConflictError, IntegrityError, SetupError
from strongroom.types import Secret


def test_every_key_is_its_own() -> None:
    seeds = new_seeds(os.urandom)
    assert set(seeds) == set(NAMES)
    assert len({seed.reveal() for seed in seeds.values()}) == len(NAMES)
    assert {len(seed) for seed in seeds.values()} == {32}


def test_pinned_keys_are_those_of_the_seeds() -> None:
    keys = RoomKeys.from_seeds(new_seeds(os.urandom))
    assert PublicKeys.from_hex(keys.public.to_hex()) == keys.public
    assert set(keys.public.to_hex()) == set(SIGNING_NAMES)


def test_no_key_signs_for_another() -> None:
    keys = RoomKeys.from_seeds(new_seeds(os.urandom))
    for name in SIGNING_NAMES:
        signed = getattr(keys, name).sign("manifest", b"payload")
        for other in SIGNING_NAMES:
            public = getattr(keys.public, other)
            if other == name:
                assert signed.verify("manifest", public) == b"payload"
            else:
                with pytest.raises(IntegrityError):
                    signed.verify("manifest", public)


def test_keys_do_not_print() -> None:
    seeds = new_seeds(os.urandom)
    keys = RoomKeys.from_seeds(seeds)
    for seed in seeds.values():
        assert seed.reveal().hex() not in repr(keys)
        assert repr(seed.reveal()) not in repr(keys)


@pytest.mark.parametrize("bent", ["", "zz", "00" * 31, "00" * 33])
@pytest.mark.parametrize("name", SIGNING_NAMES)
def test_a_pin_that_is_no_key_is_refused(name: str, bent: str) -> None:
    """A pin of another length once left as an InputError about public keys."""
    pins = RoomKeys.from_seeds(new_seeds(os.urandom)).public.to_hex()
    with pytest.raises(SetupError, match="does not pin"):
        PublicKeys.from_hex({**pins, name: bent})


def test_a_missing_pin_is_refused() -> None:
    pins = RoomKeys.from_seeds(new_seeds(os.urandom)).public.to_hex()
    del pins["answer"]
    with pytest.raises(SetupError):
        PublicKeys.from_hex(pins)


def with_seconds(count: int) -> tuple[RoomKeys, dict[str, Secret]]:
    """Return keys whose second ones were made so often, and all their seeds."""
    seeds = new_seeds(os.urandom)
    for number in range(1, count + 1):
        seeds |= new_second_seeds(os.urandom, number)
    return RoomKeys.from_seeds(seeds), seeds


@pytest.mark.parametrize("count", [0, 1, 3, MOST_SECOND])
def test_second_keys_and_their_successors_come_back_in_order(count: int) -> None:
    keys, seeds = with_seconds(count)

    assert len(keys.checkpoint.seconds) == len(keys.manifest.seconds) == count
    assert PublicKeys.from_hex(keys.public.to_hex()) == keys.public
    assert are_whole(seeds)
    assert set(seeds) == set(all_names(count))
    for missing in set(seeds) - set(second_names(count).values() if count else ()):
        assert not are_whole(seeds.keys() - {missing})


def test_more_second_keys_than_a_room_may_have_are_not_whole() -> None:
    assert not are_whole(all_names(MOST_SECOND + 1))


def test_what_is_pinned_is_the_beginning_of_what_is_held() -> None:
    three, _ = with_seconds(3)
    pins = three.public.to_hex()
    names = [name for n in (1, 2, 3) for name in second_names(n).values()]
    for count in range(4):
        kept = {n: k for n, k in pins.items() if n not in names[2 * count :]}
        assert PublicKeys.from_hex(kept).are_held(three.public)
    other, _ = with_seconds(3)
    assert not other.public.are_held(three.public)
    swapped = {**pins, names[0]: pins[names[2]], names[2]: pins[names[0]]}
    assert not PublicKeys.from_hex(swapped).are_held(three.public)


def test_whatever_second_key_signed_is_verified_and_one_is_asked_for_by_digest() -> (
    None
):
    keys, _ = with_seconds(2)
    first, second = keys.manifest.seconds
    for one in (None, first.public.digest, second.public.digest):
        signed = keys.manifest.sign("manifest", b"text", both=True, second=one)
        wanted = first if one == first.public.digest else second
        assert signed.signatures[1].key_id == wanted.public.key_id
        assert signed.verify("manifest", keys.public.manifest, both=True) == b"text"
    with pytest.raises(ConflictError, match="since it was opened"):
        keys.manifest.sign("manifest", b"text", both=True, second="0" * 64)
