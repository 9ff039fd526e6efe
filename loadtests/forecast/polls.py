"""
How many status polls a line comes to, by the room's own rule of when to ask again.
"""

from collections.abc import Sequence
from typing import Final

from loadtests.forecast.course import Moment
from loadtests.forecast.problem import Problem
from waiting_room.core.polling import JITTER, Intervals, far_interval_ms, longest_ms, slot_ms

_PLACES: Final = 60
"""At so many places of the line the interval is worked out."""


def polls_per_s(problem: Problem, moment: Moment) -> float:
    """
    Return how many of those who wait at a moment ask per second, each as told.
    """
    waiting = sum(moment.waiting)
    if waiting < 1:
        return 0.0
    policy, pace = problem.policy, max(problem.admits_per_s, 1e-9)
    last_s = waiting / pace
    intervals = Intervals(
        far_interval_ms(round(waiting), policy), longest_ms(slot_ms(round(waiting), policy, last_s)), policy
    )
    places: Sequence[float] = [waiting * (part + 0.5) / _PLACES for part in range(_PLACES)]
    each_ms = [intervals.at(max(1, round(place)), place / pace) * (1 + JITTER / 2) for place in places]
    return sum(waiting / _PLACES * 1000 / ms for ms in each_ms)
