"""
How many status polls a line comes to, by the room's own rule of when to ask again.
"""

from collections.abc import Sequence
from typing import Final

from loadtests.forecast.course import Moment, in_force
from loadtests.forecast.problem import Problem
from waiting_room.core.estimate import wait_s
from waiting_room.core.polling import JITTER, Intervals, far_interval_ms, longest_ms, slot_ms

_PLACES: Final = 60
"""At so many places of the line the interval is worked out."""


_EARLY_S: Final = 1.5
"""By so much the room reckons with turns that come early, since calls come in bursts (`core.estimate`)."""


def polls_per_s(problem: Problem, before: Moment, moment: Moment) -> float:
    """
    Return how many of those who wait at a moment ask per second, each as told; *before* it says how many leave.

    A hidden tab asks once a minute, which is no figure; who is in the line hears how long those ahead take to be called
    or to leave.
    """
    asking = [people - asleep for people, asleep in zip(moment.waiting, moment.asleep, strict=True)]
    waiting = sum(people * (1 - inflow.late) for people, inflow in zip(asking, problem.inflows, strict=True))
    if waiting < 1:
        return 0.0
    took_s, left = moment.at_s - before.at_s, sum(moment.left) - sum(before.left)
    leaving = max(0.0, left) / took_s / sum(moment.waiting) if took_s else 0.0
    policy, pace = problem.policy, max(_pace(problem, moment.at_s), 1e-9)
    last_s = wait_s(waiting, pace, leaving)
    intervals = Intervals(
        far_interval_ms(round(waiting), policy), longest_ms(slot_ms(round(waiting), policy, last_s)), policy
    )
    places: Sequence[float] = [waiting * (part + 0.5) / _PLACES for part in range(_PLACES)]
    turns_s = [max(0.0, wait_s(place, pace, leaving) - _EARLY_S) for place in places]
    each_ms = [
        intervals.at(max(1, round(place)), turn_s) * (1 + JITTER / 2)
        for place, turn_s in zip(places, turns_s, strict=True)
    ]
    return sum(waiting / _PLACES * 1000 / ms for ms in each_ms)


def _pace(problem: Problem, at_s: float) -> float:
    return in_force(problem.paces[0], at_s).rate_per_s if problem.paces else problem.admits_per_s
