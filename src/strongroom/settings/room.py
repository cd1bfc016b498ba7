"""What one room is made of, as its ``room.toml`` states it.

The file holds no secret.  It pins the room's public keys outside the database,
so that whoever rewrites the database cannot also choose who vouches for it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from strongroom.errors import InputError, SetupError
from strongroom.settings.advised import AdvisorySettings
from strongroom.settings.intake import IntakeSettings
from strongroom.settings.parts import (
    Domain,
    PinnedSet,
    RelyingParty,
    WitnessSettings,
    quoted,
)
from strongroom.settings.small_files import read_small
from strongroom.types import Profile, RoomId

FILE_NAME = "room.toml"
FORMAT = 1
"""Of the file; another number is refused, since it may mean other things."""

MAX_FILE_BYTES = 256 << 10

SANDBOX = "bubblewrap"
"""Where the file names no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything ``open_strongroom`` needs to know that is not secret.

    Attributes:
        folder: Where ``room.toml`` lies.
        room: Id of the room; part of every key wrap and every permit.
        profile: How many people are kept apart.
        database: SQLAlchemy URL; a relative SQLite file starts at ``folder``.
        keys: The room's public keys by name, hexadecimal; readers pin them.
        domains: One to eight; the first one's custodian is the home custodian.
        policy: Folder with the house's own rules and terms; ``None`` for ours.
        recovery: Recovery keys in force, and which papers restore them.
        witnesses: Who else keeps checkpoints; ``None`` if nobody does.
        passkeys: Where passkeys work; ``None`` if the room has none.
        custodians: How many have to act together to open what is sealed from now
            on, unless the sealer says otherwise.
        second_since: Size of the first checkpoint that has to carry a second
            signature too; ``None`` if none has to.
        sandbox: What readers of foreign files run in.
        advisories: Whose bundles the room takes; ``None`` if nobody's.
        intake: What is done with foreign files beside reading them.
    """

    folder: Path
    room: RoomId
    profile: Profile
    database: str
    keys: Mapping[str, str]
    domains: tuple[Domain, ...]
    policy: Path | None = None
    recovery: tuple[PinnedSet, ...] = ()
    witnesses: WitnessSettings | None = None
    passkeys: RelyingParty | None = None
    custodians: int = 1
    second_since: int | None = None
    second_key: int | None = None
    sandbox: str = SANDBOX
    advisories: AdvisorySettings | None = None
    intake: IntakeSettings = field(default_factory=IntakeSettings)

    def __post_init__(self) -> None:
        """Check that the domains are usable.

        Raises:
            SetupError: There is none, there are too many, or two share a name; or
                more custodians have to act together than there are.
        """
        names = {domain.name for domain in self.domains}
        if not 1 <= len(self.domains) <= 8 or len(names) != len(self.domains):  # noqa: PLR2004
            raise SetupError("a room has one to eight custody domains of its own names")
        if not 1 <= self.custodians <= len(self.domains):
            raise SetupError(
                f"{self.custodians} of {len(self.domains)} custodians"
                " cannot act together"
            )

    @property
    def origin(self) -> str:
        """Name of the ledger in its checkpoints."""
        return f"strongroom.local/{self.room}"

    @property
    def policy_folder(self) -> Path | None:
        """Where the house's own rules lie, if it has any."""
        return self.folder / self.policy if self.policy else None

    @property
    def home(self) -> Domain:
        """The domain whose custodian keeps the desk's own keys."""
        return self.domains[0]

    def to_toml(self) -> str:
        """Return the text of ``room.toml``."""
        lines = [
            "# One Strongroom.  Nothing here is secret; readers pin its keys.",
            f"format = {FORMAT}",
            f"room = {quoted(self.room)}",
            f"profile = {quoted(self.profile)}",
            f"database = {quoted(self.database)}",
            *([f"policy = {quoted(str(self.policy))}"] if self.policy else []),
            *([f"custodians = {self.custodians}"] if self.custodians > 1 else []),
            *([f"second_since = {self.second_since}"] if self.second_since else []),
            *([f"second_key = {self.second_key}"] if self.second_key else []),
            *([f"sandbox = {quoted(self.sandbox)}"] if self.sandbox != SANDBOX else []),
            "",
            "[keys]",
            *(f"{name} = {quoted(key)}" for name, key in self.keys.items()),
        ]
        parts = (self.passkeys, self.witnesses, self.advisories, self.intake)
        for part in (*parts, *self.domains, *self.recovery):
            lines += part.to_toml() if part else []
        return "\n".join(lines) + "\n"


def load_settings(folder: Path) -> Settings:
    """Return the settings of the room in ``folder``.

    Raises:
        SetupError: There is no room, or its file is not understood.
    """
    path = folder / FILE_NAME
    data = read_small(path, MAX_FILE_BYTES, error=SetupError)
    if data is None:
        raise SetupError(
            f"there is no room in {folder}",
            hint="strongroom init, or name another folder with --room",
        )
    if len(data) > MAX_FILE_BYTES:
        raise SetupError(f"{path} is over {MAX_FILE_BYTES} bytes")
    try:
        return _from_toml(folder, data.decode())
    except RecursionError:
        raise SetupError(f"{path} is nested too deeply") from None
    except (AttributeError, KeyError, TypeError, ValueError, InputError) as error:
        raise SetupError(f"{path} is not understood: {error}") from None


def _from_toml(folder: Path, text: str) -> Settings:
    document = tomllib.loads(text)
    if document["format"] != FORMAT:
        raise InputError(f"its format is {document['format']!r}, not {FORMAT}")
    witnesses, passkeys = document.get("witnesses"), document.get("passkeys")
    advised = document.get("advisories")
    return Settings(
        folder=folder,
        room=RoomId(str(document["room"])),
        profile=Profile(document["profile"]),
        database=str(document["database"]),
        keys={str(name): str(key) for name, key in document["keys"].items()},
        policy=Path(str(document["policy"])) if "policy" in document else None,
        witnesses=None if witnesses is None else WitnessSettings.from_toml(witnesses),
        passkeys=None if passkeys is None else RelyingParty.from_toml(passkeys),
        advisories=None if advised is None else AdvisorySettings.from_toml(advised),
        domains=tuple(Domain.from_toml(item) for item in document["domain"]),
        recovery=tuple(
            PinnedSet.from_toml(item) for item in document.get("recovery", ())
        ),
        custodians=_count(document, "custodians") or 1,
        second_since=_count(document, "second_since"),
        second_key=_count(document, "second_key"),
        sandbox=str(document.get("sandbox", SANDBOX)),
        intake=IntakeSettings.from_toml(document.get("intake", {})),
    )


def _count(document: Mapping[str, object], name: str) -> int | None:
    """Return a whole number from 1, or ``None`` if it is not stated."""
    value = document.get(name)
    if value is None:
        return None
    if type(value) is not int or value < 1:  # a bool is none either
        raise InputError(f"{name} is {value!r}, not a whole number from 1")
    return value
