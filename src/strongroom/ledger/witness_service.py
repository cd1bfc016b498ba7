"""A witness at work: one process at a time answers from one folder."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

from strongroom.errors import (
    ConflictError,
    IntegrityError,
    MissingError,
    SetupError,
    StrongroomError,
)
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey
from strongroom.ledger.cosignature import cosign
from strongroom.ledger.trust import Trust
from strongroom.ledger.witness import (
    Answer,
    Refuses,
    WitnessRequest,
    decide_cosigning,
)
from strongroom.ledger.witness_demand import trust_of
from strongroom.ledger.witness_folder import (
    Seen,
    WitnessFolder,
    nothing_of,
    origin_hash,
)
from strongroom.ledger.witness_key import open_key
from strongroom.types import Random, Secret


class Witness:
    """Answers for one witness, as long as it is open.

    Args:
        folder: Of the witness.
        passphrase: Of its key; ``None`` if that is plain.
        now: The clock, aware UTC.
        random: Gives names of temporary files.

    Raises:
        ConflictError: Another process answers for this witness.
        MissingError: There is no witness.
        DeniedError: The passphrase is wrong.
        SetupError: The passphrase is missing.
        IntegrityError: The key is another one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        passphrase: Secret | None,
        now: Callable[[], datetime],
        random: Random,
    ) -> None:
        self._folder = WitnessFolder(folder, random=random)
        self.key = self._folder.key()
        self._signer = open_key(
            self._folder.key_path, public=self.key, passphrase=passphrase
        )
        self._now = now
        self._one_at_a_time = threading.Lock()
        with ExitStack() as held:
            held.enter_context(self._folder.locked())
            self._logs = {
                origin: trust_of(self._folder, log)
                for origin, log in self._folder.logs().items()
            }
            self._held = held.pop_all()

    def __enter__(self) -> Witness:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let other processes answer."""
        self._held.close()

    def answer(self, body: bytes) -> Answer:
        """Return the answer to a request; what it needs is on disk by then."""
        try:
            request = WitnessRequest.from_bytes(body)
            trust = self._logs.get(request.origin())
        except IntegrityError as error:
            return _refusal(HTTPStatus.BAD_REQUEST, str(error))
        if trust is None:
            return _refusal(
                HTTPStatus.NOT_FOUND, "this witness does not watch that ledger"
            )
        with self._one_at_a_time:
            try:
                seen = self._folder.seen(trust.verifier)
                return self._decided(request, trust, seen)
            except StrongroomError as error:  # forgotten, damaged, or a full disk
                return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, str(error))

    def newest(self, name: str) -> str:
        """Return the newest checkpoint cosigned of a ledger, a signed note.

        Args:
            name: ``origin_hash`` of the ledger.

        Raises:
            MissingError: It is not watched, or nothing of it was seen.
            SetupError: What was seen is forgotten.
            IntegrityError: The file is not what was written.
        """
        for origin, trust in self._logs.items():
            if origin_hash(origin) == name:
                note = self._folder.seen(trust.verifier).note
                if note:
                    return note
        raise MissingError("this witness saw nothing of that ledger")

    def _decided(self, request: WitnessRequest, trust: Trust, seen: Seen) -> Answer:
        log = trust.verifier
        decision = decide_cosigning(request, seen=seen.checkpoint, trust=trust)
        if isinstance(decision, Refuses):
            return self._refused(request, log, seen, decision)
        cosignature = cosign(
            decision.checkpoint,
            witness=self.key,
            sign=self._signer.sign_bytes,
            # A clock set back must not make an older ledger look like the newer.
            seconds=max(int(self._now().timestamp()), seen.seconds),
        )
        self._folder.write_seen(log, request.note, cosignature)
        why = f"{log.origin}: cosigned {decision.checkpoint.size} entries"
        return Answer(status=HTTPStatus.OK, body=cosignature.line().text(), why=why)

    def _refused(
        self, request: WitnessRequest, log: VerifierKey, seen: Seen, why: Refuses
    ) -> Answer:
        evidence = None
        if why.forks:
            evidence = self._folder.keep_evidence(log, seen.note, request.note)
        if why.status is HTTPStatus.CONFLICT:
            size = f"{seen.checkpoint.size}\n"
            return Answer(status=why.status, body=size, why=why.why, evidence=evidence)
        return _refusal(why.status, why.why)


def watch(folder: WitnessFolder, log: VerifierKey, newest: str | None) -> Checkpoint:
    """Let the witness watch a ledger; return the checkpoint it starts from.

    Args:
        folder: Of the witness; locked meanwhile.
        log: The ledger's key, compared by a person.
        newest: Its newest checkpoint, from somewhere else; needed when the witness
            watched it before and forgot what it saw.

    Raises:
        ConflictError: It is watched already, or under another key.
        SetupError: It was watched before, and ``newest`` is missing.
        IntegrityError: ``newest`` is not this ledger's.
        UnavailableError: The disk did not take it.
    """
    with folder.locked():
        logs = folder.logs()
        if logs.get(log.origin, log) != log:
            raise ConflictError(f"{log.origin} is watched under another key")
        seen = _start(folder, log, newest, known=log.origin in logs)
        folder.write_seen(log, seen.note)
        folder.write_logs((*(k for k in logs.values() if k != log), log))
    return seen.checkpoint


def _start(
    folder: WitnessFolder, log: VerifierKey, newest: str | None, *, known: bool
) -> Seen:
    """Return from where to watch; only what was forgotten may be told again."""
    if known:
        try:
            size = folder.seen(log).checkpoint.size
        except (SetupError, IntegrityError):
            if newest is None:
                raise
        else:
            raise ConflictError(f"{log.origin} is watched, {size} entries so far")
    if newest is None:
        return Seen(checkpoint=nothing_of(log.origin))
    return Seen(checkpoint=trust_of(folder, log).open(newest), note=newest)


def _refusal(status: HTTPStatus, why: str) -> Answer:
    return Answer(status=status, body=f"{why}\n", why=why)
