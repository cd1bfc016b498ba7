"""Wires what reads things from outside, and whose advisories count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from strongroom.access.approvals import Approvals
from strongroom.access.gate import Gate
from strongroom.crypto.signing import VerifyKey
from strongroom.intake.fetching import Fetching
from strongroom.intake.known_bad import KnownBad
from strongroom.intake.listed_types import verify_types
from strongroom.intake.quarantine import Quarantine
from strongroom.intake.receiving import ReceivedFile
from strongroom.intake.reports import SnapshotReport
from strongroom.intake.rewriting import Options
from strongroom.sandboxes.port import Sandbox
from strongroom.settings import Settings
from strongroom.types import Random
from strongroom.vault.admission import Admission
from strongroom.vault.comparing import Comparing
from strongroom.vault.originals import Originals
from strongroom.vault.outcomes import Outcomes
from strongroom.vault.reading_again import ReadingAgain
from strongroom.vault.reauditing import Reauditing
from strongroom.vault.upstream import Upstreams


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What meets things from outside."""

    quarantine: Quarantine
    admission: Admission
    comparing: Comparing
    fetching: Fetching
    upstreams: Upstreams
    reauditing: Reauditing
    reading_again: ReadingAgain


def wire_quarantine(
    gate: Gate,
    approvals: Approvals,
    settings: Settings,
    sandbox: Callable[[], Sandbox],
    *,
    random: Random,
    originals: Originals,
) -> Outside:
    """Return what takes things in; the sandbox is made when something is read.

    Raises:
        InputError: The house lists a type that nobody can let in.
    """
    types = settings.intake.skops_types
    verify_types(types)

    def read(
        descriptor: int,
        files: Sequence[ReceivedFile],
        options: Options,
        output: Path,
    ) -> SnapshotReport:
        # Not before it is needed: most commands read nothing from outside.
        from strongroom.intake.reading import SandboxReader

        reader = SandboxReader(sandbox())
        return reader(descriptor, files, options, output)

    def read_today(
        descriptor: int,
        files: Sequence[ReceivedFile],
        options: Options,
        output: Path,
    ) -> SnapshotReport:
        options = replace(options, types=types)
        return replace(read(descriptor, files, options, output), types=types)

    def examine(
        descriptor: int,
        files: Sequence[ReceivedFile],
        options: Options,
        output: Path,
    ) -> SnapshotReport:
        from strongroom.intake.advisers.asking import SandboxAdvisers

        ask = SandboxAdvisers(sandbox(), settings.intake.advisers)
        report = read_today(descriptor, files, options, output)
        return replace(report, advice=ask(descriptor, files, output))

    known_bad = wire_known_bad(settings)
    admission = Admission(gate, approvals, known_bad)
    folder = settings.intake.quarantine(settings.folder, settings.room)
    return Outside(
        quarantine=Quarantine(
            gate,
            examine=examine,
            folder=folder,
            random=random,
            known_bad=known_bad,
            keep=timedelta(days=settings.intake.original_days),
        ),
        admission=admission,
        comparing=Comparing(gate, examine=read_today, folder=folder, random=random),
        fetching=Fetching(gate, folder=folder, random=random),
        upstreams=Upstreams(gate, folder=folder, random=random),
        reauditing=Reauditing(gate, admission, known_bad),
        reading_again=ReadingAgain(
            gate,
            originals,
            Outcomes(admission, known_bad),
            examine=read,
            folder=folder,
            random=random,
            types=types,
        ),
    )


def wire_known_bad(settings: Settings) -> KnownBad:
    """Return whose bundles of advisories the room takes."""
    pinned = settings.advisories
    if pinned is None:
        return KnownBad()
    return KnownBad(
        key=VerifyKey(bytes.fromhex(pinned.key)),
        at_most_age=timedelta(days=pinned.at_most_age_days),
    )
