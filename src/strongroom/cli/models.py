"""Models, their versions, and which of them a name means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import words
from strongroom.cli.call import Call
from strongroom.cli.output import Column
from strongroom.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from strongroom.canonical import Json
    from strongroom.vault.catalogue import Described

TARGET = Annotated[str, typer.Argument(metavar="NAME[@V]", help="Of the model.")]
NAME = Annotated[str, typer.Argument(metavar="NAME", help="Of the model.")]


def list_(call: Call) -> None:
    """List the models.

    Example: strongroom model list
    """
    with call.open() as room:
        rows: list[Mapping[str, Json]] = [
            {
                "id": artifact.id,
                "model": artifact.name,
                "class": artifact.classification,
                "created": words.stamp(artifact.created_at),
                "references": {p.name: p.version for p in references},
            }
            for artifact, references in room.room.catalogue.all(room.actor)
        ]
    columns = (
        Column("model", lambda row: str(row["model"])),
        Column("class", lambda row: str(row["class"])),
        Column("references", _references),
        Column("since", lambda row: str(row["created"])[:10]),
    )
    call.output.listing(rows, columns, empty="no model is sealed yet")


def show(call: Call, target: TARGET) -> None:
    """Show where the segments of a version lie, and what a thief would get.

    Example: strongroom model show tiny@2
    """
    from strongroom.cli import pictures
    from strongroom.client.records import separations

    with call.open() as room:
        described = room.room.catalogue.show(room.actor, target)
        missing = separations(room.room)
    manifest = described.manifest
    document: dict[str, Json] = {
        **_document(described),
        "segments": pictures.segments_document(manifest),
        "theft": pictures.thieves_document(manifest, missing),
    }

    def draw(console: Console) -> None:
        console.print(_headline(described) + "\n", style="bold")
        pictures.draw_segments(console, manifest)
        console.print()
        pictures.draw_thieves(console, manifest, missing)

    call.output.answer(document, draw)


def versions(call: Call, name: NAME) -> None:
    """List the versions of a model.

    Example: strongroom model versions tiny
    """
    with call.open() as room:
        rows: list[Mapping[str, Json]] = [
            {
                "model": name,
                "version": version.number,
                "generation": version.generation,
                "state": version.state,
                "plain_bytes": version.plain_bytes,
                "sealed": words.stamp(version.sealed_at),
                "manifest": version.manifest_digest,
                "parent": version.parent,
            }
            for version in room.room.catalogue.versions(room.actor, name)
        ]
    columns = (
        Column("version", lambda row: str(row["version"]), right=True),
        Column("state", lambda row: str(row["state"])),
        Column(
            "bytes", lambda row: words.size(_number(row, "plain_bytes")), right=True
        ),
        Column("sealed", lambda row: str(row["sealed"])[:16].replace("T", " ")),
        Column("manifest", lambda row: str(row["manifest"])[:16]),
    )
    call.output.listing(rows, columns, empty="it has no version")


def verify(
    call: Call,
    *,
    target: TARGET,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every stored byte; needs no key.")
    ] = False,
) -> None:
    """Check that a version is as sealed: its manifest, and with --deep its objects.

    Example: strongroom model verify tiny --deep
    """
    with call.open() as room:
        described = room.room.catalogue.show(room.actor, target)
        total = sum(s.facts.length for s in described.manifest.segments)
        if deep:
            with call.output.progress("verifying", total) as progress:
                room.room.catalogue.verify(room.actor, target, progress=progress)
    count = words.many(len(described.manifest.segments), "object")
    done = f"the manifest of {_name(described)} is what the desk signed"
    detail = (
        f"{count}, {words.size(total)}: every byte is as sealed"
        if deep
        else f"{count} were not read: --deep does"
    )
    call.output.say({**_document(described), "deep": deep}, done, detail)


def rollback(
    call: Call,
    *,
    target: Annotated[str, typer.Argument(metavar="NAME@V", help="Version to name.")],
    prod: Annotated[
        bool, typer.Option("--prod", help="Move prod, not main; checks every byte.")
    ] = False,
    reason: Annotated[
        str, typer.Option(help="In words, for the ledger.", metavar="TEXT")
    ] = "",
) -> None:
    """Let main, or prod, name another version; recorded, and nothing is lost.

    Example: strongroom model rollback tiny@1 --prod --reason "2 regressed"
    """
    from strongroom.vault.versions import MAIN, PROD

    if "@" not in target:
        raise InputError(f"{target[:80]!r} names no version", hint="NAME@V")
    reference = PROD if prod else MAIN
    with call.open() as room:
        described = room.room.catalogue.show(room.actor, target)
        total = sum(s.facts.length for s in described.manifest.segments)
        with call.output.progress("verifying", total) as progress:
            room.room.catalogue.point(
                room.actor, target, reference, reason=reason, progress=progress
            )
    call.output.say(
        {**_document(described), "reference": reference},
        f"{reference} names {_name(described)}",
        *(("every stored byte was checked before",) if prod else ()),
    )


def caps(
    call: Call,
    *,
    name: NAME,
    person: Annotated[int, typer.Option(help="Percent that one may hold.", min=1)],
    pair: Annotated[int, typer.Option(help="Percent that any two may hold.", min=1)],
) -> None:
    """Ask for other exposure caps; in standard somebody else has to agree.

    Example: strongroom model caps tiny --person 20 --pair 35
    """
    from strongroom.cli.requests import request_document

    with call.open() as room:
        request = room.room.catalogue.change_caps(
            room.actor, name, person=person, pair=pair
        )
    done = f"caps of {name}: {person} % a person, {pair} % a pair"
    waits = words.waits(request.id, request.approvals, request.distinct_teams)
    call.output.say(
        request_document(request), done if request.state == "approved" else waits
    )


def _document(described: Described) -> dict[str, Json]:
    manifest = described.manifest
    return {
        "model": described.artifact.name,
        "version": manifest.version,
        "generation": manifest.generation,
        "class": manifest.classification,
        "parent": manifest.parent,
        "plain_bytes": manifest.plain_bytes,
        "manifest": manifest.digest,
        "sealed": words.stamp(manifest.sealed_at),
    }


def _headline(described: Described) -> str:
    manifest = described.manifest
    return (
        f"{_name(described)}  {manifest.classification},"
        f" {words.size(manifest.plain_bytes)}, sealed {words.when(manifest.sealed_at)}"
    )


def _name(described: Described) -> str:
    return f"{described.artifact.name}@{described.version.number}"


def _references(row: Mapping[str, Json]) -> str:
    found = row["references"]
    pairs = found.items() if isinstance(found, Mapping) else ()
    named = ", ".join(f"{name} is {version}" for name, version in sorted(pairs))
    return named or "nothing published"


def _number(row: Mapping[str, Json], key: str) -> int:
    value = row[key]
    return value if isinstance(value, int) else 0
