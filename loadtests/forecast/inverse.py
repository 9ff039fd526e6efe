"""
The questions the other way round: how fast must the room be, or how slowly must be sent, for a target to be met.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from loadtests.forecast.problem import Problem
from loadtests.forecast.result import Forecast
from waiting_room.core.policy import MOST_RATE

Figure = Literal["wait", "abandoned"]
Hindrance = Literal["", "seats", "shop", "time line", "others", "nothing sent"]

_LONGEST_SEND: Final = 64
"""Nobody sends for longer than so many times as people come in all."""


@dataclass(frozen=True, slots=True)
class Target:
    """
    Demand something of a crowd's time in the room.

    Args:
        figure: `wait`: the longest wait, in seconds; `abandoned`: the share of the shoppers who lose patience.
        limit: what it must not exceed.
    """

    figure: Figure
    limit: float

    def value(self, problem: Problem) -> float:
        """
        Return the figure.
        """
        course = problem.course()
        if self.figure == "wait":
            return problem.longest(course, problem.closes_s)[0] if course.cleared_s is not None else math.inf
        last = next(moment for moment in reversed(course.moments) if moment.at_s <= problem.closes_s)
        return (problem.given_up(last) + sum(last.waiting)) / max(1.0, sum(problem.arrivals))

    def band(self, forecast: Forecast) -> tuple[float, float]:
        """
        Return between which numbers the figure lies, by chance and by what the scenario is not sure of.
        """
        if self.figure == "wait":
            return forecast.wait_max_band
        low, high = forecast.abandoned_band
        return low / max(1.0, forecast.arrivals), high / max(1.0, forecast.arrivals)

    def met(self, problem: Problem) -> bool:
        """
        Tell whether it is met.
        """
        return self.value(problem) <= self.limit


@dataclass(frozen=True, slots=True)
class Answer:
    """
    Answer what it takes.

    Args:
        target: what was demanded.
        now: the figure as things are.
        rate_per_minute: the smallest rate of admissions that will do; None where none does.
        band: between which numbers the figure lies at that rate, by chance and by what the scenario is not sure of: the
            target is met by the mean of all crowds.
        hindrance: what then stands in the way: `seats` (too few), `shop` (serves too few), `time line` (breaks, an
            opening, a rate that is set to 0).
        capacity: the seats that will do with *rate_per_minute*, where seats stand in the way.
        shop_per_s: how many visits the shop serves per second; a higher rate makes its pages slow. Infinite: not known.
        send_s: by how much longer the messages must be sent, at the least; None where no time does.
        send_hindrance: what then stands in the way: `others` (who were not written to are too many already), the time
            line, or `nothing sent`: nobody was written to.
    """

    target: Target
    now: float
    rate_per_minute: int | None
    band: tuple[float, float] | None
    hindrance: Hindrance
    capacity: int | None
    shop_per_s: float
    send_s: float | None
    send_hindrance: Hindrance

    def to_json(self) -> dict[str, Any]:
        """
        Return the answer as plain values; what is not known or has no end is None.
        """
        return {
            "figure": self.target.figure,
            "target": self.target.limit,
            "now": _finite(self.now),
            "rate_per_minute": self.rate_per_minute,
            "band": self.band and [round(end, 3) for end in self.band],
            "hindrance": self.hindrance,
            "capacity": self.capacity,
            "shop_per_s": _finite(self.shop_per_s),
            "send_s": self.send_s,
            "send_hindrance": self.send_hindrance,
        }


def answer(problem: Problem, target: Target, sent: frozenset[str], forecast: Callable[[Problem], Forecast]) -> Answer:
    """
    Return the smallest rate, and the least time to send in, that meet *target*.

    Args:
        problem: as it is forecast, for the answers are held against the figures that are forecast.
        target: what is demanded.
        sent: the streams whose people come because they were written to.
        forecast: forecasts what has been found.
    """
    base = next((limits.rate_per_s for limits in problem.limits if limits.rate_per_s > 0), 0.0)
    shop_per_s = problem.limits[0].shop_per_s
    rate, hindrance, capacity = _rate(problem, target, 60 * base)
    send_s, send_hindrance = _send(problem, target, sent)
    band = None
    if rate is not None:
        paced = problem.paced(rate / (60 * base))
        band = target.band(forecast(_with(paced, seats=float(capacity)) if capacity else paced))
    return Answer(target, target.value(problem), rate, band, hindrance, capacity, shop_per_s, send_s, send_hindrance)


def least(met: Callable[[int], bool], most: int, begin: int = 1) -> int | None:
    """
    Return the smallest whole number from 1 to *most* for which *met* holds, where it holds for all above as well; None
    where it does for none. It is looked for from *begin* on, and asked for about 2 log2 of it times.
    """
    low, high = 0, max(1, min(begin, most))
    while not met(high):
        if high >= most:
            return None
        low, high = high, min(most, 2 * high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if met(middle) else (middle, high)
    return high


def _rate(problem: Problem, target: Target, base: float) -> tuple[int | None, Hindrance, int | None]:
    if not base:
        return None, "time line", None
    # A room that lets everybody in as they come can do no more.
    most = min(MOST_RATE, math.ceil(120 * _peak_per_s(problem)) + 1)
    found = least(lambda rate: target.met(problem.paced(rate / base)), most, round(base))
    if found is not None:
        return found, "", None
    roomy = _with(problem.paced(most / base), seats=math.inf)
    # Seats enough would let in more than the shop can serve; that is no answer, but another kind of line.
    served = replace(roomy, limits=tuple(replace(x, rate_per_s=min(x.rate_per_s, x.shop_per_s)) for x in roomy.limits))
    if target.met(served):
        now = max(1, round(min(limits.seats for limits in problem.limits)))
        capacity = least(lambda seats: target.met(_with(served, seats=float(seats))), 10_000_000, now)
        enough = _with(problem, seats=float(capacity or 0))
        return least(lambda rate: target.met(enough.paced(rate / base)), most, round(base)), "seats", capacity
    return None, "shop" if target.met(roomy) else "time line", None


def _send(problem: Problem, target: Target, sent: frozenset[str]) -> tuple[float | None, Hindrance]:
    if target.met(problem):
        return 0.0, ""
    if not sent:
        return None, "nothing sent"
    longest = _LONGEST_SEND * len(problem.inflows[0].came)
    steps = least(lambda wide: target.met(problem.spread(wide * problem.step_s, sent)), longest)
    if steps is not None:
        return steps * problem.step_s, ""
    inflows = (replace(i, came=tuple(0.0 for _ in i.came)) if i.name in sent else i for i in problem.inflows)
    return None, "time line" if target.met(replace(problem, inflows=tuple(inflows))) else "others"


def _with(problem: Problem, **values: float) -> Problem:
    return replace(problem, limits=tuple(replace(limits, **values) for limits in problem.limits))


def _peak_per_s(problem: Problem) -> float:
    return max(map(sum, zip(*(inflow.came for inflow in problem.inflows), strict=True))) / problem.step_s


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
