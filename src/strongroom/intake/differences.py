"""How a later reading of the same bytes differs from the one that admitted them.

A pure comparison of two reports.  What counts is what leaves quarantine, what it is
said to be, and what somebody would have to look at: kinds, files, tensors, and
findings that were not there.  Words of messages and further facts do not count, and a
finding that is gone takes nothing away from what was decided with it in sight.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from strongroom.canonical import Json
from strongroom.errors import StrongroomError
from strongroom.intake.admitted import files_of
from strongroom.intake.findings import MOST_MESSAGE, Finding, Level, listed, quoted
from strongroom.intake.later_readings import LaterReading, Outcome
from strongroom.intake.outdated import Change, tensors_of

_MOST_NAMED = 3
_ADVICE = "adviser/"
_RULES = {
    Outcome.SAME: "reread/same",
    Outcome.DIFFERS: "reread/differs",
    Outcome.REFUSED: "reread/refused",
}


def differences(admitted: Json, later: Json) -> tuple[str, ...]:
    """Return how a later reading differs, as sentences; none if it does not.

    Args:
        admitted: The report by which the original was admitted.
        later: The report of the later reading.

    Raises:
        IntegrityError: One of them is no report.
    """
    before, after = files_of(admitted), files_of(later)
    return (
        *_new_findings(admitted, later),
        *_named("kind", Change.between(_kinds(before), _kinds(after))),
        *_named("re-written file", Change.between(_written(before), _written(after))),
        *_named(
            "tensor",
            Change.between(
                tensors_of((str(f["path"]), f["facts"]) for f in before),
                tensors_of((str(f["path"]), f["facts"]) for f in after),
            ),
        ),
    )


def outcome_of(later: Json, differing: tuple[str, ...]) -> Outcome:
    """Return what a later reading came to.

    Args:
        later: Its report.
        differing: From ``differences``.
    """
    if any(level is Level.ERROR for level, _, _, _ in _findings(later)):
        return Outcome.REFUSED
    return Outcome.DIFFERS if differing else Outcome.SAME


def later_finding(reading: LaterReading, differing: tuple[str, ...]) -> Finding:
    """Return what a later reading came to, for whoever asked for it.

    Args:
        reading: As it is kept.
        differing: From ``differences``.
    """
    by = f"readers of version {reading.reader}"
    if reading.outcome is Outcome.SAME:
        level, words = Level.NOTE, f"{by} read it again: the same came out"
    else:
        refused = reading.outcome is Outcome.REFUSED
        level, words = (
            Level.ERROR,
            f"{by} {'refuse it' if refused else 'see it otherwise'}",
        )
    message = "; ".join((words, *differing))
    return Finding(
        rule=_RULES[reading.outcome], level=level, message=message[:MOST_MESSAGE]
    )


def failed_finding(error: StrongroomError) -> Finding:
    """Return that an original could not be read again, and why."""
    message = f"it was not read again: {error}"
    if error.hint:
        message = f"{message}; {error.hint}"
    return Finding(
        rule="reread/failed", level=Level.WARNING, message=message[:MOST_MESSAGE]
    )


def known_finding(reading: LaterReading) -> Finding:
    """Return that a later reading differed, and that was found before."""
    words = "refused" if reading.outcome is Outcome.REFUSED else "read otherwise"
    return Finding(
        rule="reread/known",
        level=Level.NOTE,
        message=f"{words} by readers of version {reading.reader}; it was found before",
    )


def _kinds(files: list[Mapping[str, Json]]) -> dict[str, str]:
    return {str(file["path"]): str(file["kind"]) for file in files}


def _written(files: list[Mapping[str, Json]]) -> dict[str, str]:
    """Return the digest of each file that came out, by its name."""
    found: dict[str, str] = {}
    for file in files:
        match file:
            case {"outputs": [*outputs]}:
                for output in outputs:
                    match output:
                        case [str(name), int(), str(sha256)]:
                            found[name] = sha256
    return found


def _named(what: str, change: Change) -> Iterator[str]:
    """Yield a sentence for each way in which digests of things by name differ."""
    for word, names in (
        ("changed", change.changed),
        ("missing", change.removed),
        ("new", change.added),
    ):
        if names:
            shown = listed(names, at_most=_MOST_NAMED)
            yield f"{what} {word}: {shown}"


def _new_findings(admitted: Json, later: Json) -> Iterator[str]:
    """Yield what readers would have somebody look at, or refuse, and did not before."""
    more = Counter(_findings(later))
    more.subtract(Counter(_findings(admitted)))
    new = [one for one, count in more.items() if count > 0]
    grave = sorted(one for one in new if one[0] is not Level.NOTE)
    for level, rule, path, place in grave[:_MOST_NAMED]:
        where = " ".join(part for part in (path, place) if part)
        yield f"{level} {rule}" + (f" in {quoted(where)}" if where else "")
    if len(grave) > _MOST_NAMED:
        yield f"{len(grave) - _MOST_NAMED} more findings"


def _findings(report: Json) -> Iterator[tuple[Level, str, str, str]]:
    """Yield level, rule, path and place of what readers found; not of advisers.

    What is about the whole is taken of errors only: the rest is about where it is
    from, which no reader says.
    """
    match report:
        case {"findings": [*findings]}:
            pass
        case _:
            return
    for finding in findings:
        match finding:
            case {
                "level": str(level),
                "rule": str(rule),
                "path": str(path),
                "place": str(place),
            } if not rule.startswith(_ADVICE) and (path or level == Level.ERROR):
                yield Level(level), rule, path, place
