"""Attempts to have something changed accepted, and how each of them ended."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

from campaigns._changes import CHANGES, Change
from campaigns._documents import Document
from campaigns._places import LeftoverError, Place, SameError
from strongroom.cli.demo.house import PASSPHRASE
from strongroom.errors import StrongroomError

MOST_TRIES = 20
"""Of finding a change that changes something."""

SMALL_BYTES = 20_000
"""A document up to this length has each of its bits flipped."""

COSTLY = 16
"""What takes long to read is changed in one round of so many."""

ACCEPTED, CRASHED = "accepted", "crashed"
LEFT, TOLD = "left plaintext", "told a secret"
_BAD = (ACCEPTED, CRASHED, LEFT, TOLD)
Errors: TypeAlias = tuple[type[StrongroomError], ...]


@dataclass(slots=True, kw_only=True)
class Attempts:
    """What came out so far.

    Attributes:
        tell: Is given a line about each change that ended badly.
        endings: How often each kind of thing ended how.
        bad: How many ended badly.
    """

    tell: Callable[[str], object]
    endings: defaultdict[str, Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    bad: int = 0

    @property
    def count(self) -> int:
        """How many changes were made."""
        return sum(sum(found.values()) for found in self.endings.values())

    def note(self, kind: str, what: str, ending: str) -> None:
        """Count one change."""
        self.endings[kind][ending] += 1
        if ending in _BAD or ending.startswith("wrong"):
            self.bad += 1
            self.tell(f"{kind}: {what}: {ending}\n")


def ending_of(
    use: Callable[[], object], errors: Errors, secrets: Iterable[str] = ()
) -> str:
    """Return the class of the refusal, or what went wrong.

    Args:
        use: What has to refuse.
        errors: The right classes.
        secrets: What a message must not show.
    """
    try:
        use()
    except StrongroomError as error:
        said = f"{error} {error.hint}"
        if any(secret in said for secret in secrets):
            return TOLD
        name = type(error).__name__
        return name if isinstance(error, errors) else f"wrong: {name}"
    except SameError:
        return "means the same"
    except LeftoverError:
        return LEFT
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return CRASHED
    return ACCEPTED


def flip_bits(attempts: Attempts, found: Sequence[Document], *, every: int) -> None:
    """Flip bits of every small document, one at a time.

    Args:
        attempts: Counts them.
        found: What is changed.
        every: One of so many bits; of what is costly to read, one of ``COSTLY``
            times as many.
    """
    for document in found:
        if len(document.honest) > SMALL_BYTES:
            continue
        step = every * COSTLY if document.costly else every
        for bit in range(0, 8 * len(document.honest), step):
            changed = bytearray(document.honest)
            changed[bit // 8] ^= 1 << bit % 8
            _try(attempts, document, f"bit {bit}", bytes(changed))


def change_documents(
    attempts: Attempts, found: Sequence[Document], numbers: range, *, seed: int
) -> None:
    """Change documents at random; each in turn, costly ones seldom."""
    kinds: dict[str, list[Document]] = defaultdict(list)
    for document in found:
        kinds[document.kind].append(document)
    for number in numbers:
        random = Random(f"{seed} document {number}")  # noqa: S311 (no secret)
        turn, at = divmod(number, max(1, len(found)))
        document = found[at]
        if document.costly and turn % COSTLY:
            document = random.choice([d for d in found if not d.costly] or found)
        alike = kinds[document.kind]
        others = [d.honest for d in alike if d is not document]
        change, changed = changed_by(random, CHANGES, document.honest, others)
        if changed not in others:  # that one is as honest, for its own place
            _try(attempts, document, f"change {number}, {change}", changed)


def _try(attempts: Attempts, document: Document, what: str, changed: bytes) -> None:
    ending = ending_of(
        lambda: document.read(changed), document.errors, document.secrets
    )
    attempts.note(document.kind, f"{document.name}: {what}", ending)


def change_room(
    attempts: Attempts,
    choose: Mapping[str, Callable[[Random], Place]],
    numbers: range,
    *,
    seed: int,
) -> None:
    """Change one thing of a room, use it, and put it back; the kinds take turns."""
    secrets = (PASSPHRASE.reveal().decode(),)
    for number in numbers:
        random = Random(f"{seed} room {number}")  # noqa: S311 (no secret)
        place = choose[list(choose)[number % len(choose)]](random)
        honest = place.read()
        change, changed = changed_by(random, place.changes, honest, place.others)

        def use(place: Place = place, changed: bytes = changed) -> None:
            place.write(changed)
            place.use()

        try:
            ending = ending_of(use, place.errors, secrets)
        finally:
            place.write(honest)
        what = f"{place.name}: change {number}, {change}"
        attempts.note(place.kind, what, ending)


def changed_by(
    random: Random,
    changes: Mapping[str, Change],
    honest: bytes,
    others: Sequence[bytes],
) -> tuple[str, bytes]:
    """Return a change by name, and bytes that differ from the honest ones."""
    for _ in range(MOST_TRIES):
        name = random.choice(list(changes))
        changed = changes[name](random, honest, others)
        if changed != honest:
            return name, changed
    return "grow", honest + b"\0"
