"""A scheme names one adapter, which is imported when a room first names it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from strongroom.app.schemes import (
    CUSTODIANS,
    STORES,
    custodian_scheme,
    scheme_of,
)
from strongroom.errors import SetupError

ADAPTERS = (
    "botocore",
    "strongroom.crypto.custody.aws_kms",
    "strongroom.crypto.custody.pkcs11",
    "strongroom.crypto.custody.remote",
    "strongroom.crypto.custody.transit",
    "strongroom.stores.memory",
)


def test_no_adapter_is_loaded_before_a_room_names_it() -> None:
    """All of them were, at the start of every command."""
    program = "import strongroom.app, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert not set(ADAPTERS) & set(done.stdout.split())


@pytest.mark.parametrize("scheme", CUSTODIANS)
def test_a_custodian_is_named_as_its_hint_says(scheme: str) -> None:
    assert scheme_of(custodian_scheme(scheme).uri)[0] == scheme


@pytest.mark.parametrize("scheme", STORES)
def test_every_store_of_the_table_can_be_made(tmp_path: Path, scheme: str) -> None:
    assert list(STORES[scheme].open(str(tmp_path / "store")).names()) == []
    assert scheme_of(STORES[scheme].uri)[0] == scheme


@pytest.mark.parametrize("uri", ["", ":", "file:", ":path", "file", "a" * 5000])
def test_what_is_no_uri_is_refused(uri: str) -> None:
    with pytest.raises(SetupError, match="is no URI"):
        scheme_of(uri)


@pytest.mark.parametrize("scheme", ["", "unix", "tape", "FILE", "file ", "x" * 5000])
def test_an_adapter_that_does_not_exist_is_refused_with_those_that_do(
    scheme: str,
) -> None:
    with pytest.raises(SetupError, match="no custodian is made for") as raised:
        custodian_scheme(scheme)
    assert "file:PATH" in raised.value.hint
    assert len(str(raised.value)) < 100
