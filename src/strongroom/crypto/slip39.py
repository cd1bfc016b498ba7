"""One share of a secret as words, with a check that finds a mistake on paper.

A share says to which set it belongs, how many are needed, which one it is, and
its part of the secret; three more words are a Reed-Solomon code over GF(1024).
It finds every mistake of up to three words, and the place of a single one.

Only sets of one group are made or read; the standard also has groups of groups.

Source: SLIP-0039; ``docs/specification/recovery-share.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources

from strongroom.errors import InputError, IntegrityError
from strongroom.types import Secret

SET_IDS = 1 << 15
"""Sets are told apart by 15 random bits."""

MOST_SHARES = 16
MOST_VALUE_BYTES = 64
_LEAST_VALUE_BYTES = 16

_WORD_BITS = 10
_HEAD_WORDS = 4  # set, flags, cost, group and member numbers
_CHECK_WORDS = 3
_MOST_WORDS = _HEAD_WORDS + -(-MOST_VALUE_BYTES * 8 // _WORD_BITS) + _CHECK_WORDS
_MOST_COST = 6  # 640,000 iterations: a second; a share from elsewhere may ask 2^15
_FLAG_WORD = 1  # the second word holds the flag that picks the label
_LABELS = (b"shamir", b"shamir_extendable")

_GENERATOR = (
    0x00E0E040,
    0x01C1C080,
    0x03838100,
    0x07070200,
    0x0E0E0009,
    0x1C0C2412,
    0x38086C24,
    0x3090FC48,
    0x21B1F890,
    0x03F3F120,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One of several shares of a secret.

    Attributes:
        set_id: Which set it belongs to, below ``SET_IDS``.
        threshold: How many shares of the set restore the secret.
        number: Which one it is, from 1.
        value: Its part of the secret, as long as the secret: 16 to 64 bytes.
        cost: 10,000 * 2**cost iterations of PBKDF2 over the secret.
        extendable: Whether the secret is bound to no set; ours are not bound.
    """

    set_id: int
    threshold: int
    number: int
    value: Secret
    cost: int = 0
    extendable: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.set_id < SET_IDS:
            raise InputError(f"{self.set_id} is not the number of a set")
        if not 1 <= self.threshold <= MOST_SHARES or (
            not 1 <= self.number <= MOST_SHARES
        ):
            raise InputError(f"a set has 1 to {MOST_SHARES} shares")
        if not 0 <= self.cost <= _MOST_COST:
            raise InputError(f"a share asks for 2^{self.cost} times 10,000 iterations")
        if len(self.value) % 2 or (
            not _LEAST_VALUE_BYTES <= len(self.value) <= MOST_VALUE_BYTES
        ):
            raise InputError(f"a shared secret does not have {len(self.value)} bytes")


def to_words(share: Share) -> tuple[str, ...]:
    """Return a share as words; 33 for a secret of 32 bytes."""
    head = share.set_id << 1 | share.extendable
    head = head << 4 | share.cost
    head = head << 12  # group 0, of one group, one of which is needed
    head = head << 4 | (share.number - 1)
    head = head << 4 | (share.threshold - 1)
    value = int.from_bytes(share.value.reveal(), "big")
    numbers = _numbers(head, _HEAD_WORDS)
    numbers += _numbers(value, -(-len(share.value) * 8 // _WORD_BITS))
    unchecked = _checksum(_label(share.extendable), [*numbers, 0, 0, 0]) ^ 1
    words = _words()
    return tuple(words[n] for n in [*numbers, *_numbers(unchecked, _CHECK_WORDS)])


def from_words(words: Sequence[str]) -> Share:
    """Return the share that ``words`` say.

    Raises:
        InputError: A word is not one of the list, there are too few or too many,
            or the share is of a kind that is not read here.
        IntegrityError: A word is not the one that was printed; says which, if it
            is a single one.
    """
    numbers = _look_up(words)
    spare = (_WORD_BITS * (len(numbers) - _HEAD_WORDS - _CHECK_WORDS)) % 16
    if spare >= _WORD_BITS or not _length_fits(numbers):
        raise InputError(
            f"a paper does not have {len(numbers)} words",
            hint="a word is missing or stands twice",
        )
    head = _joined(numbers[:_HEAD_WORDS])
    _verify_words(numbers, extendable=bool(head >> 24 & 1))
    if head >> 8 & 0xFFF:
        raise InputError("the paper is of a set of groups, which is not read here")
    value = _joined(numbers[_HEAD_WORDS:-_CHECK_WORDS])
    length = (_WORD_BITS * (len(numbers) - _HEAD_WORDS - _CHECK_WORDS) - spare) // 8
    if value >> (8 * length):
        raise InputError("the paper has bits that belong to nothing")
    return Share(
        set_id=head >> 25,
        extendable=bool(head >> 24 & 1),
        cost=head >> 20 & 0xF,
        number=(head >> 4 & 0xF) + 1,
        threshold=(head & 0xF) + 1,
        value=Secret(value.to_bytes(length, "big")),
    )


def _look_up(words: Sequence[str]) -> list[int]:
    if len(words) > _MOST_WORDS:
        raise InputError(f"a paper does not have {len(words)} words")
    places = {word: number for number, word in enumerate(_words())}
    numbers = []
    for place, word in enumerate(words, 1):
        if word not in places:
            near = get_close_matches(word[:20], places, n=1)
            raise InputError(
                f"word {place}, {word[:20]!r}, is not one of the list",
                hint=f"did you mean {near[0]}?" if near else "read it again",
            )
        numbers.append(places[word])
    return numbers


def _length_fits(numbers: Sequence[int]) -> bool:
    bits = _WORD_BITS * (len(numbers) - _HEAD_WORDS - _CHECK_WORDS)
    return bits >= 8 * _LEAST_VALUE_BYTES


def _verify_words(numbers: Sequence[int], *, extendable: bool) -> None:
    """Check the code over all words.

    Raises:
        IntegrityError: They are not those that were printed.
    """
    if _checksum(_label(extendable), numbers) == 1:
        return
    place = _wrong_word(numbers, extendable=extendable)
    if place is None:
        raise IntegrityError(
            "more than one word of the paper is wrong, or two are swapped",
            hint="compare every word with the paper",
        )
    raise IntegrityError(
        f"word {place + 1}, {_words()[numbers[place]]!r}, is not the one printed",
        hint="read that word again; no other one is wrong",
    )


def _wrong_word(numbers: Sequence[int], *, extendable: bool) -> int | None:
    """Return the index of the one word that is wrong, if a single one explains it.

    The code has distance 4, so one or two wrong words never point at another
    one.  What to put there is not said: SLIP-0039 asks for that, since a guess
    that fits may still be another share.
    """
    for flag in (extendable, not extendable):
        found = _single_error(_checksum(_label(flag), numbers) ^ 1, len(numbers))
        # A wrong flag picks the wrong label, so then it is the flag's word.
        if found is not None and (flag == extendable or found == _FLAG_WORD):
            return found
    return None


def _single_error(syndrome: int, length: int) -> int | None:
    """Return where one wrong word of ``length`` gives this syndrome."""
    effects = [1 << bit for bit in range(_WORD_BITS)]
    for place in reversed(range(length)):
        sums = [0]
        for effect in effects:
            sums += [known ^ effect for known in sums]
        if syndrome in sums:
            return place
        effects = [_step(effect, 0) for effect in effects]
    return None


def _checksum(label: bytes, numbers: Sequence[int]) -> int:
    state = 1
    for value in (*label, *numbers):
        state = _step(state, value)
    return state


def _step(state: int, value: int) -> int:
    top = state >> 20
    state = (state & 0xFFFFF) << _WORD_BITS ^ value
    for bit, generator in enumerate(_GENERATOR):
        if top >> bit & 1:
            state ^= generator
    return state


def _label(extendable: bool) -> bytes:
    return _LABELS[extendable]


def _numbers(value: int, count: int) -> list[int]:
    """Return ``value`` as ``count`` numbers of ten bits, the highest first."""
    return [value >> (_WORD_BITS * i) & 1023 for i in reversed(range(count))]


def _joined(numbers: Sequence[int]) -> int:
    value = 0
    for number in numbers:
        value = value << _WORD_BITS | number
    return value


@cache
def _words() -> tuple[str, ...]:
    """Return the 1024 words of SLIP-0039, in order."""
    file = resources.files("strongroom.crypto") / "slip39_words.txt"
    return tuple(file.read_text(encoding="ascii").split())
