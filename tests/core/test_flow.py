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
from waiting_room.core.flow import Flow, Outlook, Range
from waiting_room.core.shop import Shop
from waiting_room.core.snapshot import Snapshot
from waiting_room.core.stays import Course
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

    assert flow.per_seat_s(snapshot()) == pytest.approx(0.01, rel=0.15)


def test_before_any_seat_ends_half_the_idle_timeout_is_assumed_and_doubted() -> None:
    """Twice as long and half as long are both within the doubt."""
    assert Flow().per_seat_s(snapshot()) == pytest.approx(2 / POLICY.idle_timeout_s)
    assert Flow().by_seats() == pytest.approx((0.693, 0.693), abs=0.001)


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


def test_a_room_whose_seats_suffice_goes_by_its_rate() -> None:
    """Its measured calls, or its plan."""
    enough = Outlook(1.0, Course(((600.0, RATE_PER_S),), RATE_PER_S))

    assert pace(snapshot(range(1, 500)), "standard", enough) == Pace(RATE_PER_S)


def test_what_seats_let_in_is_told_without_a_shop_to_follow() -> None:
    """Behind a shop they say nothing: what it bears changes, and the time that visits take with it."""
    law = begin(Reading(NOW_MS, 0, 0, None), Limits(6, 600, FULL // 2, 1000, 0.02))
    plain = snapshot(seats=FULL)
    follows = replace(plain, policy=replace(POLICY, adaptive=True), shop=Shop(adaptation=law))

    assert watched(plain, plain).outlook(plain).course is not None
    assert watched(follows, follows).outlook(follows).course is None


def test_another_idle_timeout_begins_anew() -> None:
    """Who is inside then ends at other moments than was learned."""
    shorter = replace(POLICY, idle_timeout_s=60)
    flow = watched(snapshot(seats=FULL), snapshot(seats=FULL), snapshot(seats=FULL, policy=shorter))

    assert flow.stays is not None
    assert flow.stays.idle_s == 60


def test_a_view_tells_what_the_flow_measured() -> None:
    """A full room of long sessions tells of longer waits than one that goes by its rate."""
    room = snapshot(range(1, 500), seats=FULL - 1)
    by_rate, by_seats = View(room).eta("standard", 400), View(room, flow=Flow()).eta("standard", 400)

    assert by_rate is not None
    assert by_seats is not None
    assert by_seats.high_s > by_rate.high_s
