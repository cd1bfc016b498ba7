"""What an intake found, for people and for SARIF readers."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from strongroom.cli import words
from strongroom.cli.output import plain_grid, plain_table, print_list, text
from strongroom.errors import MissingError, SetupError, UnavailableError

if TYPE_CHECKING:
    from rich.console import Console

    from strongroom.canonical import Json
    from strongroom.intake.intakes import Intake

FAMILY: Final = "adviser/"
"""How the rules of advice begin; ``intake.advisers`` makes them."""

_MARKS: Final = {"error": "x", "warning": "!", "note": "-"}
_STYLES: Final = {"error": "bold red", "warning": "yellow", "note": "dim"}
_MOST_SHOWN: Final = 50
_OUTCOMES: Final = {
    "same": "the same came out",
    "differs": "it came out otherwise",
    "refused": "they refuse it",
}
_MOST_PATTERNS: Final = 5
_NEXT: Final = {
    "waiting": "strongroom intake accept {}",
    "received": "add it again: it goes on where it was interrupted",
}


def texts_of(value: Json) -> list[str]:
    """Return what stands in a list; nothing if it is none."""
    return [str(one) for one in value] if isinstance(value, list | tuple) else []


def show_intake(
    console: Console, document: Mapping[str, Json], *, every_error: bool = False
) -> None:
    """Print an intake: what it is, what became of each file, what was found.

    Args:
        console: Where to.
        document: From ``intake_document``.
        every_error: Whether to print all that it is refused for, be it thousands.
    """
    console.print(f"{document['intake']}  {document['state']}\n", style="bold")
    if document["known"]:
        console.print("the same bytes were added before\n", style="dim")
    grid = plain_grid()
    size = words.size(int(str(document["bytes"])))
    files = words.many(int(str(document["files"])), "file")
    grid.add_row("original", f"{files}, {size}")
    for head, value in (
        ("model", document["model"] or document["name"]),
        ("from", document["from"]),
    ):
        if value:
            grid.add_row(head, text(str(value)))
    if document["original_until"]:
        grid.add_row("kept until", str(document["original_until"])[:10])
    again = document["read_again"]
    if isinstance(again, Mapping):
        outcome = _OUTCOMES[str(again["outcome"])]
        by = f"by readers of version {again['reader']}: {outcome}"
        grid.add_row("read again", f"{str(again['at'])[:10]}, {by}")
    console.print(grid)
    console.print(f"sha256:{document['digest']}", style="dim", soft_wrap=True)
    report = document["report"]
    if isinstance(report, Mapping):
        ours: list[Mapping[str, Json]] = []
        advice: list[Mapping[str, Json]] = []
        for one in _mappings(report["findings"]):
            (advice if str(one["rule"]).startswith(FAMILY) else ours).append(one)
        _show_files(console, _mappings(report["files"]))
        show_findings(console, ours, every_error=every_error)
        _show_advice(console, _mappings(report.get("advisers")), advice)
        _show_changes(console, _mappings(report["files"]))
    following = _NEXT.get(str(document["state"]))
    if following:
        short = words.short(str(document["intake"]))
        console.print("\nNext: " + following.format(short))
    elif document["state"] == "refused" and (hint := without(report)):
        console.print()
        console.print(text("Next: " + hint), soft_wrap=True)


def without(report: Json) -> str:
    """Return how to add what was refused without the files at fault; else nothing.

    Args:
        report: Of the examination, as it is kept.
    """
    from strongroom.intake.leaving_out import may_be_left_out

    patterns = may_be_left_out(report)
    if not patterns:
        return ""
    named = [f"--leave-out {shlex.quote(one)}" for one in patterns[:_MOST_PATTERNS]]
    more = " ..." if len(patterns) > _MOST_PATTERNS else ""
    return f"if nothing needs it, add it again with {' '.join(named)}{more}"


def write_sarif(
    path: Path, report: Json, *, again: str = "strongroom intake show ID --sarif FILE"
) -> None:
    """Write what was found as SARIF.

    Args:
        path: Of the file.
        report: With a reader, files and findings.
        again: What writes it again, where this fails.

    Raises:
        MissingError: There is no report yet.
        UnavailableError: The file cannot be written.
    """
    from strongroom.intake.sarif import sarif_log

    if not isinstance(report, Mapping):
        raise MissingError("nothing was examined yet")
    try:
        path.write_text(json.dumps(sarif_log(report), indent=2) + "\n")
    except OSError as error:
        raise UnavailableError(
            f"{path} cannot be written: {error.strerror}",
            hint=f"{again} writes it again",
        ) from None


def write_bill(path: Path, intake: Intake, report: Json) -> None:
    """Write a bill of materials, CycloneDX.

    Raises:
        MissingError: There is no report yet.
        SetupError: The library for it is not installed.
        UnavailableError: The file cannot be written.
    """
    try:
        from strongroom.intake.materials import bill_of_materials
    except ModuleNotFoundError:
        raise SetupError(
            "cyclonedx-python-lib is not installed",
            hint="pip install 'strongroom[sbom]'",
        ) from None
    if not isinstance(report, Mapping):
        raise MissingError(f"{intake.id} was not examined yet")
    try:
        path.write_text(bill_of_materials(intake, report) + "\n", encoding="utf-8")
    except OSError as error:
        raise UnavailableError(f"{path} cannot be written: {error.strerror}") from None


def _show_files(console: Console, files: Sequence[Mapping[str, Json]]) -> None:
    table = plain_table(("file", False), ("is", False), ("became", False))
    for file in files[:_MOST_SHOWN]:
        outputs = file["outputs"]
        names = [str(o[0]) for o in outputs] if isinstance(outputs, list) else []
        became = ", ".join(names) or "nothing"
        table.add_row(text(str(file["path"])), str(file["kind"]), text(became))
    console.print()
    console.print(table)
    if len(files) > _MOST_SHOWN:
        console.print(f"and {len(files) - _MOST_SHOWN} more", style="dim")


def show_findings(console: Console, every: Json, *, every_error: bool = False) -> None:
    """Print findings, as a report has them, errors before the rest.

    Args:
        console: Where to.
        every: Of a report.
        every_error: Whether to print more errors than fit a screen.
    """
    found = _mappings(every)
    if not found:
        return
    errors = [one for one in found if one["level"] == "error"]
    findings = errors + [one for one in found if one["level"] != "error"]
    most = max(_MOST_SHOWN, len(errors)) if every_error else _MOST_SHOWN
    console.print()
    for finding in findings[:most]:
        level = str(finding["level"])
        where = " ".join(str(finding[key]) for key in ("path", "place") if finding[key])
        console.print(
            text(f"{_MARKS[level]} {finding['rule']}  {where}"), style=_STYLES[level]
        )
        console.print(text(f"    {finding['message']}"), soft_wrap=True)
    if len(findings) > most:
        console.print(f"and {len(findings) - most} more", style="dim")


def _show_advice(
    console: Console,
    advisers: Sequence[Mapping[str, Json]],
    findings: Sequence[Mapping[str, Json]],
) -> None:
    """Print what advisers say, those first who see it otherwise than our readers.

    Args:
        console: Where to.
        advisers: That were asked, as ``Advice.document``.
        findings: Of theirs.
    """
    if not advisers:
        return
    console.print("\nadvice, which refuses nothing", style="bold")
    for one in advisers:
        files = words.many(int(str(one["answered"])), "file")
        alarming = int(str(one["alarming"]))
        calls = f", calls {alarming} malicious" if alarming else ""
        console.print(
            text(f"  {one['name']} {one['version']}: looked at {files}{calls}")
        )
    first = sorted(findings, key=lambda one: str(one["rule"]) != "adviser/disagrees")
    show_findings(console, first)


def _show_changes(console: Console, files: Sequence[Mapping[str, Json]]) -> None:
    changes = [
        f"{file['path']}: {change}"
        for file in files
        for change in (file["changes"] if isinstance(file["changes"], list) else ())
    ]
    print_list(console, "changed or lost", changes[:_MOST_SHOWN])


def _mappings(value: Json) -> list[Mapping[str, Json]]:
    found = value if isinstance(value, list | tuple) else ()
    return [one for one in found if isinstance(one, Mapping)]
