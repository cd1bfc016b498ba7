"""A token is what its holder has, and its hash is all that a database has."""

from __future__ import annotations

import base64

import pytest

from strongroom import canonical
from strongroom.access import tokens
from strongroom.types import Secret

RAW = bytes(range(224, 256))


def test_a_token_is_32_random_bytes_as_url_safe_base64() -> None:
    token = tokens.new_token(lambda count: RAW[:count] + bytes(count - len(RAW)))

    assert base64.urlsafe_b64decode(token.reveal()) == RAW


def test_a_token_is_looked_up_by_the_same_hash_in_every_version() -> None:
    """Whoever is logged in stays so when Strongroom is upgraded."""
    token = Secret(base64.urlsafe_b64encode(RAW))

    found = canonical.digest("strongroom/v1/session-token", RAW)
    assert tokens.token_hash(token) == found


@pytest.mark.parametrize("text", [b"=", b"!", b"a"])
def test_text_of_another_form_has_the_hash_of_nothing(text: bytes) -> None:
    nothing = canonical.digest("strongroom/v1/session-token", b"")

    assert tokens.token_hash(Secret(text)) == nothing
