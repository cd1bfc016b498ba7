"""Where files lie that ``strongroom intake`` names: here, or on a hub."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli.call import Call
from strongroom.cli.files import read_file, verify_there
from strongroom.errors import InputError, SetupError
from strongroom.types import Secret

if TYPE_CHECKING:
    from strongroom.client.client import Strongroom
    from strongroom.intake.hub import Hub
    from strongroom.vault.drafts import SealOptions

ENDPOINT = Annotated[
    str | None, typer.Option(help="Of the hub.", metavar="URL", envvar="HF_ENDPOINT")
]
TOKEN_FILE = Annotated[
    Path | None, typer.Option(help="The hub knows you by it.", metavar="FILE")
]
MOST_BYTES = Annotated[
    int | None, typer.Option(help="To fetch from a hub.", metavar="N", min=1)
]

_MOST_TOKEN_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody says of the hub that is asked.

    Attributes:
        endpoint: Its address; the room's unless said.
        token_file: Holds the token by which the hub knows somebody.
        most_bytes: Of a commit.
    """

    endpoint: str | None
    token_file: Path | None
    most_bytes: int | None


@contextmanager
def files(
    call: Call,
    room: Strongroom,
    path: str,
    options: SealOptions,
    *,
    source: str | None,
    asked: Asked,
) -> Iterator[Path]:
    """Give the file or folder that somebody names, fetched for as long as needed.

    Args:
        call: Shows how far it is.
        room: Whose rules ask who may.
        path: Of something here, or ``hf://ORG/NAME@COMMIT``.
        options: Under which name, project and class it is sealed then.
        source: Name of the source that vouches for it.
        asked: Which hub, if it is on one.

    Raises:
        InputError: It is no place on a hub, or there is too much.
        MissingError: There is nothing of this name.
        SetupError: No hub is named, or its library is not installed.
        StrongroomError: As for ``Intakes.verify`` and ``Intakes.fetched``.
    """
    from strongroom.intake.origins import is_on_hub

    if not is_on_hub(path):
        yield Path(path)
        return
    hub = named_hub(room, asked)
    room.intakes.verify(options, source=source)  # fetching may take hours
    with fetched(call, room, path, hub, project=options.project) as folder:
        yield folder


def fetched(
    call: Call, room: Strongroom, path: str, hub: Hub, *, project: str | None
) -> AbstractContextManager[Path]:
    """Give the files of a commit for as long as they are needed.

    Args:
        call: Shows how far it is.
        room: Whose rules ask who may.
        path: ``hf://ORG/NAME@COMMIT``.
        hub: That has it.
        project: That it is for.

    Raises:
        InputError: It is no place on a hub, or there is too much.
        StrongroomError: As for ``Intakes.fetched``.
    """
    from strongroom.intake.origins import parse_origin
    from strongroom.vault.drafts import DEFAULT_PROJECT

    return room.intakes.fetched(
        parse_origin(path),
        hub,
        project=project or DEFAULT_PROJECT,
        bar=lambda total: call.output.progress("fetching", total),
    )


def named_hub(room: Strongroom, asked: Asked) -> Hub:
    """Return the hub that somebody names, or the room does.

    Args:
        room: Whose settings may name one.
        asked: What is said of it.

    Raises:
        InputError: That is no address of one, or no token.
        MissingError: There is no such file.
        SetupError: No hub is named.
        UnavailableError: The file cannot be read.
    """
    from strongroom.intake.hub import DEFAULT_MOST_BYTES, Hub

    named = asked.endpoint or room.room.settings.intake.hub
    if not named:
        raise SetupError(
            "no hub is named",
            hint='--endpoint URL, or [intake] hub = "https://..." in room.toml',
        )
    return Hub(
        endpoint=named.rstrip("/"),
        token=_token(asked.token_file),
        environment=os.environ,
        most_bytes=asked.most_bytes or DEFAULT_MOST_BYTES,
    )


def verify_named(path: str, origin: str = "", expect: str | None = None) -> None:
    """Check what somebody names before anything else is asked.

    Args:
        path: Of something here, or ``hf://ORG/NAME@COMMIT``.
        origin: Where somebody says that it is from.
        expect: The digest that it must have.

    Raises:
        InputError: It is no place on a hub, two are named, or no digest is.
        MissingError: There is nothing of this name.
    """
    from strongroom.intake.additions import parse_digest
    from strongroom.intake.origins import is_on_hub, parse_origin

    if expect is not None:
        parse_digest(expect)
    if is_on_hub(path):
        parse_origin(path)
        if origin:
            raise InputError(
                f"{path[:200]} says where it is from", hint="leave out --from"
            )
    else:
        verify_there(path)


def _token(path: Path | None) -> Secret | None:
    """Return the token in a file.

    Raises:
        InputError: It holds none.
        MissingError: There is no such file.
        UnavailableError: It cannot be read.
    """
    if path is None:
        return None
    token = read_file(path, at_most_bytes=_MOST_TOKEN_BYTES).strip()
    if not token.isascii() or not token.decode("ascii", "replace").isprintable():
        raise InputError(f"{path} holds no token of a hub")
    return Secret(token)
