"""
The budget of polls, and the slot that follows it.
"""

from math import inf

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.core.makings import NOW_MS, snapshot
from waiting_room.core import polling
from waiting_room.core.estimate import Forecast
from waiting_room.core.outcomes import Waiting
from waiting_room.core.plan import plan
from waiting_room.core.policy import Policy
from waiting_room.core.view import View

CROWDS = st.sampled_from([1, 2, 7, 100, 1000, 4000, 20_000])
POLICIES = st.builds(
    Policy,
    rate_per_minute=st.integers(1, 60_000),
    poll_min_s=st.floats(0.2, 10),
    poll_max_s=st.floats(10, 600),
    poll_budget_per_s=st.integers(1, 20_000),
)
SALT = NOW_MS // 1000


def last_wait_s(waiting: int, rate_per_s: float) -> float:
    """
    Return how long the last of *waiting* people waits.
    """
    return waiting / rate_per_s if rate_per_s else 0.0


def intervals(waiting: int, policy: Policy, rate_per_s: float, leaving_per_s: float = 0.0) -> list[int]:
    """
    Return what each of *waiting* people is told, as a view does it.
    """
    far_ms = polling.far_interval_ms(waiting, policy)
    longest_ms = polling.longest_ms(polling.slot_ms(waiting, policy, last_wait_s(waiting, rate_per_s)))
    spacing, forecast = polling.Intervals(far_ms, longest_ms, policy), Forecast(rate_per_s, leaving_per_s)
    told = []
    for position in range(1, waiting + 1):
        shown = forecast.eta(position - 1)
        wait_s = shown.low_s if shown else None
        interval = spacing.at(position, wait_s)
        told.append(polling.jittered_ms(interval, position, SALT))
    return told


@settings(max_examples=60)
@given(CROWDS, POLICIES, st.floats(0.001, 3), st.floats(0, 0.05))
@example(20_000, Policy(rate_per_minute=1200, poll_budget_per_s=40), 2.0, 0.0)
@example(20_000, Policy(rate_per_minute=60, poll_budget_per_s=13), 1.0, 0.01)
def test_a_crowd_polls_within_its_budget(waiting: int, policy: Policy, measured: float, leaving_per_s: float) -> None:
    """However many wait, however fast they are called and however fast they leave."""
    told = intervals(waiting, policy, policy.rate_per_s * measured, leaving_per_s)

    assert sum(1000 / interval for interval in told) < policy.poll_budget_per_s


def test_a_million_poll_within_their_budget() -> None:
    """At twenty a second with half of them staying away, near people once took the whole budget for themselves."""
    policy = Policy(rate_per_minute=1200, poll_budget_per_s=2000)

    assert sum(1000 / interval for interval in intervals(1_000_000, policy, 40.0)) < 2000


@given(CROWDS, POLICIES, st.one_of(st.none(), st.floats(0, 1e6)), st.floats(0, 1e6))
def test_nobody_is_told_to_poll_below_the_minimum(
    position: int, policy: Policy, wait_s: float | None, longest_ms: float
) -> None:
    """Jitter, too, only makes it longer."""
    far_ms = polling.far_interval_ms(1000, policy)
    interval = polling.Intervals(far_ms, longest_ms, policy).at(position, wait_s)

    assert polling.jittered_ms(interval, position, SALT) >= int(policy.poll_min_s * 1000)


@given(st.integers(1, 10_000_000), POLICIES, st.floats(0.001, 100_000))
def test_only_the_budget_asks_for_more_than_the_maximum(waiting: int, policy: Policy, wait_s: float) -> None:
    """Whoever is told more than `poll_max_s` is told the far interval at the most."""
    far_ms = polling.far_interval_ms(waiting, policy)
    interval = polling.Intervals(far_ms, float("inf"), policy).at(waiting, wait_s)

    assert interval <= max(policy.poll_max_s * 1000, far_ms)


@pytest.mark.parametrize("waiting", [100, 10_000, 100_000])
def test_who_is_called_soon_hears_of_it_soon(waiting: int) -> None:
    """At 25 a second, with a far interval of up to a minute, who is ten seconds away asks again within ten seconds."""
    policy = Policy(rate_per_minute=1500, poll_budget_per_s=2000)
    far_ms = polling.far_interval_ms(waiting, policy)

    assert polling.Intervals(far_ms, 60_000, policy).at(250, 10.0) < 10_000


def starved(waiting: int = 4000, budget: int = 20) -> polling.Intervals:
    """Return the intervals of a room whose budget is too small for ten calls a second."""
    policy = Policy(poll_budget_per_s=budget)
    return polling.Intervals(polling.far_interval_ms(waiting, policy), inf, policy)


def test_an_ample_budget_makes_no_answer_old() -> None:
    """At the budget of a new room, and ten calls a second."""
    ample = starved(budget=int(Policy().polls_per_s))

    assert ample.heard_late_s(10) == 0
    assert all(ample.asked_late_s(position, position / 10)[1] == 0 for position in range(1, 4000, 13))


@given(st.integers(1, 300), st.integers(10, 10_000), st.integers(1, 200))
def test_a_call_is_heard_of_late_by_as_much_as_the_worst_moment_costs(budget: int, waiting: int, rate: int) -> None:
    """Of all who are told when to ask again, one is called soonest before that."""
    spacing = starved(waiting, budget)
    asks_s = [spacing.at(position, 0.0) * 1.1 / 1000 for position in range(1, waiting)]
    worst_s = max(asks - 1.1 * position / rate for position, asks in enumerate(asks_s, start=1))

    assert spacing.heard_late_s(rate) <= max(0.0, worst_s) + 1.1 * (1 / rate + 0.002)
    assert worst_s <= spacing.heard_late_s(rate) + 1.1 * 2.0 + 0.01


def test_an_unknown_wait_is_asked_for_at_the_far_interval() -> None:
    """Nobody is near when nobody knows."""
    assert polling.Intervals(40_000, 60_000, Policy()).at(1, None) == 40_000


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_jitter_prolongs_by_a_fifth_at_the_most(rank: int, salt: int) -> None:
    """And is the same for the same visitor and second."""
    told = polling.jittered_ms(10_000, rank, salt)

    assert 10_000 <= told <= 12_000
    assert told == polling.jittered_ms(10_000, rank, salt)


def test_jitter_spreads_a_crowd_evenly() -> None:
    """Of a thousand who came together, no tenth of the range gets more than 150."""
    told = [polling.jittered_ms(10_000, rank, SALT) for rank in range(1000)]
    tenths = [sum(low <= one < low + 200 for one in told) for low in range(10_000, 12_000, 200)]

    assert max(tenths) < 150


@settings(max_examples=60)
@given(CROWDS, POLICIES, st.floats(0, 1000), st.integers(0, 200_000))
def test_a_slot_outlasts_all_that_is_told(waiting: int, policy: Policy, rate_per_s: float, last_ms: int) -> None:
    """The longest interval, its jitter, a flush and a snapshot fit into the next slot alone."""
    slot_ms = polling.slot_ms(waiting, policy, last_wait_s(waiting, rate_per_s), last_ms)
    told = intervals(waiting, policy, rate_per_s)

    assert slot_ms >= max(told) + polling.FLUSH_MS + 1000


@pytest.mark.parametrize("measured", [0.01, 0.67, 5.0, 50.0])
def test_a_slow_door_makes_no_ghosts(measured: float) -> None:
    """
    What a view tells while the door is slow fits into the slot that comes after, even if the door is fast by then.

    A room that is bound by its seats calls far fewer than its rate: the slot once went by the rate alone.
    """
    policy = Policy(rate_per_minute=600, capacity=200)
    room = snapshot(range(1, 101), policy=policy, slot_at_ms=NOW_MS - 15_000)
    view = View(room)
    view._forecasts["standard"] = Forecast(measured, 0.0)
    told = []
    for rank in range(1, 101):
        said = view.tell("standard", rank, view.position("standard", rank), stale=False)
        assert isinstance(said, Waiting)
        told.append(said.next_poll_ms)
    after = plan(room, "me")
    assert after is not None

    assert after.rotate
    assert max(told) + polling.FLUSH_MS + 1000 <= after.slot_ms


def test_silence_is_forgiven_for_a_quarter_of_a_minute() -> None:
    """However small the room, a phone may change its network."""
    assert polling.slot_ms(0, Policy()) == polling.PRESENCE_MIN_MS


@given(st.integers(15_000, 10_000_000))
def test_a_slot_shrinks_no_faster_than_what_was_told_before_allows(last_ms: int) -> None:
    """What a slot allows to be told for convenience fits into the shortest slot that may follow it."""
    allowed_ms = polling.longest_ms(last_ms) * (1 + polling.JITTER) + polling.FLUSH_MS + 1000

    assert polling.slot_ms(0, Policy(), 0.0, last_ms) >= allowed_ms - 1


@pytest.mark.parametrize(("waiting", "interval_ms"), [(3000, 40_000), (1, 2000), (0, 2000)])
def test_far_ones_share_three_quarters_of_the_budget(waiting: int, interval_ms: int) -> None:
    """And are never asked for less than the shortest interval."""
    assert polling.far_interval_ms(waiting, Policy(poll_budget_per_s=100, poll_min_s=2)) == interval_ms


@pytest.mark.parametrize(
    ("position", "wait_s", "lanes", "interval_ms"),
    [
        (1, 0.0, 1, 2000),
        (1, 60.0, 1, 10_000),  # a sixth of the wait
        (1, 9000.0, 1, 50_000),  # as far as the slot allows
        (100, 0.0, 1, 22_005),  # a hundred places at a fifth of the budget: 50 ms each, times 1 + ln 30
        (100, 0.0, 2, 44_011),
        (1000, 0.0, 1, 60_000),  # the far interval
    ],
)
def test_the_nearer_the_more_often(position: int, wait_s: float, lanes: int, interval_ms: int) -> None:
    """By the wait and by the place, whichever asks for less."""
    policy = Policy(poll_budget_per_s=100, poll_min_s=2, poll_max_s=60)
    told = polling.Intervals(60_000, 50_000, policy, lanes)

    assert told.at(position, wait_s) == interval_ms
    assert lanes > 1 or polling.Intervals(60_000, 50_000, policy).at(position, wait_s) == interval_ms


@given(st.integers(0, 10**9), st.integers(0, 10**9))
@settings(max_examples=3)
def test_a_crowd_of_any_beginning_is_spread_without_a_gap(first: int, salt: int) -> None:
    """Of 65,536 that follow one another each has a moment of its own."""
    spread = sorted(polling.spread(rank, salt) for rank in range(first, first + 65_536))

    assert spread == [moment / 65_536 for moment in range(65_536)]


def test_the_longest_wait_makes_no_slot_longer_than_the_longest_interval() -> None:
    """With its jitter, a flush, a snapshot, and half of it in reserve."""
    assert polling.slot_ms(10, Policy(poll_max_s=60), 10**6) == 1.5 * (60_000 * 1.2 + 2000)


@given(st.integers(20_000, 10**7))
def test_the_longest_interval_just_fits_its_slot(slot_ms: int) -> None:
    """What may be told in a slot asks for one as long, and not for a longer one."""
    needed_ms = polling.slot_for_ms(polling.longest_ms(slot_ms) * (1 + polling.JITTER))

    assert slot_ms - 1 <= needed_ms <= slot_ms
