"""Signs files on disk, so that others can verify them with tools of their own."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from strongroom.crypto.ecdsa import EcSigner
from strongroom.errors import InputError
from strongroom.intake.jobs import MOST_FILES
from strongroom.intake.listing import list_files, open_regular, unreadable
from strongroom.intake.signatures import sign_files
from strongroom.intake.statements import ALONE


def sign_folder(path: Path, signer: EcSigner, *, chain: Sequence[bytes] = ()) -> bytes:
    """Return a signature over a file, or over every file of a folder.

    Args:
        path: Read once, one file after the other; nothing may write there.
        signer: Signs.
        chain: Certificates in DER form, the signer's first; none names the key.

    Raises:
        MissingError: Nothing is there.
        InputError: There are links, or the first certificate is not of the signer's
            key.
        UnavailableError: The disk did not answer.
    """
    folder, names = list_files(path, most=MOST_FILES)
    alone = path.is_file()
    files = {ALONE if alone else name: _sha256(folder, name) for name in names}
    return sign_files(named(path), files, signer, chain=chain)


def named(path: Path) -> str:
    """Return the name of a file or folder as a signature has it; a link keeps its own.

    Args:
        path: As it was typed, such as ``.`` too.
    """
    return Path(os.path.abspath(path)).name


def _sha256(folder: Path, name: str) -> str:
    if (folder / name).is_symlink():
        raise InputError(
            f"{name[:80]!a} is a link, and the signature would be of another file",
            hint="replace it by the file it leads to",
        )
    with open_regular(folder / name, name) as descriptor:
        try:
            with open(descriptor, "rb", buffering=0, closefd=False) as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise unreadable(name, error) from None
