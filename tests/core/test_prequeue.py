"""
What a room promises of its draw, and what it tells of it.
"""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from waiting_room.core.draw import Draw, Order, commitment, verify
from waiting_room.core.prequeue import (
    Drawn,
    Gap,
    Promise,
    assumed_bits,
    before_gaps,
    gaps_text,
    opening_faults,
    orders_of,
    published,
    read_draws,
    read_gaps,
    source_faults,
)
from waiting_room.core.presence import Presence

SEED = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
FIRST = Drawn(1, 1000, SEED, "", "", (("standard", 1, 10), ("loyal", 1, 0)))
SECOND = Drawn(2, 2000, "ab" * 32, "drand 5", "8e5c1b", (("standard", 51, 20), ("loyal", 1, 3)))
LANES = st.lists(st.tuples(st.sampled_from(["standard", "loyal", "vip-2"]), st.integers(1), st.integers(0)), max_size=3)
HELD = st.builds(
    Drawn,
    st.integers(1, 10**6),
    st.integers(0, 2**53),
    st.binary(min_size=32, max_size=32).map(bytes.hex),
    st.text(st.characters(exclude_categories=["C"], max_codepoint=0x2000), max_size=40),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40),
    LANES.map(tuple),
)


@given(st.lists(HELD, max_size=3))
def test_the_lines_that_a_store_keeps_are_read_back(held: list[Drawn]) -> None:
    """Whatever a beacon and its announcement hold."""
    assert read_draws("\n".join(drawn.to_text() for drawn in held)) == tuple(held)


GAPS = st.lists(
    st.tuples(st.integers(1, 200), st.integers(0, 90)).map(lambda gap: Gap(gap[0], sum(gap))), max_size=4
).map(tuple)


@given(GAPS)
def test_the_gaps_that_a_store_keeps_are_read_back(gaps: tuple[Gap, ...]) -> None:
    """A room that lost nothing keeps an empty text."""
    assert read_gaps(gaps_text(gaps)) == gaps


@given(st.integers(1, 300), GAPS)
@example(31, (Gap(11, 30), Gap(2, 3), Gap(5, 10)))
def test_a_draw_reaches_back_over_all_gaps_that_end_where_it_begins(number: int, gaps: tuple[Gap, ...]) -> None:
    """And no further: the number before is in no gap that ends there, and each number from there on is in one."""
    first = before_gaps(number, gaps)

    assert first - 1 not in {gap.high for gap in gaps}
    assert set(range(first, number)) <= {held for gap in gaps for held in range(gap.low, gap.high + 1)}


@given(st.sampled_from([1, 65_500, 140_000]), st.integers(0, 200), st.integers(-70_000, 230), GAPS)
@example(140_000, 200, -70_000, (Gap(60, 90),))
@example(65_500, 200, 60, (Gap(60, 90),))
@example(1, 100, 0, (Gap(60, 90),))
def test_those_who_were_drawn_count_as_present_but_for_the_gaps(
    first: int, size: int, ahead: int, gaps: tuple[Gap, ...]
) -> None:
    """From the frontier on: those who waited before the pre-queue as well, and nobody from behind the draw."""
    order = Order(Draw(SEED, commitment(SEED), "", "standard", first, size))
    frontier = max(1, first + ahead)
    gaps = tuple(Gap(gap.low + first - 50, gap.high + first - 50) for gap in gaps)
    nobodys = {number for gap in gaps for number in range(gap.low, gap.high + 1)}
    present = Presence(frontier, assumed_bits(frontier, (order,), gaps))
    before = range(frontier, first)
    drawn = (order.rank_of(number) for number in range(first, first + size) if number not in nobodys)
    expected = {*before, *(rank for rank in drawn if rank >= frontier)}

    assert present.total == len(expected)
    assert all(map(present.holds, expected))


def test_nobody_counts_as_present_by_a_draw_that_was_not_held() -> None:
    """A lane in which nobody was drawn has no order."""
    assert assumed_bits(7, (), ()) == b""


def test_no_draw_is_read_of_no_text() -> None:
    """A room without one keeps nothing."""
    assert read_draws("") == ()


def test_a_lane_has_the_orders_of_the_draws_that_it_took_part_in() -> None:
    """The latest first, and none where nobody was drawn."""
    standard, loyal = (orders_of((FIRST, SECOND), lane) for lane in ("standard", "loyal"))

    assert [(order.first, order.last) for order in standard] == [(51, 70), (1, 10)]
    assert [(order.first, order.last) for order in loyal] == [(1, 3)]


def test_before_the_opening_only_the_commitment_is_published() -> None:
    """And where the beacon's value will be found."""
    told = published(Promise(SEED, "drand 5"), ())

    assert SEED not in str(told)
    assert told == [
        {
            "commitment": commitment(SEED),
            "beacon_source": "drand 5",
            "drawn_at_ms": None,
            "seed": None,
            "beacon": None,
            "lanes": None,
        }
    ]


def test_a_promise_does_not_show_its_seed() -> None:
    """Not in a log, whatever is logged of it."""
    assert SEED not in repr(Promise(SEED))


def test_after_the_opening_everything_is_published_that_fixes_a_place() -> None:
    """Anybody works out the same rank from it."""
    told = published(None, (SECOND,))[0]
    lane = told["lanes"]["standard"]
    outside = Draw(told["seed"], told["commitment"], told["beacon"], "standard", lane["first"], lane["size"])

    assert verify(outside, 55) == orders_of((SECOND,), "standard")[0].rank_of(55)


@pytest.mark.parametrize(
    ("source", "beacon", "where"),
    [
        ("drand 5", "", ["beacon"]),
        ("", "8e5c1b", ["beacon"]),
        ("drand 5", "two words", ["beacon"]),
        ("drand 5", "8e5c1b", []),
        ("", "", []),
    ],
)
def test_a_beacon_is_used_when_and_only_when_it_was_announced(source: str, beacon: str, where: list[str]) -> None:
    """Otherwise the operator could choose whether to use it."""
    assert [fault.where for fault in opening_faults(Promise(SEED, source), beacon)] == where


@pytest.mark.parametrize(
    ("source", "right"), [("drand quicknet 4711", True), ("a\tb", False), ("x" * 201, False), ("\udc00", False)]
)
def test_an_announcement_is_one_line(source: str, right: bool) -> None:
    """It stands on pages and in a line of the store."""
    assert (not source_faults(source)) == right


BOTH = (
    Drawn(1, 1000, "5" * 64, "drand 7", "abc", (("standard", 1, 4), ("vip", 1, 2))),
    Drawn(2, 9000, "6" * 64, "", "", (("standard", 9, 5), ("vip", 3, 0))),
)


def test_a_held_draw_fixes_one_for_each_of_its_lanes() -> None:
    """With the promise that belongs to its seed."""
    assert BOTH[0].draws() == (
        Draw("5" * 64, commitment("5" * 64), "abc", "standard", 1, 4),
        Draw("5" * 64, commitment("5" * 64), "abc", "vip", 1, 2),
    )


def test_the_orders_of_a_lane_are_its_own_the_latest_first() -> None:
    """A draw in which nobody of the lane stood gives it none."""
    assert [(order.first, order.last) for order in orders_of(BOTH, "standard")] == [(9, 13), (1, 4)]
    assert [(order.first, order.last) for order in orders_of(BOTH, "vip")] == [(1, 2)]
    assert orders_of(BOTH, "unheard-of") == ()


def test_what_is_published_of_draws_that_were_held_and_of_one_to_come() -> None:
    """No seed before its draw; where no beacon was announced there is none."""
    assert published(Promise("7" * 64, "drand 8"), BOTH) == [
        {
            "commitment": commitment("5" * 64),
            "beacon_source": "drand 7",
            "drawn_at_ms": 1000,
            "seed": "5" * 64,
            "beacon": "abc",
            "lanes": {"standard": {"first": 1, "size": 4}, "vip": {"first": 1, "size": 2}},
        },
        {
            "commitment": commitment("6" * 64),
            "beacon_source": None,
            "drawn_at_ms": 9000,
            "seed": "6" * 64,
            "beacon": None,
            "lanes": {"standard": {"first": 9, "size": 5}, "vip": {"first": 3, "size": 0}},
        },
        {
            "commitment": commitment("7" * 64),
            "beacon_source": "drand 8",
            "drawn_at_ms": None,
            "seed": None,
            "beacon": None,
            "lanes": None,
        },
    ]
    assert published(None, ()) == []
