"""
A first-come-first-served queue with patience, customer by customer: exact, and slow; what the fluid is held against.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

from loadtests.arrivals.rate import Rate, draw_arrivals
from loadtests.forecast.patience import Patience


class Came(NamedTuple):
    """
    What became of a queue's customers.
    """

    arrivals: int
    waits: list[float]
    left: int
    cleared_s: float


def patience_of(law: Patience, draw: random.Random) -> float:
    """
    Return how long somebody stays.
    """
    return draw.weibullvariate(law.scale_s, law.shape)


def first_come_first_served(arrivals: Sequence[float], law: Patience, per_s: float, seed: int) -> Came:
    """
    Let one in every 1/*per_s* seconds, in the order of arrival, of those who are still there.
    """
    draw = random.Random(f"patience:{seed}")
    free_s, waits, left, cleared_s = 0.0, [], 0, 0.0
    for at_s in arrivals:
        wait_s = max(0.0, free_s - at_s)
        if patience_of(law, draw) < wait_s:
            left += 1
            continue
        waits.append(wait_s)
        free_s = max(free_s, at_s) + 1 / per_s
        if wait_s:
            cleared_s = free_s
    return Came(len(arrivals), waits, left, cleared_s)


def crowd(rate: Rate, seed: int) -> list[float]:
    """
    Return when the people of a rate come.
    """
    return draw_arrivals(rate, seed)
