"""The room's own keys."""

from __future__ import annotations

import os

import pytest

from strongroom.crypto.roomkeys import (
    NAMES,
    SIGNING_NAMES,
    PublicKeys,
    RoomKeys,
    new_seeds,
)
from strongroom.errors import IntegrityError, SetupError


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
