"""Two slots survive a torn write, and refuse what somebody else wrote."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.crypto.anchor_file import SLOT_BYTES, AnchorFile
from strongroom.crypto.custody.port import MAX_NOTE_BYTES, Anchor
from strongroom.errors import IntegrityError, UnavailableError
from strongroom.types import Secret
from tests.contracts.histories import anchor, verify_extension
from tests.crypto.sealed import flipped

KEY = Secret(bytes(range(32)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "home.custody.anchor"
    path.write_bytes(AnchorFile(path, KEY).first_bytes())
    return path


def advance(path: Path, word: str) -> None:
    file = AnchorFile(path, KEY)
    with file.lock() as held:
        file.advance(held, anchor(word), verify_extension)


def newest(path: Path, key: Secret = KEY) -> Anchor:
    file = AnchorFile(path, key)
    with file.lock() as held:
        return file.read(held)


def slots(path: Path) -> list[bytes]:
    content = path.read_bytes()
    return [content[:SLOT_BYTES], content[SLOT_BYTES:]]


def test_the_newest_anchor_is_kept_and_the_length_never_changes(path: Path) -> None:
    for length in range(1, 6):
        advance(path, "abcdef"[:length])
        assert newest(path) == anchor("abcdef"[:length])
        assert path.stat().st_size == 2 * SLOT_BYTES


def test_the_longest_checkpoint_fits(path: Path) -> None:
    longest = Anchor(size=1, root=bytes(32), note=b"x" * MAX_NOTE_BYTES)
    file = AnchorFile(path, KEY)
    with file.lock() as held:
        file.advance(held, longest, lambda old, new: [])

    assert newest(path) == longest


@settings(max_examples=30)
@given(cut=st.integers(0, SLOT_BYTES - 1))
def test_a_torn_write_leaves_the_anchor_before_it(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("torn") / "anchor"
    path.write_bytes(AnchorFile(path, KEY).first_bytes())
    advance(path, "a")
    before = slots(path)
    advance(path, "ab")
    after = slots(path)
    torn = [new[:cut] + old[cut:] for new, old in zip(after, before, strict=True)]

    path.write_bytes(b"".join(torn))

    assert newest(path) in (anchor("a"), anchor("ab"))
    advance(path, "abc")
    assert newest(path) == anchor("abc")


def test_a_flipped_bit_in_both_slots_is_refused(path: Path) -> None:
    advance(path, "ab")
    first, second = slots(path)
    for bit in (0, 64, 200, 8 * SLOT_BYTES - 1):
        path.write_bytes(flipped(first, bit) + flipped(second, bit))
        with pytest.raises(IntegrityError, match="altered"):
            newest(path)


def test_an_old_slot_copied_over_the_new_one_is_refused(path: Path) -> None:
    advance(path, "a")
    old = slots(path)[0]
    advance(path, "ab")
    path.write_bytes(old + old)

    assert newest(path) == anchor("a")  # a torn write looks the same
    path.write_bytes(bytes(SLOT_BYTES) + old)
    with pytest.raises(IntegrityError):
        newest(path)


def test_a_file_of_another_custodian_is_refused(path: Path) -> None:
    with pytest.raises(IntegrityError, match="another custodian"):
        newest(path, Secret(bytes(32)))


@pytest.mark.parametrize("length", [0, 1, SLOT_BYTES, 2 * SLOT_BYTES - 1])
def test_a_cut_file_is_refused(path: Path, length: int) -> None:
    os.truncate(path, length)

    with pytest.raises(IntegrityError, match="two slots"):
        newest(path)


def test_a_longer_file_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")

    with pytest.raises(IntegrityError, match="two slots"):
        newest(path)


def test_a_file_that_is_gone_is_not_an_empty_ledger(path: Path) -> None:
    path.unlink()

    with pytest.raises(IntegrityError, match="gone"):
        newest(path)


def test_a_folder_or_a_link_in_its_place_is_refused(path: Path) -> None:
    path.rename(path.with_name("real"))
    path.symlink_to(path.with_name("real"))
    with pytest.raises(UnavailableError):
        newest(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(UnavailableError):
        newest(path)
