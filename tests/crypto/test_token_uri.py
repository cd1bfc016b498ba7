"""URIs that name a key in a token: all of it is known, and no PIN is in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto.token_uri import TokenUri
from strongroom.errors import InputError

MODULE = "?module-path=/usr/lib/softhsm/libsofthsm2.so"
WORDS = st.text(min_size=1, max_size=32).filter(str.isprintable)


def test_the_example_of_the_rfc_names_a_token_and_an_object() -> None:
    """RFC 7512 section 3: spaces are percent-encoded."""
    uri = TokenUri.from_text(
        "pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;object=my-certificate"
        + MODULE
    )

    assert uri.token == "The Software PKCS#11 Softtoken"
    assert uri.object == "my-certificate"
    assert uri.module == "/usr/lib/softhsm/libsofthsm2.so"


@given(token=WORDS, serial=WORDS | st.just(""), label=WORDS, module=WORDS)
def test_what_is_written_is_read(
    token: str, serial: str, label: str, module: str
) -> None:
    uri = TokenUri(token=token, serial=serial, object=label, module="/" + module)

    assert TokenUri.from_text(str(uri)) == uri


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file:custodians/home", "no pkcs11"),
        ("pkcs11:object=key" + MODULE, "names no token"),
        ("pkcs11:token=room", "no PKCS#11 library"),
        ("pkcs11:token=room?module-path=lib.so", "whole path"),
        ("pkcs11:token=room?module-path=/lib.so%00.so", "whole path"),
        ("pkcs11:token=room;token=other" + MODULE, "there twice"),
        ("pkcs11:token=room;slot-id=3" + MODULE, "unknown"),
        ("pkcs11:token=room;serial" + MODULE, "unknown"),
        ("pkcs11:token=%ff" + MODULE, "not UTF-8"),
        ("pkcs11:token=a%00b" + MODULE, "cannot be shown"),
        ("pkcs11:token=" + 3000 * "a" + MODULE, "2048"),
    ],
)
def test_what_names_no_token_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        TokenUri.from_text(text)


@pytest.mark.parametrize("name", ["pin-value=1234", "pin-source=file:/etc/pin"])
def test_a_pin_in_a_uri_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(InputError, match="no PIN") as raised:
        TokenUri.from_text("pkcs11:token=room" + MODULE + "&" + name)

    assert "1234" not in str(raised.value)
