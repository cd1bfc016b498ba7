"""A custodian in one small file, opened with a passphrase.

The file holds a random root key, encrypted under a key that Argon2id derives from
the passphrase.  Its name, its id and the cost of a guess are authenticated with
it.  The anchor lies beside it in ``<path>.anchor``; see ``crypto.anchor_file``.

Whoever has the file *and* the passphrase has every key.  Whoever has an old copy
of the file and an old passphrase has them too: changing a passphrase does not
change the root key.

Source: ``docs/specification/custody-file.md``.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from strongroom import canonical
from strongroom.crypto import wraps
from strongroom.crypto.anchor_file import AnchorFile, anchor_path
from strongroom.crypto.anchored_custodian import AnchoredCustodian
from strongroom.crypto.custody_file import (
    CustodyFile,
    lock_up,
    read_custody_file,
    unlock,
)
from strongroom.crypto.durable import write_durably
from strongroom.crypto.passphrases import SALT_BYTES, Cost
from strongroom.types import Random, Secret, new_id


class FileCustodian(AnchoredCustodian):
    """A ``KeyCustodian`` that is unlocked for as long as the object lives."""

    def __init__(
        self, path: Path, file: CustodyFile, root: Secret, *, random: Random
    ) -> None:
        self._file = file
        self._root = root
        self._random = random
        super().__init__(AnchorFile(anchor_path(path), _anchor_key(root)))

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        name: str,
        passphrase: Secret,
        random: Random,
        cost: Cost | None = None,
    ) -> FileCustodian:
        """Make a new root key, write both files durably, and return it unlocked.

        Args:
            path: Where the custody file goes; its folder exists.
            name: The custody domain.
            passphrase: Opens the file.
            random: Gives the root key, the salt and nonces.
            cost: What one guess costs; ``Cost()`` unless given.

        Raises:
            ConflictError: There is a custodian at ``path``.
            InputError: The name or the passphrase is not usable.
            UnavailableError: The files cannot be written.
        """
        root = Secret(random(32))
        stated = CustodyFile(
            name=name,
            root_key_id=new_id("root", random),
            cost=cost or Cost(),
            salt=random(SALT_BYTES),
        )
        file = lock_up(root, stated, passphrase, random)
        custodian = cls(path, file, root, random=random)
        # The anchor first: a custody file without one is never usable.
        write_durably(
            anchor_path(path),
            custodian._anchors.first_bytes(),
            random,
            what="a custodian",
        )
        write_durably(path, file.to_bytes(), random, what="a custodian")
        return custodian

    @classmethod
    def open(
        cls, path: Path, passphrase: Secret, *, random: Random = os.urandom
    ) -> FileCustodian:
        """Return the custodian, unlocked.

        Raises:
            DeniedError: The passphrase does not open it.
            MissingError: There is no such file.
            IntegrityError: One of the two files was altered.
            SetupError: Others than its owner may read it.
            UnavailableError: It cannot be read, or memory is short.
        """
        file = read_custody_file(path)
        custodian = cls(path, file, unlock(file, passphrase), random=random)
        custodian.anchor()
        return custodian

    @classmethod
    def change_passphrase(
        cls,
        path: Path,
        *,
        old: Secret,
        new: Secret,
        random: Random,
        cost: Cost | None = None,
    ) -> None:
        """Encrypt the same root key under another passphrase.

        Raises:
            DeniedError: The old passphrase does not open it.
            InputError: The new passphrase is not usable.
            MissingError: There is no such file.
            IntegrityError: It is not a custody file.
            SetupError: Others than its owner may read it.
            UnavailableError: It cannot be read or written.
        """
        file = read_custody_file(path)
        root = unlock(file, old)
        stated = replace(file, cost=cost or Cost(), salt=random(SALT_BYTES))
        again = lock_up(root, stated, new, random)
        write_durably(path, again.to_bytes(), random, overwrite=True)

    @property
    def name(self) -> str:
        return self._file.name

    @property
    def root_key_id(self) -> str:
        return self._file.root_key_id

    def wrap(self, secret: Secret, context: bytes) -> bytes:
        return wraps.wrap(self._root, secret, context, self._random)

    def _unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        return wraps.unwrap(self._root, wrapped, context)


def _anchor_key(root: Secret) -> Secret:
    info = canonical.encode("strongroom/v1/anchor-key")
    kdf = HKDFExpand(algorithm=SHA256(), length=32, info=info)
    return Secret(kdf.derive(root.reveal()))
