"""
How long the wait will be: a range, from what is measured.

With n live people ahead, admissions at μ per second and each waiting one leaving at θ per second,
``dn/dt = -μ - θn`` gives ``T = ln(1 + θn/μ)/θ``, and n/μ as θ → 0.
"""

from math import log1p
from typing import Final

from waiting_room.core.lanes import portions
from waiting_room.core.outcomes import Eta
from waiting_room.core.snapshot import Cohort, Snapshot

_MEASURE_MS: Final = 30_000
_TRUST_MS: Final = 8000
_SPREAD: Final = 0.2
"""The half-width of the range in relation to the rate, until the spread itself is measured."""
_NOBODY_LEAVES: Final = 1e-12
"""Below this the two formulas differ by less than a float can tell: the wait never falls with more people ahead."""
_SLACK_S: Final = 3.0
"""What a tick, a snapshot and a poll can add to any wait."""


def wait_s(ahead: float, rate_per_s: float, leaving_per_s: float) -> float:
    """
    Return the time until *ahead* people have been called or have left.
    """
    if ahead <= 0:
        return 0.0
    left_share = leaving_per_s * ahead / rate_per_s
    if left_share < _NOBODY_LEAVES:
        return ahead / rate_per_s
    return log1p(left_share) / leaving_per_s


def call_rate_per_s(snapshot: Snapshot, lane: str) -> float:
    """
    Return how many present people of *lane* are called per second: measured over the last half minute where that is
    known.

    Where nobody was called in that time the lane's part of the plan counts, unless every seat is taken: then nobody
    knows (0).
    """
    called = snapshot.lanes[lane].cohorts
    recent = [cohort for cohort in called if snapshot.now_ms - cohort.at_ms <= _MEASURE_MS]
    if not recent:
        return _planned(snapshot, lane) if snapshot.seats < snapshot.policy.capacity else 0.0
    span_ms = snapshot.now_ms - recent[0].at_ms
    if span_ms < _TRUST_MS:
        return _planned(snapshot, lane)
    return _called(recent) * 1000 / span_ms


def _planned(snapshot: Snapshot, lane: str) -> float:
    waiting = [entry for entry in snapshot.line_up if entry.name == lane or snapshot.lanes[entry.name].waiting]
    part = portions(waiting, snapshot.policy.lane_order)[lane]
    return part * snapshot.rate_per_s / (1 - snapshot.no_show)


def _called(cohorts: list[Cohort]) -> int:
    return sum(cohort.present for cohort in cohorts[1:])


class Forecast:
    """
    Tell visitors how long they will wait, in a room where *rate_per_s* people are called and *leaving_per_s* of those
    who wait give up; what is the same for all is worked out once.
    """

    __slots__ = ("_fast", "_leaving_fast", "_leaving_slow", "_slow", "_steady")

    def __init__(self, rate_per_s: float, leaving_per_s: float) -> None:
        self._fast = rate_per_s * (1 + _SPREAD)
        self._slow = rate_per_s * (1 - _SPREAD)
        self._leaving_fast = leaving_per_s * 1.5
        self._leaving_slow = leaving_per_s * 0.5
        self._steady = leaving_per_s == 0

    def eta(self, ahead: int) -> Eta | None:
        """
        Return the range in which the turn comes, or None where nobody is called at present.
        """
        if self._slow <= 0:
            return None
        if self._steady:
            return Eta(round(ahead / self._fast, 1), round((ahead + 1) / self._slow + _SLACK_S, 1))
        low = wait_s(ahead, self._fast, self._leaving_fast)
        high = wait_s(ahead + 1, self._slow, self._leaving_slow)
        return Eta(round(low, 1), round(high + _SLACK_S, 1))
