"""``strongroom intake``: what comes in from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strongroom.cli import signing, words
from strongroom.cli.call import Call
from strongroom.cli.intake_findings import show_intake, write_bill, write_sarif
from strongroom.cli.intake_rows import COLUMNS, intake_document, row_of

IDENTIFIER = Annotated[
    str, typer.Argument(metavar="ID", help="Of the intake, or its start.")
]


def list_(call: Call) -> None:
    """List what came in from outside, newest first.

    Example: strongroom intake list
    """
    with call.open() as room:
        found = room.intakes.all()
        called = room.intakes.called(found)
    rows = [row_of(*one) for one in zip(found, called, strict=True)]
    call.output.listing(rows, COLUMNS, empty="nothing came in from outside yet")


def show(
    call: Call,
    *,
    identifier: IDENTIFIER,
    sarif: Annotated[
        Path | None, typer.Option(help="Write what was found there.", metavar="FILE")
    ] = None,
    statements: Annotated[
        Path | None,
        typer.Option(help="Write signed in-toto statements there.", metavar="DIR"),
    ] = None,
    sbom: Annotated[
        Path | None,
        typer.Option(help="Write a CycloneDX bill of materials.", metavar="FILE"),
    ] = None,
) -> None:
    """Show what was found, what was changed, and what was lost.

    Example: strongroom intake show intake-k7qv2mfa
    """
    with call.open() as room:
        intake, report = room.intakes.show(identifier)
        (called,) = room.intakes.called([intake])
        later = room.intakes.reaudits.last_reread(intake.id)
        signed = {} if statements is None else room.intakes.statements(intake.id)
    document = intake_document(intake, report, called, later=later)
    call.output.answer(
        document, lambda console: show_intake(console, document, every_error=True)
    )
    if sarif is not None:
        write_sarif(sarif, report)
    if sbom is not None:
        write_bill(sbom, intake, report)
    if statements is not None:
        signing.write_files(statements, signed)


def accept(call: Call, *, identifier: IDENTIFIER) -> None:
    """Let what was re-written be asked for, once whoever has to agree agrees.

    Example: strongroom intake accept intake-k7qv2mfa
    """
    with call.open() as room:
        request = room.intakes.accept(identifier)
        intake, _ = room.intakes.show(identifier)
        (called,) = room.intakes.called([intake])
    document = {
        "intake": intake.id,
        "state": intake.state,
        "request": request.id,
        "model": called.model,
    }
    if intake.state == "accepted":
        call.output.say(document, f"{intake.id} is accepted, as {called.model}")
    else:
        call.output.say(
            document, words.waits(request.id, request.approvals, request.distinct_teams)
        )


def refuse(
    call: Call,
    *,
    identifier: IDENTIFIER,
    reason: Annotated[str, typer.Option(help="Why.", metavar="TEXT")] = "",
) -> None:
    """Give up what was re-written, for good; the original is kept until it expires.

    Example: strongroom intake refuse intake-k7qv2mfa --reason "not our licence"
    """
    with call.open() as room:
        intake = room.intakes.refuse(identifier, reason=reason)
        (called,) = room.intakes.called([intake])
    call.output.say(row_of(intake, called), f"{intake.id} is refused")
