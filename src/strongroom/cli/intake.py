"""``strongroom intake``: what comes in from outside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import hubs, signing, words
from strongroom.cli.call import Call
from strongroom.cli.intake_findings import (
    later_document,
    show_intake,
    texts_of,
    without,
    write_bill,
    write_sarif,
)
from strongroom.cli.output import Column
from strongroom.cli.sealing import bytes_below
from strongroom.errors import InputError
from strongroom.types import Classification

if TYPE_CHECKING:
    from strongroom.canonical import Json
    from strongroom.intake.intakes import Intake
    from strongroom.intake.later_readings import LaterReading

IDENTIFIER = Annotated[
    str, typer.Argument(metavar="ID", help="Of the intake, or its start.")
]


def add(
    call: Call,
    *,
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH", help="A file or folder, or hf://ORG/NAME@COMMIT."
        ),
    ],
    as_: Annotated[
        str | None, typer.Option("--as", help="The model's name.", metavar="NAME")
    ] = None,
    project: Annotated[
        str, typer.Option(help="That it is for.", metavar="NAME")
    ] = "default",
    class_: Annotated[
        Classification | None, typer.Option("--class", help="How much it is guarded.")
    ] = None,
    parent: Annotated[
        str | None, typer.Option(help="That it descends from.", metavar="NAME@V")
    ] = None,
    origin: Annotated[
        str, typer.Option("--from", help="Where you got it.", metavar="TEXT")
    ] = "",
    expect: Annotated[
        str | None,
        typer.Option(help="The digest it must have.", metavar="sha256:HEX"),
    ] = None,
    signature: Annotated[
        Path | None,
        typer.Option(help="OpenSSF signature that it has to have.", metavar="FILE"),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="Public key it has to be by, PEM.", metavar="FILE"),
    ] = None,
    certificates: Annotated[
        Path | None,
        typer.Option(help="Authorities that vouch for it, PEM.", metavar="FILE"),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="That vouches for it.", metavar="NAME")
    ] = None,
    endpoint: hubs.ENDPOINT = None,
    token_file: hubs.TOKEN_FILE = None,
    most_bytes: hubs.MOST_BYTES = None,
    salvage: Annotated[
        bool,
        typer.Option(help="Put stubs for unknown objects; a second person looks."),
    ] = False,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(
            help="Files not to be read; as often as needed.", metavar="PATTERN"
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option(help="Examine it although it is known.")
    ] = False,
    sarif: Annotated[
        Path | None, typer.Option(help="Write what was found there.", metavar="FILE")
    ] = None,
) -> None:
    """Take a model in: keep the original sealed, re-write it, seal the result.

    Nothing of it runs, and only what we wrote ourselves leaves quarantine. The
    result can be asked for once somebody accepts it. Exit status 65: it is refused.
    From a hub, --signature names a file of the repository. What --leave-out matches
    is held and checked with the rest, but not read, and nothing of it comes out.

    Example: strongroom intake add ./downloaded --as llama --from "https://..."
    """
    from strongroom.client.naming import default_name
    from strongroom.intake.additions import Addition
    from strongroom.intake.jobs import MOST_FILES
    from strongroom.intake.origins import is_on_hub, parse_origin
    from strongroom.intake.rewriting import Options
    from strongroom.vault.drafts import SealOptions

    hubs.verify_named(path, origin, expect)
    on_hub = is_on_hub(path)
    called = Path(parse_origin(path).repository if on_hub else path)
    options = SealOptions(
        name=default_name(called) if as_ is None else as_,
        project=project,
        classification=class_,
        parent=parent,
    )
    with (
        call.open(every_domain=True) as room,
        hubs.files(
            call,
            room,
            path,
            options,
            source=source,
            endpoint=endpoint,
            token_file=token_file,
            most_bytes=most_bytes,
        ) as files,
    ):
        if on_hub and signature is not None:
            signature = files / signature
        addition = Addition(
            path=files,
            project=project,
            origin=path if on_hub else origin,
            expect=expect,
            signature=None if source else signing.claim(signature, key, certificates),
            options=Options(salvage=salvage, left_out=tuple(leave_out or ())),
            again=again,
        )
        below = bytes_below(files, most=2 * MOST_FILES)
        total = 3 * below  # copied, held, and sealed once re-written
        with call.output.progress("taking in", total) as progress:
            added = room.intakes.add(
                addition,
                options,
                source=source,
                bundle=signing.bundle(signature, key, certificates) if source else None,
                progress=lambda _, done: progress(done),
            )
        (model,) = room.intakes.models([added.intake])
    intake = added.intake
    document = intake_document(intake, added.report, model, known=added.known)
    if added.known and model and as_ not in {None, model.partition("@")[0]}:
        note = f"these bytes came in as {model}; --again takes them in as {as_}, too"
        call.output.warn({"note": note, "model": model}, note)
    call.output.answer(document, lambda console: show_intake(console, document))
    if sarif is not None:
        write_sarif(sarif, added.report)
    if intake.state == "refused":
        show = f"strongroom intake show {intake.id}"
        if added.known:  # its report was shown; perhaps it was a slip in --expect
            show = "add it with --again to have it examined once more"
        hint = without(added.report) or show
        raise InputError(f"{intake.id} is refused", hint=hint)


def list_(call: Call) -> None:
    """List what came in from outside, newest first.

    Example: strongroom intake list
    """
    with call.open() as room:
        found = room.intakes.all()
        models = room.intakes.models(found)
    rows = [_row(*one) for one in zip(found, models, strict=True)]
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
        (model,) = room.intakes.models([intake])
        later = room.intakes.last_reread(intake.id)
        signed = {} if statements is None else room.intakes.statements(intake.id)
    document = intake_document(intake, report, model, later=later)
    call.output.answer(document, lambda console: show_intake(console, document))
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
        (model,) = room.intakes.models([intake])
    document = {
        "intake": intake.id,
        "state": intake.state,
        "request": request.id,
        "model": model,
    }
    if intake.state == "accepted":
        call.output.say(document, f"{intake.id} is accepted, as {model}")
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
        (model,) = room.intakes.models([intake])
    call.output.say(_row(intake, model), f"{intake.id} is refused")


def intake_document(
    intake: Intake,
    report: Json,
    model: str,
    *,
    known: bool = False,
    later: LaterReading | None = None,
) -> dict[str, Json]:
    """Return an intake and what was found, for programs."""
    return {
        **_row(intake, model),
        "known": known,
        "read_again": later_document(later),
        "report": report,
    }


def _row(intake: Intake, model: str) -> dict[str, Json]:
    return {
        "intake": intake.id,
        "model": model,
        "state": intake.state,
        "digest": intake.digest,
        "files": intake.files,
        "bytes": intake.plain_bytes,
        "review": list(intake.review),
        "version": intake.version,
        "added": words.stamp(intake.added_at),
        "original_until": words.stamp(intake.expires_at) if intake.original else None,
    }


COLUMNS = (
    Column("intake", lambda row: words.short(str(row["intake"]))),
    Column("state", lambda row: str(row["state"])),
    Column("model", lambda row: str(row["model"]), wraps=True),
    Column("bytes", lambda row: words.size(int(str(row["bytes"]))), right=True),
    Column("added", lambda row: str(row["added"])[:10]),
    Column("to look at", lambda row: ", ".join(texts_of(row["review"]))),
)
