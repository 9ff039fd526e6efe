"""
The measures of one run, from its parts: whether one process drove it or several, the result is the same.

Everything that is summed adds up exactly, and in any order; everything else is derived from the sums.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import reduce

from loadtests.engine.plan import RunName
from loadtests.measuring.cells import Cell, merged_cells, summed
from loadtests.measuring.histogram import Histogram
from loadtests.measuring.measures import Measures, Outcomes, PageMeasure, Second, ShopperRecord
from loadtests.measuring.walks import Walked
from waiting_room.errors import WaitingRoomError


class MergeError(WaitingRoomError):
    """
    Say why measures are not parts of one run.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """
    Hold what is counted of a run, or of one process's share in it; see `Measures` for the meanings.

    Args:
        run, seed, started_at_ms, overload: which run; the same for all its parts.
        interrupted: true where it is true of one part.
        duration_s, cpu_share, cpu_peak: the greatest counts.
        scheduled, not_started, unsent, room_errors: added up.
        outcomes, seconds, latency, service, lag, cells, room, problems, gains, walks: added up by what they count.
        shoppers: each stands in one part.
    """

    run: RunName
    seed: int
    started_at_ms: int
    overload: tuple[float, float]
    interrupted: bool
    duration_s: float
    cpu_share: float
    cpu_peak: float
    scheduled: int
    not_started: int
    room_errors: int
    outcomes: Outcomes
    unsent: int = 0
    seconds: Sequence[Second] = ()
    latency: Histogram = field(default_factory=Histogram)
    service: Histogram = field(default_factory=Histogram)
    lag: Histogram = field(default_factory=Histogram)
    cells: Sequence[Cell] = ()
    room: Mapping[str, Histogram] = field(default_factory=dict)
    problems: Mapping[str, int] = field(default_factory=dict)
    gains: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    walks: Mapping[str, Walked] = field(default_factory=dict)
    shoppers: Sequence[ShopperRecord] = ()

    def measures(self) -> Measures:
        """
        Return the measures, with all that follows from the sums.
        """
        pages = pages_of(self.cells)
        requests = sum(page.requests for page in pages.values())
        errors = sum(page.errors + page.abandoned for page in pages.values())
        lag = self.lag
        return Measures(
            run=self.run,
            seed=self.seed,
            started_at_ms=self.started_at_ms,
            duration_s=self.duration_s,
            interrupted=self.interrupted,
            overload=self.overload,
            arrivals=self.outcomes.total,
            scheduled=self.scheduled,
            not_started=self.not_started,
            unsent=self.unsent,
            start_lag_p50_ms=lag.percentile_ms(50),
            start_lag_p99_ms=lag.percentile_ms(99),
            start_lag_max_ms=lag.percentile_ms(100),
            generator_cpu_share=self.cpu_share,
            generator_cpu_peak=self.cpu_peak,
            outcomes=self.outcomes,
            shop_p95_ms=self.latency.percentile_ms(95),
            shop_service_p95_ms=self.service.percentile_ms(95),
            shop_requests=requests,
            shop_errors=errors,
            error_ratio=errors / requests if requests else 0.0,
            seconds=tuple(self.seconds),
            latency=self.latency,
            service=self.service,
            pages=pages,
            room=dict(sorted(self.room.items())),
            room_errors=self.room_errors,
            problems=dict(sorted(self.problems.items(), key=lambda item: (-item[1], item[0]))),
            shoppers=tuple(sorted(self.shoppers, key=lambda record: record.i)),
            lag=lag,
            cells=tuple(self.cells),
            gains={kind: dict(sorted(what.items())) for kind, what in sorted(self.gains.items())},
            walks=dict(sorted(self.walks.items())),
        )


def merge(parts: Iterable[Measures]) -> Measures:
    """
    Return the measures of the run that *parts* are shares of.

    Raises:
        MergeError: there is no part, they are of different runs, or a shopper stands in two of them.
    """
    found = list(parts)
    if not found:
        raise MergeError("there are no measures to merge")
    runs = {(part.run, part.seed, part.started_at_ms, part.overload) for part in found}
    if len(runs) > 1:
        raise MergeError(f"these are measures of different runs: {', '.join(map(str, sorted(runs)))}")
    everybody = [record for part in found for record in part.shoppers]
    if len({record.i for record in everybody}) < len(everybody):
        raise MergeError("a shopper stands in the measures of two processes")
    first = found[0]
    return Sums(
        run=first.run,
        seed=first.seed,
        started_at_ms=first.started_at_ms,
        overload=first.overload,
        interrupted=any(part.interrupted for part in found),
        duration_s=max(part.duration_s for part in found),
        cpu_share=max(part.generator_cpu_share for part in found),
        cpu_peak=max(part.generator_cpu_peak for part in found),
        scheduled=sum(part.scheduled for part in found),
        not_started=sum(part.not_started for part in found),
        unsent=sum(part.unsent for part in found),
        room_errors=sum(part.room_errors for part in found),
        outcomes=merged_outcomes(part.outcomes for part in found),
        seconds=merged_seconds([part.seconds for part in found]),
        latency=merged(part.latency for part in found),
        service=merged(part.service for part in found),
        lag=merged(part.lag for part in found),
        cells=merged_cells(part.cells for part in found),
        room={
            verb: merged(part.room[verb] for part in found if verb in part.room)
            for verb in {verb for part in found for verb in part.room}
        },
        problems=_added(part.problems for part in found),
        gains={
            kind: _added(part.gains.get(kind, {}) for part in found)
            for kind in {k for part in found for k in part.gains}
        },
        walks={
            kind: reduce(Walked.plus, (part.walks[kind] for part in found if kind in part.walks))
            for kind in {k for part in found for k in part.walks}
        },
        shoppers=everybody,
    ).measures()


def merged(parts: Iterable[Histogram]) -> Histogram:
    """
    Return one histogram of all that *parts* hold, and leave them as they are.
    """
    whole = Histogram()
    for part in parts:
        whole.merge(part)
    return whole


def merged_outcomes(parts: Iterable[Outcomes]) -> Outcomes:
    """
    Return the sums.
    """
    names = [item.name for item in fields(Outcomes)]
    return reduce(
        lambda one, other: Outcomes(**{name: getattr(one, name) + getattr(other, name) for name in names}),
        parts,
        Outcomes(),
    )


def merged_seconds(parts: Iterable[Sequence[Second]]) -> tuple[Second, ...]:
    """
    Return the run, second by second: counts added up, percentiles of all, processor time of the busiest.
    """
    by_t: dict[int, list[Second]] = {}
    for seconds in parts:
        for second in seconds:
            by_t.setdefault(second.t, []).append(second)
    return tuple(_one_second(t, by_t[t]) for t in sorted(by_t))


def pages_of(cells: Iterable[Cell]) -> dict[str, PageMeasure]:
    """
    Return the sums by step of the journey.
    """
    by_step: dict[str, list[Cell]] = {}
    for cell in cells:
        by_step.setdefault(cell.step, []).append(cell)
    return {step: _page(by_step[step]) for step in sorted(by_step)}


def _page(cells: Iterable[Cell]) -> PageMeasure:
    whole = summed(cells)
    p50_ms, p95_ms = whole.service.percentile_ms(50), whole.service.percentile_ms(95)
    return PageMeasure(whole.requests, whole.to_room, whole.errors, whole.abandoned, p50_ms, p95_ms)


def _one_second(t: int, parts: Sequence[Second]) -> Second:
    latency = merged(part.latency for part in parts)
    return Second(
        t=t,
        arrivals=sum(part.arrivals for part in parts),
        shop_requests=sum(part.shop_requests for part in parts),
        shop_errors=sum(part.shop_errors for part in parts),
        shop_p50_ms=latency.percentile_ms(50),
        shop_p95_ms=latency.percentile_ms(95),
        orders_seen=sum(part.orders_seen for part in parts),
        waiting=sum(part.waiting for part in parts),
        in_shop=sum(part.in_shop for part in parts),
        admitted=sum(part.admitted for part in parts),
        cpu_share=max(part.cpu_share for part in parts),
        latency=latency,
    )


def _added(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    whole: Counter[str] = Counter()
    for part in parts:
        whole.update(part)
    return dict(whole)
