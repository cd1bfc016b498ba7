"""Which witnesses count, and how many have to sign.

    log strongroom.local/room-a+...
    witness platform platform.example/w1+...
    witness audit audit.example/w1+... unix:/run/witness/socket
    group both all platform audit
    quorum both

Source: C2SP tlog-policy (a draft of 2026 without a tag).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from strongroom.errors import InputError
from strongroom.ledger.checkpoint import VerifierKey
from strongroom.ledger.cosignature import WitnessKey

MAX_POLICY_BYTES = 64 << 10
AT_MOST_OF_EACH = 64
"""Logs, witnesses and groups each; the format asks for 32 at least."""

NO_QUORUM: Final = "none"
_CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_SPACES = re.compile(r"[ \t]+")
_LOG_WORDS = (2, 3)  # the URL may be left out
_WITNESS_WORDS = (3, 4)
_GROUP_WORDS = 4
_QUORUM_WORDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWitness:
    """A witness as the policy names it.

    Attributes:
        name: Used only inside the policy.
        key: Its name and public key.
        url: Where to ask it; empty if it is asked by hand.
    """

    name: str
    key: WitnessKey
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Members of which ``threshold`` have to sign; each is a witness or a group."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessPolicy:
    """What a checkpoint needs besides the ledger's own signature.

    Attributes:
        logs: Keys of the ledgers it is for; may be empty.
        witnesses: Those that count, by their name in the policy.
        groups: By name; each only has members that stand before it.
        quorum: Name of the witness or group that has to sign, or ``none``.
    """

    logs: tuple[VerifierKey, ...] = ()
    witnesses: Mapping[str, KnownWitness] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = NO_QUORUM

    def met_by(self, signed: Collection[WitnessKey]) -> bool:
        """Return whether these witnesses are enough; ``none`` needs nobody."""
        if self.quorum == NO_QUORUM:
            return True
        met = {name for name, known in self.witnesses.items() if known.key in signed}
        for name, group in self.groups.items():
            if len(met & set(group.members)) >= group.threshold:
                met.add(name)
        return self.quorum in met

    def keys(self) -> tuple[WitnessKey, ...]:
        """Return the keys of all witnesses."""
        return tuple(known.key for known in self.witnesses.values())

    def least(self) -> int:
        """Return the smallest number of witnesses that can meet the policy."""
        needs = dict.fromkeys(self.witnesses, 1) | {NO_QUORUM: 0}
        for name, group in self.groups.items():
            least = sorted(needs[member] for member in group.members)
            needs[name] = sum(least[: group.threshold])
        return needs[self.quorum]

    def to_text(self) -> str:
        """Return the policy file."""
        lines = [f"log {key.text()}" for key in self.logs]
        lines += [
            f"witness {known.name} {known.key.text()} {known.url}".rstrip()
            for known in self.witnesses.values()
        ]
        for group in self.groups.values():
            members = " ".join(group.members)
            lines.append(f"group {group.name} {group.threshold} {members}")
        return "\n".join([*lines, f"quorum {self.quorum}"]) + "\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> WitnessPolicy:
        """Return the policy in a file.

        Raises:
            InputError: It is too long, or a line does not hold; the message says
                which one.
        """
        reader = _Reader()
        for number, words in _lines(data):
            try:
                reader.take(words)
            except InputError as error:
                raise InputError(f"line {number} of the policy: {error}") from None
        return reader.policy()


class _Reader:
    """Takes one line after the other."""

    def __init__(self) -> None:
        self.logs: list[VerifierKey] = []
        self.witnesses: dict[str, KnownWitness] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._used: set[str] = set()

    def take(self, words: list[str]) -> None:
        keyword, count = words[0], len(words)
        if keyword == "log" and count in _LOG_WORDS:
            self._log(words[1])
        elif keyword == "witness" and count in _WITNESS_WORDS:
            self._witness(words[1], words[2], "".join(words[3:]))
        elif keyword == "group" and count >= _GROUP_WORDS:
            self._group(words[1], words[2], tuple(words[3:]))
        elif keyword == "quorum" and count == _QUORUM_WORDS:
            self._quorum(words[1])
        else:
            raise InputError(f"{' '.join(words)[:80]!r} is not understood")
        if max(map(len, (self.logs, self.witnesses, self.groups))) > AT_MOST_OF_EACH:
            raise InputError(f"there are more than {AT_MOST_OF_EACH} of a kind")

    def policy(self) -> WitnessPolicy:
        if self.quorum is None:
            raise InputError("the policy has no quorum line", hint="quorum none")
        return WitnessPolicy(
            logs=tuple(self.logs),
            witnesses=self.witnesses,
            groups=self.groups,
            quorum=self.quorum,
        )

    def _log(self, text: str) -> None:
        key = VerifierKey.from_text(text)
        if any(key.public == other.public for other in self.logs):
            raise InputError("this log is there already")
        self.logs.append(key)
        self._check_independent()

    def _witness(self, name: str, text: str, url: str) -> None:
        key = WitnessKey.from_text(text)
        publics = {known.key.public for known in self.witnesses.values()}
        if key.public in publics:
            raise InputError("this witness is there already")
        self._check_new(name)
        self.witnesses[name] = KnownWitness(name=name, key=key, url=url)
        self._check_independent()

    def _group(self, name: str, word: str, members: tuple[str, ...]) -> None:
        for member in members:
            if member not in self.witnesses and member not in self.groups:
                raise InputError(f"there is no {member[:80]!r} above it")
        if self._used & set(members) or len(set(members)) != len(members):
            raise InputError("a member counts in one group, once")
        self._check_new(name)
        self._used |= set(members)
        threshold = _threshold(word, len(members))
        self.groups[name] = Group(name=name, threshold=threshold, members=members)

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise InputError("there is a quorum already")
        if name not in (NO_QUORUM, *self.witnesses, *self.groups):
            raise InputError(f"there is no {name[:80]!r} above it")
        self.quorum = name

    def _check_independent(self) -> None:
        logs = {key.public for key in self.logs}
        if any(known.key.public in logs for known in self.witnesses.values()):
            raise InputError("a ledger cannot witness itself")

    def _check_new(self, name: str) -> None:
        if name in (NO_QUORUM, *self.witnesses, *self.groups):
            raise InputError(f"the name {name[:80]!r} is taken")


def _threshold(word: str, members: int) -> int:
    if word in ("any", "all"):
        return 1 if word == "any" else members
    valid = word.isascii() and word.isdigit() and len(word) <= len(str(members))
    if not valid or not 1 <= int(word) <= members:
        raise InputError(f"{word[:20]!r} of {members} cannot be asked for")
    return int(word)


def _lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Give the words of each line that says something, with its number."""
    if len(data) > MAX_POLICY_BYTES:
        raise InputError(f"a policy has at most {MAX_POLICY_BYTES} bytes")
    if _CONTROL.search(data):
        raise InputError("a policy has no control characters but tab and newline")
    # Names are bytes to the format: what is no UTF-8 must still compare as it is.
    text = data.decode(errors="surrogateescape")
    for number, line in enumerate(text.split("\n"), 1):
        words = [word for word in _SPACES.split(line) if word]
        if words and not words[0].startswith("#"):
            yield number, words
