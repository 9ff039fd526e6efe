"""
What a run shows when it is held against its forecast: a room that does as it should, or what is wrong with it, by name.

Pure, on measures. A finding has no say in the verdict; it tells where to look.
"""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any, Final

from loadtests.crowd.kinds import means_well
from loadtests.forecast.course import Course, Limits, in_force
from loadtests.forecast.problem import Problem
from loadtests.forecast.result import SHARE_OFF, Forecast
from loadtests.forecast.sayings import said
from loadtests.forecast.visits import HIDING
from loadtests.measuring.fairness import SNAPSHOT_SLACK_S, TICK_S, WINDOWS_S, admissions_allowed
from loadtests.measuring.measures import Measures, ShopperRecord

CHANGES_LATE_S: Final = 2.0
"""A rate that was changed is in force within so long."""
IDLE_SHARE: Final = 0.9
IDLE_S: Final = 5
"""Seats are idle where, over so many seconds at least, less than this share of the rate was used."""
CONVEX: Final = 1.5
ENOUGH: Final = 90
"""With fewer people a third of the line is a matter of chance."""
SLOW_JOIN_MS: Final = 1000.0
"""Longer than this interrupts a train of thought (Nielsen, Usability Engineering, 1993, chapter 5): people reload."""
JOINS: Final = 20
"""With fewer answers the slowest of them alone would be the 95th percentile."""
_HALVINGS: Final = 8
_SLOWEST: Final = 0.1
"""A room that lets in a tenth of its rate is not slow, but shut."""
_TOLERANCE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Finding:
    """
    Name what was found, and say it with its figures.
    """

    name: str
    figures: Mapping[str, float | int | None] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """
        Return the finding as `rehearsal.json` holds it.
        """
        return {"name": self.name, "says": said(self.name, self.figures), "figures": dict(self.figures)}


def findings_of(
    measures: Measures,
    forecast: Forecast,
    problem: Problem,
    seats_by_s: Mapping[int, float] | None = None,
) -> tuple[Finding, ...]:
    """
    Return what the run shows; `as_predicted` alone where nothing is wrong.

    Args:
        measures: the run.
        forecast: of the same crowd, up to the end of the run.
        problem: what was forecast.
        seats_by_s: how many seats were held in which second; None where nobody counted.
    """
    limits, opens_s = problem.limits, problem.opens_s
    places = [shopper for shopper in measures.shoppers if shopper.joined_s is not None]
    found = [
        *_over(measures, limits),
        # Before an opening by a draw the order of coming is none.
        *_order([shopper for shopper in places if (shopper.joined_s or 0.0) >= opens_s]),
        *_against(measures, forecast, problem),
        *_slow_joins(measures),
    ]
    names = {finding.name for finding in found}
    if "ghost_slots" not in names and seats_by_s is not None:
        found.extend(_idle(measures, problem, seats_by_s))
    if len(limits) == 1 and not problem.paces and not opens_s and "unfair_order" not in names:
        found.extend(_uneven(places))
    return tuple(found) or (Finding("as_predicted", _figures(measures, forecast)),)


def wait_max_s(measures: Measures) -> float:
    """
    Return the longest time in line of those let in, in seconds; without those who may ask late on their own account.
    """
    let_in = (s for s in measures.shoppers if s.admitted_s is not None and s.kind not in HIDING and means_well(s.kind))
    return max((s.in_line_s for s in let_in if s.in_line_s), default=0.0)


def _figures(measures: Measures, forecast: Forecast) -> dict[str, float | int | None]:
    return {
        "wait": wait_max_s(measures),
        "low": forecast.wait_max_band[0],
        "high": forecast.wait_max_band[1],
        "staying": forecast.wait_max_staying_s,
        "left": measures.outcomes.gave_up_waiting,
        "left_low": round(forecast.abandoned_band[0]),
        "left_high": round(forecast.abandoned_band[1]),
        "chance": round(2 * math.sqrt(forecast.abandoned)),
    }


def _against(measures: Measures, forecast: Forecast, problem: Problem) -> Iterator[Finding]:
    """
    Yield how the longest wait and those who left differ from the forecast.
    """
    figures = _figures(measures, forecast)
    wait_s, left = wait_max_s(measures), measures.outcomes.gave_up_waiting
    (low, high), (left_low, left_high) = forecast.wait_max_band, forecast.abandoned_band
    if wait_s > high:
        ghosts = _near_staying(wait_s, forecast) and _ghosts_explain(measures, problem)
        yield Finding("ghost_slots" if ghosts else "longer_waits", figures)
    elif wait_s < low:
        yield Finding("shorter_waits", figures)
    if not left_low - 1 <= left <= left_high + 1:
        yield Finding("more_gave_up" if left > left_high else "fewer_gave_up", figures)


def _near_staying(wait_s: float, forecast: Forecast) -> bool:
    """
    Tell whether the longest wait is that of a line which nobody leaves, and not that of one that is left.
    """
    staying = forecast.wait_max_staying_s
    low, high = forecast.wait_max_band
    chance_s = (high - low) / 2 - SHARE_OFF * forecast.wait_max_s
    return staying > high and abs(wait_s - staying) <= SHARE_OFF * staying + chance_s


def _ghosts_explain(measures: Measures, problem: Problem) -> bool:
    """
    Tell whether all waits are better explained by turns spent on those who left than by a room that is slower.

    A slow room lets people wait longer from the beginning, one that calls ghosts only as far as there are any.
    """
    wait_s, end_s = wait_max_s(measures), measures.duration_s
    slow, quick = _SLOWEST, 1.0
    for _ in range(_HALVINGS):
        pace = (slow + quick) / 2
        longest = problem.paced(pace).course().longest(end_s)[0]
        slow, quick = (pace, quick) if longest > wait_s else (slow, pace)
    as_slow = problem.paced(quick).course()
    return _unlike(measures, problem.staying().course()) < _unlike(measures, as_slow)


def _unlike(measures: Measures, course: Course) -> float:
    """
    Return the sum of the squares by which the waits of those let in differ from those of a course.
    """
    let_in = ((s.joined_s, s.in_line_s) for s in measures.shoppers if s.admitted_s is not None)
    return sum(
        (waited_s - (course.wait_at(joined_s) or 0.0)) ** 2
        for joined_s, waited_s in let_in
        if joined_s is not None and waited_s is not None
    )


def _over(measures: Measures, limits: Sequence[Limits]) -> Iterator[Finding]:
    """
    Yield whether more were let in than rate x window and a tick's burst, over any window of 1, 10 and 60 s.
    """
    zero = measures.started_at_ms
    passes = sorted(
        (issued - zero) / 1000
        for shopper in measures.shoppers
        for issued in (shopper.pass_issued_ms, *shopper.later_passes_ms)
        if issued is not None
    )
    for window_s in WINDOWS_S:
        inside: deque[float] = deque()
        over, worst = 0, (0.0, 0, 0.0)
        for at_s in passes:
            while inside and inside[0] <= at_s - window_s:
                inside.popleft()
            inside.append(at_s)
            allowed = _allowed(limits, at_s - window_s, at_s)
            if len(inside) > allowed + _TOLERANCE:
                over += 1
                worst = max(worst, (len(inside) - allowed, len(inside), allowed))
        if over:
            yield Finding("over_admission", {"over": over, "window": window_s, "most": worst[1], "allowed": worst[2]})
            return


def _allowed(limits: Sequence[Limits], from_s: float, to_s: float) -> float:
    """
    Return the most admissions within a window; a change of the rate may be in force `CHANGES_LATE_S` later.
    """
    edges = [each.from_s for each in limits[1:]] + [each.from_s + CHANGES_LATE_S for each in limits[1:]]
    cuts = sorted({from_s, to_s, *(edge for edge in edges if from_s < edge < to_s)})
    area = sum((until - since) * _highest(limits, (since + until) / 2) for since, until in pairwise(cuts))
    burst = max(_highest(limits, from_s), _highest(limits, to_s))
    return area + admissions_allowed(burst, 0.0, TICK_S)


def _highest(limits: Sequence[Limits], at_s: float) -> float:
    starts = [each.from_s for each in limits]
    now, before = (max(0, bisect_right(starts, moment) - 1) for moment in (at_s, at_s - CHANGES_LATE_S))
    return max(each.rate_per_s for each in limits[before : now + 1])


def _order(places: Sequence[ShopperRecord]) -> Iterator[Finding]:
    """
    Yield whether people who were there were still told to wait after somebody behind them had been called.
    """
    overtaken, longest_s = 0, 0.0
    earliest: dict[str, float] = {}
    numbered = (shopper for shopper in places if shopper.number is not None)
    for shopper in sorted(numbered, key=lambda one: -(one.number or 0)):
        lane = shopper.lane or ""
        behind_s = earliest.get(lane, math.inf)
        late_s = (shopper.last_waiting_s if shopper.last_waiting_s is not None else -math.inf) - behind_s
        if late_s > SNAPSHOT_SLACK_S:
            overtaken, longest_s = overtaken + 1, max(longest_s, late_s)
        called_s = shopper.called_s if shopper.called_s is not None else shopper.admitted_s
        if called_s is not None:
            earliest[lane] = min(behind_s, called_s)
    if overtaken:
        yield Finding("unfair_order", {"overtaken": overtaken, "by": longest_s})


def _uneven(places: Sequence[ShopperRecord]) -> Iterator[Finding]:
    """
    Yield whether a place costs more time at the back of the line than at its front.

    In order of arrival and at a steady pace each place ahead costs 1/mu, and less where people ahead leave. Who is
    served last come first, or by chance, pays the more the farther back.
    """
    ends = sorted(shopper.admitted_s or shopper.ended_s or math.inf for shopper in places)
    came = sorted(shopper.joined_s or 0.0 for shopper in places)
    costs = []
    for shopper in places:
        if shopper.admitted_s is None or not shopper.in_line_s or shopper.joined_s is None:
            continue
        ahead = bisect_right(came, shopper.joined_s) - 1 - bisect_right(ends, shopper.joined_s)
        if ahead > 0:
            costs.append((ahead, shopper.in_line_s / ahead))
    costs.sort()
    third = len(costs) // 3
    if len(costs) < ENOUGH:
        return
    front, back = (sum(cost for _, cost in part) / third for part in (costs[:third], costs[-third:]))
    if back > CONVEX * front:
        yield Finding("uneven_waits", {"front": front, "back": back})


def _slow_joins(measures: Measures) -> Iterator[Finding]:
    """
    Yield whether joins were answered slowly: the one thing that everybody asks of the room at once.
    """
    joins = measures.room.get("join")
    if joins is None or joins.count < JOINS:
        return
    p95_ms = joins.percentile_ms(95) or 0.0
    if p95_ms > SLOW_JOIN_MS:
        yield Finding("slow_joins", {"joins": joins.count, "p95": p95_ms, "limit": SLOW_JOIN_MS})


def _idle(measures: Measures, problem: Problem, seats_by_s: Mapping[int, float]) -> Iterator[Finding]:
    """
    Yield whether fewer were let in than the rate allows though people waited and seats were free.

    Of a room that follows its shop: fewer than the law would let in who hears of the shop as late as may be.
    """
    waiting = _waiting_by_s(measures)
    paces = problem.paces or (problem.limits,)
    let_in, allowed, seconds = 0, 0.0, 0
    for now in measures.seconds[1:]:
        rate = min(_rate(pace, now.t + part) for pace in paces for part in (-CHANGES_LATE_S, 0.0, 1.0))
        seats = seats_by_s.get(now.t)
        gathers = now.t < problem.opens_s + CHANGES_LATE_S
        if rate <= 0 or seats is None or gathers or min(waiting[now.t - 1], waiting[now.t]) <= rate + 1:
            continue
        if seats + 2 * rate < _seats(problem.limits, float(now.t)):
            let_in, allowed, seconds = let_in + now.admitted, allowed + rate, seconds + 1
    if seconds >= IDLE_S and let_in < IDLE_SHARE * allowed:
        yield Finding("seats_idle", {"seconds": seconds, "pace": let_in / seconds, "rate": allowed / seconds})


def _waiting_by_s(measures: Measures) -> list[int]:
    """
    Return how many waited at the end of each second; without those who may ask late on their own account.
    """
    length = len(measures.seconds)
    changes = [0] * (length + 2)
    for shopper in measures.shoppers:
        until_s = shopper.admitted_s if shopper.admitted_s is not None else shopper.ended_s
        if shopper.joined_s is None or until_s is None or shopper.kind in HIDING or not means_well(shopper.kind):
            continue
        changes[min(length, int(shopper.joined_s))] += 1
        changes[min(length, int(until_s))] -= 1
    return list(accumulate(changes))


def _rate(limits: Sequence[Limits], at_s: float) -> float:
    return in_force(limits, at_s).rate_per_s


def _seats(limits: Sequence[Limits], at_s: float) -> float:
    return in_force(limits, at_s).seats
