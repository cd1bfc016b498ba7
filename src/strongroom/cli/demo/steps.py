"""What a step of the demo says, and whether an attempt failed for its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strongroom.errors import DeniedError, StrongroomError


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One line of the demo.

    Attributes:
        step: A stable name, lower case with hyphens.
        ok: Whether it went as it should.
        why: What happened, one sentence.
        refused: Whether the step was an attempt that was refused.
    """

    step: str
    ok: bool
    why: str
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """How an attempt has to fail.

    Attributes:
        error: The class of the error, or a base of it.
        rule: Id of the policy rule among its reasons, if policy refuses.
        says: Words that its sentence contains.
    """

    error: type[StrongroomError]
    rule: str = ""
    says: str = ""

    def fits(self, error: StrongroomError) -> bool:
        """Return whether ``error`` is this refusal and not some other."""
        reasons = error.reasons if isinstance(error, DeniedError) else ()
        return (
            isinstance(error, self.error)
            and (not self.rule or self.rule in reasons)
            and self.says in str(error)
        )


def judge(step: str, expected: Refusal, attempt: Callable[[], object]) -> Outcome:
    """Make an attempt and return whether it failed for the reason it should.

    Args:
        step: Name of the step.
        expected: The one right way to fail.
        attempt: Makes the attempt; an error of ours is its failure.
    """
    try:
        attempt()
    except StrongroomError as error:
        if expected.fits(error):
            return Outcome(step=step, ok=True, why=str(error), refused=True)
        return Outcome(
            step=step, ok=False, why=f"refused, but for another reason: {error}"
        )
    return Outcome(step=step, ok=False, why="it was not refused")


def perform(step: str, work: Callable[[], str]) -> Outcome:
    """Do something that has to succeed; ``work`` returns what happened."""
    try:
        return Outcome(step=step, ok=True, why=work())
    except StrongroomError as error:
        hint = f" ({error.hint})" if error.hint else ""
        return Outcome(step=step, ok=False, why=f"{error}{hint}")
