"""
The forecast of a scenario: waits, the line, who leaves, with a band in which a sound room's measurement lies.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, Final

from loadtests.forecast.course import Course, Moment
from loadtests.forecast.polls import polls_per_s
from loadtests.forecast.problem import Problem, problem_of
from loadtests.scenario.spec import Scenario, Unsure

SHARE_OFF: Final = 0.05
DEVIATIONS: Final = 3.0
"""The band is 5 % and 3 sqrt(N) / mu: N people who come by chance differ by three deviations at most, and each stands
for 1/mu seconds. An exact simulation of 70,000 and of 7,000 arrivals stayed within it."""
DRAWN_DEVIATIONS: Final = 2.0
"""How many lose patience of a crowd whose patience is known is left to chance only where the turn comes just then: the
figures of ten runs were off by one root of their number at most."""


@dataclass(frozen=True, slots=True)
class StreamForecast:
    """
    Tell what becomes of one stream's shoppers.
    """

    arrivals: float
    admitted: float
    abandoned: float
    orders: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """
    Say what is to be expected; times in seconds from the run's zero.

    Args:
        until_s: up to when; None where the line is followed until it is empty.
        arrivals: shoppers.
        t, waiting, low, high: how many wait at these moments, and between which numbers they lie.
        admits_per_s: what the room keeps up at first: min(rate, seats / mean time that one is held, the shop).
        wait_max_s, wait_max_band, wait_max_at_s: the longest wait of those let in, its band, and when they had come.
        wait_max_staying_s: the longest wait if nobody left: what a room makes of it that calls those who have gone.
        waited_p50_s, waited_p95_s: of those let in; None where nobody is.
        abandoned, abandoned_band: how many lose patience.
        abandoned_share: as a share of the arrivals.
        waiting_max, waiting_max_at_s: the longest line.
        still_waiting: how many wait at the end.
        cleared_s: when the line is empty again, 0 where there is none; None where it is not within reach.
        polls_per_s_max: of the status, at the busiest moment.
        admitted, orders: people, and the orders made by then if no page fails, as far as the stock goes.
        streams: the same by stream.
    """

    until_s: float | None
    arrivals: float
    t: tuple[float, ...]
    waiting: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    admits_per_s: float
    wait_max_s: float
    wait_max_band: tuple[float, float]
    wait_max_at_s: float
    wait_max_staying_s: float
    waited_p50_s: float | None
    waited_p95_s: float | None
    abandoned: float
    abandoned_band: tuple[float, float]
    abandoned_share: float
    waiting_max: float
    waiting_max_at_s: float
    still_waiting: float
    cleared_s: float | None
    polls_per_s_max: float
    admitted: float
    orders: float
    streams: dict[str, StreamForecast] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """
        Return the forecast as `rehearsal.json` holds it.
        """
        return {name: _rounded(value) for name, value in asdict(self).items()}


def forecast_of(scenario: Scenario, seed: int | None = None, *, run: bool = True) -> Forecast:
    """
    Return what *scenario* should come to.

    Args:
        scenario: what is rehearsed.
        seed: of the crowd; None for the mean of all.
        run: whether the forecast ends with the run, which lets people finish for `drain_s` only.
    """
    problem = problem_of(scenario, seed)
    until_s = scenario.length_s + scenario.drain_s if run else None
    # A run's own crowd is drawn by the scenario's numbers: what may be wrong with these is no excuse for the room.
    return forecast(problem, unsure_of(scenario) if seed is None else {}, until_s, by_chance=seed is None)


def unsure_of(scenario: Scenario) -> dict[Unsure, float]:
    """
    Return how far the scenario's numbers may be off; that days differ is a part of it, to two deviations.
    """
    day = max((stream.day_spread for stream in scenario.streams), default=0.0)
    found: dict[Unsure, float] = dict(scenario.unsure)
    if day:
        found["arrivals"] = math.hypot(found.get("arrivals", 0.0), 2 * day)
    return found


def forecast(problem: Problem, unsure: Mapping[Unsure, float], until_s: float | None, *, by_chance: bool) -> Forecast:
    """
    Return what a problem comes to.

    Args:
        problem: who comes, and what the room bears.
        unsure: by how much numbers may be off, as in `Scenario.unsure`.
        until_s: up to when; None until the line is empty.
        by_chance: whether the number of arrivals is left to chance as well; else it is known.
    """
    end_s = min(math.inf if until_s is None else until_s, problem.closes_s)
    course = problem.course()
    others = [other.course() for other in (*problem.otherwise(), *_variants(problem, unsure))]
    moments = [moment for moment in course.moments if moment.at_s <= end_s] or [course.moments[0]]
    wait_s, came_s = problem.longest(course, end_s)
    abandoned = problem.given_up(moments[-1])
    longest = max(moments, key=lambda moment: sum(moment.waiting))
    off = [_off(moment, others) for moment in moments]
    waits_off = [problem.longest(other, end_s)[0] - wait_s for other in others]
    leaves_off = [problem.given_up(_at(other, moments[-1].at_s)) - abandoned for other in others]
    # Those who came before an opening by a draw have their turns at random: so many may be before one of them.
    come = sum(_come_by(problem, max(came_s, problem.opens_s)))
    chance_s = DEVIATIONS * math.sqrt(come) / _pace(course, problem, came_s, wait_s)
    chance = DEVIATIONS * math.sqrt(sum(problem.arrivals)) if by_chance else DRAWN_DEVIATIONS * math.sqrt(abandoned)
    streams = dict(_streams(problem, course, moments[-1], end_s))
    return Forecast(
        until_s=until_s,
        arrivals=sum(problem.arrivals),
        t=tuple(moment.at_s for moment in moments),
        waiting=tuple(sum(moment.waiting) for moment in moments),
        low=tuple(low for low, _ in off),
        high=tuple(high for _, high in off),
        admits_per_s=problem.admits_per_s,
        wait_max_s=wait_s,
        wait_max_band=_band(wait_s, chance_s, waits_off) if wait_s else (0.0, chance_s),
        wait_max_at_s=came_s,
        wait_max_staying_s=problem.longest(problem.staying().course(), end_s)[0],
        waited_p50_s=course.quantile(0.5, end_s),
        waited_p95_s=course.quantile(0.95, end_s),
        abandoned=abandoned,
        abandoned_band=_band(abandoned, chance if abandoned else 0.0, leaves_off),
        abandoned_share=abandoned / max(1.0, sum(problem.arrivals)),
        waiting_max=sum(longest.waiting),
        waiting_max_at_s=longest.at_s,
        still_waiting=sum(moments[-1].waiting),
        cleared_s=course.cleared_s if course.cleared_s is not None and course.cleared_s <= end_s else None,
        polls_per_s_max=max(polls_per_s(problem, *pair) for pair in pairwise((moments[0], *moments))),
        admitted=sum(stream.admitted for stream in streams.values()),
        orders=sum(stream.orders for stream in streams.values()),
        streams=streams,
    )


_CHANGES: Final[Mapping[Unsure, Callable[[Problem, float], Problem]]] = {
    "arrivals": Problem.more_people,
    "patience": Problem.more_patient,
    "rate": Problem.paced,
}


def _variants(problem: Problem, unsure: Mapping[Unsure, float]) -> Iterator[Problem]:
    """
    Yield the problem with each number that is not sure off by what it may be off, one at a time, to either side.
    """
    for name, share in unsure.items():
        yield _CHANGES[name](problem, 1 + share)
        yield _CHANGES[name](problem, max(0.0, 1 - share))


def _band(value: float, chance: float, off: Sequence[float]) -> tuple[float, float]:
    """
    Return the band about *value*: 5 %, and the independent errors beside it by the root of their squares.
    """
    up = math.sqrt(chance**2 + sum(max(pair) ** 2 for pair in _pairs(off)))
    down = math.sqrt(chance**2 + sum(min(pair) ** 2 for pair in _pairs(off)))
    return max(0.0, (1 - SHARE_OFF) * value - down), (1 + SHARE_OFF) * value + up


def _pairs(off: Sequence[float]) -> Iterator[tuple[float, float, float]]:
    for first, second in zip(off[::2], off[1::2], strict=True):
        yield first, second, 0.0


def _off(moment: Moment, others: Sequence[Course]) -> tuple[float, float]:
    """
    Return between which numbers the line lies at *moment*.
    """
    waiting = sum(moment.waiting)
    came = waiting + sum(moment.admitted) + sum(moment.left)
    differences = [_waiting_at(other, moment.at_s) - waiting for other in others]
    return _band(waiting, DEVIATIONS * math.sqrt(came), differences)


def _at(course: Course, at_s: float) -> Moment:
    return min(course.moments, key=lambda moment: abs(moment.at_s - at_s))


def _waiting_at(course: Course, at_s: float) -> float:
    return sum(_at(course, at_s).waiting) if at_s <= course.moments[-1].at_s else 0.0


def _come_by(problem: Problem, at_s: float) -> Iterator[float]:
    until = round(at_s / problem.step_s)
    for inflow in problem.inflows:
        yield inflow.comes * sum(inflow.came[:until])


def _pace(course: Course, problem: Problem, came_s: float, wait_s: float) -> float:
    """
    Return how many were let in per second while the one waited who had come at *came_s*.
    """
    if wait_s > problem.hears_s + 2 * course.step_s:
        during = sum(people for at_s, _, people in course.served if came_s <= at_s <= came_s + wait_s)
        if during > 0:
            return during / wait_s
    return max(problem.admits_per_s, 1e-9)


def _streams(problem: Problem, course: Course, last: Moment, end_s: float) -> Iterator[tuple[str, StreamForecast]]:
    sold = problem.shelves.sold(list(_asked_for(problem, course, last, end_s)))
    left = (visits.honest * left for visits, left in zip(problem.visits, last.left, strict=True))
    for name, *figures in zip(problem.streams, problem.arrivals, last.admitted, left, sold, strict=True):
        yield name, StreamForecast(*figures)


def _asked_for(problem: Problem, course: Course, last: Moment, end_s: float) -> Iterator[float]:
    """
    Yield how many orders each stream would make by the end, of a shop that has enough of everything.
    """
    for place, visits in enumerate(problem.visits):
        # Who is still inside at the end has not ordered yet.
        sooner = (
            (last if math.isinf(end_s) else _at(course, end_s - shops_s), share) for shops_s, share in visits.orders_s
        )
        yield visits.orders * sum(share * moment.admitted[place] for moment, share in sooner)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_rounded(inner) for inner in value]
    return value
