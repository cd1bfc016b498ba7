"""A signature is over a payload and its type."""

from __future__ import annotations

from strongroom.intake.dsse import preauthentication_encoding


def test_the_encoding_is_that_of_the_specification() -> None:
    """Source: DSSE 1.0.2, protocol.md, the test vector."""
    found = preauthentication_encoding("http://example.com/HelloWorld", b"hello world")

    assert found == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_lengths_are_of_bytes() -> None:
    assert preauthentication_encoding("é", b"") == "DSSEv1 2 é 0 ".encode()
