"""Which signatures a witness demands of a ledger: what a person told it.

A witness reads no entries, and nobody at the room can talk it out of the second
signature: whoever works at the witness pins the key, as they did the first one.

Source: ``docs/specification/witness.md``, "Folder".
"""

from __future__ import annotations

from strongroom.crypto.durable import write_durably
from strongroom.crypto.mldsa import MlDsaKey
from strongroom.errors import (
    ConflictError,
    InputError,
    IntegrityError,
    MissingError,
    UnavailableError,
)
from strongroom.ledger.checkpoint import VerifierKey
from strongroom.ledger.second import parse_second_key, second_key_text
from strongroom.ledger.trust import Trust
from strongroom.ledger.witness_folder import WitnessFolder, origin_hash, read_bounded
from strongroom.types import Random

SECOND = "second"
_MAX_BYTES = 4096  # of a key with a name of 255 characters


def trust_of(folder: WitnessFolder, log: VerifierKey) -> Trust:
    """Return what checkpoints of a watched ledger have to carry.

    Raises:
        IntegrityError: The second key that is kept there is none.
        UnavailableError: It cannot be read.
    """
    try:
        data = read_bounded(folder.path / SECOND / origin_hash(log.origin), _MAX_BYTES)
    except MissingError:
        return Trust(verifier=log)
    text = data.decode(errors="replace").removesuffix("\n")
    try:
        second = parse_second_key(text, log.origin)
    except InputError as error:
        raise IntegrityError(f"{folder.path / SECOND}: {error}") from None
    return Trust(verifier=log, second=second)


def demand(
    folder: WitnessFolder, log: VerifierKey, second: MlDsaKey | None, *, random: Random
) -> None:
    """Demand a second signature of a watched ledger, by another key, or no more.

    Args:
        folder: Of the witness; locked meanwhile.
        log: The ledger's key.
        second: Compared by a person; ``None`` if one signature is enough.
        random: Gives the name of a temporary file.

    Raises:
        ConflictError: It is not watched under this key, or another process answers
            for the witness.
        UnavailableError: The disk did not take it.
    """
    with folder.locked():
        if folder.logs().get(log.origin) != log:
            raise ConflictError(f"{log.origin} is not watched under this key")
        path = folder.path / SECOND / origin_hash(log.origin)
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            if second is None:
                path.unlink(missing_ok=True)
                return
        except OSError as error:
            raise UnavailableError(f"{path}: {error.strerror}") from None
        text = second_key_text(log.origin, second) + "\n"
        write_durably(path, text.encode(), random, overwrite=True)
