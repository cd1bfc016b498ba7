"""A whole ledger checked: entries, guarded rows, witnesses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from strongroom.errors import StrongroomError
from strongroom.ledger import checks, reconcile
from strongroom.ledger.cosigned import WitnessReport
from strongroom.ledger.log import Ledger
from strongroom.ledger.witnesses import Witnesses

LOCKED: Final = "guarded rows, and what custodians saw: the home custodian is locked"
OUT_OF_ORDER: Final = "guarded rows: only a ledger in order says what they should be"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerReport:
    """What a full verification found.

    Attributes:
        size: Entries under the newest checkpoint.
        root: Its root, hexadecimal.
        findings: Everything that is wrong, one sentence each.
        rows_checked: Whether the guarded rows were compared too; only while the
            home custodian is unlocked.
        row_findings: Those of the findings that are about guarded rows.
        unchecked: What was not looked at, and why, one sentence each.
        separations: Those that the room does not have, one sentence each; empty
            while the home custodian is locked.
        witnesses: What independent witnesses signed; ``None`` if there is none.
        second_since: Size of the first checkpoint with two signatures, both checked;
            ``None`` if one is demanded.
    """

    size: int
    root: str
    findings: tuple[str, ...]
    rows_checked: bool
    row_findings: tuple[reconcile.Finding, ...] = ()
    unchecked: tuple[str, ...] = ()
    separations: tuple[str, ...] = ()
    witnesses: WitnessReport | None = None
    second_since: int | None = None


def verify_ledger(
    ledger: Ledger, *, rows: bool, witnesses: Witnesses | None = None
) -> LedgerReport:
    """Check a whole ledger; the guarded rows only with the guard key.

    Args:
        ledger: What to check.
        rows: Whether to replay it against the guarded tables.
        witnesses: Who else keeps its checkpoints; they are asked what they saw.
    """
    with ledger.reading() as reading:
        problems = [finding.problem for finding in checks.check_all(ledger, reading)]
        unchecked = () if rows else (LOCKED,)
        differing: list[reconcile.Finding] = []
        if rows and problems:
            rows, unchecked = False, (OUT_OF_ORDER,)
        elif rows:
            differing = reconcile.reconcile(ledger, reading)
            problems = [str(finding) for finding in differing]
        try:
            checkpoint = ledger.checkpoint(reading)
        except StrongroomError:
            checkpoint = None  # check_all has named the reason
        report = LedgerReport(
            size=checkpoint.size if checkpoint else 0,
            root=checkpoint.root.hex() if checkpoint else "",
            findings=tuple(problems),
            rows_checked=rows,
            row_findings=tuple(differing),
            unchecked=unchecked,
            second_since=ledger.notes.since,
        )
    return report if witnesses is None else _with_witnesses(report, witnesses)


def _with_witnesses(report: LedgerReport, witnesses: Witnesses) -> LedgerReport:
    """Add what witnesses signed, and what they show of another history."""
    findings, troubles, signed = list(report.findings), list[str](), None
    try:
        troubles = [str(trouble) for trouble in witnesses.compare()]
    except StrongroomError as error:
        findings.append(str(error))
    try:
        signed = witnesses.report()
    except StrongroomError as error:
        findings.append(str(error))
    return replace(
        report,
        findings=tuple(findings),
        unchecked=(*report.unchecked, *troubles),
        witnesses=signed,
    )
