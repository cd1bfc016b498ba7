"""What is made of a report: may what was re-written be sealed, and who must look?

A pure decision.  Anything unclear is a refusal: a file that nothing is known of, an
error among the findings, an original that is not what was expected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from strongroom import canonical
from strongroom.intake.advisers.advice import advised
from strongroom.intake.facts import PAIRS, flat, pairs, strings
from strongroom.intake.findings import Finding, Level
from strongroom.intake.leaving_out import left_out
from strongroom.intake.origins import NOWHERE, Origin
from strongroom.intake.receiving import Received
from strongroom.intake.reports import SnapshotReport
from strongroom.intake.rewriting import Options
from strongroom.intake.signatures import UNSIGNED, Checked

MOST_LISTED = 1000
"""Names of one sort that an entry lists; the report has them all."""

MOST_TOLD = 16 << 20
"""Characters of what our readers found, paths and places included."""

MOST_ADVICE = 4 << 20
"""Characters of what advisers said, likewise: eight who say all they may about files
with long names would fill a report, and be why it is refused."""

PLAIN = Options()
"""What readers are given unless somebody chose otherwise."""

_AROUND = 120  # what stands around a finding in the report, its rule included


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an examination says.

    Attributes:
        findings: Path of a file, or ``""``, and what was found there.
        review: Why a second person has to accept it.
        facts: What the entry says of it.
        document: The whole report, as it is kept.
    """

    findings: tuple[tuple[str, Finding], ...]
    review: tuple[str, ...]
    facts: Mapping[str, canonical.Json]
    document: Mapping[str, canonical.Json]

    @property
    def refused(self) -> bool:
        """Whether nothing of it may be sealed."""
        return any(f.level is Level.ERROR for _, f in self.findings)

    @property
    def word(self) -> str:
        """``refused``, ``review`` or ``passed``."""
        if self.refused:
            return "refused"
        return "review" if self.review else "passed"


def judge(
    report: SnapshotReport,
    received: Received,
    checked: Checked = UNSIGNED,
    *,
    origin: Origin = NOWHERE,
    policy: str = "",
    options: Options = PLAIN,
    advice_reviewed: bool = False,
) -> Verdict:
    """Return what to make of what the sandbox found.

    Args:
        report: Of every file.
        received: What was copied.
        checked: What holding it against what was expected led to.
        origin: Where it is from, as far as it is known.
        policy: Hexadecimal digest of the rules in force.
        options: For the readers, so that later ones can be given the same.
        advice_reviewed: Whether a second person has to look where an adviser sees it
            otherwise.
    """
    findings = [(f.path, finding) for f in report.files for finding in f.findings]
    findings += [("", finding) for finding in report.findings]
    findings += [("", finding) for finding in checked.findings]
    refused = any(finding.level is Level.ERROR for _, finding in findings)
    if not refused and not any(file.outputs for file in report.files):
        findings.append(
            (
                "",
                Finding(
                    rule="snapshot/empty",
                    level=Level.ERROR,
                    message="nothing is left after re-writing",
                ),
            )
        )
        refused = True
    advice = _fitting(
        tuple(advised(report.advice, refused=refused, reviewed=advice_reviewed))
    )
    ordered = (*_bounded(tuple(findings)), *advice)
    originals = [file.path for file in received.files]
    return Verdict(
        findings=ordered,
        review=tuple(sorted({f.rule for _, f in ordered if f.level is Level.WARNING})),
        facts={
            **_facts(report, ordered),
            "signer": checked.signer,
            "left_out": len(left_out(originals, options.left_out)),
        },
        document={
            **_document(report, received, ordered),
            "origin": origin_facts(origin),
            "policy": policy,
            "options": {
                "salvage": options.salvage,
                "types": sorted(report.types),
                "left_out": sorted(set(options.left_out)),
            },
        },
    )


def origin_facts(origin: Origin) -> dict[str, canonical.Json]:
    """Return where files are from, as advisories name it."""
    return {
        "publisher": origin.publisher,
        "repository": origin.full_name,
        "commit": origin.commit,
    }


def _bounded(
    findings: tuple[tuple[str, Finding], ...],
) -> tuple[tuple[str, Finding], ...]:
    """Return what a report can hold of findings; more than that is an error itself."""
    kept = _as_many(findings, MOST_TOLD)
    if kept == len(findings):
        return findings
    more = Finding(
        rule="snapshot/findings",
        level=Level.ERROR,
        message=f"{len(findings)} findings are more than a report holds; "
        f"the first {kept} stand here",
    )
    return (("", more), *findings[:kept])


def _fitting(
    advice: tuple[tuple[str, Finding], ...],
) -> tuple[tuple[str, Finding], ...]:
    """Return what a report can hold of advice, and how much that is not.

    What somebody has to look at stands first: one adviser's remarks, which a file can
    cause by the thousand, must not push out that another one calls it malicious.
    """
    advice = tuple(sorted(advice, key=lambda said: said[1].level is Level.NOTE))
    kept = _as_many(advice, MOST_ADVICE)
    if kept == len(advice):
        return advice
    more = Finding(
        rule="adviser/remark",
        level=Level.NOTE,
        message=f"advisers said {len(advice) - kept} things more than a report holds",
    )
    return (*advice[:kept], ("", more))


def _as_many(findings: tuple[tuple[str, Finding], ...], most: int) -> int:
    """Return how many of the first findings have at most so many characters."""
    kept, told = 0, 0
    for path, finding in findings:
        told += _AROUND + len(path) + len(finding.place) + len(finding.message)
        kept += told <= most
    return kept


def _facts(
    report: SnapshotReport, findings: Sequence[tuple[str, Finding]]
) -> dict[str, canonical.Json]:
    """Return what the entry says; of long lists the first, and how many there are."""
    tensors: list[canonical.Json] = [
        [path, name, digest]
        for path, facts in _every(report)
        for fact in PAIRS
        for name, digest in pairs(facts.get(fact))
    ]
    return {
        "reader": report.reader,
        "kinds": sorted({file.kind for file in report.files}),
        "rules": sorted({finding.rule for _, finding in findings}),
        "globals": _listed(report, "globals"),
        "listed": _listed(report, "listed"),
        "operators": _listed(report, "operators"),
        "templates": _templates(report),
        "tensors": canonical.digest(
            "strongroom/v1/intake-tensors", canonical.to_json(tensors)
        ).hex(),
        "outputs": sum(len(file.outputs) for file in report.files),
        "advisers": [advice.document() for advice in report.advice],
    }


def _listed(report: SnapshotReport, name: str) -> list[canonical.Json]:
    """Return the strings that the facts of all files list under a name, once each."""
    found = {item for _, facts in _every(report) for item in strings(facts.get(name))}
    return list(sorted(found)[:MOST_LISTED])


def _templates(report: SnapshotReport) -> list[canonical.Json]:
    """Return the digests of all templates, once each."""
    found = {
        digest
        for _, facts in _every(report)
        for _, digest in pairs(facts.get("templates"))
    }
    return list(sorted(found)[:MOST_LISTED])


def _every(
    report: SnapshotReport,
) -> Iterator[tuple[str, Mapping[str, canonical.Json]]]:
    """Yield path and facts of every file, and of those in archives."""
    for file in report.files:
        yield from flat(file.path, file.facts)


def _document(
    report: SnapshotReport,
    received: Received,
    findings: Sequence[tuple[str, Finding]],
) -> dict[str, canonical.Json]:
    """Return the whole report, canonical JSON, as it is kept and shown."""
    originals = {file.path: file for file in received.files}
    return {
        "v": 1,
        "reader": report.reader,
        "digest": received.digest,
        "advisers": [advice.document() for advice in report.advice],
        "files": [
            {
                "path": file.path,
                "bytes": originals[file.path].length,
                "sha256": originals[file.path].sha256,
                "kind": file.kind,
                "outputs": [[one.name, one.length, one.sha256] for one in file.outputs],
                "facts": file.facts,
                "changes": list(file.changes),
            }
            for file in report.files
        ],
        "findings": [
            {
                "path": path,
                "place": finding.place,
                "rule": finding.rule,
                "level": finding.level.value,
                "message": finding.message,
            }
            for path, finding in findings
        ],
    }
