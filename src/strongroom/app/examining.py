"""Wires what reads things from outside, and whose advisories count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from strongroom.app.keeping import Wires
from strongroom.client.room_parts import Outside
from strongroom.crypto.signing import VerifyKey
from strongroom.intake.allow_list import AllowList
from strongroom.intake.fetching import Fetching
from strongroom.intake.known_bad import KnownBad
from strongroom.intake.listed_types import verify_types
from strongroom.intake.quarantine import Quarantine
from strongroom.intake.receiving import ReceivedFile
from strongroom.intake.replacing import Replacing
from strongroom.intake.reports import SnapshotReport
from strongroom.intake.rewriting import Options
from strongroom.sandboxes.port import Sandbox
from strongroom.settings import Settings
from strongroom.settings.intake import IntakeSettings
from strongroom.vault.admission import Admission
from strongroom.vault.comparing import Comparing
from strongroom.vault.originals import Originals
from strongroom.vault.outcomes import Outcomes
from strongroom.vault.reading_again import ReadingAgain
from strongroom.vault.reauditing import Reauditing
from strongroom.vault.upstream import Upstreams


@dataclass(frozen=True, slots=True, kw_only=True)
class _Readings:
    """Reads files in sandboxes, each made when something is read."""

    sandbox: Callable[[], Sandbox]
    settings: IntakeSettings

    def as_told(
        self,
        descriptor: int,
        files: Sequence[ReceivedFile],
        options: Options,
        output: Path,
    ) -> SnapshotReport:
        """Read by the options alone."""
        # Not before it is needed: most commands read nothing from outside.
        from strongroom.intake.reading import SandboxReader

        reader = SandboxReader(self.sandbox())
        return reader(descriptor, files, options, output)

    def today(
        self,
        descriptor: int,
        files: Sequence[ReceivedFile],
        options: Options,
        output: Path,
    ) -> SnapshotReport:
        """Read by what the house lists now."""
        types = self.settings.skops_types
        options = replace(options, types=types)
        return replace(self.as_told(descriptor, files, options, output), types=types)

    def advised(
        self,
        descriptor: int,
        files: Sequence[ReceivedFile],
        options: Options,
        output: Path,
    ) -> SnapshotReport:
        """Read by what the house lists now, and ask the scanners of others."""
        from strongroom.intake.advisers.asking import SandboxAdvisers

        ask = SandboxAdvisers(self.sandbox(), self.settings.advisers)
        report = self.today(descriptor, files, options, output)
        return replace(report, advice=ask(descriptor, files, output))


def wire_outside(wires: Wires, sandbox: Callable[[], Sandbox]) -> Outside:
    """Return what takes things in; the sandbox is made when something is read.

    Raises:
        InputError: The house lists a type that nobody can let in.
    """
    settings, gate, approvals = wires.settings, wires.gate, wires.approvals
    random = wires.random
    types = settings.intake.skops_types
    verify_types(types)
    reads = _Readings(sandbox=sandbox, settings=settings.intake)
    known_bad = wire_known_bad(settings)
    admission = Admission(gate, approvals, known_bad)
    folder = settings.intake.quarantine(settings.folder, settings.room)
    return Outside(
        quarantine=Quarantine(
            gate,
            examine=reads.advised,
            folder=folder,
            random=random,
            known_bad=known_bad,
            keep=timedelta(days=settings.intake.original_days),
        ),
        admission=admission,
        comparing=Comparing(gate, examine=reads.today, folder=folder, random=random),
        fetching=Fetching(gate, folder=folder, random=random),
        upstreams=Upstreams(gate, folder=folder, random=random),
        reauditing=Reauditing(gate, admission, known_bad),
        reading_again=ReadingAgain(
            gate,
            Originals(wires.anchors, wires.domains, wires.keys.manifest.public),
            Outcomes(admission, known_bad),
            examine=reads.as_told,
            folder=folder,
            random=random,
            types=types,
        ),
        allow_list=AllowList(gate, approvals, random=random),
        replacing=Replacing(gate, approvals),
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
