"""``strongroom intake sources``: who and what is expected from outside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import words
from strongroom.cli.call import Call
from strongroom.cli.files import read_file
from strongroom.cli.output import Column
from strongroom.errors import InputError

if TYPE_CHECKING:
    from strongroom.canonical import Json
    from strongroom.intake.listed_sources import ListedSource

NAME = Annotated[str, typer.Argument(metavar="NAME", help="Of the source.")]
_MOST_SUM_BYTES = 1 << 20


def add(
    call: Call,
    *,
    name: NAME,
    publisher: Annotated[
        str, typer.Option(help="On a hub; any unless said.", metavar="ORG")
    ] = "",
    repository: Annotated[
        str, typer.Option(help="Of theirs; any unless said.", metavar="NAME")
    ] = "",
    commit: Annotated[
        str, typer.Option(help="40 hexadecimal digits, no branch.", metavar="HEX")
    ] = "",
    expect: Annotated[
        list[str] | None,
        typer.Option(help="A digest that it may have.", metavar="sha256:HEX"),
    ] = None,
    sums: Annotated[
        Path | None,
        typer.Option(help="Of all its files, by sha256sum.", metavar="FILE"),
    ] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option(help="Public key that may sign, PEM.", metavar="FILE"),
    ] = None,
) -> None:
    """List a source that vouches for models by digests, by keys, or both.

    Somebody else has to agree, as policy says. Options of one kind may be given
    several times: one of the digests, and one of the keys, has to fit.

    Example: strongroom intake sources add acme --publisher acme --key acme.pub.pem
    """
    from strongroom.crypto.ecdsa import MOST_PEM_BYTES, EcKey
    from strongroom.intake.allow_list import Voucher
    from strongroom.intake.listed_sources import parse_sums
    from strongroom.intake.origins import Origin

    voucher = Voucher(
        origin=Origin(publisher=publisher, repository=repository, commit=commit),
        digests=expect or (),
        sums=parse_sums(_text(sums)) if sums is not None else (),
        keys=[
            EcKey.from_pem(read_file(each, at_most_bytes=MOST_PEM_BYTES))
            for each in key or ()
        ],
    )
    with call.open() as room:
        request = room.intakes.sources.add(name, voucher)
    document = {"name": name, "state": request.state, "request": request.id}
    if request.state == "approved":
        call.output.say(document, f"{name} is listed")
    else:
        call.output.say(
            document, words.waits(request.id, request.approvals, request.distinct_teams)
        )


def list_(call: Call) -> None:
    """List the sources that vouch for models.

    Example: strongroom intake sources list
    """
    with call.open() as room:
        found = room.intakes.sources.all()
    rows = [_row(source) for source in found]
    call.output.listing(rows, COLUMNS, empty="no source is listed yet")


def remove(call: Call, *, name: NAME) -> None:
    """Take a source off the list, at once; what came from it stays.

    Example: strongroom intake sources remove acme
    """
    with call.open() as room:
        source = room.intakes.sources.remove(name)
    call.output.say(_row(source), f"{source.name} is not listed any more")


def _text(path: Path) -> str:
    try:
        return read_file(path, at_most_bytes=_MOST_SUM_BYTES).decode()
    except UnicodeDecodeError:
        raise InputError(
            f"{path} is not UTF-8", hint="write it with sha256sum"
        ) from None


def _row(source: ListedSource) -> dict[str, Json]:
    return {
        "source": source.id,
        "name": source.name,
        "publisher": source.publisher,
        "repository": source.repository,
        "commit": source.commit,
        "digests": list(source.digests),
        "files": dict(source.files),
        "signers": [key.fingerprint for key in source.signers],
        "listed": words.stamp(source.listed_at),
    }


def _by(row: Mapping[str, Json]) -> str:
    """Return by what a source vouches, in few words."""
    counted = (("digest", "digests"), ("file", "files"), ("key", "signers"))
    return ", ".join(
        words.many(len(found), word)
        for word, name in counted
        if isinstance(found := row[name], list | dict) and found
    )


def _from(row: Mapping[str, Json]) -> str:
    place = "/".join(str(row[n]) for n in ("publisher", "repository") if row[n])
    return f"{place}@{str(row['commit'])[:12]}" if row["commit"] else place


COLUMNS = (
    Column("name", lambda row: str(row["name"])),
    Column("from", _from),
    Column("vouches by", _by),
    Column("listed", lambda row: str(row["listed"])[:10]),
)
