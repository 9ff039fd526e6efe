"""
The draw: one place for each number, the same on any machine, uniform, and checkable by anybody.
"""

from collections import Counter
from fractions import Fraction
from hashlib import sha256, shake_256
from itertools import permutations
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiting_room.core.draw import Draw, DrawError, Order, base_for, commitment, faults_of, rounds_for, verify

SEED = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
SIZES = st.one_of(st.integers(1, 5000), st.integers(1, 20_000_000))
SEEDS = st.binary(min_size=32, max_size=32).map(bytes.hex)
BEACONS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=64)
SURE = 1e-6
"""How often a fair draw would fail a test of chance; with fixed seeds the verdict is always the same."""


def draw(size: int, seed: str = SEED, beacon: str = "", lane: str = "standard") -> Draw:
    """
    Return a draw whose commitment is that of its seed.
    """
    return Draw(seed, commitment(seed), beacon, lane, 1, size)


def nth(size: int, index: int) -> Order:
    """
    Return the order of the *index*-th of many draws.
    """
    return Order(draw(size, sha256(f"seed {index}".encode()).hexdigest()))


def most_chi_square(cells: int) -> float:
    """
    Return what chi-square over *cells* exceeds once in 1 / `SURE` fair draws (Wilson and Hilferty, 1931).
    """
    free = cells - 1
    z = NormalDist().inv_cdf(1 - SURE)
    root: float = 1 - 2 / (9 * free) + z * (2 / (9 * free)) ** 0.5
    return free * root**3


def chi_square(counts: Counter[object], cells: int) -> float:
    """
    Return how far *counts* are from equal over *cells*.
    """
    mean = counts.total() / cells
    return sum((count - mean) ** 2 for count in counts.values()) / mean + (cells - len(counts)) * mean


def by_the_book(which: Draw, number: int) -> int:
    """
    Return a place as an outsider would work it out from the documentation, a digit at a time and without tables.
    """
    text = f"waiting-room draw 1 order\n{which.seed}\n{which.beacon}\n{which.lane}\n{which.size}"
    key, base, rounds = sha256(text.encode()).digest(), 2, 10
    while base * base < which.size:
        base += 2
    while base ** (rounds // 2 - 1) < 1_000_000_000_000:
        rounds += 2
    digits = list(divmod(number - 1, base))
    while True:
        for index in range(rounds):
            stream = shake_256(key + bytes([index])).digest(8 * base)
            other = digits[1 - index % 2]
            word = int.from_bytes(stream[8 * other : 8 * other + 8], "big")
            digits[index % 2] = (digits[index % 2] + word) % base
        place = digits[0] * base + digits[1] + 1
        if place <= which.size:
            return place


@pytest.mark.parametrize("sizes", [range(low, low + 50) for low in range(1, 400, 50)], ids=str)
def test_each_number_has_a_place_of_its_own(sizes: range) -> None:
    """For every size up to some hundreds the ranks are 1 to N, each once."""
    wrong = [n for n in sizes if sorted(map(nth(n, n).rank_of, range(1, n + 1))) != list(range(1, n + 1))]

    assert wrong == []


@pytest.mark.parametrize("size", [9999, 65_537, 100_001])
def test_a_large_crowd_is_ordered_without_gaps(size: int) -> None:
    """Sizes that fill their domain badly or well."""
    order = Order(draw(size))

    assert len({order.rank_of(number) for number in range(1, size + 1)}) == size


@given(st.data(), SIZES, SEEDS, BEACONS)
def test_the_number_at_the_rank_of_a_number_is_that_number(
    data: st.DataObject, size: int, seed: str, beacon: str
) -> None:
    """The inverse undoes the draw, and both stay within 1 to N."""
    number = data.draw(st.integers(1, size))
    order = Order(draw(size, seed, beacon))

    rank = order.rank_of(number)

    assert (1 <= rank <= size, order.number_of(rank)) == (True, number)


@pytest.mark.parametrize("number", [0, 11, -1])
def test_a_number_outside_the_draw_has_no_place_in_it(number: int) -> None:
    """The order refuses what it does not hold, in both directions."""
    order = Order(draw(10))

    with pytest.raises(IndexError):
        order.rank_of(number)
    with pytest.raises(IndexError):
        order.number_of(number)


@pytest.mark.parametrize(
    ("size", "beacon", "lane", "ranks"),
    [
        (1, "", "standard", [1]),
        (10, "", "standard", [6, 9, 4, 8, 5, 3, 2, 1]),
        (10, "drand", "standard", [1, 6, 2, 5, 8, 4, 9, 3]),
        (10, "", "loyal", [2, 10, 1, 9, 5, 4, 3, 8]),
        (1000, "", "standard", [215, 697, 683, 826, 572, 601, 510, 480]),
        (1_000_000, "", "standard", [653_718, 83_709, 684_778, 424_941, 118_812, 78_402, 431_268, 904_943]),
        (1_000_000, "8e5c1b", "loyal", [120_550, 797_636, 100_118, 932_061, 868_275, 997_703, 368_030, 99_507]),
        (10_000_000, "", "standard", [6_250_374, 7_124_929, 1_121_322, 7_830_964, 6_539_912, 2_507_997, 3_018_746]),
    ],
)
def test_the_places_are_the_same_on_any_machine(size: int, beacon: str, lane: str, ranks: list[int]) -> None:
    """Fixed vectors: the ranks of the first numbers, and whoever changes them breaks every draw that is under way."""
    order = Order(draw(size, SEED, beacon, lane))

    assert [order.rank_of(number) for number in range(1, len(ranks) + 1)] == ranks


@given(st.data(), st.integers(1, 100_000), SEEDS, BEACONS)
def test_an_outsider_works_out_the_same_place(data: st.DataObject, size: int, seed: str, beacon: str) -> None:
    """The description alone leads to the same ranks."""
    which = draw(size, seed, beacon)
    number = data.draw(st.integers(1, size))

    assert Order(which).rank_of(number) == by_the_book(which, number)


def test_the_commitment_is_the_hash_of_a_labelled_seed() -> None:
    """So that anybody can work it out with sha256sum."""
    assert commitment(SEED) == "bdf1faeff1975560be301337f6ac2059c2a0948c81edbe43f7328ac3e8ef75b7"


@pytest.mark.parametrize("changed", [{"seed": "f" * 64}, {"beacon": "a"}, {"lane": "loyal"}, {"size": 999}])
def test_every_published_value_changes_the_order(changed: dict[str, object]) -> None:
    """Seed, beacon, lane and size all go into the key."""
    values = {"size": 1000, "seed": SEED, "beacon": "", "lane": "standard"} | changed
    order, other = Order(draw(1000)), Order(draw(**values))  # type: ignore[arg-type]

    same = sum(order.rank_of(number) == other.rank_of(number) for number in range(1, 1000))

    assert same < 10


def test_every_place_is_equally_likely_for_a_given_number() -> None:
    """Over 4,000 seeds the first and the last of a hundred land on each rank alike."""
    orders = [nth(100, index) for index in range(4000)]
    for number in (1, 100):
        counts: Counter[object] = Counter(order.rank_of(number) for order in orders)
        assert chi_square(counts, 100) < most_chi_square(100)


def test_neighbours_land_independently_of_one_another() -> None:
    """Two who joined one after the other get every pair of ranks of twenty alike, over 6,000 seeds."""
    pairs = [(order.rank_of(7), order.rank_of(8)) for order in (nth(20, index) for index in range(6000))]

    assert chi_square(Counter(pairs), 20 * 19) < most_chi_square(20 * 19)


@pytest.mark.parametrize("size", [3, 4, 5])
def test_all_orders_of_a_few_are_equally_likely(size: int) -> None:
    """Odd permutations as often as even ones, too."""
    numbers = range(1, size + 1)
    cells = len(list(permutations(numbers)))
    counts: Counter[object] = Counter(tuple(map(nth(size, index).rank_of, numbers)) for index in range(20 * cells))

    assert chi_square(counts, cells) < most_chi_square(cells)


def test_the_places_of_one_draw_are_spread_evenly() -> None:
    """Those who came first of a million stand in every hundredth of the order alike."""
    order = Order(draw(1_000_000))
    counts: Counter[object] = Counter((order.rank_of(number) - 1) // 10_000 for number in range(1, 20_001))

    assert chi_square(counts, 100) < most_chi_square(100)


def remaining_bias(base: int, rounds: int) -> Fraction:
    """
    Return the greatest distance of the difference of two places from that of a true shuffle, worked out exactly.

    A round adds the same to both where their other digits are the same, and something random to each where not.
    """
    states = [(one, other) for one in range(base) for other in range(base) if (one, other) != (0, 0)]
    worst = Fraction(0)
    for start in ((0, 1), (1, 0), (1, 1)):
        chances = dict.fromkeys(states, Fraction(0)) | {start: Fraction(1)}
        for _ in range(rounds):
            after = dict.fromkeys(states, Fraction(0))
            for (changed, kept), chance in chances.items():
                reached = [changed] if kept == 0 else range(base)
                for value in reached:
                    after[kept, value] += chance / len(reached)
            chances = after
        worst = max(worst, sum((abs(chance - Fraction(1, len(states))) for chance in chances.values()), Fraction()) / 2)
    return worst


@pytest.mark.parametrize("base", [2, 4, 6])
def test_two_rounds_more_leave_at_most_a_base_th_of_the_bias(base: int) -> None:
    """The law by which the number of rounds is chosen."""
    assert remaining_bias(base, 8) / remaining_bias(base, 10) >= base - Fraction(1, 100)


@given(st.integers(1, 10**12))
def test_the_domain_holds_the_crowd_and_little_more(size: int) -> None:
    """An even base whose square is enough, and the next smaller one's is not."""
    base = base_for(size)

    assert base % 2 == 0
    assert (base - 2) ** 2 < size <= base**2


@pytest.mark.parametrize(("base", "rounds"), [(2, 82), (10, 26), (100, 14), (998, 12), (1000, 10), (10_000, 10)])
def test_small_draws_take_more_rounds(base: int, rounds: int) -> None:
    """As many as leave no more than a million drawn in ten rounds do."""
    assert rounds_for(base) == rounds


def test_whoever_came_after_the_opening_stands_behind_the_draw() -> None:
    """Their rank is their number."""
    assert [verify(draw(10), number) for number in (11, 500)] == [11, 500]


def test_whoever_came_before_the_pre_queue_keeps_their_place() -> None:
    """A room that was in use before holds a draw among those who came for it."""
    later = Draw(SEED, commitment(SEED), "", "standard", 501, 10)

    assert [verify(later, number) for number in (1, 500, 511)] == [1, 500, 511]


def test_those_drawn_share_the_ranks_of_their_numbers() -> None:
    """The order is the same as that of a room that began with them, only further on."""
    later = Draw(SEED, commitment(SEED), "", "standard", 501, 10)
    order = Order(later)

    assert [verify(later, 500 + number) for number in range(1, 11)] == [
        500 + verify(draw(10), number) for number in range(1, 11)
    ]
    assert [order.number_of(order.rank_of(number)) for number in range(501, 511)] == list(range(501, 511))


def test_a_place_in_the_draw_is_verified() -> None:
    """What anybody works out is what the room works with."""
    assert verify(draw(1000), 17) == Order(draw(1000)).rank_of(17)


def test_an_exchanged_seed_is_found_out() -> None:
    """The operator cannot take another seed after the promise."""
    other = Draw("f" * 64, commitment(SEED), "", "standard", 1, 10)

    with pytest.raises(DrawError, match="commitment: is not the hash of the seed"):
        verify(other, 1)


def test_all_faults_are_told_at_once() -> None:
    """Of the values and of the number."""
    with pytest.raises(DrawError) as refused:
        verify(Draw("seed", "no hash", "two words", "", 0, -1), 0)

    assert [fault.where for fault in refused.value.faults] == [
        "seed",
        "beacon",
        "commitment",
        "first",
        "size",
        "lane",
        "number",
    ]


@given(SEEDS, BEACONS, st.integers(0, 10**9))
def test_what_a_room_publishes_has_no_fault(seed: str, beacon: str, size: int) -> None:
    """Every seed and beacon in their form will do, and an empty lane as well."""
    assert faults_of(draw(size, seed, beacon)) == ()


def test_the_first_and_the_last_number_are_drawn() -> None:
    """And neither of their neighbours."""
    draw = Draw("5" * 64, commitment("5" * 64), "", "standard", 3, 4)

    assert [number for number in range(10) if draw.holds(number)] == [3, 4, 5, 6]
