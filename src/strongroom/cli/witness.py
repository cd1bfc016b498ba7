"""A witness at its own desk: it keeps checkpoints of others' ledgers.

These commands need no room: a witness is under another account, or on another
machine, and reads nothing of the room but checkpoints.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import passphrases, words
from strongroom.cli.call import Call
from strongroom.cli.files import read_file
from strongroom.cli.output import text
from strongroom.errors import DeniedError, ForkError

if TYPE_CHECKING:
    from strongroom.crypto.mldsa import MlDsaKey
    from strongroom.ledger.witness import Answer
    from strongroom.ledger.witness_service import Witness
    from strongroom.types import Secret

FOLDER = Annotated[Path, typer.Argument(metavar="DIR", help="Of the witness.")]
LEDGER_KEY = Annotated[
    str, typer.Argument(metavar="KEY", help="Of the ledger: name+hash+base64.")
]


def init(
    call: Call,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="New or empty.")],
    *,
    name: Annotated[str, typer.Option(help="Such as audit.example/w1.")],
    plain: Annotated[
        bool, typer.Option("--plain", help="Leave the key without a passphrase.")
    ] = False,
) -> None:
    """Make a witness, under an account that the room's people do not have.

    Example: strongroom ledger witness init ~/witness --name audit.example/w1
    """
    from strongroom.ledger.witness_folder import WitnessFolder

    passphrase = None if plain else _passphrase(call, new=True)
    made = WitnessFolder.create(
        folder, name=name, passphrase=passphrase, random=os.urandom
    )
    key = made.key().text()
    if plain:
        call.output.note(
            "the key is plain: whoever reads this folder can sign in its name"
        )
    call.output.say(
        {"folder": str(folder), "name": name, "key": key, "plain": plain},
        key,
        "give this key to the room: strongroom ledger witness add KEY",
    )


def watch(
    call: Call,
    folder: FOLDER,
    key: LEDGER_KEY,
    *,
    newest: Annotated[
        Path | None,
        typer.Option(
            help="Newest checkpoint, from elsewhere, after what was seen is lost.",
            metavar="FILE",
        ),
    ] = None,
    second: Annotated[
        str | None,
        typer.Option(
            help="Demand its ML-DSA-65 signature too; 'none' ends that.", metavar="KEY"
        ),
    ] = None,
) -> None:
    """Let a witness keep the checkpoints of one more ledger.

    With --second also for a ledger that it watches: the key, or its successor, is in
    each export as second-key.

    Example: strongroom ledger witness watch ~/witness "$(cat export/key)"
    """
    from strongroom.ledger.checkpoint import VerifierKey
    from strongroom.ledger.note import AT_MOST_NOTE_BYTES
    from strongroom.ledger.witness_demand import demand
    from strongroom.ledger.witness_folder import WitnessFolder
    from strongroom.ledger.witness_service import watch as watch_ledger

    log, desk = VerifierKey.from_text(key), WitnessFolder(folder, random=os.urandom)
    wanted = _second(second, log.origin)
    if second is not None and desk.logs().get(log.origin) == log and newest is None:
        demand(desk, log, wanted, random=os.urandom)
        call.output.say(
            {"ledger": log.origin, "second": wanted.digest if wanted else None},
            f"{log.origin} has to sign {'twice' if wanted else 'once'} from now on",
        )
        return
    note = read_file(newest, at_most_bytes=AT_MOST_NOTE_BYTES) if newest else None
    start = watch_ledger(
        desk, log, None if note is None else note.decode(errors="replace")
    )
    if second is not None:
        demand(desk, log, wanted, random=os.urandom)
    call.output.say(
        {"ledger": log.origin, "entries": start.size},
        f"{log.origin} is watched from {words.many(start.size, 'entry', 'entries')} on",
    )


def cosign(
    call: Call,
    folder: FOLDER,
    *,
    request: Annotated[Path, typer.Option(help="What the room asks.", metavar="FILE")],
    to: Annotated[
        Path | None, typer.Option(help="Write the answer here.", metavar="FILE")
    ] = None,
) -> None:
    """Answer one request that was brought as a file.

    Example: strongroom ledger witness cosign ~/witness --request asked --to answer
    """
    from strongroom.ledger.witness import AT_MOST_REQUEST_BYTES

    asked = read_file(request, at_most_bytes=AT_MOST_REQUEST_BYTES)
    with _open(call, folder) as witness:
        answer = witness.answer(asked)
    if answer.status == answer.status.OK:
        if to is not None:
            to.write_text(answer.body)
        call.output.say({"ok": True, "answer": answer.body}, answer.body.rstrip())
        return
    if answer.evidence is not None:
        raise ForkError(
            f"{answer.why}: proof of it is in {answer.evidence}",
            hint="tell everybody who relies on that ledger; both files are signed",
        )
    raise DeniedError(
        f"not cosigned ({answer.status.value}): {answer.why}",
        hint="strongroom ledger witness request, from the size that it has seen",
    )


def serve(
    call: Call,
    folder: FOLDER,
    *,
    socket: Annotated[Path, typer.Option(help="To listen on.", metavar="PATH")],
) -> None:
    """Answer over a Unix socket until interrupted.

    Example: strongroom ledger witness serve ~/witness --socket /run/witness/socket
    """
    from strongroom.ledger.witness_socket import WitnessServer

    def tell(answer: Answer) -> None:
        proof = f"; proof of it is in {answer.evidence}" if answer.evidence else ""
        sys.stderr.write(f"{answer.status.value} {text(answer.why)}{proof}\n")
        sys.stderr.flush()

    with (
        _open(call, folder) as witness,
        WitnessServer(witness, socket, tell=tell) as server,
    ):
        call.output.say(
            {"witness": witness.key.text(), "socket": str(socket)},
            f"{witness.key.name} answers on {socket}",
        )
        sys.stdout.flush()
        server.serve_forever()


def _second(text: str | None, origin: str) -> MlDsaKey | None:
    from strongroom.ledger.second import parse_second_key

    return None if text in (None, "none") else parse_second_key(text.strip(), origin)


def _open(call: Call, folder: Path) -> Witness:
    from strongroom.app import clock
    from strongroom.ledger.witness_folder import KEY
    from strongroom.ledger.witness_key import is_plain
    from strongroom.ledger.witness_service import Witness

    passphrase = None if is_plain(folder / KEY) else _passphrase(call, new=False)
    return Witness(folder, passphrase=passphrase, now=clock, random=os.urandom)


def _passphrase(call: Call, *, new: bool) -> Secret:
    found = passphrases.find(
        ["witness"],
        known=["witness"],
        files=call.passphrase_files,
        descriptor=call.passphrase_fd,
        new=new,
    )
    return found["witness"]
