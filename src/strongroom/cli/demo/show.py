"""How the demo looks: one line a step, with a mark and a word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from strongroom.cli.output import ACCENT

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console
    from rich.table import Table

    from strongroom.cli.demo.steps import Outcome

TITLES: Final = {
    "room": "a room in a temporary folder",
    "seal": "a real model is sealed",
    "thief-looks": "what the files tell",
    "thief-without-passphrase": "open it without a passphrase",
    "thief-guesses": "guess the passphrase",
    "request": "a request",
    "approve": "two approvals, two teams",
    "open": "two segments are opened",
    "no-permit": "open without a permit",
    "invented-permit": "invent a permit",
    "permit-of-another": "use somebody else's permit",
    "other-segments": "open more than was agreed",
    "self-approval": "approve one's own request",
    "own-team-approval": "approve for one's own team",
    "administrator-asks": "ask as the administrator",
    "piece-by-piece": "take the rest piece by piece",
    "colleague": "let a colleague take the rest",
    "expired-permit": "use a permit that expired",
    "revoked-permit": "use a permit that was revoked",
    "new-version": "a second version",
    "forged-approval": "forge an approval",
    "promoted-role": "promote a role",
    "replaced-second-factor": "replace a second factor",
    "deleted-revocation": "delete a revocation",
    "deleted-revocation-and-index": "the same, and its trace",
    "zeroed-exposure": "zero somebody's exposure",
    "swapped-wrap": "swap two wrapped keys",
    "removed-entry": "remove a ledger entry",
    "yesterdays-file": "put yesterday's file back",
    "control": "control: no attack",
    "flipped-byte": "flip a byte",
    "cut-object": "cut an object",
    "swapped-objects": "swap two objects",
    "last-weeks-version": "serve last week's object",
    "witness": "a witness elsewhere",
    "everything-put-back": "put everything back at once",
    "verify": "ledger verify",
    "export": "the ledger is exported",
    "outsider-python": "verify.py in a bare Python",
    "altered-export": "alter one bit of the export",
    "outsider-go": "Go's own packages",
    "speed": "opening speed",
}
"""What each step is called on the terminal."""

HONEST: Final = (
    "Everything here runs on this machine under your account, with one passphrase"
    " that you could read. In this embedded mode whoever has the passphrases has"
    " everything: permits, approvals and caps are recorded rules for honest people,"
    " not walls. They become walls when the desk runs as a server under another"
    " account and somebody elsewhere keeps the ledger's checkpoints. What holds"
    " even here: a thief of the disk gets ciphertext, and a changed history shows to"
    " anybody who kept a checkpoint of it."
)

NEXT: Final = (
    ("strongroom init --profile solo", "a room of your own"),
    ("strongroom seal ./my-model", "seal a model; shows its segments"),
    ('strongroom open my-model --purpose "a look"', "open it, on the record"),
    ("strongroom ledger verify", "check everything that happened"),
)

OPENED_WITH: Final = "passphrase"
"""Beside a room that is kept."""

_LONG_ID = re.compile(r"\b([a-z]+-[a-z2-7]{5})[a-z2-7]{21}\b")
_LONG_HEX = re.compile(r"\b([0-9a-f]{6})[0-9a-f]{26,58}\b")


def shorten(why: str) -> str:
    """Return a sentence with long ids and digests cut to what a person compares."""
    return _LONG_HEX.sub(r"\1…", _LONG_ID.sub(r"\1…", why))


def show_beginning(console: Console) -> None:
    """Print what the demo shows, and what it does not."""
    console.print("Strongroom: thefts that fail, on real weights", style="bold")
    console.print(HONEST, style="dim")


def show_chapter(console: Console, title: str) -> None:
    """Print the heading of a chapter."""
    console.print()
    console.print(title, style=f"bold {ACCENT}")


def show_outcome(console: Console, outcome: Outcome) -> None:
    """Print one line: a mark, a word, what it was, and why it ended so."""
    word = "refused" if outcome.refused else "done"
    mark, word, style = ("✓", word, "green") if outcome.ok else ("✗", "FAILED", "red")
    table = _grid()
    for width, look in ((9, style), (29, ""), (None, "dim")):
        table.add_column(width=width, style=look)
    table.add_row(f"{mark} {word}", TITLES[outcome.step], shorten(outcome.why))
    console.print(table)


def show_end(
    console: Console, outcomes: list[Outcome], seconds: float, kept: Path | None
) -> None:
    """Print the sum, and what to type next."""
    good = sum(outcome.ok for outcome in outcomes)
    refused = sum(outcome.refused for outcome in outcomes)
    console.print()
    console.print(
        f"{good} of {len(outcomes)} steps went as they should in {seconds:.0f} s;"
        f" {refused} of them were attempts that failed.",
        style="bold" if good == len(outcomes) else "bold red",
    )
    console.print()
    console.print("Next", style=f"bold {ACCENT}")
    table = _grid()
    table.add_column(no_wrap=True)
    table.add_column(style="dim")
    for command, what in NEXT:
        table.add_row(command, what)
    console.print(table)
    if kept is not None:
        words = f"--room {kept / 'room'} --passphrase-file {kept / OPENED_WITH}"
        console.print(f"\nThe room stays. Look at it with: {words}", style="dim")


def _grid() -> Table:
    from rich.table import Table

    return Table.grid(padding=(0, 2, 0, 0))
