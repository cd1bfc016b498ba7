"""The key of a witness in a file: under a passphrase, or plain.

Under a passphrase it is a custody file whose root the key is derived from.  Plain
it is the text that Go's ``sumdb/note`` writes for signers; whoever reads it can
sign a second history in the witness's name.

Source: ``docs/specification/witness.md``.
"""

from __future__ import annotations

import base64
from pathlib import Path

from strongroom import canonical
from strongroom.crypto import custody_file, durable
from strongroom.crypto.custody_file import CustodyFile
from strongroom.crypto.passphrases import SALT_BYTES, Cost
from strongroom.crypto.signing import SigningKey
from strongroom.errors import (
    DeniedError,
    IntegrityError,
    MissingError,
    SetupError,
)
from strongroom.ledger.cosignature import COSIGNATURE_TYPE, WitnessKey
from strongroom.settings.small_files import read_small
from strongroom.types import Random, Secret

_SEED_BYTES = 32
_PLAIN = "PRIVATE+KEY"
_MAX_BYTES = 4096


def create_key(
    path: Path,
    *,
    name: str,
    passphrase: Secret | None,
    random: Random,
    cost: Cost | None = None,
) -> WitnessKey:
    """Write a new key file, 0600, and return its public half.

    Args:
        path: Where; nothing may be there.
        name: Of the witness, such as ``witness.example/w1``.
        passphrase: ``None`` leaves the key plain.
        random: Source of the key.
        cost: Of guessing the passphrase; ``Cost()`` unless given.

    Raises:
        InputError: The name or the passphrase cannot be used.
        ConflictError: There is a file.
        UnavailableError: It cannot be written, or memory is short.
    """
    root = Secret(random(_SEED_BYTES))
    seed = root if passphrase is None else _seed(root)
    key = WitnessKey(name=name, public=SigningKey(seed).public.raw)
    if passphrase is None:
        content = _plain_text(key, seed).encode()
    else:
        stated = CustodyFile(
            name="witness",
            root_key_id=f"witness-{key.key_id.hex()}",
            cost=cost or Cost(),
            salt=random(SALT_BYTES),
        )
        content = custody_file.lock_up(root, stated, passphrase, random).to_bytes()
    durable.write_durably(path, content, random)
    return key


def is_plain(path: Path) -> bool:
    """Return whether the key lies there without a passphrase.

    Raises:
        MissingError: There is no key.
        SetupError: Others than its owner may read it.
        UnavailableError: It cannot be read.
    """
    return _read(path).startswith(_PLAIN.encode())


def open_key(
    path: Path, *, public: WitnessKey, passphrase: Secret | None
) -> SigningKey:
    """Return the private key, which must belong to ``public``.

    Args:
        path: Of the key file.
        public: What the witness gave away as its key.
        passphrase: Needed unless the key is plain.

    Raises:
        MissingError: There is no key.
        SetupError: A passphrase is needed, or others may read the file.
        DeniedError: The passphrase does not open it.
        IntegrityError: It is no key, or another one than the public one.
        UnavailableError: It cannot be read, or memory is short.
    """
    signer = SigningKey(_stored_seed(path, public, passphrase))
    if signer.public.raw != public.public:
        raise IntegrityError(
            f"{path} is not the key of {public.name}", hint="restore the right one"
        )
    return signer


def _stored_seed(path: Path, public: WitnessKey, passphrase: Secret | None) -> Secret:
    if is_plain(path):
        return _plain_seed(path, public)
    if passphrase is None:
        raise SetupError(
            "the key of this witness is under a passphrase",
            hint="--passphrase-file FILE",
        )
    try:
        found = custody_file.read_custody_file(path)
        return _seed(custody_file.unlock(found, passphrase))
    except DeniedError:
        raise DeniedError(
            f"the passphrase does not open the key of {public.name}",
            hint="type it again; if it is right, the file was altered",
        ) from None


def _seed(root: Secret) -> Secret:
    """Return the seed: a root key that some custodian uses is never one itself."""
    return Secret(canonical.digest("strongroom/v1/witness-key", root.reveal()))


def _plain_text(key: WitnessKey, seed: Secret) -> str:
    encoded = base64.b64encode(COSIGNATURE_TYPE + seed.reveal()).decode()
    return f"{_PLAIN}+{key.name}+{key.key_id.hex()}+{encoded}\n"


def _plain_seed(path: Path, public: WitnessKey) -> Secret:
    data = _read(path)
    # Base64 may hold a plus; the name and the hash before it may not.
    encoded = data.strip().split(b"+", 4)[-1]
    try:
        seed = Secret(base64.b64decode(encoded, validate=True)[1:])
    except ValueError:
        seed = Secret(b"")
    if len(seed) != _SEED_BYTES or _plain_text(public, seed).encode() != data:
        raise IntegrityError(f"{path} is no key of {public.name}")
    return seed


def _read(path: Path) -> bytes:
    data = read_small(path, _MAX_BYTES, private=True)
    if data is None:
        raise MissingError(
            f"there is no witness at {path.parent}",
            hint="strongroom ledger witness init DIR --name NAME",
        )
    return data
