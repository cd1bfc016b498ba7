"""``strongroom intake reaudit``: what was admitted is judged again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import words
from strongroom.cli.call import Call
from strongroom.cli.intake_findings import show_findings, write_sarif
from strongroom.errors import InputError, MissingError
from strongroom.settings.small_files import read_small

if TYPE_CHECKING:
    from rich.console import Console

    from strongroom.canonical import Json
    from strongroom.client.client import Strongroom
    from strongroom.intake.installed import Installed
    from strongroom.vault.reauditing import Reaudited


def reaudit(
    call: Call,
    *,
    bundle: Annotated[
        Path | None,
        typer.Option(help="A newer bundle of advisories.", metavar="FILE"),
    ] = None,
    self_: Annotated[
        bool, typer.Option("--self", help="Judge the packages installed here instead.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be found; change nothing.")
    ] = False,
    reread: Annotated[
        bool,
        typer.Option(
            "--reread", help="Read originals again that only older readers read."
        ),
    ] = False,
    most: Annotated[
        int | None,
        typer.Option(help="Originals to read again.", metavar="N", min=1),
    ] = None,
    sarif: Annotated[
        Path | None, typer.Option(help="Write what was found there.", metavar="FILE")
    ] = None,
) -> None:
    """Judge again what was admitted, by what is known to be bad by now.

    No service is asked, and nothing is read again without --reread. What an advisory
    names, or newer readers see otherwise, goes back into quarantine with everything
    that descends from it. An old bundle, or none, is a finding too. Ctrl-C keeps what
    was read again. Exit status 65: something was found.

    Example: strongroom intake reaudit --bundle advisories.json
    """
    if reread and (self_ or dry_run):
        raise InputError(
            "--reread goes with neither --self nor --dry-run",
            hint="strongroom intake reaudit --dry-run names what would be read",
        )
    data = None if bundle is None else _read(bundle)
    with call.open(every_domain=reread) as room:
        if self_:
            found = room.intakes.reaudits.installed(_installed(), data)
        else:
            found = room.intakes.reaudits.run(data, dry_run=dry_run)
        if reread:
            found = _reread(call, room, found, most)
    document = _document(found)
    call.output.answer(document, lambda console: _show(console, document))
    if sarif is not None:
        write_sarif(
            sarif,
            {"reader": "", "files": [], **document},
            again="strongroom intake reaudit --dry-run --sarif FILE",
        )
    if not found.clean:
        raise InputError(
            f"{words.many(len(found.findings), 'finding')} by judging again",
            hint="docs/reference/intake-rules.md says what each means",
        )


def _reread(
    call: Call, room: Strongroom, found: Reaudited, most: int | None
) -> Reaudited:
    """Read originals again, with a bar; each counts once opened and once read."""
    total = 2 * sum(intake.plain_bytes for intake in found.outgrown[:most])
    with call.output.progress("reading again", total) as progress:
        return room.intakes.reaudits.reread(found, at_most=most, progress=progress)


def _read(path: Path) -> bytes:
    from strongroom.intake.advisories import MOST_BYTES

    data = read_small(path, MOST_BYTES, error=InputError)
    if data is None:
        raise MissingError(f"there is no file {path}")
    return data


def _installed() -> list[Installed]:
    """Return every package of this interpreter, whatever it is needed for."""
    from importlib.metadata import distributions

    from strongroom.intake.installed import Installed

    found = {
        (str(one.metadata["Name"] or ""), str(one.metadata["Version"] or ""))
        for one in distributions()
    }
    return [Installed(name=name, version=version) for name, version in sorted(found)]


def _document(found: Reaudited) -> dict[str, Json]:
    return {
        "bundle": found.number,
        "judged": found.judged,
        "reread": found.reread,
        "recalled": [version.id for version in found.recalled],
        "findings": [
            {
                "path": where,
                "place": finding.place,
                "rule": finding.rule,
                "level": finding.level.value,
                "message": finding.message,
            }
            for where, finding in found.findings
        ],
    }


def _show(console: Console, document: dict[str, Json]) -> None:
    judged = document["judged"]
    by = document["bundle"]
    console.print(f"{judged} judged, by bundle {by}" if by else "nothing judged")
    if document["reread"]:
        console.print(f"{document['reread']} read again")
    recalled = document["recalled"]
    if isinstance(recalled, list) and recalled:
        console.print(f"{words.many(len(recalled), 'version')} back in quarantine")
    show_findings(console, document["findings"])
