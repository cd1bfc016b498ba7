"""``strongroom exposure``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import words
from strongroom.cli.call import Call
from strongroom.cli.output import plain_table, print_list, text

if TYPE_CHECKING:
    from rich.console import Console

    from strongroom.canonical import Json
    from strongroom.permits.exposures import ExposureReport
    from strongroom.permits.holdings import Exposure

RECORDED_ONLY = (
    "Recorded rule only: in embedded mode, whoever has the passphrase has all."
)


def exposure(
    call: Call,
    *,
    target: Annotated[str, typer.Argument(metavar="NAME[@V]", help="Of the model.")],
) -> None:
    """Show who holds how much of a model.

    Counts plaintext that left and what permits in force reserve; people do not
    un-learn, so it only grows.

    Example: strongroom exposure tiny
    """
    from strongroom.cli.figures import figures_document, figures_sentences
    from strongroom.client.figures import figures
    from strongroom.client.records import separations

    with call.open() as room:
        report = room.records.exposure(target)
        missing = separations(room.room)
        found = figures(room.room, room.actor)
    document = {**document_of(report, missing), "room": figures_document(found)}
    said = figures_sentences(found)
    call.output.answer(document, lambda console: show(console, report, missing, said))


def document_of(report: ExposureReport, missing: Sequence[str]) -> dict[str, Json]:
    """Return a report for programs, with the separations that are not there."""
    pair = report.pair
    return {
        "model": report.artifact.name,
        "version": report.version.number,
        "class": report.artifact.classification,
        "model_bytes": report.total,
        "accounts": [
            {
                "account": holder.account,
                "name": holder.name,
                "released_bytes": holder.released,
                "reserved_bytes": holder.reserved,
            }
            for holder in report.holders
        ],
        "sealers": list(report.sealers),
        "worst_pair": {"names": [pair[0], pair[1]], "bytes": pair[2]} if pair else None,
        "person_cap_bytes": report.person_cap,
        "pair_cap_bytes": report.pair_cap,
        "coalition": list(report.coalition) if report.coalition else None,
        "coalition_bound": report.coalition_bound,
        "recorded_rule_only": True,
        "missing_separations": list(missing),
    }


def show(
    console: Console,
    report: ExposureReport,
    missing: Sequence[str],
    figures: Sequence[str] = (),
) -> None:
    """Print a bar for each person, what groups could do, and what is lacking."""
    from strongroom.cli.pictures import bar

    head = f"{report.artifact.name}@{report.version.number}"
    console.print(
        f"{head}  {report.artifact.classification}, {words.size(report.total)}\n",
        style="bold",
    )
    whole = max(report.total, *(s.held for s in report.holders), 1)
    table = plain_table(("who", False), ("holds", False), ("share", True), ("", False))
    for holder in report.holders:
        reserved = f"{words.size(holder.reserved)} of it reserved"
        table.add_row(
            text(holder.name),
            bar(holder.held, whole),
            words.percent(holder.held, report.total),
            reserved if holder.reserved else words.size(holder.held),
        )
    if report.holders:
        console.print(table)
    else:
        console.print("nobody was given any of it")
    for sentence in (*sentences(report), *figures):
        console.print(sentence, soft_wrap=True)
    console.print(f"\n{RECORDED_ONLY}", style="dim")
    print_list(console, "Not separated here:", missing)


def sentences(report: ExposureReport) -> list[str]:
    """Return what the numbers mean, one sentence a line."""
    lines = [""]
    if report.holders:
        most = report.holders[0]
        held = words.percent(most.held, report.total)
        lines.append(f"largest person:   {most.name}, {held}")
    if report.pair is not None:
        first, second, count = report.pair
        both = words.percent(count, report.total)
        lines.append(f"most together:    {first} and {second}, {both}")
    if report.coalition is not None:
        lines.append("the whole now:    " + ", ".join(report.coalition))
    else:
        lines.append("the whole now:    no group has it")
    if report.person_cap is not None and report.pair_cap is not None:
        person = words.percent(report.person_cap, report.total)
        pair = words.percent(report.pair_cap, report.total)
        lines.append(f"caps:             {person} a person, {pair} a pair")
        group = words.many(report.coalition_bound, "person", "people")
        lines.append(f"smallest group:   {group} while caps are kept")
    else:
        lines.append("caps:             none: one person may hold the whole")
    if report.sealers:
        had = ", ".join(report.sealers)
        lines.append(f"sealed by:        {had}; had all of it before, outside the caps")
    return lines


def cost_document(exposure: Exposure, total: int) -> dict[str, Json]:
    """Return what a request would cost, in bytes, for programs."""
    return {
        "before_bytes": exposure.before,
        "after_bytes": exposure.after,
        "pair_after_bytes": exposure.pair_after,
        "whole": exposure.whole,
        "sealer": exposure.sealer,
        "model_bytes": total,
    }


def cost_sentences(exposure: Exposure, total: int) -> list[str]:
    """Return what a request would cost, in sentences."""
    before, after = (words.percent(n, total) for n in (exposure.before, exposure.after))
    lines = [f"you would hold {after} of {words.size(total)} (now {before})"]
    if exposure.partner is not None:
        pair = words.percent(exposure.pair_after, total)
        lines.append(f"with the one other who adds most: {pair}")
    if exposure.sealer:
        lines.append("you sealed it, so you had all of it before: no cap counts you")
    return lines
