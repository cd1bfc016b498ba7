"""A witness demands the second signature that a person told it of."""

from __future__ import annotations

import os
from http import HTTPStatus
from pathlib import Path

import pytest

from strongroom.crypto.mldsa import MlDsaSigner
from strongroom.errors import ConflictError, IntegrityError, UnavailableError
from strongroom.ledger.second import second_key_text, second_line
from strongroom.ledger.trust import Trust
from strongroom.ledger.witness_demand import SECOND, demand, trust_of
from strongroom.ledger.witness_folder import SEEN, WitnessFolder
from strongroom.types import Secret
from tests.ledger.exports import ORIGIN, ledger_of, signing_key
from tests.ledger.witnesses import (
    at_work,
    body,
    made,
    only_file,
    seen_size,
    watching,
)

LEDGER = ledger_of(30)
KEY = MlDsaSigner(Secret(bytes(range(32))))
NEXT = MlDsaSigner(Secret(bytes(range(1, 33))))


def tell(folder: WitnessFolder, signer: MlDsaSigner | None) -> None:
    key = signer.public if signer else None
    demand(folder, LEDGER.key, key, random=os.urandom)


def signed(older: int, newer: int, *signers: MlDsaSigner) -> bytes:
    """Return a request whose checkpoint these keys signed too."""
    request = body(LEDGER, older, newer)
    text = LEDGER.note(newer).partition("\n\n")[0] + "\n"
    return request + "".join(second_line(text, ORIGIN, one) for one in signers).encode()


@pytest.fixture
def folder(tmp_path: Path) -> WitnessFolder:
    return watching(tmp_path / "w", LEDGER)


def test_without_the_second_signature_nothing_is_cosigned(
    folder: WitnessFolder,
) -> None:
    """ATT&CK T1600: whoever forges Ed25519 gets no witness for another past."""
    tell(folder, KEY)
    with at_work(folder.path) as witness:
        for bare in (body(LEDGER, 0, 9), signed(0, 9, NEXT)):
            refused = witness.answer(bare)
            assert refused.status is HTTPStatus.FORBIDDEN
            assert "lacks the second signature" in refused.body
        assert seen_size(folder, LEDGER) == 0

        assert witness.answer(signed(0, 9, KEY)).status is HTTPStatus.OK
    assert seen_size(folder, LEDGER) == 9


def test_what_it_saw_before_is_remembered_whoever_signed_it(
    folder: WitnessFolder,
) -> None:
    with at_work(folder.path) as witness:
        witness.answer(body(LEDGER, 0, 9))
    tell(folder, KEY)
    with at_work(folder.path) as witness:
        assert witness.answer(body(LEDGER, 9, 12)).status is HTTPStatus.FORBIDDEN
        assert witness.answer(signed(9, 12, KEY)).status is HTTPStatus.OK
    tell(folder, NEXT)
    with at_work(folder.path) as witness:
        assert witness.answer(signed(12, 20, KEY)).status is HTTPStatus.FORBIDDEN
        assert witness.answer(signed(12, 20, NEXT)).status is HTTPStatus.OK
    tell(folder, None)
    with at_work(folder.path) as witness:
        assert witness.answer(body(LEDGER, 20, 30)).status is HTTPStatus.OK


def test_it_is_told_only_while_it_does_not_answer(folder: WitnessFolder) -> None:
    with at_work(folder.path), pytest.raises(ConflictError, match="another process"):
        tell(folder, KEY)


def test_only_a_ledger_that_is_watched_has_a_second_key(tmp_path: Path) -> None:
    with pytest.raises(ConflictError, match="not watched under this key"):
        tell(made(tmp_path / "w"), KEY)
    folder = watching(tmp_path / "v", LEDGER)
    other = ledger_of(1)
    other.signer = signing_key(8)
    with pytest.raises(ConflictError, match="not watched under this key"):
        demand(folder, other.key, KEY.public, random=os.urandom)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\n",
        second_key_text("elsewhere.example/room", KEY.public).encode(),
        second_key_text(ORIGIN, KEY.public).encode()[:-4],
        b"x" * 5000,
    ],
)
def test_a_key_that_was_damaged_does_not_pass_for_none(
    folder: WitnessFolder, text: bytes
) -> None:
    tell(folder, KEY)
    assert trust_of(folder, LEDGER.key).second == KEY.public
    only_file(folder.path / SECOND).write_bytes(text)

    with pytest.raises(IntegrityError), at_work(folder.path):
        pass


def test_every_line_of_the_ledger_is_kept_and_no_other(folder: WitnessFolder) -> None:
    """Only the first one was: a room that demands two then believed no witness."""
    foreign = "\N{EM DASH} stranger AAAAAAA=\n".encode()
    with at_work(folder.path) as witness:
        witness.answer(signed(0, 9, KEY) + foreign)

    note = only_file(folder.path / SEEN).read_text()
    assert note.count("\n\N{EM DASH} ") == 3
    assert "stranger" not in note


def test_a_key_that_cannot_be_kept_or_read_is_unavailable(
    folder: WitnessFolder,
) -> None:
    (folder.path / SECOND).write_bytes(b"in the way")
    for signer in (KEY, None):
        with pytest.raises(UnavailableError):
            tell(folder, signer)


def test_what_is_demanded_is_what_was_told_last(folder: WitnessFolder) -> None:
    assert trust_of(folder, LEDGER.key) == Trust(verifier=LEDGER.key)
    for signer in (KEY, NEXT):
        tell(folder, signer)
        trust = trust_of(folder, LEDGER.key)
        assert trust == Trust(verifier=LEDGER.key, second=signer.public)
    path = only_file(folder.path / SECOND)
    assert path.read_text() == f"{second_key_text(ORIGIN, NEXT.public)}\n"
    assert path.parent.stat().st_mode & 0o777 == 0o700
    for _ in range(2):
        tell(folder, None)
        assert trust_of(folder, LEDGER.key).second is None
    assert not path.exists()
