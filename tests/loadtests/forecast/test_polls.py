"""
How often a line asks, by the room's own rule.
"""

from dataclasses import replace

from loadtests.forecast.course import Limits, Moment
from loadtests.forecast.polls import polls_per_s
from loadtests.forecast.problem import problem_of
from tests.loadtests.forecast.test_result import SCENARIO

PROBLEM = problem_of(SCENARIO, 1, steps=150)
BEFORE = Moment(29.0, (300.0,), (200.0,), (0.0,), (200.0,), 100.0, (0.0,))
NOW = replace(BEFORE, at_s=30.0)


def test_a_line_asks_more_often_that_people_leave() -> None:
    """
    Turns come sooner, so the room has those who wait ask sooner.
    """
    leaving = replace(NOW, left=(10.0,))
    assert polls_per_s(PROBLEM, BEFORE, leaving) > polls_per_s(PROBLEM, BEFORE, NOW)


def test_who_has_the_page_in_a_hidden_tab_hardly_asks() -> None:
    """
    Neither in the line, nor when they were called and have not heard of it.
    """
    half = replace(PROBLEM, inflows=(replace(PROBLEM.inflows[0], late=0.5),))
    few = replace(NOW, waiting=(150.0,))
    assert polls_per_s(half, BEFORE, NOW) == polls_per_s(PROBLEM, BEFORE, few)
    assert polls_per_s(PROBLEM, BEFORE, replace(NOW, asleep=(150.0,))) == polls_per_s(PROBLEM, BEFORE, few)


def test_a_line_that_hardly_moves_asks_less_often() -> None:
    """
    The pace is that of the moment, where the room follows its shop.
    """
    stalled = replace(PROBLEM, paces=((Limits(0.0, 15.0), Limits(29.5, 1.0)),))
    assert polls_per_s(stalled, BEFORE, NOW) < 0.6 * polls_per_s(PROBLEM, BEFORE, NOW)
