"""
What flows out of a room, measured between two of its snapshots.
"""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.makings import NOW_MS, POLICY, snapshot
from waiting_room.core.adaptation import Limits, Reading, begin
from waiting_room.core.estimate import Pace, pace
from waiting_room.core.flow import Flow, Range, Turnover
from waiting_room.core.shop import Shop
from waiting_room.core.snapshot import Snapshot
from waiting_room.core.view import View

FULL = POLICY.capacity
RATE_PER_S = 10.0


def at(second: int, room: Snapshot) -> Snapshot:
    """
    Return *room* as it is at *second*.
    """
    return replace(room, now_ms=NOW_MS + 1000 * second)


def watched(*rooms: Snapshot) -> Flow:
    """
    Return what was measured between *rooms*, a second apart.
    """
    flow = Flow()
    for second, room in enumerate(rooms):
        flow.see(at(second, room))
    return flow


def test_ends_are_counted_per_seat() -> None:
    """A hundredth of the seats ends each second: the mean session comes out as 100 s."""
    each = FULL / 100
    flow = watched(*(snapshot(seats=FULL, admitted=FULL + int(each * second)) for second in range(600)))

    assert flow.turnover(snapshot()).per_seat_s == pytest.approx(0.01, rel=0.15)
    assert flow.turnover(snapshot()).doubt < 0.05


def test_before_any_seat_ends_half_the_idle_timeout_is_assumed_and_doubted() -> None:
    """Twice as long and half as long are both within the doubt."""
    turnover = Flow().turnover(snapshot())

    assert turnover.per_seat_s == pytest.approx(2 / POLICY.idle_timeout_s)
    assert turnover.doubt == pytest.approx(0.693, abs=0.001)


def test_who_leaves_openly_counts_as_leaving() -> None:
    """One of a hundred goes each second, while nobody is called."""
    flow = watched(*(snapshot(range(1 + second, 101), frontier=1, issued=100) for second in range(10)))

    assert flow.leaving_per_s("standard") == pytest.approx(0.0105, abs=0.0005)


def test_who_is_called_or_joins_does_not_count_as_leaving() -> None:
    """Ten are called and ten come each second."""
    rooms = (
        snapshot(range(1 + 10 * second, 101 + 10 * second), frontier=1 + 10 * second, issued=100 + 10 * second)
        for second in range(10)
    )

    assert watched(*rooms).leaving_per_s("standard") == 0


def test_a_crowd_that_goes_at_once_tells_nothing_of_the_others() -> None:
    """Nine of ten vanish at one moment."""
    flow = watched(snapshot(range(1, 101), issued=100), snapshot(range(1, 11), issued=100))

    assert flow.leaving_per_s("standard") == 0
    assert flow.breaks == 1


def test_a_changed_limit_is_remembered_as_one_that_may_come_back() -> None:
    """Halved and seen at once, the old limit is twice the present one; later it is forgotten."""
    halved = Range().after(200, 100, 1)

    assert halved.most == pytest.approx(0.693, abs=0.001)
    assert halved.least == 0
    assert halved.after(100, 100, 3000).most < 0.001


def test_a_limit_that_was_lowered_may_be_set_back_or_lowered_further() -> None:
    """The step back is the whole step, the one further a part of it."""
    halved = Range().after(200, 100, 1)

    assert halved.higher == pytest.approx(0.693, abs=0.001)
    assert 0 < halved.lower < halved.higher


def test_a_rate_that_the_room_finds_is_not_judged_by_the_bottom_of_its_bursts() -> None:
    """Every other second next to nothing: no wait was ever so long. Only the ceiling is somebody's word."""
    law = begin(Reading(NOW_MS, 0, 0, None), Limits(6, 600, FULL // 2, 1000, 0.02))
    policy = replace(POLICY, adaptive=True)
    rooms = [replace(snapshot(), policy=policy, rate_per_minute=rate, shop=Shop(adaptation=law)) for rate in (300, 6)]

    assert watched(*rooms * 20).by_rate() == (0.32, 0.32)


def test_a_rate_that_somebody_sets_counts_at_once() -> None:
    """Halved a second ago: the range reaches to what it was."""
    rooms = [replace(snapshot(), rate_per_minute=rate) for rate in (600, 600, 300)]
    sooner, later = watched(*rooms).by_rate()

    assert sooner == pytest.approx(0.693, abs=0.01)
    assert later > 0


@given(st.lists(st.tuples(st.integers(1, 10_000), st.floats(0, 1000)), min_size=2))
def test_what_a_limit_is_lies_within_what_it_was(steps: list[tuple[int, float]]) -> None:
    """However it changes."""
    lately = Range()
    for (before, _), (now, elapsed_s) in pairwise(steps):
        lately = lately.after(before, now, elapsed_s)

        assert lately.least <= 0 <= lately.most


def test_a_full_room_is_as_fast_as_its_seats_end() -> None:
    """Not as fast as the seats were filled."""
    each = 1 / (100 * POLICY.capacity)
    full = snapshot(range(1, 500), seats=FULL)

    assert pace(full, "standard", Turnover(each, 0.0)).rate_per_s == pytest.approx(0.01)


def test_a_room_with_few_seats_left_promises_the_rate_to_no_more_than_these() -> None:
    """Seven seats are free, and each in use lasts long."""
    each = 1 / (100 * POLICY.capacity)
    told = pace(snapshot(range(1, 500), seats=FULL - 7), "standard", Turnover(each, 0.0))

    assert told.ahead_after(told.first_s, 0.0) == pytest.approx(7, abs=0.1)
    assert told.wait_s(20, 0.0) > 10 / 0.01


def test_seats_beyond_the_capacity_end_before_anybody_is_called() -> None:
    """After the seats were halved, a while passes."""
    told = pace(snapshot(range(1, 500), seats=2 * FULL), "standard", Turnover(0.01 / FULL, 0.0))

    assert told.first_per_s == 0
    assert told.wait_s(1, 0.0) > told.first_s > 0


def test_a_room_whose_seats_suffice_goes_by_its_rate() -> None:
    """Its measured calls, or its plan."""
    assert pace(snapshot(range(1, 500)), "standard", Turnover(1.0, 0.0)) == Pace(RATE_PER_S)


@given(
    st.floats(0.01, 100), st.floats(0, 100), st.floats(0, 1000), st.floats(0, 0.05),
    st.floats(0, 10_000), st.floats(0, 10_000),
)  # fmt: skip
def test_the_wait_never_falls_with_more_ahead_in_either_part(
    rate: float, first: float, first_s: float, leaving: float, one: float, other: float
) -> None:
    """While seats fill and after it."""
    told = Pace(rate, first, first_s)

    assert told.wait_s(min(one, other), leaving) <= told.wait_s(max(one, other), leaving) * (1 + 1e-9)


def test_a_view_tells_what_the_flow_measured() -> None:
    """A full room of long sessions tells of longer waits than one that goes by its rate."""
    room = snapshot(range(1, 500), seats=FULL - 1)
    by_rate, by_seats = View(room).eta("standard", 400), View(room, flow=Flow()).eta("standard", 400)

    assert by_rate is not None
    assert by_seats is not None
    assert by_seats.high_s > by_rate.high_s
