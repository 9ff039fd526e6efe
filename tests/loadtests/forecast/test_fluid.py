"""
The fluid model of a waiting room: closed formulas, published digits, an exact simulation, and nobody lost on the way.
"""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from loadtests.arrivals.rate import Rate, expected_count
from loadtests.arrivals.spike import SpikeProfile
from loadtests.forecast.course import Course, Limits
from loadtests.forecast.fluid import EXPECTED, EXPECTED_S, course_of
from loadtests.forecast.inflow import Inflow
from loadtests.forecast.patience import STAYS, Patience
from tests.loadtests.forecast.events import crowd, first_come_first_served

SPIKE = SpikeProfile(calm_per_s=20, calm_s=60, rise_s=30, peak_per_s=300, hold_s=120, fall_s=60, tail_s=400)
PER_S = 100.0


def cells(rate: Rate, step_s: float) -> tuple[float, ...]:
    """
    Return how many come in each step.
    """
    until = [expected_count(rate, k * step_s) for k in range(math.ceil(rate.length_s / step_s) + 1)]
    return tuple(after - before for before, after in pairwise(until))


def spiked(law: Patience, step_s: float = 0.5) -> Course:
    """
    Return what becomes of the spike.
    """
    return course_of([Inflow("all", cells(SPIKE.rate(), step_s), law)], [Limits(0, PER_S)], step_s)


def steady(law: Patience, *, comes: float = 1.0, per_s: float = 20.0) -> Course:
    """
    Return what becomes of an overload of a half that lasts for long.
    """
    rate = Rate(((0.0, 30.0), (3000.0, 30.0)))
    return course_of([Inflow("all", cells(rate, 1.0), law, comes)], [Limits(0, per_s)], 1.0)


def test_without_leaving_the_longest_wait_is_that_of_the_trapezoid() -> None:
    """
    Wmax = (p - mu) / mu * (hold + (p - mu) (rise + fall) / (2 (p - b))).
    """
    over = SPIKE.peak_per_s - PER_S
    share = over * (SPIKE.rise_s + SPIKE.fall_s) / (2 * (SPIKE.peak_per_s - SPIKE.calm_per_s))
    assert spiked(STAYS).longest()[0] == pytest.approx(over / PER_S * (SPIKE.hold_s + share), abs=0.01)


def test_without_leaving_the_line_is_gone_when_all_who_came_are_served() -> None:
    """
    The line begins where the rise crosses mu, and ends when as many have been let in as have come.
    """
    from_s = SPIKE.calm_s + SPIKE.rise_s * (PER_S - SPIKE.calm_per_s) / (SPIKE.peak_per_s - SPIKE.calm_per_s)
    rate, cleared_s = SPIKE.rate(), spiked(STAYS).cleared_s
    assert cleared_s is not None
    come = expected_count(rate, cleared_s) - expected_count(rate, from_s)
    assert come == pytest.approx(PER_S * (cleared_s - from_s), rel=1e-3)


@pytest.mark.parametrize(
    ("shape", "wait_s", "left"), [(1.0, 170.01, 15003.9), (0.7, 146.84, 17432.1), (1.5, 195.72, 12263.5)]
)
def test_a_spike_with_patience_agrees_with_the_differential_equation(shape: float, wait_s: float, left: float) -> None:
    """
    dv/dt = lambda Fc(v) / mu - 1, solved by Heun's method with steps of 50 ms.
    """
    course = spiked(Patience(300.0, shape))
    assert course.longest()[0] == pytest.approx(wait_s, abs=0.01)
    assert course.moments[-1].left[0] == pytest.approx(left, abs=0.3)


@pytest.mark.parametrize(("shape", "wait_s"), [(1.0, 121.64), (0.7, 82.74), (1.5, 164.33)])
def test_a_lasting_overload_settles_where_as_many_leave_as_are_too_many(shape: float, wait_s: float) -> None:
    """
    w* is the wait that all but mu / lambda of the people lose patience in: s (ln rho)^(1/k).
    """
    exact_s = 300.0 * math.log(1.5) ** (1 / shape)
    assert exact_s == pytest.approx(wait_s, abs=0.2)
    assert steady(Patience(300.0, shape)).wait_at(2500.0) == pytest.approx(exact_s, abs=0.05)


def test_in_a_lasting_overload_the_surplus_leaves() -> None:
    """
    The share that leaves is 1 - mu / lambda.
    """
    moments = steady(Patience(300.0)).moments
    early, late = (min(moments, key=lambda moment: abs(moment.at_s - at_s)) for at_s in (1500.0, 2500.0))
    assert (late.left[0] - early.left[0]) / (30 * (late.at_s - early.at_s)) == pytest.approx(1 / 3, abs=1e-3)


def test_the_line_with_exponential_patience_is_that_of_erlang_a() -> None:
    """
    dq/dt = lambda - mu - theta q.
    """
    settled = min(steady(Patience(300.0)).moments, key=lambda moment: abs(moment.at_s - 2500))
    assert settled.waiting[0] == pytest.approx((30 - 20) * 300, rel=1e-3)


def test_those_who_do_not_come_when_called_take_nobodys_turn() -> None:
    """
    With a third who never come, two thirds are let in at once by as many calls as are too many.
    """
    course = steady(STAYS, comes=2 / 3)
    assert course.longest()[0] < 2.0
    assert course.moments[-1].left[0] == 0.0


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("law", [Patience(60.0), Patience(60.0, 0.7), Patience(60.0, 1.5)])
def test_an_exact_simulation_lies_within_the_band(seed: int, law: Patience) -> None:
    """
    The longest wait differs by at most 5 % and 3 sqrt(N) / mu.
    """
    rate, per_s = Rate(((0.0, 4.0), (20.0, 40.0), (60.0, 40.0), (80.0, 4.0), (160.0, 4.0))), 15.0
    course = course_of([Inflow("all", cells(rate, 0.2), law)], [Limits(0, per_s)], 0.2)
    exact = first_come_first_served(crowd(rate, seed), law, per_s, seed)
    wait_s, at_s = course.longest()
    assert abs(max(exact.waits) - wait_s) <= 0.05 * wait_s + 3 * math.sqrt(expected_count(rate, at_s)) / per_s
    assert abs(exact.left - course.moments[-1].left[0]) <= 3 * math.sqrt(exact.arrivals)


def test_seats_let_in_as_many_as_come_out() -> None:
    """
    Little: with S seats that are each held for T, S / T are let in per second.
    """
    inflow = Inflow("all", (1.0,) * 4000, seats=((10.0, 0.5), (30.0, 0.5)))
    course = course_of([inflow], [Limits(0, 50.0, seats=60)], 0.1)
    late = [moment for moment in course.moments if 200 <= moment.at_s <= 400]
    per_s = (late[-1].admitted[0] - late[0].admitted[0]) / (late[-1].at_s - late[0].at_s)
    assert per_s == pytest.approx(60 / 20, rel=0.02)
    assert max(moment.inside for moment in course.moments) <= 60 + 1e-6


def test_a_shop_that_serves_fewer_holds_the_room_back() -> None:
    """
    Seats come back no faster than the shop serves, and once all are held, no more go in.
    """
    inflow = Inflow("all", (2.0,) * 2000, seats=((2.0, 1.0),))
    course = course_of([inflow], [Limits(0, 15.0, seats=100, shop_per_s=5.0)], 0.1)
    late = [moment for moment in course.moments if 100 <= moment.at_s <= 200]
    per_s = (late[-1].admitted[0] - late[0].admitted[0]) / (late[-1].at_s - late[0].at_s)
    assert per_s == pytest.approx(5.0, rel=0.02)


def test_a_rate_that_is_halved_for_a_while_lengthens_the_wait_by_what_it_did_not_let_in() -> None:
    """
    Of 60 s at half the rate, 30 s are missing to all who come later.
    """
    rate = Rate(((0.0, 20.0), (200.0, 20.0)))
    limits = [Limits(0, 20.0), Limits(50, 10.0), Limits(110, 20.0)]
    course = course_of([Inflow("all", cells(rate, 0.25))], limits, 0.25)
    assert course.wait_at(180.0) == pytest.approx(30.0, abs=0.3)


def test_a_room_that_opens_by_a_draw_lets_early_birds_in_whenever_they_came() -> None:
    """
    1,000 come before the opening at 50 s; at 20 a second the last of them is let in 50 s later, by chance the first.
    """
    rate = Rate(((0.0, 20.0), (50.0, 20.0), (50.0, 1.0), (120.0, 1.0)))
    course = course_of([Inflow("all", cells(rate, 0.25))], [Limits(0, 20.0)], 0.25, opens_s=50.0)
    assert course.wait_at(0.0) == pytest.approx(100.0, abs=0.5)
    assert course.wait_at(51.0) == pytest.approx(49.0, abs=0.5)
    assert course.quantile(0.5) == pytest.approx(49.7, abs=2.0)


def test_nobody_is_let_in_before_the_opening() -> None:
    """
    Before it all who came wait.
    """
    course = course_of([Inflow("all", (5.0,) * 100)], [Limits(0, 50.0)], 1.0, opens_s=40.0)
    assert all(sum(moment.admitted) == 0 for moment in course.moments if moment.at_s <= 40)


def test_a_room_that_is_shut_for_good_is_never_cleared() -> None:
    """
    No end is told where there is none.
    """
    limits = [Limits(0, 10.0), Limits(5, 0.0)]
    assert course_of([Inflow("all", (20.0,) * 10)], limits, 1.0).cleared_s is None


def test_a_line_that_forms_waits_for_the_first_poll() -> None:
    """
    Nobody is let in until the first in line has asked: of 2 s at 10 a second all who come later bear the lack.
    """
    rate = Rate(((0.0, 20.0), (40.0, 20.0)))
    plain, polled = (
        course_of([Inflow("all", cells(rate, 0.1))], [Limits(0, 10.0)], 0.1, hears_s=hears_s) for hears_s in (0.0, 2.0)
    )
    assert (polled.wait_at(30.0) or 0.0) - (plain.wait_at(30.0) or 0.0) == pytest.approx(2.0, abs=0.2)


def test_a_line_is_over_when_few_are_expected() -> None:
    """
    Of those who come at 2 a second where 10 may go in, nobody waits for a poll behind those of the spike before.
    """
    rate = Rate(((0.0, 20.0), (5.0, 20.0), (5.0, 2.0), (80.0, 2.0)))
    course = course_of([Inflow("all", cells(rate, 0.1))], [Limits(0, 10.0)], 0.1, hears_s=1.0)
    assert (course.wait_at(5.0) or 0.0) > 2.0
    assert course.wait_at(70.0) == pytest.approx(0.0, abs=0.1)


def test_what_nobody_used_is_saved_up_for_a_moment() -> None:
    """
    Of 10 a second, five at once after a quiet second, and not eleven.
    """
    came = (0.0,) * 10 + (11.0,) + (0.0,) * 20
    course = course_of([Inflow("all", came)], [Limits(0, 10.0)], 0.1, burst_s=0.4)
    assert max(wait_s for _, wait_s, _ in course.served) == pytest.approx(0.6, abs=0.11)


def test_who_asks_late_comes_when_asking_and_takes_nobodys_turn_before() -> None:
    """
    Half of a line hear of their turn after 30 s only: the others are no more than may go in, and wait for nobody.
    """
    come = (1.0,) * 100
    half = Inflow("half", come, comes=0.5, late=0.5, late_s=30.0)
    course, alone = (course_of([inflow], [Limits(0, 5.0)], 0.1) for inflow in (half, Inflow("all", come)))
    assert alone.longest()[0] > 9
    assert sum(people for _, wait_s, people in course.served if wait_s < 1) > 49
    assert sum(people for _, wait_s, people in course.served if wait_s >= 30) > 45


def test_the_first_turns_go_to_no_shows_too() -> None:
    """
    Until the room has seen that they do not come: two seconds at 10 a second, of which half are lost.
    """
    inflow = Inflow("all", (4.0,) * 200, comes=0.5)
    knows, learns = (course_of([inflow], [Limits(0, 10.0)], 0.1, learns_s=s).moments for s in (0.0, 2.0))
    assert knows[-1].admitted == pytest.approx(learns[-1].admitted, rel=0.01)
    assert knows[100].admitted[0] - learns[100].admitted[0] == pytest.approx(10.0, abs=1.0)


def test_nobody_leaves_from_the_door() -> None:
    """
    Whose patience ends while standing there goes in all the same.
    """
    rate = Rate(((0.0, 30.0), (60.0, 30.0)))
    inflow = Inflow("all", cells(rate, 0.1), Patience(10.0))
    open_, door = (course_of([inflow], [Limits(0, 15.0)], 0.1, door_s=s).moments[-1] for s in (0.0, 1.0))
    assert door.left[0] < open_.left[0]


def test_people_whose_patience_is_known_leave_when_it_ends() -> None:
    """
    Ten come at once; nine would not wait for a second, and the room lets in two a second.
    """
    patiences = ((0.3,) * 9 + (100.0,), *(((),) * 9))
    inflow = Inflow("all", (10.0, *((0.0,) * 9)), patiences=patiences)
    last = course_of([inflow], [Limits(0, 2.0)], 0.1).moments[-1]
    assert last.left[0] == pytest.approx(9.0, abs=1.0)
    assert last.admitted[0] + last.left[0] == pytest.approx(10.0)


INFLOWS = st.builds(
    Inflow,
    st.just("all"),
    st.lists(st.floats(0, 50), min_size=20, max_size=20).map(tuple),
    st.builds(Patience, st.floats(0.5, 100), st.floats(0.5, 3)),
    st.floats(0, 0.7),
    st.sampled_from([(), ((1.5, 1.0),), ((0.4, 0.5), (6.0, 0.5))]),
    st.sampled_from([0.0, 0.3]),
    st.just(4.0),
)


@settings(max_examples=30)
@given(st.lists(INFLOWS, min_size=1, max_size=3), st.floats(0.1, 60), st.floats(1, 100), st.floats(0, 10))
def test_everybody_is_let_in_or_left_or_waits_or_did_not_come(
    inflows: list[Inflow], per_s: float, seats: float, opens_s: float
) -> None:
    """
    At every moment, of each kind: who came sums up to who waits, was called, or left.
    """
    course = course_of(inflows, [Limits(0, per_s, seats)], 0.5, opens_s)
    for moment in course.moments:
        for place, inflow in enumerate(inflows):
            called = moment.called[place]
            came = sum(inflow.came[: round(moment.at_s / 0.5)])
            at_once = inflow.comes / (1 - inflow.late)
            assert at_once * called - 1e-6 <= moment.admitted[place] <= called + 1e-6
            assert called + moment.left[place] + moment.waiting[place] == pytest.approx(came, abs=1e-6)
            assert min(called, moment.left[place], moment.waiting[place]) >= -1e-6
        assert moment.inside <= seats + 1e-6


@settings(max_examples=25)
@given(INFLOWS, st.floats(1, 40), st.floats(1, 2))
def test_a_quicker_room_never_makes_anybody_wait_longer(inflow: Inflow, per_s: float, times: float) -> None:
    """
    What the bisection for the smallest rate rests on; but for a step of either, and as long as it takes to call those
    few whom a line may leave behind when it is over: of a quicker room's line it may be others, with the next crowd
    behind them.
    """
    assume(inflow.comes > 0.01)
    slow, quick = (
        course_of([replace(inflow, seats=())], [Limits(0, rate)], 0.5).longest()[0] for rate in (per_s, times * per_s)
    )
    few_s = max(EXPECTED / per_s, EXPECTED_S) / inflow.comes
    assert quick <= slow + 0.05 * slow + 2 * 0.5 + few_s
