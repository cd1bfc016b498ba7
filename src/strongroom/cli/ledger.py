"""What happened, with proof; verify, prove and export also work while locked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import witnesses, words
from strongroom.cli.call import Call
from strongroom.cli.output import Column, print_list, text
from strongroom.errors import ConflictError, DeniedError, IntegrityError

if TYPE_CHECKING:
    from rich.console import Console

    from strongroom.canonical import Json
    from strongroom.client.verifying import LedgerReport
    from strongroom.ledger.cosigned import WitnessReport
    from strongroom.ledger.log import Entry
    from strongroom.ledger.proof import Proof
    from strongroom.types import Secret

POSITION = Annotated[int, typer.Argument(metavar="NUMBER", help="Of the entry.", min=0)]
_ABOUT = (
    "intake",
    "permit",
    "request",
    "artifact",
    "account",
    "project",
    "session",
    "team",
    "action",
)
"""Facts that say best what an entry is about, the best one first."""


def tail(
    call: Call,
    *,
    count: Annotated[int, typer.Option("-n", help="How many.", min=1)] = 20,
) -> None:
    """Show the newest entries, oldest first.

    Example: strongroom ledger tail -n 5
    """
    with call.open() as room:
        rows = [entry_document(entry) for entry in room.records.tail(count)]
        people = room.room.people.everybody(room.actor)
    names = {str(account.id): account.name for account, _ in people}
    columns = (
        Column("entry", lambda row: str(row["position"]), right=True),
        Column("at (UTC)", lambda row: str(row["at"])[:19].replace("T", " ")),
        Column("kind", lambda row: str(row["kind"])),
        Column("actor", lambda row: names.get(str(row["actor"]), "")),
        Column("about", _about),
    )
    call.output.listing(rows, columns, empty="the ledger is empty")


def show(call: Call, position: POSITION) -> None:
    """Show one entry, and its private fields if they were not erased.

    Example: strongroom ledger show 12
    """
    with call.open() as room:
        entry, private = room.records.show(position)
    document = {
        **entry_document(entry),
        "private": dict(private) if private is not None else None,
        "leaf": entry.leaf.hex(),
    }

    def draw(console: Console) -> None:
        for line in json.dumps(document, indent=2).splitlines():
            console.print(text(line), soft_wrap=True)

    call.output.answer(document, draw)


def verify(call: Call) -> None:
    """Check every entry, every guarded row, and the custodians' memory.

    Without a passphrase, the entries and their checkpoint only.

    Example: strongroom ledger verify
    """
    typed = _home_passphrase(call) if call.locked() else None
    locked = call.locked() and typed is None
    report = _locked_report(call) if locked else _report(call, typed)
    problems = list(report.findings)
    document: dict[str, Json] = {
        "ok": not problems,
        "entries": report.size,
        "root": report.root,
        "findings": list(problems),
        "rows_checked": report.rows_checked,
        "unchecked": list(report.unchecked),
        "missing_separations": list(report.separations),
        "second_since": report.second_since,
        **witnesses.document(report.witnesses),
    }
    call.output.answer(document, lambda console: _show_report(console, report))
    if problems:
        count = words.many(len(problems), "finding")
        raise IntegrityError(
            f"the ledger is not what was written: {count}",
            hint="keep it as it is, and compare it with a backup",
        )


def prove(
    call: Call,
    *,
    position: POSITION,
    to: Annotated[
        Path | None, typer.Option(help="Write entry and proof here.", metavar="DIR")
    ] = None,
) -> None:
    """Write a proof of one entry that outsiders check.

    Example: strongroom ledger prove 12 --to proof
    """
    entry, proof = _proof(call, position)
    written = _write_proof(to, entry, proof) if to else []
    document: dict[str, Json] = {
        "position": position,
        "entry": entry.body.decode(),
        "proof": proof.to_text(),
        "files": list(written),
    }
    if to is None:
        # As it is: a line that a terminal's width broke would prove nothing.
        call.output.answer(document, lambda console: _write(console, proof.to_text()))
    else:
        call.output.say(document, f"entry {position} and its proof are in {to}")


def export(
    call: Call,
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="New or empty.")],
    private: Annotated[
        bool, typer.Option("--private", help="Open names and free text too.")
    ] = False,
) -> None:
    """Write the ledger as a folder that outsiders check with their own tools.

    Example: strongroom ledger export ./evidence
    """
    report: WitnessReport | None
    if not call.locked():
        with call.open() as room:
            size = room.records.export(folder, private=private)
            report = room.records.witnessed()
    elif private:
        raise DeniedError(
            "names and free text leave only an unlocked room, on the record",
            hint="--passphrase-file FILE",
        )
    else:
        size, report = _export_locked(call, folder)
    call.output.say(
        {
            "entries": size,
            "folder": str(folder),
            "private": private,
            **witnesses.document(report),
        },
        f"{words.many(size, 'entry', 'entries')} in {folder}",
        "check it without us: python3 -I verify.py THE_FOLDER --key KEY",
        *witnesses.lines(report),
    )


def entry_document(entry: Entry) -> dict[str, Json]:
    """Return an entry for programs: its fields, and where it stands."""
    body = json.loads(entry.body)
    return {"position": entry.position, **body}


def _about(row: Mapping[str, Json]) -> str:
    """Return the id of what an entry is about, short."""
    facts = row.get("facts")
    if not isinstance(facts, Mapping):
        return ""
    found = [facts[key] for key in _ABOUT if isinstance(facts.get(key), str)]
    return words.short(str(found[0])) if found else ""


def _home_passphrase(call: Call) -> dict[str, Secret] | None:
    """Return what somebody types, if they are there and do not only press Enter."""
    from strongroom.cli import passphrases

    if not passphrases.somebody_types():
        return None
    home = call.settings().home.name
    prompt = f"Passphrase of {home} (Enter: leave the guarded rows unchecked)"
    typed = passphrases.type_secret(prompt, hint=passphrases.HINT)
    return {home: typed} if len(typed) else None


def _report(call: Call, typed: Mapping[str, Secret] | None) -> LedgerReport:
    """Check everything; a room that does not open is checked as far as it goes."""
    try:
        with (
            call.open(every_domain=True, typed=typed) as room,
            call.output.working("checking the ledger"),
        ):
            return room.records.verify()
    except IntegrityError as error:
        found = _locked_report(call)
        problems = (str(error), *found.findings)
        return replace(found, findings=tuple(dict.fromkeys(problems)))


def _locked_report(call: Call) -> LedgerReport:
    try:
        return witnesses.verified(call)
    except IntegrityError as error:  # it is not what this user saw before
        found = witnesses.verified(call, compare=False)
        problems = (str(error), *found.findings)
        return replace(found, findings=tuple(dict.fromkeys(problems)))


def _show_report(console: Console, report: LedgerReport) -> None:
    for finding in report.findings:
        console.print(f"wrong: {text(finding)}", style="bold", soft_wrap=True)
    count = words.many(report.size, "entry", "entries")
    if not report.findings:
        console.print(f"{count}: each is under the signed checkpoint")
    console.print(f"root {report.root}", style="dim", soft_wrap=True)
    if report.second_since is not None:
        since = report.second_since
        console.print(f"ML-DSA-65 beside Ed25519 from size {since} on", style="dim")
    if report.rows_checked:
        console.print("guarded rows were compared with it", style="dim")
    for sentence in report.unchecked:
        console.print(f"not checked: {text(sentence)}", soft_wrap=True)
    if report.witnesses or not report.separations:  # which say it too
        for line in witnesses.lines(report.witnesses):
            console.print(text(line), style="dim", soft_wrap=True)
    print_list(console, "Not separated here:", report.separations)


def _proof(call: Call, position: int) -> tuple[Entry, Proof]:
    from strongroom.ledger.export import proof_of

    # A proof needs no passphrase.
    with call.read_ledger() as ledger, ledger.reading() as reading:
        proof = proof_of(ledger, reading, position)
        return ledger.entry(reading, position), proof


def _write(console: Console, content: str) -> None:
    console.file.write(content)


def _write_proof(folder: Path, entry: Entry, proof: Proof) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, data in (
        (f"entry-{proof.index}.json", entry.body),
        (f"entry-{proof.index}.tlog-proof", proof.to_text().encode()),
    ):
        path = folder / name
        try:
            with path.open("xb") as file:
                file.write(data)
        except FileExistsError:
            raise ConflictError(f"{path} exists", hint="name another folder") from None
        written.append(str(path))
    return written


def _export_locked(call: Call, folder: Path) -> tuple[int, WitnessReport | None]:
    from strongroom.app import clock
    from strongroom.app.witnesses import open_witnesses
    from strongroom.ledger.export import export_ledger

    with call.read_ledger() as ledger:
        found = open_witnesses(call.settings(), ledger, now=clock)
        policy = found.policy if found else None
        with ledger.reading() as reading:
            size = export_ledger(
                ledger, reading, folder, private=False, witnesses=policy
            )
        return size, found.report() if found else None
