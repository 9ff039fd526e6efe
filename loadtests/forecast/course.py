"""
What a room bears from when on, and what becomes of those who come: the fluid's question and its answer.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

EMPTY: Final = 1e-9
"""Fewer people than that are none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """
    Say what the room and the shop bear from a moment on.

    Args:
        from_s: the moment.
        rate_per_s: admissions per second.
        seats: how many may be inside.
        shop_per_s: how many visits the shop can serve to their end per second; seats come back no faster.
    """

    from_s: float
    rate_per_s: float
    seats: float = math.inf
    shop_per_s: float = math.inf


def in_force(limits: Sequence[Limits], at_s: float) -> Limits:
    """
    Return what is borne at a moment.
    """
    return limits[max(0, bisect_right(limits, at_s, key=attrgetter("from_s")) - 1)]


@dataclass(frozen=True, slots=True)
class Moment:
    """
    Tell how things stand at one moment.

    Args:
        at_s: the moment.
        waiting: how many wait, by inflow.
        admitted, left: how many have been let in and have lost patience so far, by inflow.
        called: how many have been let in or called in vain, by inflow; of those who ask late, who has been let in.
        inside: how many seats are held.
        asleep: how many of those who wait have been called and hear of it when they ask next, by inflow.
    """

    at_s: float
    waiting: tuple[float, ...]
    admitted: tuple[float, ...]
    left: tuple[float, ...]
    called: tuple[float, ...]
    inside: float
    asleep: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """
    Hold what the fluid does.

    Args:
        step_s: the length of a step.
        offered_s: the wait of one who comes at the k-th step's beginning and never leaves; as far as it is known.
        served: (moment, wait, people) of those let in, in the order of their turns; of those drawn at an opening, by
            groups of who came when.
        moments: how things stand, at even distances, to the end.
        cleared_s: when the line was empty after the longest wait, 0 if there was none; None where that does not come.
    """

    step_s: float
    offered_s: tuple[float, ...]
    served: tuple[tuple[float, float, float], ...]
    moments: tuple[Moment, ...]
    cleared_s: float | None

    def wait_at(self, at_s: float) -> float | None:
        """
        Return the offered wait at *at_s*; None beyond what is known.
        """
        place = at_s / self.step_s
        k = int(place)
        if k < 0 or k + 1 >= len(self.offered_s):
            return None
        before, after = self.offered_s[k], self.offered_s[k + 1]
        return before + (after - before) * (place - k)

    def longest(self, until_s: float = math.inf) -> tuple[float, float]:
        """
        Return the longest wait of those whose turn comes before *until_s*, and when they had come; (0, 0) if none.
        """
        waits = ((wait_s, k * self.step_s) for k, wait_s in enumerate(self.offered_s))
        return max((wait for wait in waits if wait[0] + wait[1] <= until_s), default=(0.0, 0.0))

    def quantile(self, q: float, until_s: float = math.inf) -> float | None:
        """
        Return the wait that the share *q* of those let in before *until_s* do not exceed; None where nobody is.
        """
        waits = sorted((wait_s, people) for at_s, wait_s, people in self.served if at_s <= until_s)
        left = q * sum(people for _, people in waits)
        for wait_s, people in waits:
            left -= people
            if left <= EMPTY:
                return wait_s
        return None
