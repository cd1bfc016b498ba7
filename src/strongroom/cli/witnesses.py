"""The room's side: who its witnesses are, and asking them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import words
from strongroom.cli.call import Call
from strongroom.cli.files import read_file
from strongroom.cli.output import text
from strongroom.errors import MissingError, UnavailableError

if TYPE_CHECKING:
    from rich.console import Console

    from strongroom.canonical import Json
    from strongroom.client.verifying import LedgerReport
    from strongroom.ledger.cosigned import WitnessReport
    from strongroom.ledger.log import Ledger
    from strongroom.ledger.policy_file import KnownWitness, WitnessPolicy
    from strongroom.ledger.witnesses import Witnesses

NO_WITNESS = "no independent witness"
NAME = Annotated[
    str, typer.Argument(metavar="NAME", help="Of the witness, in the policy.")
]
REQUEST = Annotated[Path, typer.Option(help="The request.", metavar="FILE")]
RELEASES = Annotated[
    bool | None,
    typer.Option(
        "--releases-wait/--releases-go-on",
        help="Whether keys leave only when enough witnesses signed.",
        show_default=False,
    ),
]


def add(
    call: Call,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Of the witness.")],
    *,
    name: Annotated[
        str | None, typer.Option(help="In the policy; else from the key.")
    ] = None,
    socket: Annotated[
        Path | None,
        typer.Option(help="Where it listens; without, ask by hand.", metavar="PATH"),
    ] = None,
    needed: Annotated[
        int | None, typer.Option(help="How many of all must sign.", min=1)
    ] = None,
    releases: RELEASES = None,
) -> None:
    """Add a witness to the room, and pin the policy that says so.

    Example: strongroom ledger witness add "$(cat key.pub)" --socket /run/w/socket
    """
    from strongroom.app.witnesses import add_witness
    from strongroom.ledger.cosignature import WitnessKey

    witness = WitnessKey.from_text(key)
    settings = call.settings()
    with call.read_ledger() as ledger:
        policy = add_witness(
            settings,
            ledger,
            witness,
            name=name or witness.name,
            socket=socket,
            needed=needed,
            releases_wait=releases,
        )
    _say_policy(call, policy)
    call.output.note(
        f"on its side: strongroom ledger witness watch DIR {ledger.verifier.text()}"
    )


def pin(
    call: Call,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Policy file, in the room's folder.")
    ] = Path("witnesses"),
    *,
    releases: RELEASES = None,
) -> None:
    """Pin a policy file that somebody edited, after reading it.

    Example: strongroom ledger witness pin
    """
    from strongroom.app.witnesses import pin_policy

    _say_policy(call, pin_policy(call.settings(), file, releases_wait=releases))


def ask(call: Call) -> None:
    """Have the witnesses sign the newest checkpoint; needs no passphrase.

    Example: strongroom ledger witness ask
    """
    with _witnesses(call) as (witnesses, _):
        troubles = [str(trouble) for trouble in witnesses.ask(renew=True)]
        report = witnesses.report()

    def show(console: Console) -> None:
        for trouble in troubles:
            console.print(text(trouble), soft_wrap=True)
        for line in lines(report):
            console.print(text(line), soft_wrap=True)

    call.output.answer({**document(report), "troubles": [*troubles]}, show)
    if troubles:
        count = words.many(len(troubles), "witness", "witnesses")
        raise UnavailableError(f"{count} did not sign")


def request(call: Call, name: NAME, *, to: REQUEST) -> None:
    """Write what to ask a witness, to be brought to it as a file.

    Example: strongroom ledger witness request audit --to asked
    """
    with _witnesses(call) as (witnesses, _):
        to.write_bytes(witnesses.request_for(_known(witnesses, name)))
    call.output.say(
        {"file": str(to)},
        f"{to} is for the witness {name}",
        "there: strongroom ledger witness cosign DIR --request FILE --to ANSWER",
    )


def accept(
    call: Call,
    name: NAME,
    *,
    asked: Annotated[
        Path, typer.Option("--request", help="What was asked.", metavar="FILE")
    ],
    answer: Annotated[Path, typer.Option(help="What it answered.", metavar="FILE")],
) -> None:
    """Keep what a witness answered in a file.

    Example: strongroom ledger witness accept audit --request asked --answer answer
    """
    from strongroom.ledger.note import AT_MOST_NOTE_BYTES
    from strongroom.ledger.witness import AT_MOST_REQUEST_BYTES

    with _witnesses(call) as (witnesses, _):
        asked_bytes = read_file(asked, at_most_bytes=AT_MOST_REQUEST_BYTES)
        answered = read_file(answer, at_most_bytes=AT_MOST_NOTE_BYTES)
        witnesses.accept(
            _known(witnesses, name), asked_bytes, answered.decode(errors="replace")
        )
        report = witnesses.report()
    call.output.say(document(report), *lines(report))


def document(report: WitnessReport | None) -> dict[str, Json]:
    """Return for programs who signed what."""
    if report is None:
        return {"witnesses": [], "witness_policy": None}
    return {
        "witnesses": [
            {
                "name": s.name,
                "key": s.key.text(),
                "entries": s.size,
                "at": s.at.isoformat(),
            }
            for s in report.statements
        ],
        "witness_policy": {
            "quorum": report.quorum,
            "needed": report.least,
            "met_entries": report.met_size,
        },
    }


def lines(report: WitnessReport | None) -> list[str]:
    """Return for people who signed what, a sentence each."""
    if report is None or not report.statements:
        return [NO_WITNESS]
    said = [
        f"witness {s.name} saw {words.many(s.size, 'entry', 'entries')}"
        f" at {s.at:%Y-%m-%d %H:%M:%S} UTC"
        for s in report.statements
    ]
    needed = words.many(report.least, "witness", "witnesses")
    met = (
        f"the policy ({needed}) is met at"
        f" {words.many(report.met_size, 'entry', 'entries')}"
        if report.met_size is not None
        else f"the policy ({needed}) is not met"
    )
    return [*said, met]


def verified(call: Call, *, compare: bool = True) -> LedgerReport:
    """Return what can be verified without a passphrase, witnesses included."""
    from strongroom.app import clock
    from strongroom.app.witnesses import open_witnesses
    from strongroom.client.verifying import verify_ledger

    with call.read_ledger(compare=compare) as ledger:
        witnesses = open_witnesses(call.settings(), ledger, now=clock)
        return verify_ledger(ledger, rows=False, witnesses=witnesses)


@contextmanager
def _witnesses(call: Call) -> Iterator[tuple[Witnesses, Ledger]]:
    from strongroom.app import clock
    from strongroom.app.witnesses import open_witnesses

    with call.read_ledger() as ledger:
        witnesses = open_witnesses(call.settings(), ledger, now=clock)
        if witnesses is None:
            raise MissingError(
                "this room has no witness", hint="strongroom ledger witness add KEY"
            )
        yield witnesses, ledger


def _known(witnesses: Witnesses, name: str) -> KnownWitness:
    known: Mapping[str, KnownWitness] = witnesses.policy.witnesses
    if name not in known:
        have = ", ".join(known)
        raise MissingError(f"there is no witness {name[:80]!r}", hint=f"one of {have}")
    return known[name]


def _say_policy(call: Call, policy: WitnessPolicy) -> None:
    count = words.many(len(policy.witnesses), "witness", "witnesses")
    call.output.say(
        {
            "witnesses": list(policy.witnesses),
            "quorum": policy.quorum,
            "needed": policy.least(),
        },
        f"{count}; {policy.least()} must sign",
    )
