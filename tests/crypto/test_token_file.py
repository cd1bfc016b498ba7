"""The file beside a token: read as written, or refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from strongroom.crypto.durable import write_durably
from strongroom.crypto.token_file import TokenFile, read_token_file
from strongroom.crypto.token_uri import TokenUri
from strongroom.errors import InputError, IntegrityError, MissingError, SetupError
from tests.crypto.sealed import counting

FILE = TokenFile(
    name="weights",
    root_key_id="root-a",
    uri=TokenUri(token="room 7", serial="4504ce05", module="/usr/lib/hsm.so"),
    anchor_key=bytes(60),
)
VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "custody_token.json").read_text()
)


def test_the_published_file_is_read_and_written() -> None:
    data = VECTORS["file"].encode()
    parsed = TokenFile.from_bytes(data, TokenUri)

    assert parsed.to_bytes() == data
    assert parsed == FILE
    assert parsed.context().hex() == VECTORS["context"]


@pytest.mark.parametrize("field", ["name", "root_key_id", "uri", "anchor_key"])
def test_a_field_that_is_missing_or_odd_is_refused(field: str) -> None:
    document = json.loads(VECTORS["file"])
    for value in (None, 7, "", ["a"]):
        changed = {**document, field: value}
        if field == "root_key_id" or (field == "anchor_key" and value == ""):
            continue  # any text will do until the token is asked
        with pytest.raises(IntegrityError):
            TokenFile.from_bytes(dumped(changed), TokenUri)
    del document[field]
    with pytest.raises(IntegrityError):
        TokenFile.from_bytes(dumped(document), TokenUri)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        VECTORS["file"].encode() + b"\n",
        VECTORS["file"].replace("v1", "v2").encode(),
        b" " * 5000,
    ],
)
def test_what_is_no_such_file_is_refused(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        TokenFile.from_bytes(data, TokenUri)


def test_it_is_read_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    with pytest.raises(MissingError):
        read_token_file(path, TokenUri)
    write_durably(path, FILE.to_bytes(), counting())
    assert read_token_file(path, TokenUri) == FILE
    path.chmod(0o640)
    with pytest.raises(SetupError, match="others"):
        read_token_file(path, TokenUri)


def test_of_several_files_the_refused_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    write_durably(path, b"{}", counting())

    with pytest.raises(IntegrityError, match=f"^{re.escape(str(path))}: "):
        read_token_file(path, TokenUri)


def test_a_name_that_nobody_has_is_refused() -> None:
    with pytest.raises(InputError):
        TokenFile(name="", root_key_id="root-a", uri=FILE.uri)


def dumped(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
