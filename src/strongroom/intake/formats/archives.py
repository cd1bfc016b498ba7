"""Reads what lies in an archive, as if it lay in a folder of the archive's name.

Everything or nothing: one member that does not enter refuses the archive, because
nobody who adds an archive expects half of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from strongroom.canonical import Json
from strongroom.intake.findings import Finding, Level, RefusedError
from strongroom.intake.formats.tars import read_tar
from strongroom.intake.formats.zips import Limits, open_members, read_archive
from strongroom.intake.kinds import Kind
from strongroom.intake.names import with_ending
from strongroom.intake.rewriting import Options, Rewritten, Workplace
from strongroom.intake.snapshots import read_sources
from strongroom.intake.sources import Source

MOST_MEMBERS = 10_000


def rewrite_zip(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Write what lies in a zip file to a folder of its name.

    Args:
        source: A zip file that is no model by itself.
        workplace: Where the folder goes.
        options: For the readers of what lies in it.

    Raises:
        RefusedError: The zip file is not strict, or a member does not enter.
    """
    members = read_archive(source, Limits(members=MOST_MEMBERS))
    opened = open_members(members.values(), workplace)
    return _rewritten(Kind.ZIP, source, opened, workplace, options)


def rewrite_tar(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Write what lies in a tar file to a folder of its name.

    Args:
        source: A tar file, not compressed.
        workplace: Where the folder goes.
        options: For the readers of what lies in it.

    Raises:
        RefusedError: The tar file is not strict, or a member does not enter.
    """
    return _rewritten(Kind.TAR, source, read_tar(source), workplace, options)


def _rewritten(
    kind: Kind,
    source: Source,
    members: Mapping[str, Source],
    workplace: Workplace,
    options: Options,
) -> Rewritten:
    if not members:
        raise RefusedError("archive/empty", "archive holds no file")
    folder = with_ending(source.path, "")
    inside = [
        member.window(0, member.length, path=f"{folder}/{name}")
        for name, member in members.items()
    ]
    facts: list[Json] = []
    outputs: list[str] = []
    changes: list[str] = []
    findings: list[Finding] = []
    results = read_sources(inside, workplace, options, in_archive=True)
    for member, (seen, result) in zip(inside, results, strict=True):
        found = [
            replace(one, place=f"{member.path} {one.place}".strip()[:200])
            for one in (*seen.findings, *result.findings)
        ]
        _verify_entered(found)
        facts.append([member.path, str(result.kind), result.facts])
        outputs += result.outputs
        changes += (f"{member.path}: {change}"[:500] for change in result.changes)
        findings += found
    return Rewritten(
        kind=kind,
        outputs=tuple(outputs),
        facts={"members": facts},
        changes=(f"archive is the folder {folder!a} now", *changes),
        findings=tuple(findings),
    )


def _verify_entered(findings: Iterable[Finding]) -> None:
    """Check that a member entered.

    Raises:
        RefusedError: It did not.
    """
    for finding in findings:
        if finding.level is Level.ERROR:
            raise RefusedError(
                finding.rule, f"in an archive: {finding.message}", place=finding.place
            )
