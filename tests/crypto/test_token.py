"""A key in a real token: made there, kept there, and found again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from strongroom.crypto.token import TokenKey
from strongroom.crypto.token_login import log_in
from strongroom.errors import (
    ConflictError,
    MissingError,
    SetupError,
    UnavailableError,
)
from strongroom.types import Secret
from tests.softhsm import PIN, SoftHsm

NONCE, PLACE, SHARE = bytes(12), b"place", Secret(bytes(range(32)))


def test_the_token_gives_the_bytes_that_anybody_would(hsm: SoftHsm) -> None:
    """The tag binds place and nonce, and nothing is lost on the way."""
    key = TokenKey.generate(hsm.new_token(), PIN, key_id=b"root-a")
    sealed = key.encrypt(NONCE, SHARE, PLACE)

    assert len(sealed) == 32 + 16
    assert key.decrypt(NONCE, sealed, PLACE) == SHARE
    assert key.decrypt(NONCE, sealed, b"elsewhere") is None
    assert key.decrypt(bytes(11) + b"\1", sealed, PLACE) is None
    assert key.decrypt(NONCE, sealed[:-1], PLACE) is None
    assert key.decrypt(NONCE, b"", PLACE) is None


def test_the_key_never_leaves_its_token(hsm: SoftHsm) -> None:
    from pkcs11 import Attribute, ObjectClass
    from pkcs11.exceptions import AttributeSensitive

    uri = hsm.new_token()
    TokenKey.generate(uri, PIN, key_id=b"root-a")
    session = log_in(uri, PIN, writing=False)
    (found,) = session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY})

    assert found[Attribute.NEVER_EXTRACTABLE]
    assert found[Attribute.ALWAYS_SENSITIVE]
    assert found[Attribute.LOCAL]
    with pytest.raises(AttributeSensitive):
        found[Attribute.VALUE]


@pytest.mark.parametrize("sensitive", [False, True])
def test_a_key_that_could_leave_is_not_used(hsm: SoftHsm, *, sensitive: bool) -> None:
    """In the clear, or wrapped under another key."""
    from pkcs11 import Attribute, KeyType

    uri = hsm.new_token()
    log_in(uri, PIN, writing=True).generate_key(
        KeyType.AES,
        256,
        label=uri.object,
        id=b"root-a",
        store=True,
        template={Attribute.SENSITIVE: sensitive, Attribute.EXTRACTABLE: True},
    )

    with pytest.raises(SetupError, match="can leave"):
        TokenKey.find(uri, PIN, key_id=b"root-a")


def test_a_key_is_found_by_id_and_label(hsm: SoftHsm) -> None:
    uri = hsm.new_token()
    key = TokenKey.generate(uri, PIN, key_id=b"root-a")
    sealed = key.encrypt(NONCE, SHARE, PLACE)

    assert (
        TokenKey.find(uri, PIN, key_id=b"root-a").decrypt(NONCE, sealed, PLACE) == SHARE
    )
    for other, key_id in ((uri, b"root-b"), (replace(uri, object="x"), b"root-a")):
        with pytest.raises(MissingError, match="0 keys"):
            TokenKey.find(other, PIN, key_id=key_id)
    with pytest.raises(ConflictError, match="has a key"):
        TokenKey.generate(uri, PIN, key_id=b"root-c")


def test_a_key_that_was_destroyed_is_gone(hsm: SoftHsm) -> None:
    uri = hsm.new_token()
    TokenKey.generate(uri, PIN, key_id=b"root-a").destroy()

    with pytest.raises(MissingError):
        TokenKey.find(uri, PIN, key_id=b"root-a")


def test_a_token_that_was_taken_away_does_not_answer(hsm: SoftHsm) -> None:
    """And says how to go on, also after it was put back: its session is over."""
    key = TokenKey.generate(hsm.new_token(), PIN, key_id=b"root-a")
    sealed = key.encrypt(NONCE, SHARE, PLACE)
    away = hsm.tokens.with_name("away")
    hsm.tokens.rename(away)
    try:
        with pytest.raises(UnavailableError, match="does not answer") as raised:
            key.decrypt(NONCE, sealed, PLACE)
        assert "put the token back" in raised.value.hint
        with pytest.raises(UnavailableError):
            key.encrypt(NONCE, SHARE, PLACE)
    finally:
        away.rename(hsm.tokens)
    with pytest.raises(UnavailableError):
        key.decrypt(NONCE, sealed, PLACE)


class ShortOfATag:
    """What a token hands out as a key, whose ciphertext lacks the end."""

    def __init__(self, key: TokenKey) -> None:
        self._key = key._key

    def encrypt(self, plain: bytes, **how: object) -> bytes:
        """Return what the token returns, without its last byte."""
        return bytes(self._key.encrypt(plain, **how))[:-1]


def test_a_token_that_returns_another_length_seals_nothing(hsm: SoftHsm) -> None:
    """What nobody could open again would have been kept as a share."""
    key = TokenKey.generate(hsm.new_token(), PIN, key_id=b"root-a")
    lying = TokenKey("t", key._session, ShortOfATag(key))

    with pytest.raises(UnavailableError, match="another length"):
        lying.encrypt(NONCE, SHARE, PLACE)
