"""The room's own keys: what the desk signs, MACs and seals fields with.

What is kept for years, checkpoints and manifests, can get a second signature by
ML-DSA-65; its keys are made when that is switched on for the first time, and get
successors when they are rotated.  Those of before are kept: they verify what they
signed.

Each is 32 random bytes of its own, wrapped at the home custodian, so that a
leaked permit key signs no checkpoint.  The public halves are pinned outside the
database, in ``room.toml``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from strongroom.crypto.mldsa import MlDsaKey, MlDsaSigner
from strongroom.crypto.signing import SigningKey, VerifyKey
from strongroom.errors import InputError, SetupError
from strongroom.types import Random, Secret

SIGNING_NAMES = ("checkpoint", "manifest", "permit", "answer")
SECRET_NAMES = ("guard", "totp", "coordinate")
NAMES = (*SIGNING_NAMES, *SECRET_NAMES)
"""Keys that every room has."""

SECOND = {
    "checkpoint": "checkpoint-ml-dsa-65",
    "manifest": "manifest-ml-dsa-65",
}
"""Names of the first keys that may sign beside those of the same purpose."""

MOST_SECOND = 16
"""Keys beside one; 8 kB of ``room.toml`` each time."""

_SEED_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKeys:
    """What readers and outsiders verify with."""

    checkpoint: VerifyKey
    manifest: VerifyKey
    permit: VerifyKey
    answer: VerifyKey

    def to_hex(self) -> dict[str, str]:
        """Return them as ``room.toml`` keeps them."""
        keys: dict[str, VerifyKey] = {n: getattr(self, n) for n in SIGNING_NAMES}
        texts = {name: key.raw.hex() for name, key in keys.items()}
        for number in range(1, MOST_SECOND + 1):
            for name, second in second_names(number).items():
                for beside in keys[name].seconds[number - 1 : number]:
                    texts[second] = beside.raw.hex()
        return texts

    @classmethod
    def from_hex(cls, texts: Mapping[str, str]) -> PublicKeys:
        """Return the keys that ``to_hex`` wrote.

        Raises:
            SetupError: One is missing, or is not 32 bytes of hexadecimal.
        """
        try:
            return cls(**{name: _pinned(texts, name) for name in SIGNING_NAMES})
        except (KeyError, ValueError, InputError):
            raise SetupError("room.toml does not pin the room's public keys") from None

    def are_held(self, held: PublicKeys) -> bool:
        """Return whether a room that has ``held`` has every one of these.

        A second key may be there that is not pinned: it was made, and whoever
        switches it on was interrupted.
        """
        return all(
            _is_held(getattr(self, name), getattr(held, name)) for name in SIGNING_NAMES
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomKeys:
    """The keys themselves, while the home custodian is unlocked."""

    checkpoint: SigningKey
    manifest: SigningKey
    permit: SigningKey
    answer: SigningKey
    guard: Secret
    totp: Secret
    coordinate: Secret

    @classmethod
    def from_seeds(cls, seeds: Mapping[str, Secret]) -> RoomKeys:
        """Return the keys of these 32-byte seeds, by name; second ones if there."""
        keys = cls(
            checkpoint=SigningKey(seeds["checkpoint"]),
            manifest=SigningKey(seeds["manifest"]),
            permit=SigningKey(seeds["permit"]),
            answer=SigningKey(seeds["answer"]),
            guard=seeds["guard"],
            totp=seeds["totp"],
            coordinate=seeds["coordinate"],
        )
        for number in range(1, MOST_SECOND + 1):
            if seeds.keys() >= set(second_names(number).values()):
                keys = keys.with_second(seeds)
        return keys

    def with_second(self, seeds: Mapping[str, Secret]) -> RoomKeys:
        """Return them with the next keys beside those that sign, of these seeds."""
        names = second_names(len(self.checkpoint.seconds) + 1)
        fresh = {name: MlDsaSigner(seeds[second]) for name, second in names.items()}
        return replace(
            self,
            checkpoint=self.checkpoint.beside(fresh["checkpoint"]),
            manifest=self.manifest.beside(fresh["manifest"]),
        )

    @property
    def public(self) -> PublicKeys:
        """The halves that everybody may have."""
        return PublicKeys(
            checkpoint=self.checkpoint.public,
            manifest=self.manifest.public,
            permit=self.permit.public,
            answer=self.answer.public,
        )


def new_seeds(random: Random) -> dict[str, Secret]:
    """Return fresh seeds for every key of a new room."""
    return {name: Secret(random(_SEED_BYTES)) for name in NAMES}


def second_names(number: int) -> dict[str, str]:
    """Return the names of the keys that sign beside others, by purpose.

    Args:
        number: 1 for the first ones, 2 for their successors.
    """
    end = f"-{number}" if number > 1 else ""
    return {name: f"{second}{end}" for name, second in SECOND.items()}


def all_names(seconds: int = MOST_SECOND) -> tuple[str, ...]:
    """Return the names of the keys of a room whose second ones were made so often."""
    more = [name for n in range(seconds) for name in second_names(n + 1).values()]
    return (*NAMES, *more)


def new_second_seeds(random: Random, number: int = 1) -> dict[str, Secret]:
    """Return fresh seeds for the keys that sign beside others."""
    names = second_names(number).values()
    return {name: Secret(random(_SEED_BYTES)) for name in names}


def are_whole(names: Collection[str]) -> bool:
    """Return whether these are the names of all keys that a room can have by now."""
    seconds = (len(names) - len(NAMES)) // len(SECOND)
    return seconds <= MOST_SECOND and set(names) == set(all_names(seconds))


def _is_held(pinned: VerifyKey, held: VerifyKey) -> bool:
    begin = held.seconds[: len(pinned.seconds)]
    return (pinned.raw, pinned.seconds) == (held.raw, begin)


def _pinned(texts: Mapping[str, str], name: str) -> VerifyKey:
    seconds: list[MlDsaKey] = []
    while (text := texts.get(second_names(len(seconds) + 1).get(name, ""))) is not None:
        seconds.append(MlDsaKey(bytes.fromhex(text)))
    return VerifyKey(bytes.fromhex(texts[name]), tuple(seconds))
