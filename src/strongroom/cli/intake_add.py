"""``strongroom intake add``: something from outside is taken in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from strongroom.cli import hubs, signing
from strongroom.cli.call import Call
from strongroom.cli.intake_findings import show_intake, without, write_sarif
from strongroom.cli.intake_rows import intake_document
from strongroom.cli.sealing import bytes_below
from strongroom.errors import InputError
from strongroom.types import Classification

if TYPE_CHECKING:
    from strongroom.client.called import Called
    from strongroom.client.client import Strongroom
    from strongroom.client.intake import Added
    from strongroom.intake.additions import Addition
    from strongroom.vault.drafts import SealOptions

PATH: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="PATH", help="A file or folder, or hf://ORG/NAME@COMMIT."),
]
NAME: TypeAlias = Annotated[
    str | None, typer.Option("--as", help="The model's name.", metavar="NAME")
]
PROJECT: TypeAlias = Annotated[
    str, typer.Option(help="That it is for.", metavar="NAME")
]
CLASS: TypeAlias = Annotated[
    Classification | None, typer.Option("--class", help="How much it is guarded.")
]
PARENT: TypeAlias = Annotated[
    str | None, typer.Option(help="That it descends from.", metavar="NAME@V")
]
ORIGIN: TypeAlias = Annotated[
    str, typer.Option("--from", help="Where you got it.", metavar="TEXT")
]
EXPECT: TypeAlias = Annotated[
    str | None, typer.Option(help="The digest it must have.", metavar="sha256:HEX")
]
SIGNATURE: TypeAlias = Annotated[
    Path | None,
    typer.Option(help="OpenSSF signature that it has to have.", metavar="FILE"),
]
KEY: TypeAlias = Annotated[
    Path | None, typer.Option(help="Public key it has to be by, PEM.", metavar="FILE")
]
CERTIFICATES: TypeAlias = Annotated[
    Path | None,
    typer.Option(help="Authorities that vouch for it, PEM.", metavar="FILE"),
]
SOURCE: TypeAlias = Annotated[
    str | None, typer.Option(help="That vouches for it.", metavar="NAME")
]
SALVAGE: TypeAlias = Annotated[
    bool, typer.Option(help="Put stubs for unknown objects; a second person looks.")
]
LEAVE_OUT: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(help="Files not to be read; as often as needed.", metavar="PATTERN"),
]
AGAIN: TypeAlias = Annotated[
    bool, typer.Option(help="Examine it although it is known.")
]
SARIF: TypeAlias = Annotated[
    Path | None, typer.Option(help="Write what was found there.", metavar="FILE")
]


def add(
    call: Call,
    *,
    path: PATH,
    as_: NAME = None,
    project: PROJECT = "default",
    class_: CLASS = None,
    parent: PARENT = None,
    origin: ORIGIN = "",
    expect: EXPECT = None,
    signature: SIGNATURE = None,
    key: KEY = None,
    certificates: CERTIFICATES = None,
    source: SOURCE = None,
    endpoint: hubs.ENDPOINT = None,
    token_file: hubs.TOKEN_FILE = None,
    most_bytes: hubs.MOST_BYTES = None,
    salvage: SALVAGE = False,
    leave_out: LEAVE_OUT = None,
    again: AGAIN = False,
    sarif: SARIF = None,
) -> None:
    """Take a model in: keep the original sealed, re-write it, seal the result.

    Nothing of it runs, and only what we wrote ourselves leaves quarantine. The
    result can be asked for once somebody accepts it. Exit status 65: it is refused.
    From a hub, --signature names a file of the repository. What --leave-out matches
    is held and checked with the rest, but not read, and nothing of it comes out.

    Example: strongroom intake add ./downloaded --as llama --from "https://..."
    """
    from strongroom.intake.additions import Addition
    from strongroom.intake.origins import is_on_hub
    from strongroom.intake.rewriting import Options
    from strongroom.vault.drafts import SealOptions

    hubs.verify_named(path, origin, expect)
    on_hub = is_on_hub(path)
    options = SealOptions(
        name=_name_of(path) if as_ is None else as_,
        project=project,
        classification=class_,
        parent=parent,
    )
    at_hub = hubs.Asked(endpoint=endpoint, token_file=token_file, most_bytes=most_bytes)
    with (
        call.open(every_domain=True) as room,
        hubs.files(call, room, path, options, source=source, asked=at_hub) as files,
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
        bundle = signing.bundle(signature, key, certificates) if source else None
        added = _taken_in(call, room, addition, options, source=source, bundle=bundle)
        (called,) = room.intakes.called([added.intake])
    _answer(call, added, called, wanted=as_)
    if sarif is not None:
        write_sarif(sarif, added.report)
    _raise_if_refused(added)


def _name_of(path: str) -> str:
    """Return what something is called unless somebody says otherwise."""
    from strongroom.client.naming import default_name
    from strongroom.intake.origins import is_on_hub, parse_origin

    return default_name(
        Path(parse_origin(path).repository if is_on_hub(path) else path)
    )


def _taken_in(
    call: Call,
    room: Strongroom,
    addition: Addition,
    options: SealOptions,
    *,
    source: str | None,
    bundle: bytes | None,
) -> Added:
    """Return what became of an addition, and show meanwhile how far it is."""
    from strongroom.intake.jobs import MOST_FILES

    below = bytes_below(addition.path, most=2 * MOST_FILES)
    total = 3 * below  # copied, held, and sealed once re-written
    with call.output.progress("taking in", total) as progress:
        return room.intakes.add(
            addition,
            options,
            source=source,
            bundle=bundle,
            progress=lambda _, done: progress(done),
        )


def _answer(call: Call, added: Added, called: Called, *, wanted: str | None) -> None:
    """Say what became of it, and if it goes by another name than was wanted."""
    document = intake_document(added.intake, added.report, called, known=added.known)
    model = called.model
    if added.known and model and wanted not in {None, model.partition("@")[0]}:
        note = f"these bytes came in as {model}; --again takes them in as {wanted}, too"
        call.output.warn({"note": note, "model": model}, note)
    call.output.answer(document, lambda console: show_intake(console, document))


def _raise_if_refused(added: Added) -> None:
    """Let the exit status say that something is refused.

    Raises:
        InputError: It is.
    """
    if added.intake.state != "refused":
        return
    show = f"strongroom intake show {added.intake.id}"
    if added.known:  # its report was shown; perhaps it was a slip in --expect
        show = "add it with --again to have it examined once more"
    hint = without(added.report) or show
    raise InputError(f"{added.intake.id} is refused", hint=hint)
