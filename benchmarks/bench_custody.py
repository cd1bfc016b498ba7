"""Wraps and unwraps a second at every custodian, beside the bare call.

The bare call is AES-256-GCM of the library over a share of 32 bytes, or the same
inside the token.  An unwrap is one whose checkpoint the custodian has stored
before, which is all but the first of a release; the first one costs a flush.  The
remote custodian is the file custodian behind its socket, in a process of its own.
Interleaved rounds, median of per-round ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pkcs11 import Attribute, GCMParams, Mechanism, ObjectClass

from strongroom.crypto.custody.file import FileCustodian
from strongroom.crypto.custody.pkcs11 import PKCS11
from strongroom.crypto.custody.port import KeyCustodian
from strongroom.crypto.passphrases import Cost
from strongroom.crypto.token_login import log_in
from strongroom.crypto.token_uri import TokenUri
from strongroom.types import Secret
from tests import softhsm
from tests.contracts.histories import anchor, verify_extension
from tests.contracts.releases import room_key_place
from tests.contracts.served import connect

SHARE = Secret(bytes(range(32)))
PLACE = bytes(160)
PASSPHRASE = Secret(b"correct horse battery staple")
FLOOR = Cost(memory_kib=19 * 1024, passes=2, lanes=1)
LEDGER = anchor("abcdefgh")

Call = Callable[[], object]


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=300)
    arguments = parser.parse_args()
    result: dict[str, object] = {"bench": "custody", "rounds": arguments.rounds}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        file = make_file(folder / "file")
        result["file"] = measure(file, bare_library(), arguments)
        remote = stack.enter_context(served(folder))
        result["remote"] = measure(remote, bare_library(), arguments)
        library = softhsm.module()
        if library is not None:
            hsm = stack.enter_context(softhsm.running(library))
            uri = hsm.new_token()
            token = PKCS11.create(
                folder / "token",
                name="home",
                uri=str(uri),
                secret=softhsm.PIN,
                random=os.urandom,
            )
            result["softhsm"] = measure(token, bare_token(uri), arguments)
    json.dump(result, sys.stdout)
    sys.stdout.write("\n")


def make_file(path: Path) -> FileCustodian:
    """Return a new file custodian."""
    return FileCustodian.create(
        path, name="home", passphrase=PASSPHRASE, random=os.urandom, cost=FLOOR
    )


@contextmanager
def served(folder: Path) -> Iterator[KeyCustodian]:
    """Give a file custodian that runs as a process of its own."""
    make_file(folder / "served")
    (folder / "passphrase").write_bytes(PASSPHRASE.reveal())
    running = subprocess.Popen(
        [
            *(sys.executable, "-m", "strongroom", "custodian", "serve"),
            *(str(folder / "served"), "--socket", str(folder / "s")),
            *("--passphrase-file", str(folder / "passphrase")),
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        while not answers(folder / "s"):
            time.sleep(0.02)
        yield connect(folder / "s")
    finally:
        running.terminate()
        running.wait()


def answers(path: Path) -> bool:
    """Return whether somebody listens there."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def bare_library() -> tuple[Call, Call]:
    """Return what encrypts and what decrypts a share with the library alone."""
    cipher, nonce = AESGCM(bytes(32)), bytes(12)
    sealed = cipher.encrypt(nonce, SHARE.reveal(), PLACE)
    return (
        lambda: cipher.encrypt(nonce, SHARE.reveal(), PLACE),
        lambda: cipher.decrypt(nonce, sealed, PLACE),
    )


def bare_token(uri: TokenUri) -> tuple[Call, Call]:
    """Return what encrypts and what decrypts a share inside the token alone."""
    session, nonce = log_in(uri, softhsm.PIN, writing=False), bytes(12)
    (bare,) = session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY})

    def call(function: Callable[..., bytes], data: bytes) -> bytes:
        parameters = GCMParams(nonce, PLACE, 128)
        return function(data, mechanism=Mechanism.AES_GCM, mechanism_param=parameters)

    sealed = call(bare.encrypt, SHARE.reveal())
    return (
        lambda: call(bare.encrypt, SHARE.reveal()),
        lambda: call(bare.decrypt, sealed),
    )


def measure(
    custodian: KeyCustodian, bare: tuple[Call, Call], arguments: argparse.Namespace
) -> dict[str, object]:
    """Return calls a second, and how many bare calls each costs."""
    place = room_key_place(custodian)
    wrapped = custodian.wrap(SHARE, place)

    def unwrap() -> object:
        return custodian.unwrap(
            wrapped, place, anchor=LEDGER, verify_extension=verify_extension
        )

    unwrap()  # stores the anchor
    ours: tuple[Call, Call] = (lambda: custodian.wrap(SHARE, place), unwrap)
    found: dict[str, object] = {}
    for name, call, limit in zip(("wrap", "unwrap"), ours, bare, strict=True):
        pairs = [
            (seconds(call, arguments.calls), seconds(limit, arguments.calls))
            for _ in range(arguments.rounds)
        ]
        each = statistics.median(mine for mine, _ in pairs)
        found[f"{name}s_per_second"] = round(1 / each)
        found[f"{name}_bare_calls"] = round(
            statistics.median(mine / theirs for mine, theirs in pairs), 1
        )
    return found


def seconds(call: Call, calls: int) -> float:
    """Return the seconds that one call takes, over many."""
    begin = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - begin) / calls


if __name__ == "__main__":
    main()
