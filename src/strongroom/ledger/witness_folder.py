"""A witness in a folder of its own: its key, what it watches, what it saw.

    key               0600; see ``witness_key``
    key.pub           the public key, to give away
    logs              the ledgers it watches, in the form of a policy file
    seen/HASH         the newest checkpoint cosigned of a ledger, a signed note
    misbehaviour/     pairs of checkpoints that cannot both be true

``seen`` is written, synced and renamed before a cosignature is returned.  A
ledger that is watched and has no file there was forgotten: nothing of it is
signed until a person brings its newest checkpoint from elsewhere.

Source: C2SP tlog-witness v1.0.0; ``docs/specification/witness.md``.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from strongroom.crypto.durable import make_folder, write_durably
from strongroom.crypto.passphrases import Cost
from strongroom.crypto.signing import VerifyKey
from strongroom.errors import (
    ConflictError,
    IntegrityError,
    MissingError,
    SetupError,
    UnavailableError,
)
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey
from strongroom.ledger.cosignature import Cosignature, WitnessKey, verified_cosignatures
from strongroom.ledger.note import AT_MOST_NOTE_BYTES, split_note
from strongroom.ledger.policy_file import MAX_POLICY_BYTES, WitnessPolicy
from strongroom.ledger.tree import EMPTY_ROOT
from strongroom.ledger.witness_key import create_key
from strongroom.settings.small_files import read_small
from strongroom.types import Random, Secret

KEY, PUBLIC, LOGS, LOCK = "key", "key.pub", "logs", "lock"
SEEN, MISBEHAVIOUR = "seen", "misbehaviour"
_FORGOTTEN_HINT = "strongroom ledger witness watch DIR KEY --newest CHECKPOINT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The newest checkpoint of one ledger that was cosigned here.

    Attributes:
        checkpoint: Of nothing, when none was cosigned yet.
        note: As stored; empty when there is none.
        seconds: When it was cosigned; 0 when a person brought it.
    """

    checkpoint: Checkpoint
    note: str = ""
    seconds: int = 0


class WitnessFolder:
    """Reads and writes the files; who may write holds the lock of ``Witness``."""

    def __init__(self, folder: Path, *, random: Random) -> None:
        """Remember the folder; nothing is read yet.

        Args:
            folder: Of the witness.
            random: Gives names of temporary files.
        """
        self.path = folder
        self._random = random

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        name: str,
        passphrase: Secret | None,
        random: Random,
        cost: Cost | None = None,
    ) -> WitnessFolder:
        """Make a witness that watches nothing yet.

        Raises:
            ConflictError: The folder holds something.
            InputError: The name or the passphrase cannot be used.
            UnavailableError: The disk did not take it.
        """
        made = cls(folder, random=random)
        try:
            make_folder(folder, mode=0o700)
            if any(folder.iterdir()):
                raise ConflictError(f"{folder} is not empty", hint="name a new folder")
            for part in (SEEN, MISBEHAVIOUR):
                (folder / part).mkdir(mode=0o700)
        except OSError as error:
            raise UnavailableError(f"{folder}: {error.strerror}") from None
        key = create_key(
            folder / KEY, name=name, passphrase=passphrase, random=random, cost=cost
        )
        made.write_logs(())
        made._write(folder / PUBLIC, f"{key.text()}\n".encode())
        return made

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process from answering for this witness.

        Raises:
            ConflictError: Another process holds it.
            UnavailableError: The folder cannot be locked.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            descriptor = os.open(self.path / LOCK, flags, 0o600)
        except OSError as error:
            raise UnavailableError(f"{self.path}: {error.strerror}") from None
        try:
            self._lock(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConflictError(
                f"another process answers for the witness in {self.path}",
                hint="ask it over its socket, or stop it first",
            ) from None
        except OSError as error:
            raise UnavailableError(f"{self.path}: {error.strerror}") from None

    @property
    def key_path(self) -> Path:
        """Where the private key lies."""
        return self.path / KEY

    def key(self) -> WitnessKey:
        """Return the public key.

        Raises:
            MissingError: There is no witness.
            InputError: The file holds no key of a witness.
        """
        data = read_bounded(self.path / PUBLIC, AT_MOST_NOTE_BYTES)
        return WitnessKey.from_text(data.decode(errors="replace"))

    def logs(self) -> dict[str, VerifierKey]:
        """Return the ledgers that are watched, by name.

        Raises:
            MissingError: The list is gone.
            InputError: It is not understood.
        """
        policy = WitnessPolicy.from_bytes(
            read_bounded(self.path / LOGS, MAX_POLICY_BYTES)
        )
        return {key.origin: key for key in policy.logs}

    def write_logs(self, keys: tuple[VerifierKey, ...]) -> None:
        """Store which ledgers are watched.

        Raises:
            UnavailableError: The disk did not take it.
        """
        self._write(self.path / LOGS, WitnessPolicy(logs=keys).to_text().encode())

    def seen(self, log: VerifierKey) -> Seen:
        """Return the newest checkpoint of a watched ledger that was cosigned.

        Raises:
            SetupError: What was seen is forgotten.
            IntegrityError: The file is not what was written.
            UnavailableError: It cannot be read.
        """
        try:
            note = read_bounded(
                self._seen_path(log.origin), AT_MOST_NOTE_BYTES
            ).decode()
        except MissingError:
            raise SetupError(
                f"this witness lost what it saw of {log.origin}", hint=_FORGOTTEN_HINT
            ) from None
        except UnicodeDecodeError:
            raise IntegrityError("what this witness saw is no text") from None
        if not note:
            return Seen(checkpoint=nothing_of(log.origin))
        found = Checkpoint.open(
            note, key=log, verify=VerifyKey(log.public).verify_bytes
        )
        own = verified_cosignatures(note, [self.key()])
        return Seen(
            checkpoint=found,
            note=note,
            seconds=max((c.seconds for c in own), default=0),
        )

    def write_seen(
        self, log: VerifierKey, note: str, cosignature: Cosignature | None = None
    ) -> None:
        """Store the newest checkpoint durably, with the ledger's own lines only.

        All of them: a room that demands two signatures believes no note with one.

        Args:
            log: Whose it is.
            note: Verified; empty for a ledger of which nothing was seen yet.
            cosignature: Is added, if given.

        Raises:
            UnavailableError: The disk did not take it; nothing may be answered.
        """
        if note:
            found = split_note(note)
            lines = tuple(line for line in found.lines if line.name == log.origin)
            lines += (cosignature.line(),) if cosignature else ()
            note = f"{found.text}\n{''.join(line.text() for line in lines)}"
        self._write(self._seen_path(log.origin), note.encode())

    def keep_evidence(self, log: VerifierKey, note: str, other: str) -> Path:
        """Store two checkpoints that cannot both be true; return where they lie.

        Raises:
            UnavailableError: The disk did not take it.
        """
        size = Checkpoint.open(
            note, key=log, verify=VerifyKey(log.public).verify_bytes
        ).size
        folder = self.path / MISBEHAVIOUR / f"{origin_hash(log.origin)[:16]}-{size}"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise UnavailableError(f"{folder}: {error.strerror}") from None
        for name, content in (("one", note), ("other", other)):
            if not (folder / name).exists():
                self._write(folder / name, content.encode())
        return folder

    def _seen_path(self, origin: str) -> Path:
        return self.path / SEEN / origin_hash(origin)

    def _write(self, path: Path, content: bytes) -> None:
        write_durably(path, content, self._random, overwrite=True)


def nothing_of(origin: str) -> Checkpoint:
    """Return the checkpoint of the empty ledger."""
    return Checkpoint(origin=origin, size=0, root=EMPTY_ROOT)


def origin_hash(origin: str) -> str:
    """Return the name under which things of a ledger lie, 64 hexadecimal digits."""
    return hashlib.sha256(origin.encode()).hexdigest()


def read_bounded(path: Path, at_most_bytes: int) -> bytes:
    """Return a file's bytes.

    Raises:
        MissingError: It is not there.
        IntegrityError: It is longer.
        UnavailableError: It cannot be read.
    """
    data = read_small(path, at_most_bytes)
    if data is None:
        raise MissingError(
            f"{path} is not there",
            hint="strongroom ledger witness init DIR --name NAME",
        )
    if len(data) > at_most_bytes:
        raise IntegrityError(f"{path} is over {at_most_bytes} bytes")
    return data
