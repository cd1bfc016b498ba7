"""What one room is made of, as its ``room.toml`` states it.

The file holds no secret.  It pins the room's public keys outside the database,
so that whoever rewrites the database cannot also choose who vouches for it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from strongroom.errors import InputError, SetupError
from strongroom.types import Profile, RoomId

FILE_NAME = "room.toml"
FORMAT = 1
"""Of the file; another number is refused, since it may mean other things."""

MAX_FILE_BYTES = 64 << 10
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """One custody domain: who holds the keys, and where the sealed bytes rest.

    Attributes:
        name: Lower-case word, unique in the room.
        custodian: URI such as ``file:custodians/home``; relative paths start at
            the room's folder.
        store: URI such as ``folder:stores/home``.
        file: Where the file beside a token lies; ``custodians/NAME`` if empty.
    """

    name: str
    custodian: str
    store: str
    file: str = ""

    def __post_init__(self) -> None:
        """Check the name.

        Raises:
            InputError: It is not a lower-case word.
        """
        if not _NAME.fullmatch(self.name):
            raise InputError(
                f"{self.name[:80]!r} is no name for a custody domain",
                hint="use up to 31 lower-case letters, digits and hyphens",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedSet:
    """A recovery key, and which papers restore it.

    Attributes:
        key: Its id, which is a digest of its public half.
        domains: Whose shares it opens.
        set_id: Number of the set on its papers.
        shares: How many papers there are.
        threshold: How many of them restore the key.
    """

    key: str
    domains: tuple[str, ...]
    set_id: int
    shares: int
    threshold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessSettings:
    """Who else keeps the checkpoints of the ledger.

    Attributes:
        policy: File in tlog-policy form; a relative path starts at the room.
        digest: SHA-256 of it, hexadecimal; another file is refused.
        releases_wait: Whether keys leave only when its quorum signed.
        every_seconds: Witnesses are asked at most this often.
        answer_within_seconds: How long one answer may take.
    """

    policy: Path
    digest: str
    releases_wait: bool = False
    every_seconds: int = 1
    answer_within_seconds: int = 2

    def __post_init__(self) -> None:
        """Check the numbers and the digest.

        Raises:
            InputError: One of them makes no sense.
        """
        if not _DIGEST.fullmatch(self.digest):
            raise InputError("the digest of the witness policy has 64 hex digits")
        if self.every_seconds < 0 or not 1 <= self.answer_within_seconds <= 60:  # noqa: PLR2004
            raise InputError("a witness has 1 to 60 seconds to answer")

    def to_toml(self) -> list[str]:
        """Return the lines of this part of ``room.toml``."""
        return [
            "",
            "[witnesses]",
            f"policy = {_quoted(str(self.policy))}",
            f"digest = {_quoted(self.digest)}",
            f"releases_wait = {str(self.releases_wait).lower()}",
            f"every_seconds = {self.every_seconds}",
            f"answer_within_seconds = {self.answer_within_seconds}",
        ]


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
        custodians: How many have to act together to open what is sealed from now
            on, unless the sealer says otherwise.
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
    custodians: int = 1

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
            f"room = {_quoted(self.room)}",
            f"profile = {_quoted(self.profile)}",
            f"database = {_quoted(self.database)}",
            *([f"policy = {_quoted(str(self.policy))}"] if self.policy else []),
            *([f"custodians = {self.custodians}"] if self.custodians > 1 else []),
            "",
            "[keys]",
            *(f"{name} = {_quoted(key)}" for name, key in self.keys.items()),
        ]
        if self.witnesses:
            lines += self.witnesses.to_toml()
        for domain in self.domains:
            lines += [
                "",
                "[[domain]]",
                f"name = {_quoted(domain.name)}",
                f"custodian = {_quoted(domain.custodian)}",
                f"store = {_quoted(domain.store)}",
                *([f"file = {_quoted(domain.file)}"] if domain.file else []),
            ]
        for one in self.recovery:
            names = ", ".join(_quoted(name) for name in one.domains)
            lines += [
                "",
                "[[recovery]]",
                f"key = {_quoted(one.key)}",
                f"domains = [{names}]",
                f"set = {one.set_id}",
                f"shares = {one.shares}",
                f"threshold = {one.threshold}",
            ]
        return "\n".join(lines) + "\n"


def load_settings(folder: Path) -> Settings:
    """Return the settings of the room in ``folder``.

    Raises:
        SetupError: There is no room, or its file is not understood.
    """
    path = folder / FILE_NAME
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise SetupError(
            f"there is no room in {folder}",
            hint="strongroom init, or name another folder with --room",
        ) from None
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}") from None
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
    return Settings(
        folder=folder,
        room=RoomId(str(document["room"])),
        profile=Profile(document["profile"]),
        database=str(document["database"]),
        keys={str(name): str(key) for name, key in document["keys"].items()},
        policy=Path(str(document["policy"])) if "policy" in document else None,
        witnesses=_witnesses(document.get("witnesses")),
        domains=tuple(
            Domain(
                name=str(item["name"]),
                custodian=str(item["custodian"]),
                store=str(item["store"]),
                file=str(item.get("file", "")),
            )
            for item in document["domain"]
        ),
        recovery=tuple(
            PinnedSet(
                key=str(item["key"]),
                domains=tuple(str(name) for name in item["domains"]),
                set_id=int(item["set"]),
                shares=int(item["shares"]),
                threshold=int(item["threshold"]),
            )
            for item in document.get("recovery", ())
        ),
        custodians=int(document.get("custodians", 1)),
    )


def _witnesses(table: Mapping[str, object] | None) -> WitnessSettings | None:
    if table is None:
        return None
    if type(table["releases_wait"]) is not bool:
        raise TypeError("releases_wait is true or false")
    return WitnessSettings(
        policy=Path(str(table["policy"])),
        digest=str(table["digest"]),
        releases_wait=table["releases_wait"],
        every_seconds=int(str(table["every_seconds"])),
        answer_within_seconds=int(str(table["answer_within_seconds"])),
    )


def _quoted(text: str) -> str:
    """Return a TOML basic string.

    JSON's short escapes are TOML's too; its pairs of surrogates are not, and TOML
    wants DEL escaped.
    """
    return json.dumps(str(text), ensure_ascii=False).replace("\x7f", "\\u007f")
