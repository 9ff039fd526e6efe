"""
The inverse answers: they meet the target, the next smaller ones do not, and what stands in the way is named.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.forecast.inverse import Answer, Target, answer, least
from loadtests.forecast.problem import Problem, problem_of
from loadtests.forecast.result import Forecast, forecast
from loadtests.forecast.telling import told
from loadtests.scenario.spec import Change, Scenario
from tests.loadtests.forecast.test_result import ROOM, SCENARIO

WAIT = Target("wait", 8.0)
SENT = frozenset({"crowd"})


def problem(scenario: Scenario = SCENARIO) -> Problem:
    """
    Return what a scenario asks.
    """
    return problem_of(scenario, steps=100)


def asked(target: Target, scenario: Scenario = SCENARIO) -> Answer:
    """
    Return the answer.
    """
    return answer(problem(scenario), target, SENT, expected)


def expected(of: Problem) -> Forecast:
    """
    Return what is forecast for the mean of all crowds.
    """
    return forecast(of, {}, None, by_chance=True)


def paced(rate: int) -> Forecast:
    """
    Return what is forecast where the room is set to a rate per minute.
    """
    return expected(problem(replace(SCENARIO, room={**ROOM, "rate_per_minute": rate})))


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 5000))
def test_the_smallest_number_is_found(smallest: int, most: int, begin: int) -> None:
    """
    Whatever it is, wherever the search begins, and none beyond the most.
    """
    assert least(lambda number: number >= smallest, most, begin) == (smallest if smallest <= most else None)


def test_a_room_set_to_the_rate_is_forecast_to_meet_the_wait_and_one_less_is_not() -> None:
    """
    It is the smallest, by the figure that the forecast of such a room shows.
    """
    rate = asked(WAIT).rate_per_minute
    assert rate is not None
    assert paced(rate).wait_max_s <= WAIT.limit < paced(rate - 1).wait_max_s


def test_a_room_set_to_the_rate_is_forecast_to_lose_no_more_and_one_less_is() -> None:
    """
    As with the wait.
    """
    rate = asked(Target("abandoned", 0.1)).rate_per_minute
    assert rate is not None
    assert paced(rate).abandoned_share <= 0.1 < paced(rate - 1).abandoned_share


def test_what_chance_makes_of_it_is_told() -> None:
    """
    The rate meets the target for the mean of all crowds; the band is that of the forecast.
    """
    found = asked(WAIT)
    assert found.rate_per_minute is not None
    assert found.band == pytest.approx(paced(found.rate_per_minute).wait_max_band)


def test_the_sending_meets_the_target_and_a_step_less_does_not() -> None:
    """
    It is the quickest.
    """
    send_s, each = asked(WAIT).send_s, problem()
    assert send_s
    assert WAIT.met(each.spread(send_s, SENT))
    assert not WAIT.met(each.spread(send_s - each.step_s, SENT))


def test_who_is_written_to_more_slowly_still_comes() -> None:
    """
    Sending moves people, and loses none.
    """
    assert sum(problem().spread(30.0, SENT).inflows[0].came) == pytest.approx(sum(problem().inflows[0].came))


def test_a_target_that_is_met_asks_for_no_slower_sending() -> None:
    """
    As things are will do.
    """
    assert asked(Target("wait", 1000.0)).send_s == 0.0


def test_too_few_seats_are_named_with_how_many_will_do() -> None:
    """
    No rate helps where the seats are all taken.
    """
    found = asked(WAIT, replace(SCENARIO, room={**ROOM, "capacity": 20}))
    assert found.hindrance == "seats"
    assert found.capacity
    assert found.capacity > 20
    assert found.rate_per_minute


def test_a_shop_that_serves_too_few_is_named() -> None:
    """
    Neither rate nor seats help where the shop is the bottleneck.
    """
    found = asked(WAIT, replace(SCENARIO, room={**ROOM, "capacity": 100}, shop={"db_connections": 2}))
    assert (found.rate_per_minute, found.hindrance) == (None, "shop")


def test_a_break_that_alone_is_longer_than_the_target_is_named() -> None:
    """
    Whoever comes as it begins waits for its end.
    """
    found = asked(WAIT, replace(SCENARIO, changes=(Change(15.0, "break", for_s=20.0),)))
    assert (found.rate_per_minute, found.hindrance) == (None, "time line")


def test_others_who_are_too_many_are_named() -> None:
    """
    Who was not written to cannot be asked to come later.
    """
    crowd = replace(SCENARIO, streams=(*SCENARIO.streams, replace(SCENARIO.streams[0], name="few")))
    found = answer(problem(crowd), WAIT, frozenset({"few"}), expected)
    assert (found.send_s, found.send_hindrance) == (None, "others")


def test_where_nothing_is_sent_nothing_is_said_of_sending() -> None:
    """
    The rate is the whole answer.
    """
    found = answer(problem(), WAIT, frozenset(), expected)
    assert (found.send_s, found.send_hindrance) == (None, "nothing sent")
    assert "send" not in told(SCENARIO, expected(problem()), [found], 80)
