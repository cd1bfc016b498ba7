"""What every command is given: the room, the way to answer, who acts.

A command is a plain function whose first parameter is a ``Call``; the options
that all commands share are added here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer
from typer.core import TyperCommand, TyperOption
from typer.main import get_command_from_info
from typer.models import CommandInfo

from strongroom import __version__
from strongroom.cli.output import Output

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter

    from strongroom.client.client import Strongroom
    from strongroom.ledger.log import Ledger
    from strongroom.ledger.port import Trouble
    from strongroom.settings import Settings
    from strongroom.types import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One use of one command.

    Attributes:
        room: The folder that was named, if one was.
        passphrase_files: ``FILE`` or ``DOMAIN=FILE``.
        passphrase_fd: Descriptor to read one passphrase from.
        state: The folder that was named for what this user saw last.
        output: How to answer.
    """

    room: Path | None
    passphrase_files: tuple[str, ...]
    passphrase_fd: int | None
    state: Path | None
    output: Output

    def settings(self) -> Settings:
        """Return the settings of the room that is meant.

        Raises:
            SetupError: There is none.
        """
        from strongroom.cli.rooms import find_room
        from strongroom.settings import load_settings

        return load_settings(find_room(self.room))

    def passphrases(self, *, every_domain: bool = False) -> dict[str, Secret]:
        """Return the passphrases that opening takes, typed now if none is given.

        What else is typed is asked for after this and before the room is opened:
        that takes a second, and what is typed meanwhile would be seen.

        Raises:
            SetupError: There is no room, or no way to get its passphrase.
        """
        from strongroom.app import needs_secret
        from strongroom.cli import passphrases

        settings = self.settings()
        wanted = settings.domains if every_domain else settings.domains[:1]
        return passphrases.find(
            [domain.name for domain in wanted if needs_secret(domain)],
            known=[domain.name for domain in settings.domains],
            files=self.passphrase_files,
            descriptor=self.passphrase_fd,
        )

    @contextmanager
    def open(
        self,
        *,
        every_domain: bool = False,
        anonymous: bool = False,
        typed: Mapping[str, Secret] | None = None,
    ) -> Iterator[Strongroom]:
        """Open the room, bound to whoever is logged in, and close it again.

        Args:
            every_domain: Whether weights are sealed or opened; else only the
                home custodian is unlocked.
            anonymous: Whether it does not matter who is logged in.
            typed: Passphrases that were asked for before.

        Raises:
            SetupError: There is no room, or no way to get its passphrase.
            DeniedError: A passphrase is wrong, or the login has ended.
            ForkError: The room is older than this user saw it, or another one.
            MissingError: The block raised it; names that are close are in its hint.
        """
        from strongroom.app import open_strongroom
        from strongroom.cli import logins, remembered, waiting
        from strongroom.client.notices import notices
        from strongroom.client.suggestions import suggesting
        from strongroom.types import Profile

        settings = self.settings()
        seen = remembered.checkpoint_path(settings, self.state)
        found = self.passphrases(every_domain=every_domain) if typed is None else typed
        with open_strongroom(
            settings.folder, passphrases=found, seen=seen, tell=self._teller()
        ) as room:
            acting = room if anonymous else logins.resumed(room)
            if settings.profile is Profile.SOLO:
                for notice in notices(room.room):
                    self.output.warn(waiting.note(notice), *waiting.lines(notice))
            with suggesting(acting):
                yield acting

    def _teller(self) -> Callable[[Trouble], None]:
        """Return what notes each trouble with a witness, the same one only once."""
        told: set[Trouble] = set()

        def tell(trouble: Trouble) -> None:
            if trouble not in told:
                document = {"note": str(trouble), "witness": trouble.witness}
                self.output.warn(document, str(trouble))
            told.add(trouble)

        return tell

    @contextmanager
    def read_ledger(self, *, compare: bool = True) -> Iterator[Ledger]:
        """Give the ledger without any key: it can be read and verified only.

        Args:
            compare: Whether to compare it with what this user saw last.

        Raises:
            SetupError: There is no room.
            ForkError: The ledger is older than this user saw it, or another one.
        """
        import os

        from strongroom.app import open_ledger
        from strongroom.cli import remembered
        from strongroom.client.seen import check_seen
        from strongroom.ledger.anchors import Anchors

        settings = self.settings()
        seen = remembered.checkpoint_path(settings, self.state)
        ledger = open_ledger(settings)
        with closing(ledger.database):
            if compare:
                check_seen(Anchors(ledger), seen, random=os.urandom)
            yield ledger

    def locked(self) -> bool:
        """Return whether no passphrase was given for this command."""
        from strongroom.cli import passphrases

        return not passphrases.given(self.passphrase_files, self.passphrase_fd)


def _shared(  # the parameters of this function are options of every command
    *,
    room: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the room.", metavar="DIR", envvar="STRONGROOM_ROOM"
        ),
    ] = None,
    passphrase_file: Annotated[
        list[str] | None,
        typer.Option(
            help="File with the passphrase, of one custody domain or of all.",
            metavar="[DOMAIN=]FILE",
        ),
    ] = None,
    passphrase_fd: Annotated[
        int | None,
        typer.Option(help="Descriptor to read the passphrase from.", metavar="N"),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            help="Folder for what you saw last of each room.",
            metavar="DIR",
            envvar="STRONGROOM_STATE",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where a bug of ours is.")
    ] = False,
) -> Call:
    del debug  # main.run looks for it before anything else can fail
    return Call(
        room=room,
        passphrase_files=tuple(passphrase_file or ()),
        passphrase_fd=passphrase_fd,
        state=state,
        output=Output(json=json),
    )


def command_of(name: str, function: Callable[..., None]) -> TyperCommand:
    """Return ``function`` as a command that has the shared options too."""
    hints = {**get_type_hints(function, include_extras=True)}
    hints |= get_type_hints(_shared, include_extras=True)
    own = list(inspect.signature(function).parameters.values())[1:]
    shared = list(inspect.signature(_shared).parameters.values())

    @wraps(function)
    def command(**values: Any) -> None:  # noqa: ANN401  typer checks each
        call = _shared(**{p.name: values.pop(p.name) for p in shared})
        function(call, **values)

    parameters = [
        p.replace(annotation=hints[p.name], kind=inspect.Parameter.KEYWORD_ONLY)
        for p in (*own, *shared)
    ]
    del command.__wrapped__  # else its annotations would be looked up instead
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    vars(command)["__signature__"] = inspect.Signature(parameters)
    info = CommandInfo(name=name, callback=command, cls=SharedOptionsCommand)
    made = get_command_from_info(
        info, pretty_exceptions_short=True, rich_markup_mode=None
    )
    if not isinstance(made, TyperCommand):
        raise TypeError(name)
    return made


class SharedOptionsCommand(TyperCommand):
    """A command whose help shows its own options before those of all."""

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write arguments, own options, and shared options."""
        shared = {*inspect.signature(_shared).parameters, "help"}
        sections: dict[str, list[tuple[str, str]]] = {
            "Arguments": [],
            "Options": [],
            "Options of every command": [],
        }
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                argument = param.param_type_name == "argument"
                if argument:  # its name says enough; typer adds the Python type
                    record = (record[0].partition(" <")[0], record[1])
                last = not argument and param.name in shared
                index = 0 if argument else 1 + last
                sections[list(sections)[index]].append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def version_option() -> TyperOption:
    """Return ``--version``, which prints and ends."""
    root = get_command_from_info(
        CommandInfo(name="root", callback=_root),
        pretty_exceptions_short=True,
        rich_markup_mode=None,
    )
    options = [param for param in root.params if isinstance(param, TyperOption)]
    return options[0]


def _show_version(version: bool) -> None:
    if version:
        typer.echo(f"strongroom {__version__}")
        raise typer.Exit


def _root(  # only its option is used
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the version and end.",
            callback=_show_version,
            is_eager=True,
            expose_value=False,
        ),
    ] = False,
) -> None:
    del version
