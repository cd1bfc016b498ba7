"""The parts of ``room.toml``: each checks itself, and reads and writes its table."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strongroom.errors import InputError

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*")
_LOCALHOST = "localhost"
_MOST_ORIGINS = 8


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

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> Domain:
        """Return the domain that one table of the file states.

        Raises:
            KeyError: A line is missing.
            InputError: The name is not a lower-case word.
        """
        return cls(
            name=str(table["name"]),
            custodian=str(table["custodian"]),
            store=str(table["store"]),
            file=str(table.get("file", "")),
        )

    def to_toml(self) -> list[str]:
        """Return the lines of this part of ``room.toml``."""
        return [
            "",
            "[[domain]]",
            f"name = {quoted(self.name)}",
            f"custodian = {quoted(self.custodian)}",
            f"store = {quoted(self.store)}",
            *([f"file = {quoted(self.file)}"] if self.file else []),
        ]


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

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> PinnedSet:
        """Return the recovery key that one table of the file states.

        Raises:
            KeyError: A line is missing.
            ValueError: What should be a number is none.
        """
        return cls(
            key=str(table["key"]),
            domains=tuple(str(name) for name in table["domains"]),
            set_id=int(table["set"]),
            shares=int(table["shares"]),
            threshold=int(table["threshold"]),
        )

    def to_toml(self) -> list[str]:
        """Return the lines of this part of ``room.toml``."""
        names = ", ".join(quoted(name) for name in self.domains)
        return [
            "",
            "[[recovery]]",
            f"key = {quoted(self.key)}",
            f"domains = [{names}]",
            f"set = {self.set_id}",
            f"shares = {self.shares}",
            f"threshold = {self.threshold}",
        ]


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

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> WitnessSettings:
        """Return what this part of the file states.

        Raises:
            KeyError: A line is missing.
            TypeError: ``releases_wait`` is neither true nor false.
            ValueError: What should be a number is none.
            InputError: A number or the digest makes no sense.
        """
        if type(table["releases_wait"]) is not bool:
            raise TypeError("releases_wait is true or false")
        return cls(
            policy=Path(str(table["policy"])),
            digest=str(table["digest"]),
            releases_wait=table["releases_wait"],
            every_seconds=int(str(table["every_seconds"])),
            answer_within_seconds=int(str(table["answer_within_seconds"])),
        )

    def to_toml(self) -> list[str]:
        """Return the lines of this part of ``room.toml``."""
        return [
            "",
            "[witnesses]",
            f"policy = {quoted(str(self.policy))}",
            f"digest = {quoted(self.digest)}",
            f"releases_wait = {str(self.releases_wait).lower()}",
            f"every_seconds = {self.every_seconds}",
            f"answer_within_seconds = {self.answer_within_seconds}",
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """Where the passkeys of a room work, and nowhere else.

    Attributes:
        domain: What WebAuthn calls the relying party id; a passkey is made for it.
        origins: From where a browser or a terminal may present one.
    """

    domain: str
    origins: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check that every origin belongs to the domain.

        Raises:
            InputError: The domain is none, or an origin is elsewhere.
        """
        if not _HOST.fullmatch(self.domain):
            raise InputError(f"{self.domain[:80]!r} is no domain for passkeys")
        if not 1 <= len(self.origins) <= _MOST_ORIGINS:
            raise InputError(f"passkeys have 1 to {_MOST_ORIGINS} origins")
        for origin in self.origins:
            if not self._has(origin):
                raise InputError(
                    f"the origin {origin[:80]!r} is not below {self.domain}",
                    hint=f"https://{self.domain}; http only for localhost",
                )

    @classmethod
    def at(cls, domain: str) -> RelyingParty:
        """Return the party whose only origin is the domain itself."""
        scheme = "http" if domain == _LOCALHOST else "https"
        return cls(domain=domain, origins=(f"{scheme}://{domain}",))

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> RelyingParty:
        """Return what this part of the file states.

        Raises:
            KeyError: The domain is missing.
            InputError: An origin is not below the domain.
        """
        domain = str(table["domain"])
        if "origins" not in table:
            return cls.at(domain)
        return cls(domain=domain, origins=tuple(str(o) for o in table["origins"]))

    def to_toml(self) -> list[str]:
        """Return the lines of this part of ``room.toml``."""
        origins = ", ".join(quoted(origin) for origin in self.origins)
        return [
            "",
            "[passkeys]",
            f"domain = {quoted(self.domain)}",
            f"origins = [{origins}]",
        ]

    def _has(self, origin: str) -> bool:
        """Return whether an origin may present passkeys of the domain.

        Source: WebAuthn Level 3, section 5.1.3; a secure context is https or this
        machine.
        """
        scheme, _, rest = origin.partition("://")
        host, colon, port = rest.partition(":")
        below = host == self.domain or host.endswith(f".{self.domain}")
        safe = scheme == "https" or (scheme == "http" and host == _LOCALHOST)
        return bool(
            below
            and safe
            and _HOST.fullmatch(host)
            and (not colon or (port.isascii() and port.isdigit()))
        )


def quoted(text: str) -> str:
    """Return a TOML basic string.

    JSON's short escapes are TOML's too; its pairs of surrogates are not, and TOML
    wants DEL escaped.
    """
    return json.dumps(str(text), ensure_ascii=False).replace("\x7f", "\\u007f")
