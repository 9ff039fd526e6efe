"""
What a view tells in each lane, and how sure of it.
"""

from dataclasses import replace

import pytest

from tests.core.makings import NOW_MS, POLICY, lane, lanes, snapshot
from waiting_room.core.estimate import CLASSES, Forecast, Spread, pace
from waiting_room.core.flow import Flow
from waiting_room.core.outcomes import Eta
from waiting_room.core.view import View


def test_a_ghost_with_the_last_number_comes_behind_all_who_are_there() -> None:
    """Its place is known, though nobody stands at it."""
    assert [lane([1, 2], issued=5).position(rank) for rank in (2, 5)] == [2, 3]


def test_the_first_number_can_be_an_early_one() -> None:
    """Where the pre-queue began with the room; without one nobody is early."""
    assert lane(early_from=1).is_early(1)
    assert not lane().is_early(1)


def test_a_view_knows_whether_people_wait_for_a_draw() -> None:
    """Workers ask it at every poll."""
    assert View(lanes(POLICY, standard=lane([1], early_from=1))).gathering is True
    assert View(snapshot([1])).gathering is False


@pytest.mark.parametrize(("there", "lanes_in_use"), [(range(0), 1), (range(1, 2), 2)])
def test_only_lanes_in_which_people_wait_share_the_polls(there: range, lanes_in_use: int) -> None:
    """One who waits there is enough."""
    policy = replace(POLICY, poll_budget_per_s=100, rate_per_minute=600)
    room = replace(lanes(policy, standard=lane(range(1, 3001)), vip=lane(there)), slot_ms=90_000)
    alone = replace(snapshot(range(1, 3001), policy=policy), slot_ms=90_000)
    soon = Eta(0.0, 1.0)

    assert View(room).interval_s(60, soon) == pytest.approx(lanes_in_use * View(alone).interval_s(60, soon), rel=0.01)


def test_each_lane_is_told_by_its_own_spread() -> None:
    """Whether the flow was measured or not."""
    sure = Spread.of([0.0] * CLASSES, [0.0] * CLASSES)
    room = lanes(POLICY, standard=lane(range(1, 901)), vip=lane(range(1, 901)))
    for flow in (None, Flow()):
        view = View(room, {"standard": sure}, flow)
        told, other = view.eta("standard", 600), view.eta("vip", 600)
        assert told is not None
        assert other is not None

        assert other.low_s < told.low_s < told.high_s < other.high_s


def test_where_people_leave_the_wait_is_shorter() -> None:
    """As far as that was measured in their lane."""
    flow = Flow()
    for second in range(30):
        flow.see(snapshot(range(1 + 9 * second, 1001), frontier=1, issued=1000, now_ms=NOW_MS + 1000 * second))
    room = snapshot(range(1, 1001))
    told, unmeasured = View(room, flow=flow).eta("standard", 1000), View(room, flow=Flow()).eta("standard", 1000)
    assert told is not None
    assert unmeasured is not None

    assert told.high_s < 0.9 * unmeasured.high_s


def test_what_is_doubtful_about_seats_widens_the_range_where_they_limit() -> None:
    """A session of which nothing is known may be half as long, or twice."""
    full = snapshot(range(1, 500), seats=POLICY.capacity)
    sure = Forecast(pace(full, "standard", Flow().outlook(full)), 0.0).eta(399)
    told = View(full, flow=Flow()).eta("standard", 400)
    assert told is not None
    assert sure is not None

    assert told.low_s < 0.6 * sure.low_s
    assert told.high_s > 1.9 * sure.high_s
