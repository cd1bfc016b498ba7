"""What the kill campaign does, step by step; each can be repeated by its number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from campaigns._trace import CHANGES, SYNCS, TALK, Boundary


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One life and its end.

    Attributes:
        number: To repeat it.
        act: What is done.
        boundary: Before which system call it ends; at a random moment if ``None``.
        cut: Whether the power is cut as well: ``all`` or ``some`` of what was not
            synced is lost.
        server: Whether the database's server is killed instead.
    """

    number: int
    act: str
    boundary: Boundary | None = None
    cut: str = ""
    server: bool = False

    def __str__(self) -> str:
        where = str(self.boundary or "a random moment")
        what = "the server is killed at" if self.server else "killed before"
        cut = f", power cut ({self.cut} lost)" if self.cut else ""
        return f"step {self.number}: {self.act}, {what} {where}{cut}"


def names(*, talks: bool) -> tuple[str, ...]:
    """Return the system calls before which a life may end."""
    return (*SYNCS, *CHANGES, *(TALK if talks else ()))


def plan(
    passed: Mapping[str, Sequence[Boundary]],
    *,
    every: int,
    pages: int,
    rounds: int,
    servers: int,
    cuts: bool,
) -> Iterator[Step]:
    """Yield all steps in order.

    Args:
        passed: The boundaries of each act.
        every: One of so many boundaries is tried; none if 0.
        pages: One of so many rare ones among them; none if 0.
        rounds: Random moments.
        servers: How often a server is killed.
        cuts: Whether each boundary is also tried with power cuts.
    """
    number = 0
    for act, boundaries in sorted(passed.items()):
        common = [b for b in boundaries if not b.rare]
        rare = [b for b in boundaries if b.rare]
        chosen = [*_some(common, every), *_some(rare, every * pages)]
        for boundary in chosen:
            for cut in ("", "all", "some") if cuts else ("",):
                yield Step(number=number, act=act, boundary=boundary, cut=cut)
                number += 1
    acts = sorted(passed)
    for count, server in ((rounds, False), (servers, True)):
        for at in range(count):
            yield Step(number=number, act=acts[at % len(acts)], server=server)
            number += 1


def _some(boundaries: Sequence[Boundary], every: int) -> Sequence[Boundary]:
    # Counted from the end: by the last one, everything was promised.
    return boundaries[(len(boundaries) - 1) % every :: every] if every else ()


def random_of(seed: int, step: Step) -> Random:
    """Return the choices of one step, whichever steps were made before."""
    return Random(f"{seed} {step.number}")  # noqa: S311 (no secret)
