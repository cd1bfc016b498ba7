"""What accounts hold adds up to the byte, and caps bind every coalition."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access import exposure
from strongroom.access.exposure import Held, Pair
from strongroom.access.footprints import MOST_BYTES, Extent, Footprint, Grain
from strongroom.access.scales import Scale
from strongroom.errors import InputError
from strongroom.types import AccountId

TENSORS = [bytes([n]) * 16 for n in range(3)]
FILE = Grain(elements=100)
OWN = Scale()
ANA, BOB, CY, DEE = (AccountId(name) for name in ("ana", "bob", "cy", "dee"))

extents = st.builds(
    lambda tensor, start, length: Extent(tensor, start, start + length, FILE),
    st.sampled_from(TENSORS),
    st.integers(0, 60),
    st.integers(1, 30),
)
footprints = st.builds(Footprint.of, st.lists(extents, max_size=4))
holdings = st.builds(Held.of, st.lists(footprints, max_size=4))
houses = st.dictionaries(st.sampled_from([ANA, BOB, CY, DEE]), holdings)


def part(start: int, end: int, tensor: int = 0) -> Held:
    return Held.of([Footprint.of([Extent(TENSORS[tensor], start, end, FILE)])])


def shown(held: Held) -> set[tuple[bytes, int]]:
    """Every byte on its own; the model that the arithmetic is checked against."""
    return {
        (e.coordinate, at)
        for footprint in held.footprints
        for e in footprint.extents
        for at in range(e.start, e.end)
    }


@given(holdings, holdings)
def test_unions_count_each_byte_once(first: Held, second: Held) -> None:
    assert first.bytes_in(OWN) == len(shown(first))
    assert first.union(second).bytes_in(OWN) == len(shown(first) | shown(second))


@given(holdings, footprints)
def test_exposure_only_grows(held: Held, more: Footprint) -> None:
    after = held.union(Held.of([more]))

    assert held.bytes_in(OWN) <= after.bytes_in(OWN)
    assert after.bytes_in(OWN) <= held.bytes_in(OWN) + more.bytes
    assert after.union(held) == after


@given(houses)
def test_the_worst_pair_is_the_worst_of_all_pairs(house: dict[AccountId, Held]) -> None:
    unions = {
        (a, b): len(shown(house[a]) | shown(house[b]))
        for a, b in combinations(sorted(house), 2)
    }

    worst = exposure.worst_pair(house, OWN)

    if not unions:
        assert worst is None
    else:
        assert worst is not None
        assert worst.bytes == max(unions.values()) == unions[worst.first, worst.second]


@given(houses, st.sampled_from([ANA, BOB]))
def test_the_worst_partner_adds_most(
    house: dict[AccountId, Held], me: AccountId
) -> None:
    mine = shown(house.get(me, Held()))
    unions = {b: len(mine | shown(house[b])) for b in house if b != me}

    worst = exposure.worst_partner(me, house, OWN)

    if not unions:
        assert worst is None
    else:
        assert worst is not None
        assert worst.first == me
        assert worst.bytes == max(unions.values()) == unions[worst.second]


@given(houses, st.integers(1, 120))
def test_a_coalition_holds_the_whole_and_none_of_one_fewer_greedy_step_does(
    house: dict[AccountId, Held], total: int
) -> None:
    found = exposure.smallest_coalition(total, house, OWN)

    everything = set().union(*(shown(held) for held in house.values()))
    if found is None:
        assert len(everything) < total
        return
    held = [shown(house[member]) for member in found]
    assert len(set().union(*held)) >= total
    assert len(set().union(*held[:-1])) < total
    assert len(set(found)) == len(found)


def test_the_first_account_of_equals_is_named() -> None:
    house = {CY: part(0, 10), BOB: part(0, 10), ANA: part(0, 10, tensor=1)}

    assert exposure.worst_partner(ANA, house, OWN) == Pair(ANA, BOB, 20)
    assert exposure.worst_pair(house, OWN) == Pair(ANA, BOB, 20)


def test_the_worst_pair_is_found_wherever_it_is_among_many() -> None:
    house = {AccountId(f"a-{n:03}"): part(0, 10) for n in range(600)}
    house[AccountId("a-300")], house[AccountId("a-599")] = part(0, 20), part(15, 40)

    expected = Pair(AccountId("a-300"), AccountId("a-599"), 40)
    assert exposure.worst_pair(house, OWN) == expected


@pytest.mark.parametrize("tensors", [8, 1500])  # the second beyond exact doubles
def test_the_worst_pair_of_huge_models_is_exact_to_the_byte(tensors: int) -> None:
    huge = Grain(elements=MOST_BYTES - 1)
    every = [
        Footprint.of([Extent(n.to_bytes(16, "big"), 0, huge.bytes, huge)])
        for n in range(tensors)
    ]
    house = {ANA: Held.of(every[::2]), BOB: Held.of(every[1::2]), CY: part(0, 1)}

    expected = Pair(ANA, BOB, tensors * (MOST_BYTES - 1))
    assert exposure.worst_pair(house, OWN) == expected


def test_nobody_and_nothing_hold_nothing() -> None:
    assert Held().bytes_in(OWN) == 0
    assert exposure.worst_partner(ANA, {}, OWN) is None
    assert exposure.worst_pair({ANA: Held()}, OWN) is None
    assert exposure.smallest_coalition(1, {}, OWN) is None
    assert exposure.smallest_coalition(0, {}, OWN) == ()


def test_the_same_range_of_the_next_version_costs_nothing() -> None:
    """A new version of a tensor has its coordinate; its bytes were known already."""
    assert part(0, 10).union(part(0, 10)).bytes_in(OWN) == 10


def test_two_plans_of_one_tensor_add_up_to_the_tensor() -> None:
    """Re-planning resets nothing: other cuts of the same bytes overlap them."""
    old, new = part(0, 40), part(30, 100)

    assert old.union(new).bytes_in(OWN) == 100


@pytest.mark.parametrize(
    ("total", "percent", "expected"),
    [
        (100, 25, 25),
        (10, 25, 2),
        (3, 45, 1),
        (0, 25, 0),
        (2**60, 45, 2**60 * 45 // 100),
        (7, 0, 0),
        (7, 100, 7),
        (1, 99, 0),
    ],
)
def test_a_cap_rounds_down(total: int, percent: int, expected: int) -> None:
    assert exposure.cap_bytes(total, percent) == expected


@pytest.mark.parametrize(("total", "percent"), [(-1, 25), (10, -1), (10, 101)])
def test_what_is_no_cap_is_refused(total: int, percent: int) -> None:
    with pytest.raises(InputError):
        exposure.cap_bytes(total, percent)


@pytest.mark.parametrize(
    ("person", "pair", "accounts"),
    [(25, 45, 5), (25, 50, 4), (25, 99, 4), (10, 99, 10), (45, 45, 5), (99, 99, 3)],
)
def test_the_caps_bound_the_smallest_coalition(
    person: int, pair: int, accounts: int
) -> None:
    assert exposure.coalition_bound(person, pair) == accounts


def test_without_a_cap_one_account_is_enough() -> None:
    assert exposure.coalition_bound(100, 100) == 1


@given(st.integers(1, 100), st.integers(1, 100))
def test_so_many_accounts_can_reach_the_whole_and_fewer_cannot(
    person: int, pair: int
) -> None:
    if person > pair:
        with pytest.raises(InputError):
            exposure.coalition_bound(person, pair)
        return
    accounts = exposure.coalition_bound(person, pair)
    share = min(2 * person, pair)  # of each, in half percent

    assert accounts * share >= 200 or person == 100
    assert (accounts - 1) * share < 200


@given(houses)
def test_no_house_within_its_caps_beats_the_bound(
    house: dict[AccountId, Held],
) -> None:
    """The attacker: everybody takes as much as the caps let them."""
    total = len(set().union(*(shown(held) for held in house.values())))
    found = exposure.smallest_coalition(total, house, OWN)
    if not total or found is None or len(found) < 2:
        return
    person = _percent(max(held.bytes_in(OWN) for held in house.values()), total)
    worst = exposure.worst_pair(house, OWN)
    pair = _percent(worst.bytes if worst else 0, total)

    assert len(found) >= exposure.coalition_bound(person, max(person, pair))


def _percent(part_bytes: int, total: int) -> int:
    """Return the smallest percent that is no less than this share."""
    return max(1, -(-100 * part_bytes // total))


@pytest.mark.parametrize(
    ("person", "pair"), [(0, 45), (-1, 45), (46, 45), (25, 101), (101, 101)]
)
def test_caps_that_are_not_in_order_bound_nothing(person: int, pair: int) -> None:
    with pytest.raises(InputError, match="are not in order"):
        exposure.coalition_bound(person, pair)
    assert exposure.coalition_bound(1, 1) == 200
    assert exposure.coalition_bound(99, 100) == 2


def test_a_coalition_is_named_in_the_order_in_which_they_add() -> None:
    house = {ANA: part(0, 10), BOB: part(0, 40), CY: part(30, 70), DEE: part(60, 100)}

    assert exposure.smallest_coalition(40, house, OWN) == (BOB,)
    assert exposure.smallest_coalition(41, house, OWN) == (BOB, DEE)
    assert exposure.smallest_coalition(81, house, OWN) == (BOB, DEE, CY)
    assert exposure.smallest_coalition(100, house, OWN) == (BOB, DEE, CY)
    assert exposure.smallest_coalition(101, house, OWN) is None


def test_whoever_has_no_row_has_a_partner_who_holds_most() -> None:
    house = {BOB: part(0, 40), CY: part(0, 50)}

    assert exposure.worst_partner(ANA, house, OWN) == Pair(ANA, CY, 50)
    assert exposure.worst_partner(CY, house, OWN) == Pair(CY, BOB, 50)
    assert exposure.worst_partner(CY, {CY: part(0, 1)}, OWN) is None


def test_the_worst_pair_of_a_large_house_may_be_its_first_or_its_last() -> None:
    """Pairs are looked at in blocks of rows; each end of one is looked at too."""
    names = [AccountId(f"a-{n:03}") for n in range(515)]
    for first, second in ((0, 1), (255, 256), (511, 513), (512, 514), (513, 514)):
        house = dict.fromkeys(names, part(0, 10))
        house[names[first]], house[names[second]] = part(0, 20), part(15, 40)
        worst = exposure.worst_pair(house, OWN)
        assert worst == Pair(names[first], names[second], 40)
