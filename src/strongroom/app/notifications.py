"""Tells people outside the room, through ``apprise``.

``notifications.toml`` beside ``room.toml`` names the targets: the room's, and those of
single people, who hear of the projects that they own.  An address often holds a token,
so it stands in a file of its own that only its owner reads.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import get_args

from strongroom.access.telling import About, Message, Tell, Told
from strongroom.errors import InputError, SetupError
from strongroom.settings.small_files import read_small
from strongroom.types import Secret

FILE_NAME = "notifications.toml"
MAX_FILE_BYTES = 64 << 10
MAX_ADDRESS_BYTES = 4096
MAX_TARGETS = 256
_TOPICS: tuple[str, ...] = get_args(About)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Who is told.

    Attributes:
        name: How people call it.
        address_file: Holds its address, in the form of ``apprise``.
        about: What it wants to hear of.
        person: Name of the account whose own it is; the room's if ``None``.
    """

    name: str
    address_file: Path
    about: frozenset[str]
    person: str | None = None

    def wants(self, message: Message) -> bool:
        """Return whether a message is for this target."""
        return message.about in self.about and message.person == self.person

    def address(self) -> Secret:
        """Return where it is reached.

        Raises:
            SetupError: The file is absent, too long, or others may read it.
        """
        path = self.address_file
        data = read_small(path, MAX_ADDRESS_BYTES, private=True, error=SetupError)
        if data is None:
            raise SetupError(f"{path} cannot be read: there is no such file")
        if len(data) > MAX_ADDRESS_BYTES or not data.strip():
            raise SetupError(f"{path} holds no address")
        return Secret(data.strip())


def teller(folder: Path) -> Tell:
    """Return what tells the targets that the room in ``folder`` names.

    Its file is read when somebody is told: an address that is wrong by then is
    shown to whoever caused the message, and recorded.
    """
    return partial(_tell, folder)


def load_targets(folder: Path) -> tuple[Target, ...]:
    """Return the targets of a room; none without ``notifications.toml``.

    Raises:
        SetupError: The file is too long or not understood.
    """
    path = folder / FILE_NAME
    data = read_small(path, MAX_FILE_BYTES, error=SetupError)
    if data is None:
        return ()
    if len(data) > MAX_FILE_BYTES:
        raise SetupError(f"{path} is over {MAX_FILE_BYTES} bytes")
    try:
        document = tomllib.loads(data.decode())
        targets = tuple(_target(folder, item) for item in document["target"])
    except RecursionError:
        raise SetupError(f"{path} is nested too deeply") from None
    except (AttributeError, KeyError, TypeError, ValueError, InputError) as error:
        raise SetupError(f"{path} is not understood: {error}") from None
    if len(targets) > MAX_TARGETS:
        raise SetupError(f"{path} has over {MAX_TARGETS} targets")
    return targets


def _target(folder: Path, item: Mapping[str, object]) -> Target:
    unknown = set(item) - {"name", "address_file", "about", "person"}
    if unknown:
        raise InputError(f"a target has an unknown key {min(unknown)}")
    about = item.get("about", list(_TOPICS))
    if not isinstance(about, list) or not set(map(str, about)) <= set(_TOPICS):
        raise InputError(f"a target is about some of {', '.join(_TOPICS)}")
    return Target(
        name=str(item["name"]),
        address_file=folder / str(item["address_file"]),
        about=frozenset(map(str, about)),
        person=str(item["person"]) if "person" in item else None,
    )


def _tell(folder: Path, message: Message) -> Told:
    try:
        targets = [t for t in load_targets(folder) if t.wants(message)]
    except SetupError as error:
        return Told(failed=(str(error),))
    failed = []
    for target in targets:
        try:
            _send(target, message)
        except SetupError as error:
            failed.append(f"{target.name}: {error}")
    return Told(reached=len(targets) - len(failed), failed=tuple(failed))


def _send(target: Target, message: Message) -> None:
    """Send one message to one target; ``apprise`` waits 4 s to connect and read.

    Raises:
        SetupError: ``apprise`` is absent, or the target did not take it.
    """
    try:
        from apprise import Apprise
    except ImportError:
        raise SetupError(
            "apprise is not installed", hint="pip install 'strongroom[notifications]'"
        ) from None
    sender = Apprise()
    if not sender.add(target.address().reveal().decode(errors="replace")):
        raise SetupError("its address is none that apprise knows")
    if not sender.notify(title=message.title, body=message.text):
        raise SetupError("it did not answer, or refused the message")
