"""What a hub has that is newer, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from strongroom.cli import words
from strongroom.cli.changes import change_document, show_change, show_names
from strongroom.cli.output import plain_table, print_list, text
from strongroom.errors import StrongroomError, UnavailableError

if TYPE_CHECKING:
    from rich.console import Console

    from strongroom.canonical import Json
    from strongroom.cli.call import Call
    from strongroom.intake.upstreams import Upstream

_COMMIT: Final = 8
"""Of 40 digits, in a table; JSON has all."""

_BY: Final = {"sha256": "SHA-256", "git": "git's SHA-1", "length": "length alone"}
_LEGEND: Final = "+ added  - removed  ~ changed  ? as long as before, perhaps other"


def answer(
    call: Call, endpoint: str, every: Sequence[Upstream], *, alone: bool
) -> None:
    """Print what a hub said, and fail where it did not.

    Args:
        call: Whose answer it is.
        endpoint: Of the hub.
        every: What it said of each.
        alone: Whether one was named.

    Raises:
        StrongroomError: It did not say all; the kind of the first error, after
            whatever it did say was printed.
    """
    document: dict[str, Json] = {
        "endpoint": endpoint,
        "models": [_document(one) for one in every],
    }
    errors = [one.newest for one in every if isinstance(one.newest, StrongroomError)]
    if not (alone and errors):
        call.output.answer(document, lambda console: _show(console, every, alone=alone))
    elif call.output.json:
        call.output.line(document)
    if errors:
        raise _failure(errors, len(every))


def _failure(errors: Sequence[StrongroomError], asked: int) -> StrongroomError:
    """Return the error that an answer with holes in it ends in."""
    first = errors[0]
    if asked == 1:
        return first
    kinds = {type(error) for error in errors}
    kind = type(first) if len(kinds) == 1 else UnavailableError
    count = f"{len(errors)} of {words.many(asked, 'model')}"
    return kind(f"{count} could not be compared: {first}", hint=first.hint)


def _document(one: Upstream) -> dict[str, Json]:
    """Return what is said of one, for programs."""
    newest, changes = one.newest, one.changes
    known = None if isinstance(newest, StrongroomError) else newest.place
    return {
        "intake": one.came.intake.id,
        "model": one.came.model,
        "repository": one.came.origin.full_name,
        "state": one.standing.value,
        "admitted": one.came.origin.commit,
        "newest": known.commit if known else None,
        "called": known.full_name if known else None,
        "error": str(newest) if isinstance(newest, StrongroomError) else None,
        "files": None
        if changes is None
        else {
            **change_document(changes.files),
            "unsure": list(changes.unsure),
            "compared_by": {path: by.value for path, by in changes.basis.items()},
        },
        "gone": one.gone,
        "admitted_as": one.admitted_as or None,
        "sources": list(one.sources),
        "rebuild": list(one.rebuild),
    }


def _show(console: Console, every: Sequence[Upstream], *, alone: bool) -> None:
    if not every:
        console.print("nothing that is accepted is known to be from a hub", style="dim")
        return
    heads = ("intake", "state", "admitted", "newest", "files", "from")
    table = plain_table(*((head, False) for head in heads))
    for one in every:
        newest = one.newest
        table.add_row(
            words.short(one.came.intake.id),
            one.standing.value,
            one.came.origin.commit[:_COMMIT] or "not said",
            ""
            if isinstance(newest, StrongroomError)
            else newest.place.commit[:_COMMIT],
            _counts(one),
            text(one.came.origin.full_name),
        )
    console.print(table)
    if any(map(_counts, every)):
        console.print(f"\n{_LEGEND}", style="dim")
    if alone:
        _show_one(console, every[0])
    else:
        _show_many(console, every)


def _counts(one: Upstream) -> str:
    """Return how many files are others, such as ``+1 ~2``; empty for none."""
    if one.changes is None:
        return ""
    files = one.changes.files
    counted = (
        ("+", files.added),
        ("-", files.removed),
        ("~", files.changed),
        ("?", one.changes.unsure),
    )
    return " ".join(f"{mark}{len(names):,}" for mark, names in counted if names)


def _show_one(console: Console, one: Upstream) -> None:
    """Print which files are others, and by what that is known."""
    if one.changes is None or isinstance(one.newest, StrongroomError):
        return
    print_list(console, "to look at", _remarks(one))
    by = Counter(by.value for by in one.changes.basis.values())
    said = ", ".join(f"{count:,} by {_BY[word]}" for word, count in sorted(by.items()))
    console.print(f"\n{words.many(one.changes.files.same, 'file')} as before", end="")
    console.print(f"; compared: {said}" if said else "")
    show_change(console, "file", one.changes.files)
    show_names(console, "as long as before, perhaps other", one.changes.unsure)
    print_list(console, "to be built again", list(one.rebuild))
    if one.standing == "newer" and not one.changes.files.nothing:
        size = sum(file.length for file in one.newest.files.values())
        short = words.short(one.came.intake.id)
        console.print(
            f"\nNext, to compare tensors, which fetches {words.size(size)}:\n"
            f"strongroom intake outdated {short} {one.newest.place.address}",
            soft_wrap=True,
        )


def _show_many(console: Console, every: Sequence[Upstream]) -> None:
    """Print what is to be said of those of which there is something to say."""
    remarks = [
        f"{words.short(one.came.intake.id)}: {remark}"
        for one in every
        for remark in _remarks(one)
    ]
    print_list(console, "to look at", remarks)
    rebuild = [
        f"{name}, which descends from {one.came.model or one.came.origin.full_name}"
        for one in every
        for name in one.rebuild
    ]
    show_names(console, "to be built again", rebuild)
    following = next((one for one in every if one.standing == "newer"), None)
    if following:
        short = words.short(following.came.intake.id)
        console.print(f"\nNext: strongroom intake outdated {short}")


def _remarks(one: Upstream) -> list[str]:
    """Return what a person should see besides the counts."""
    newest = one.newest
    if isinstance(newest, StrongroomError):
        return [str(newest)]
    found = []
    if one.standing == "altered":
        found.append("the hub has other files at the commit that was admitted")
    if newest.place.full_name != one.came.origin.full_name:
        found.append(f"the hub calls it {newest.place.full_name} now")
    if one.gone:
        found.append("the hub has the commit no more that was admitted")
    if one.standing == "newer" and one.admitted_as:
        found.append(f"the newest commit is in as {words.short(one.admitted_as)}")
    return found
