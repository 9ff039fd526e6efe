"""
Two looks at a room: what they tell of ends and of leaving, what begins anew between them, and what is forgotten.
"""

from dataclasses import replace
from math import log
from typing import Any

import pytest

from tests.core.makings import NOW_MS, POLICY, snapshot
from tests.core.test_flow import FULL, at, watched
from waiting_room.core.flow import Flow, Range
from waiting_room.core.prequeue import Drawn
from waiting_room.core.snapshot import Snapshot
from waiting_room.core.stays import UNKNOWN_DOUBT

HUNDRED = snapshot(range(1, 101), issued=100)
"""A hundred wait, and nobody is called."""
DRAWN = (Drawn(1, NOW_MS, "ab" * 32, "", "", (("standard", 1, 100),)),)


def left(gone: int, before: int = 100) -> Flow:
    """
    Return what was seen when *gone* of those *before* left within a second.
    """
    first = snapshot(range(1, before + 1), issued=before)
    return watched(first, snapshot(range(gone + 1, before + 1), frontier=1, issued=before))


def leaving(flow: Flow) -> float:
    """
    Return the share that leaves the only lane per second.
    """
    return flow.leaving_per_s("standard")


@pytest.mark.parametrize(("gone", "before", "share"), [(1, 100, 0.01), (20, 100, 0.2), (21, 100, 0.0), (10, 20, 0.5)])
def test_who_leaves_is_counted_unless_too_many_go_at_once(gone: int, before: int, share: float) -> None:
    """More than a fifth of a crowd is an event; of twenty, ten are no crowd."""
    assert leaving(left(gone, before)) == pytest.approx(share)


def test_who_joins_meanwhile_makes_up_for_nobody() -> None:
    """One came as another left."""
    after = snapshot([*range(1, 50), *range(51, 102)], issued=101)

    assert leaving(watched(HUNDRED, after)) == pytest.approx(0.01)


def test_those_who_left_are_forgotten_within_minutes() -> None:
    """After a second in which nobody leaves half of it is left, and after ten minutes nothing."""
    once = [HUNDRED, snapshot(range(2, 101), frontier=1, issued=100)]

    assert leaving(watched(*once, once[-1])) == pytest.approx(0.004_98, rel=0.005)
    assert leaving(watched(*once, *once[-1:] * 600)) < 1e-6


def seen(*looks: tuple[int, Snapshot]) -> Flow:
    """
    Return what was measured by looks at so many ms.
    """
    flow = Flow()
    for ms, room in looks:
        flow.see(replace(room, now_ms=NOW_MS + ms))
    return flow


def test_a_look_within_a_second_is_passed_over() -> None:
    """Workers look as often as they like, and learn the same."""
    some, all_ = snapshot(range(3, 101), frontier=1, issued=100), snapshot(range(5, 101), frontier=1, issued=100)

    assert leaving(seen((0, HUNDRED), (999, some), (1000, all_))) == leaving(seen((0, HUNDRED), (1000, all_)))


def test_a_draw_is_seen_at_once() -> None:
    """Half a second after a look: what comes a second later is held against it."""
    drawn, fewer = replace(HUNDRED, draws=DRAWN), replace(left_one(), draws=DRAWN)

    assert leaving(seen((0, HUNDRED), (500, drawn), (1500, fewer))) == pytest.approx(0.01)


def left_one() -> Snapshot:
    """
    Return the room of a hundred without the first of them.
    """
    return snapshot(range(2, 101), frontier=1, issued=100)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"recover_until_ms": NOW_MS + 1}, {}),
        ({}, {"recover_until_ms": NOW_MS + 9000}),
        ({}, {"epoch": 2}),
        ({}, {"draws": DRAWN}),
        ({"assumed": True}, {}),
        ({}, {"assumed": True}),
    ],
)
def test_what_cannot_be_compared_begins_anew(before: dict[str, Any], after: dict[str, Any]) -> None:
    """A loss, a draw, and the slot of a draw in which all count as present."""
    flow = watched(replace(HUNDRED, seats=FULL, **before), replace(left_one(), seats=FULL - 9, **after))

    assert leaving(flow) == 0
    assert flow.outlook(HUNDRED) == Flow().outlook(HUNDRED)


def test_a_second_of_ends_is_weighed_against_what_was_assumed() -> None:
    """Two of a hundred seats end; fifteen in 150 s each were assumed."""
    flow = watched(snapshot(seats=FULL, admitted=FULL), snapshot(seats=FULL - 2, admitted=FULL))

    assert flow.per_seat_s(snapshot()) == pytest.approx((2 + 15) / (99 + 15 * 150))


def test_of_a_few_seats_one_is_assumed_to_have_ended() -> None:
    """A share of four would be less than one."""
    policy = replace(POLICY, capacity=4)
    flow = watched(snapshot(seats=4, admitted=4, policy=policy), snapshot(seats=3, admitted=4, policy=policy))

    assert flow.per_seat_s(snapshot(policy=policy)) == pytest.approx((1 + 1) / (3.5 + 150))


def test_ends_are_forgotten() -> None:
    """Where no seat has ended for long, a session is long."""
    busy = [snapshot(seats=FULL, admitted=FULL + second) for second in range(300)]
    flow = watched(*busy, *busy[-1:] * 2400)

    assert flow.per_seat_s(snapshot()) < 0.001


def test_seats_that_were_halved_may_come_back() -> None:
    """Waits may then be half as long; and if they are halved again, longer."""
    rooms = [snapshot(policy=replace(POLICY, capacity=capacity)) for capacity in (200, 200, 100)]
    sooner, later = watched(*rooms).by_seats()

    assert sooner == pytest.approx(UNKNOWN_DOUBT + log(2), abs=0.01)
    assert UNKNOWN_DOUBT < later < sooner


def test_behind_a_crowd_that_has_left_silently_waits_are_longer() -> None:
    """Four of five who are called are ghosts, where one of five was; those behind them may be there."""
    flow = watched(*(snapshot(no_show=share) for share in (0.2, 0.2, 0.8)))
    sooner, later = flow.by_seats()

    assert sooner == UNKNOWN_DOUBT
    assert later == pytest.approx(UNKNOWN_DOUBT + log(4), abs=0.01)
    assert flow.breaks == 1


def test_without_any_change_only_the_time_that_seats_are_held_is_in_doubt() -> None:
    """Alike to both sides, and less when ends have been seen."""
    rooms = [snapshot(no_show=0.2, seats=FULL, admitted=FULL + second) for second in range(300)]
    unseen, seen = watched(*rooms[:3]), watched(*rooms)
    assert seen.stays is not None

    assert unseen.by_seats() == (UNKNOWN_DOUBT, UNKNOWN_DOUBT)
    assert seen.by_seats() == (seen.stays.doubt, seen.stays.doubt)
    assert seen.stays.doubt < UNKNOWN_DOUBT / 2


@pytest.mark.parametrize(("before", "now"), [(0, 100), (100, 0), (0, 0)])
def test_a_limit_of_nothing_is_in_no_relation(before: int, now: int) -> None:
    """Neither a room that was shut nor one that is."""
    assert Range().after(before, now, 1) == Range()


def test_a_changed_limit_is_remembered_for_minutes() -> None:
    """After a second nearly all of it."""
    assert Range().after(200, 100, 1).after(100, 100, 1).most == pytest.approx(log(2), rel=0.01)


def test_nothing_is_learnt_from_one_look() -> None:
    """There is nothing to hold it against."""
    flow = Flow()
    flow.see(at(0, HUNDRED))

    assert leaving(flow) == 0
    assert flow.by_rate() == (0, 0)
