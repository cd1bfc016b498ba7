"""What every key custodian must do.  A new adapter adds one line to ``CUSTODIANS``."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom.crypto.custody.aws_kms import AWS_KMS
from strongroom.crypto.custody.file import FileCustodian
from strongroom.crypto.custody.memory import MemoryCustodian
from strongroom.crypto.custody.pkcs11 import PKCS11
from strongroom.crypto.custody.port import Anchor, KeyCustodian, settle
from strongroom.crypto.custody.transit import TRANSIT
from strongroom.crypto.hpke import ReaderKey
from strongroom.crypto.keys import derive_share_key
from strongroom.crypto.parts import open_part
from strongroom.crypto.passphrases import Cost
from strongroom.errors import (
    DeniedError,
    ForkError,
    InputError,
    IntegrityError,
    StaleError,
)
from strongroom.types import Secret
from tests import kms, transit
from tests.contracts.histories import anchor, verify_extension, word_of
from tests.contracts.releases import (
    CONTEXT,
    INFO,
    READER,
    SALT,
    SHARE,
    case,
    room_key_place,
)
from tests.contracts.served import connect, serving
from tests.crypto.sealed import flipped
from tests.softhsm import PIN, SoftHsm

FLOOR = Cost(memory_kib=19 * 1024, passes=2, lanes=1)

Make: TypeAlias = Callable[[Path, pytest.FixtureRequest], KeyCustodian]


def in_memory(_: Path, __: pytest.FixtureRequest) -> KeyCustodian:
    return MemoryCustodian("home", random=os.urandom)


def in_a_file(folder: Path, _: pytest.FixtureRequest) -> KeyCustodian:
    return FileCustodian.create(
        folder / "home.custody",
        name="home",
        passphrase=Secret(b"correct horse"),
        random=os.urandom,
        cost=FLOOR,
    )


def in_a_token(folder: Path, request: pytest.FixtureRequest) -> KeyCustodian:
    hsm: SoftHsm = request.getfixturevalue("hsm")
    return PKCS11.create(
        folder / "home.token",
        name="home",
        uri=str(hsm.new_token()),
        secret=PIN,
        random=os.urandom,
    )


def in_a_process(folder: Path, request: pytest.FixtureRequest) -> KeyCustodian:
    served = serving(in_a_file(folder, request), folder / "home.custody")
    path = served.__enter__()
    request.addfinalizer(lambda: served.__exit__(None, None, None))
    return connect(path)


def in_a_service(folder: Path, request: pytest.FixtureRequest) -> KeyCustodian:
    """Played by the tests: no Vault or OpenBao can be had here."""
    service = transit.running()
    engine = service.__enter__()
    request.addfinalizer(lambda: service.__exit__(None, None, None))
    return TRANSIT.create(
        folder / "home.transit",
        name="home",
        uri=str(engine.uri("home")),
        secret=transit.TOKEN,
        random=os.urandom,
    )


def in_aws_kms(folder: Path, request: pytest.FixtureRequest) -> KeyCustodian:
    """Of moto: AWS itself cannot be had here."""
    return AWS_KMS.create(
        folder / "home.kms",
        name="home",
        uri=str(kms.uri(request.getfixturevalue("kms_port"))),
        secret=kms.LOGIN,
        random=os.urandom,
    )


CUSTODIANS: dict[str, Make] = {
    "memory": in_memory,
    "file": in_a_file,
    "pkcs11": in_a_token,
    "unix": in_a_process,
    "transit": in_a_service,
    "aws-kms": in_aws_kms,
}


@pytest.fixture(params=CUSTODIANS)
def custodian(request: pytest.FixtureRequest, tmp_path: Path) -> KeyCustodian:
    return CUSTODIANS[request.param](tmp_path, request)


def unwrap(custodian: KeyCustodian, wrapped: bytes, ledger: str) -> Secret:
    return custodian.unwrap(
        wrapped,
        room_key_place(custodian),
        anchor=anchor(ledger),
        verify_extension=verify_extension,
    )


def test_what_was_wrapped_comes_back_and_the_anchor_moves(
    custodian: KeyCustodian,
) -> None:
    wrapped = custodian.wrap(SHARE, room_key_place(custodian))

    assert custodian.anchor() == Anchor.empty()
    assert unwrap(custodian, wrapped, "abc") == SHARE
    assert custodian.anchor() == anchor("abc")
    assert unwrap(custodian, wrapped, "abc") == SHARE
    assert unwrap(custodian, wrapped, "abcd") == SHARE
    assert custodian.anchor() == anchor("abcd")


def test_it_names_itself_and_its_root_key(custodian: KeyCustodian) -> None:
    assert custodian.name == "home"
    assert custodian.root_key_id.startswith("root-")


def test_a_wrap_opens_in_its_own_context_only(custodian: KeyCustodian) -> None:
    wrapped = custodian.wrap(SHARE, b"elsewhere")

    with pytest.raises(IntegrityError):
        unwrap(custodian, wrapped, "a")


def test_an_older_ledger_of_the_same_line_is_stale(custodian: KeyCustodian) -> None:
    wrapped = custodian.wrap(SHARE, room_key_place(custodian))
    custodian.advance(anchor("abc"), verify_extension)

    with pytest.raises(StaleError):
        unwrap(custodian, wrapped, "ab")
    with pytest.raises(StaleError):
        custodian.advance(Anchor.empty(), verify_extension)
    assert custodian.anchor() == anchor("abc")


@pytest.mark.parametrize("forged", ["b", "abd", "abdx"])
def test_a_ledger_of_another_line_is_a_fork(
    custodian: KeyCustodian, forged: str
) -> None:
    """Shorter, equal and longer: an older fork must not pass for merely stale."""
    wrapped = custodian.wrap(SHARE, room_key_place(custodian))
    custodian.advance(anchor("abc"), verify_extension)

    with pytest.raises(ForkError):
        unwrap(custodian, wrapped, forged)
    with pytest.raises(ForkError):
        custodian.advance(anchor(forged), verify_extension)
    assert custodian.anchor() == anchor("abc")


def test_threads_that_race_leave_the_newest_anchor(custodian: KeyCustodian) -> None:
    word = "abcdefghijklmnop"

    def advance(length: int) -> None:
        try:
            custodian.advance(anchor(word[:length]), verify_extension)
        except StaleError:
            return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(advance, [*range(1, 17)] * 4))

    assert custodian.anchor() == anchor(word)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(
    secret=st.binary(min_size=1, max_size=200),  # AWS KMS encrypts no empty one
    context=st.binary(max_size=300),
    bit=st.integers(0),
)
def test_whatever_is_wrapped_comes_back_and_a_flipped_bit_is_refused(
    custodian: KeyCustodian, secret: bytes, context: bytes, bit: int
) -> None:
    """One that gives no shares opens nothing but the room's own keys."""
    if not custodian.gives_shares:
        context = room_key_place(custodian)

    def opened(wrapped: bytes) -> Secret:
        return custodian.unwrap(
            wrapped, context, anchor=anchor("a"), verify_extension=verify_extension
        )

    wrapped = custodian.wrap(Secret(secret), context)

    assert opened(wrapped) == Secret(secret)
    with pytest.raises(IntegrityError):
        opened(flipped(wrapped, bit % (8 * len(wrapped))))


@pytest.mark.parametrize("length", [0, 1, 27, 65536 + 29])
def test_what_has_the_length_of_no_wrap_is_refused(
    custodian: KeyCustodian, length: int
) -> None:
    with pytest.raises(IntegrityError):
        unwrap(custodian, bytes(length), "a")


def test_the_longest_secret_comes_back(
    custodian: KeyCustodian, request: pytest.FixtureRequest
) -> None:
    """AWS KMS takes less than the others, and more than any key of ours."""
    kinds: dict[str, str] = request.node.callspec.params
    times = 16 if kinds["custodian"] == "aws-kms" else 256
    longest = Secret(bytes(range(256)) * times)

    assert (
        unwrap(custodian, custodian.wrap(longest, room_key_place(custodian)), "a")
        == longest
    )


def test_threads_wrap_and_unwrap_at_once(custodian: KeyCustodian) -> None:
    def there_and_back(number: int) -> bool:
        secret = Secret(number.to_bytes(32, "big"))
        return (
            unwrap(custodian, custodian.wrap(secret, room_key_place(custodian)), "a")
            == secret
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(there_and_back, range(64)))


def test_a_part_is_sealed_to_the_reader_of_the_order(custodian: KeyCustodian) -> None:
    asked = case(custodian)
    sealed = asked.ask(custodian)
    bound = {"info": INFO, "entry": asked.order.entry, "context": CONTEXT, "share": 1}

    part = open_part(sealed, READER, **bound)  # type: ignore[arg-type]  # each fits
    assert part == derive_share_key(SHARE, 1, SALT, CONTEXT)
    assert custodian.anchor() == asked.anchor
    with pytest.raises(IntegrityError):
        open_part(sealed, ReaderKey.generate(), **bound)  # type: ignore[arg-type]
    for other in (
        {"info": bytes(32)},
        {"entry": bytes(32)},
        {"share": 0},
        {"context": replace(CONTEXT, generation=2)},
    ):
        with pytest.raises(IntegrityError):
            open_part(sealed, READER, **{**bound, **other})  # type: ignore[arg-type]


def test_a_part_is_of_the_share_that_the_order_names(custodian: KeyCustodian) -> None:
    asked = case(custodian)
    wrapped = asked.order.wrapped
    for order in (
        replace(asked.order, share=0),
        replace(asked.order, wrapped=wrapped[:-1] + bytes([wrapped[-1] ^ 1])),
    ):
        with pytest.raises(IntegrityError):
            replace(asked, order=order).ask(custodian)


def test_no_part_leaves_for_an_older_ledger_or_another_one(
    custodian: KeyCustodian,
) -> None:
    asked = case(custodian)
    longer = replace(asked, entries=(*asked.entries, b"six"))
    custodian.advance(longer.anchor, longer.verify_extension())

    with pytest.raises(StaleError):
        custodian.release(
            asked.order,
            asked.evidence,
            anchor=asked.anchor,
            verify_extension=longer.verify_extension(),
        )


def test_shares_are_given_to_the_caller_or_to_nobody(custodian: KeyCustodian) -> None:
    """``gives_shares`` says which."""
    asked = case(custodian)
    place = asked.order.place(custodian.root_key_id)

    def share() -> Secret:
        return custodian.unwrap(
            asked.order.wrapped,
            place,
            anchor=asked.anchor,
            verify_extension=asked.verify_extension(),
        )

    if custodian.gives_shares:
        assert share() == SHARE
    else:
        with pytest.raises(DeniedError, match="gives no shares"):
            share()


def test_a_secret_that_is_too_long_is_refused(custodian: KeyCustodian) -> None:
    with pytest.raises(InputError):
        custodian.wrap(Secret(bytes(70_000)), room_key_place(custodian))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.text("ab", max_size=6), max_size=8))
def test_the_anchor_follows_one_line_only(
    custodian: KeyCustodian, ledgers: list[str]
) -> None:
    """Ten lines of model: the longest word of the line that was begun."""
    before = word_of(custodian.anchor())
    for ledger in ledgers:
        if ledger.startswith(before):
            custodian.advance(anchor(ledger), verify_extension)
            before = ledger
        else:
            error = StaleError if before.startswith(ledger) else ForkError
            with pytest.raises(error):
                custodian.advance(anchor(ledger), verify_extension)
        assert custodian.anchor() == anchor(before)


def test_anchors_that_cannot_be_are_refused() -> None:
    root = anchor("a").root
    for size, root_hash, note in (
        (-1, root, b""),
        (2**63, root, b""),
        (1, b"short", b""),
        (0, root, b""),
        (1, root, bytes(9000)),
    ):
        with pytest.raises(InputError):
            Anchor(size=size, root=root_hash, note=note)


def test_the_largest_anchor_fits_the_file_beside_a_custodian() -> None:
    """Eight bytes for the size, signed in databases, and 8 KiB for the checkpoint."""
    root = anchor("a").root
    assert Anchor(size=2**63 - 1, root=root, note=bytes(8192)).size == 2**63 - 1
    with pytest.raises(InputError, match="too long"):
        Anchor(size=1, root=root, note=bytes(8193))


def test_settling_asks_about_a_shorter_ledger_before_calling_it_stale() -> None:
    asked = []

    def record(old: Anchor, new: Anchor) -> list[bytes]:
        asked.append((old.size, new.size))
        return []

    with pytest.raises(StaleError):
        settle(anchor("abc"), anchor("a"), record)
    assert settle(anchor("abc"), anchor("abcd"), record)
    assert not settle(anchor("abc"), anchor("abc"), record)
    assert asked == [(1, 3), (3, 4)]
