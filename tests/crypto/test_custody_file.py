"""The custody file says what it costs to guess, and nothing in it can be changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom import canonical
from strongroom.crypto import wraps
from strongroom.crypto.custody.file import FileCustodian
from strongroom.crypto.custody_file import (
    CustodyFile,
    lock_up,
    read_custody_file,
    unlock,
)
from strongroom.crypto.durable import write_durably
from strongroom.crypto.passphrases import Cost
from strongroom.errors import (
    ConflictError,
    DeniedError,
    InputError,
    IntegrityError,
    MissingError,
    SetupError,
    StaleError,
    UnavailableError,
)
from strongroom.types import Secret
from tests.contracts.histories import anchor, verify_extension
from tests.crypto.sealed import counting, flipped

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "custody_file.json").read_text()
)

FLOOR = Cost(memory_kib=19 * 1024, passes=2, lanes=1)
PASSPHRASE = Secret(b"correct horse")
ROOT = Secret(bytes(range(32)))
STATED = CustodyFile(name="home", root_key_id="root-a", cost=FLOOR, salt=bytes(16))
FILE = lock_up(ROOT, STATED, PASSPHRASE, counting())

ADVANCE = """
import sys
from pathlib import Path
from strongroom.crypto.custody.file import FileCustodian
from strongroom.errors import StaleError
from strongroom.types import Secret
from tests.contracts.histories import anchor, verify_extension

custodian = FileCustodian.open(Path(sys.argv[1]), Secret(b"correct horse"))
for length in range(int(sys.argv[2]), 40, 3):
    try:
        custodian.advance(anchor("x" * length), verify_extension)
    except StaleError:
        pass
"""


@pytest.mark.parametrize("vector", VECTORS["files"])
def test_files_of_the_vectors_open(vector: dict[str, str]) -> None:
    file = CustodyFile.from_bytes(vector["file"].encode())
    root = unlock(file, Secret(vector["passphrase"].encode()))

    assert root.reveal().hex() == vector["root"]
    assert file.context().hex() == vector["context"]


def test_what_was_written_comes_back() -> None:
    again = CustodyFile.from_bytes(FILE.to_bytes())

    assert again == FILE
    assert unlock(again, PASSPHRASE) == ROOT


@settings(max_examples=60)
@given(st.integers(0, 8 * len(FILE.to_bytes()) - 1))
def test_a_flipped_bit_anywhere_is_refused(bit: int) -> None:
    with pytest.raises((IntegrityError, DeniedError)):
        unlock(CustodyFile.from_bytes(flipped(FILE.to_bytes(), bit)), PASSPHRASE)


def test_a_cheaper_cost_written_into_the_file_does_not_open_it() -> None:
    """The cost is authenticated: nobody can lower it and wait for the next use."""
    rewritten = FILE.to_bytes().replace(b'"passes":2', b'"passes":3')

    with pytest.raises(DeniedError):
        unlock(CustodyFile.from_bytes(rewritten), PASSPHRASE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"passes":2', b'"passes":1'),
        (b'"passes":2', b'"passes":true'),
        (b'"passes":2', b'"passes":"2"'),
        (b'"memory_kib":19456', b'"memory_kib":9007199254740991'),
        (b'"algorithm":"argon2id"', b'"algorithm":"argon2i"'),
        (b"custody/v1", b"custody/v2"),
        (b'"name":"home"', b'"name":""'),
        (b'"name":"home"', b'"home":"name"'),
        (b'"salt":"00', b'"salt":"0g'),
    ],
)
def test_a_file_that_states_something_else_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(IntegrityError):
        CustodyFile.from_bytes(FILE.to_bytes().replace(old, new))


@pytest.mark.parametrize("document", [[], {}, {"kdf": []}, None])
def test_another_document_is_refused(document: canonical.Json) -> None:
    with pytest.raises(IntegrityError):
        CustodyFile.from_bytes(canonical.to_json(document))


def test_a_long_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "home.custody"
    write_durably(path, b" " * 100_000, os.urandom)

    with pytest.raises(IntegrityError):
        read_custody_file(path)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "home.custody"
    write_durably(path, FILE.to_bytes(), os.urandom)
    path.chmod(0o640)

    with pytest.raises(SetupError, match="others") as caught:
        read_custody_file(path)
    assert caught.value.hint == f"chmod 600 {path}"


def test_an_absent_custodian_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        FileCustodian.open(tmp_path / "home.custody", PASSPHRASE)


def test_a_folder_in_its_place_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        read_custody_file(tmp_path)
    with pytest.raises(UnavailableError):
        write_durably(tmp_path / "absent" / "home", b"", os.urandom)


def create(path: Path) -> FileCustodian:
    return FileCustodian.create(
        path, name="home", passphrase=PASSPHRASE, random=os.urandom, cost=FLOOR
    )


def test_a_custodian_opens_again_with_key_and_anchor(tmp_path: Path) -> None:
    path = tmp_path / "home.custody"
    first = create(path)
    wrapped = first.wrap(Secret(b"share"), b"place")
    first.advance(anchor("abc"), verify_extension)

    again = FileCustodian.open(path, PASSPHRASE)

    assert again.root_key_id == first.root_key_id
    assert again.anchor() == anchor("abc")
    with pytest.raises(StaleError):
        again.advance(anchor("ab"), verify_extension)
    secret = again.unwrap(
        wrapped, b"place", anchor=anchor("abcd"), verify_extension=verify_extension
    )
    assert secret == Secret(b"share")
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "home.custody.anchor").stat().st_mode & 0o777 == 0o600
    assert len(list(tmp_path.iterdir())) == 2


def test_a_wrong_passphrase_is_denied_with_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "home.custody"
    create(path)

    for wrong in (b"correct hors", b"", b"x" * 2000):
        with pytest.raises(DeniedError, match="passphrase") as caught:
            FileCustodian.open(path, Secret(wrong))
        assert "type it again" in caught.value.hint


def test_a_custodian_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "home.custody"
    create(path)
    before = path.read_bytes()

    with pytest.raises(ConflictError):
        create(path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_a_bad_name_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    for name in ("", "a\nb", "x" * 65):
        with pytest.raises(InputError):
            FileCustodian.create(
                tmp_path / "c",
                name=name,
                passphrase=PASSPHRASE,
                random=os.urandom,
                cost=FLOOR,
            )
    assert list(tmp_path.iterdir()) == []


def test_an_anchor_file_put_back_to_yesterday_with_its_custody_file_is_undetected(
    tmp_path: Path,
) -> None:
    """What one file cannot do: only a witness elsewhere detects this."""
    path = tmp_path / "home.custody"
    custodian = create(path)
    yesterday = (tmp_path / "home.custody.anchor").read_bytes()
    custodian.advance(anchor("abc"), verify_extension)
    (tmp_path / "home.custody.anchor").write_bytes(yesterday)

    custodian.advance(anchor("x"), verify_extension)

    assert custodian.anchor() == anchor("x")


def test_an_anchor_file_of_another_custodian_is_refused(tmp_path: Path) -> None:
    create(tmp_path / "a")
    create(tmp_path / "b")
    (tmp_path / "b.anchor").replace(tmp_path / "a.anchor")

    with pytest.raises(IntegrityError):
        FileCustodian.open(tmp_path / "a", PASSPHRASE)


def test_processes_that_race_leave_the_newest_anchor(tmp_path: Path) -> None:
    path = tmp_path / "home.custody"
    custodian = create(path)
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root}:{root / 'src'}"}

    with ThreadPoolExecutor(3) as pool:
        codes = pool.map(
            lambda start: (
                subprocess.run(
                    [sys.executable, "-c", ADVANCE, str(path), str(start)],
                    env=environment,
                    check=True,
                ).returncode
            ),
            (1, 2, 3),
        )
        assert list(codes) == [0, 0, 0]

    assert custodian.anchor() == anchor("x" * 39)


def test_the_root_key_is_wrapped_with_everything_that_is_stated() -> None:
    """The file's own wrap opens under no other context."""
    with pytest.raises(IntegrityError):
        wraps.unwrap(ROOT, FILE.wrapped, FILE.context())
