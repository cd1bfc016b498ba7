"""The room's own keys: what the desk signs, MACs and seals fields with.

Each is 32 random bytes of its own, wrapped at the home custodian, so that a
leaked permit key signs no checkpoint.  The public halves are pinned outside the
database, in ``room.toml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.crypto.signing import SigningKey, VerifyKey
from strongroom.errors import InputError, SetupError
from strongroom.types import Random, Secret

SIGNING_NAMES = ("checkpoint", "manifest", "permit", "answer")
SECRET_NAMES = ("guard", "totp", "coordinate")
NAMES = (*SIGNING_NAMES, *SECRET_NAMES)

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
        return {name: getattr(self, name).raw.hex() for name in SIGNING_NAMES}

    @classmethod
    def from_hex(cls, texts: Mapping[str, str]) -> PublicKeys:
        """Return the keys that ``to_hex`` wrote.

        Raises:
            SetupError: One is missing, or is not 32 bytes of hexadecimal.
        """
        try:
            return cls(**{n: VerifyKey(bytes.fromhex(texts[n])) for n in SIGNING_NAMES})
        except (KeyError, ValueError, InputError):
            raise SetupError("room.toml does not pin the room's public keys") from None


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
        """Return the keys of these 32-byte seeds, by name."""
        return cls(
            checkpoint=SigningKey(seeds["checkpoint"]),
            manifest=SigningKey(seeds["manifest"]),
            permit=SigningKey(seeds["permit"]),
            answer=SigningKey(seeds["answer"]),
            guard=seeds["guard"],
            totp=seeds["totp"],
            coordinate=seeds["coordinate"],
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
    """Return fresh seeds for every key of a room."""
    return {name: Secret(random(_SEED_BYTES)) for name in NAMES}
