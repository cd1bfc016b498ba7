"""Wires what reads things from outside, and whose advisories count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

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
from strongroom.vault.comparing import Comparing
from strongroom.vault.upstream import Upstreams


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What meets things from outside."""

    quarantine: Quarantine
    comparing: Comparing
    fetching: Fetching
    upstreams: Upstreams


def wire_quarantine(
    gate: Gate,
    settings: Settings,
    sandbox: Callable[[], Sandbox],
    known_bad: KnownBad,
    random: Random,
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
        return reader(descriptor, files, replace(options, types=types), output)

    def examine(
        descriptor: int,
        files: Sequence[ReceivedFile],
        options: Options,
        output: Path,
    ) -> SnapshotReport:
        from strongroom.intake.advisers.asking import SandboxAdvisers

        ask = SandboxAdvisers(sandbox(), settings.intake.advisers)
        report = read(descriptor, files, options, output)
        return replace(report, advice=ask(descriptor, files, output))

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
        comparing=Comparing(gate, examine=read, folder=folder, random=random),
        fetching=Fetching(gate, folder=folder, random=random),
        upstreams=Upstreams(gate, folder=folder, random=random),
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
