"""A passphrase yields a key at a bounded cost."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from strongroom.crypto import passphrases
from strongroom.crypto.passphrases import Cost
from strongroom.errors import InputError
from strongroom.types import Secret

FLOOR = Cost(memory_kib=19 * 1024, passes=2, lanes=1)
SALT = bytes(range(16))


def test_the_key_is_what_a_second_implementation_derives() -> None:
    second = Argon2id(
        salt=SALT, length=32, iterations=2, lanes=1, memory_cost=19 * 1024
    )

    key = passphrases.derive(Secret(b"correct horse"), SALT, FLOOR)

    assert key.reveal() == second.derive(b"correct horse")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("memory_kib", 19 * 1024 - 1),
        ("memory_kib", 1024 * 1024 + 1),
        ("passes", 1),
        ("passes", 17),
        ("lanes", 0),
        ("lanes", 17),
    ],
)
def test_a_cost_outside_floor_and_ceiling_is_refused(name: str, value: int) -> None:
    with pytest.raises(InputError, match="not in"):
        Cost(**{name: value})


def test_an_empty_or_endless_passphrase_is_refused() -> None:
    for passphrase in (b"", bytes(1025)):
        with pytest.raises(InputError):
            passphrases.derive(Secret(passphrase), SALT, FLOOR)
    with pytest.raises(InputError):
        passphrases.derive(Secret(b"x"), b"salt", FLOOR)


def test_the_longest_passphrase_and_the_dearest_guess_are_taken() -> None:
    assert Cost(memory_kib=1024 * 1024, passes=16, lanes=16)
    assert len(passphrases.derive(Secret(bytes(1024)), SALT, FLOOR)) == 32


def test_the_usual_cost_is_the_second_choice_of_rfc_9106() -> None:
    """Section 4: 64 MiB, three passes, four lanes."""
    assert Cost() == Cost(memory_kib=64 * 1024, passes=3, lanes=4)
