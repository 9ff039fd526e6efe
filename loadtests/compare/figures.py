"""
The figures that two rehearsals are compared by, each drawn from the measures of both runs.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from loadtests.compare.samples import Quantile, Ratio, Sample
from loadtests.crowd.kinds import means_well
from loadtests.measuring.histogram import middle_us
from loadtests.measuring.measures import Measures, Outcome, ShopperRecord

Scale = Literal["ratio", "seconds", "share"]
Better = Literal["less", "more"]

AS_MEANT: Final = frozenset({Outcome.BOUGHT, Outcome.BROWSED, Outcome.LEFT_BASKET, Outcome.NO_SHOW})
GAVE_UP: Final = frozenset({Outcome.GAVE_UP_SHOP, Outcome.GAVE_UP_WAITING})
SAME_CROWD: Final = 0.9
"""Of so many shoppers of the smaller run, the same moments of arrival make it the same crowd: the rest was cut off."""


@dataclass(frozen=True, slots=True)
class Kind:
    """
    Describe a figure.

    Args:
        name: what results call it.
        scale: whether differences are told as a ratio, in seconds, or in points of a share.
        better: whether less or more of it is better.
        margin: what is called no difference, however sure: a share for ratios, seconds, or a share.
        unit: the ending that says how a value is shown (`_ms`, `_s`, `_per_s`, `_ratio`).
        first: whether it is looked at first, and more sharply than the others.
    """

    name: str
    scale: Scale
    better: Better
    margin: float
    unit: str
    first: bool = False


KINDS: Final = (
    Kind("page_time", "ratio", "less", 0.02, "_ms", first=True),
    Kind("page_p50", "ratio", "less", 0.02, "_ms"),
    Kind("page_p95", "ratio", "less", 0.02, "_ms"),
    Kind("orders", "ratio", "more", 0.01, "_per_s"),
    Kind("goodput", "share", "more", 0.01, "_ratio"),
    Kind("waited_p50", "seconds", "less", 0.5, "_s"),
    Kind("waited_p95", "seconds", "less", 0.5, "_s"),
    Kind("as_meant", "share", "more", 0.005, "_ratio"),
    Kind("abandoned", "share", "less", 0.005, "_ratio"),
    Kind("errors", "share", "less", 0.005, "_ratio"),
)
"""The first that differs is the headline. The margins are what two runs of the same shop on one machine differ by
anyway (its clock, its caches, its neighbours), which no look inside one run can tell, and nobody acts on."""


@dataclass(frozen=True, slots=True)
class Observed:
    """
    One run of a rehearsal as far as a comparison looks at it.

    Args:
        run: the run's part of `rehearsal.json`.
        measures: what the load generator found out.
    """

    run: Mapping[str, Any]
    measures: Measures

    @property
    def stopped(self) -> bool:
        """
        Tell whether it was ended before its time.
        """
        return self.measures.interrupted


@dataclass(frozen=True, slots=True)
class Pair:
    """
    The same run of two rehearsals, aligned at its zero.

    Args:
        a, b: the runs.
        same_crowd: whether the n-th shopper is the same person in both.
        until_s: up to when both were there.
    """

    a: Observed
    b: Observed
    same_crowd: bool
    until_s: float

    @classmethod
    def of(cls, a: Observed, b: Observed) -> "Pair":
        """
        Return the pair, and find out whether it is the same crowd by who came when.
        """
        until_s = min(a.measures.duration_s, b.measures.duration_s)
        return cls(a, b, _same_crowd(a.measures.shoppers, b.measures.shoppers, until_s), until_s)

    def both(self, make: Callable[[Observed], Sample | None]) -> tuple[Sample, Sample] | None:
        """
        Return what *make* draws from both runs, or None where one of them has nothing.
        """
        one, other = make(self.a), make(self.b)
        if one is None or other is None or one.value() is None or other.value() is None:
            return None
        return one, other

    def shoppers(self) -> tuple[list[ShopperRecord], list[ShopperRecord]]:
        """
        Return the honest who came in both, in the order of arrival; of the same crowd, the n-th of one is the n-th of
        the other.

        Where a run was stopped, those who were still inside then had no time to end: they are left out of both.
        """
        a = _came(self.a.measures.shoppers, self.until_s)
        b = _came(self.b.measures.shoppers, self.until_s)
        cut_short = {r.i for r in (*a, *b) if (self.a.stopped or self.b.stopped) and r.outcome is Outcome.UNFINISHED}
        common = {r.i for r in a} & {r.i for r in b} if self.same_crowd else {r.i for r in (*a, *b)}
        kept = common - cut_short
        return [record for record in a if record.i in kept], [record for record in b if record.i in kept]


@dataclass(frozen=True, slots=True)
class Look:
    """
    One figure of both runs, ready to be held against each other.

    Args:
        kind: which figure.
        a: the first run's data.
        b: the second's.
        paired: whether their seconds had the same shoppers.
        times: what the figures are multiplied by to be shown.
    """

    kind: Kind
    a: Sample
    b: Sample
    paired: bool
    times: float = 1.0


def looks(pair: Pair) -> Iterator[Look]:
    """
    Yield each figure that both runs have.
    """
    ours, theirs = pair.shoppers()
    if pair.same_crowd and (alike := _alike(ours, theirs)):
        yield _page_time(alike)
    made: dict[str, tuple[Sample, Sample] | None] = {
        "page_p50": pair.both(lambda seen: _pages(seen, 0.5, pair.until_s)),
        "page_p95": pair.both(lambda seen: _pages(seen, 0.95, pair.until_s)),
        "orders": pair.both(lambda seen: _orders(seen, 0.0, pair.until_s)),
        "goodput": _goodput(pair),
        "waited_p50": _of_shoppers(ours, theirs, lambda came, length: _waits(came, 0.5, length)),
        "waited_p95": _of_shoppers(ours, theirs, lambda came, length: _waits(came, 0.95, length)),
        "as_meant": _of_shoppers(ours, theirs, lambda came, length: _ended(came, AS_MEANT, length)),
        "abandoned": _of_shoppers(ours, theirs, lambda came, length: _ended(came, GAVE_UP, length)),
        "errors": pair.both(lambda seen: _errors(seen, pair.until_s)),
    }
    for kind in KINDS[1:]:
        found = made[kind.name]
        if found is not None:
            yield Look(kind, *found, pair.same_crowd)


def _same_crowd(ours: Sequence[ShopperRecord], theirs: Sequence[ShopperRecord], until_s: float) -> bool:
    who = {record.i: (record.arrival_s, record.stream, record.kind) for record in _came(theirs, until_s)}
    mine = _came(ours, until_s)
    same = sum(who.get(record.i) == (record.arrival_s, record.stream, record.kind) for record in mine)
    return bool(mine) and same >= SAME_CROWD * max(len(who), len(mine))


def _came(records: Iterable[ShopperRecord], until_s: float) -> list[ShopperRecord]:
    """
    Return who came and meant well: that attackers were sent away would look like a loss of customers.
    """
    came = (record for record in records if record.arrival_s < until_s and means_well(record.kind))
    return sorted(came, key=lambda record: record.i)


def _of_shoppers(
    ours: Sequence[ShopperRecord],
    theirs: Sequence[ShopperRecord],
    make: Callable[[Sequence[ShopperRecord], int], Sample],
) -> tuple[Sample, Sample] | None:
    length = 1 + max((int(record.arrival_s) for record in (*ours, *theirs)), default=0)
    one, other = make(ours, length), make(theirs, length)
    return None if one.value() is None or other.value() is None else (one, other)


def _by_second(values: Iterable[tuple[float, float]], length: int) -> list[list[float]]:
    found: list[list[float]] = [[] for _ in range(length)]
    for came_s, value in values:
        found[int(came_s)].append(value)
    return found


def _alike(ours: Sequence[ShopperRecord], theirs: Sequence[ShopperRecord]) -> list[tuple[ShopperRecord, ShopperRecord]]:
    # Only visits that went the same way: who gave up early saw other pages, and a mean over those is no slowness.
    return [
        (one, other)
        for one, other in zip(ours, theirs, strict=True)
        if one.pages == other.pages > 0 and one.outcome is other.outcome and one.served_ms > 0
    ]


def _page_time(alike: Sequence[tuple[ShopperRecord, ShopperRecord]]) -> Look:
    # The visit in the middle, not the mean: one stall of the machine, which has nothing to do with what was changed,
    # hits the few visits of its moment. In two runs of one shop beside a busy neighbour the means were 3.8 % apart,
    # the middles 0.3 %. What is slower only at times shows in the 95 % of the pages.
    came = [(one.arrival_s, other.served_ms / one.served_ms) for one, other in alike]
    ratios = _by_second(came, int(came[-1][0]) + 1)
    ones = (1.0,) * len(ratios)
    usual_ms = sum(one.served_ms for one, _ in alike) / sum(one.pages for one, _ in alike)
    return Look(KINDS[0], Ratio(ones, ones), Quantile(0.5, tuple(map(Counter, ratios))), paired=True, times=usual_ms)


def _waits(records: Sequence[ShopperRecord], q: float, length: int) -> Sample:
    waited = (
        (record.arrival_s, round(record.waited_s, 3))
        for record in records
        if record.admitted_s is not None and record.waited_s is not None
    )
    return Quantile(q, tuple(map(Counter, _by_second(waited, length))))


def _ended(records: Sequence[ShopperRecord], outcomes: frozenset[Outcome], length: int) -> Sample:
    ends = _by_second(((record.arrival_s, float(record.outcome in outcomes)) for record in records), length)
    return Ratio(tuple(map(sum, ends)), tuple(float(len(second)) for second in ends))


def _pages(seen: Observed, q: float, until_s: float) -> Sample | None:
    counts: list[dict[float, int]] = [{} for _ in range(int(until_s))]
    for second in seen.measures.seconds:
        if second.t < len(counts):
            counts[second.t] = {middle_us(index) / 1000: count for index, count in second.latency.counts.items()}
    return Quantile(q, tuple(counts)) if any(counts) else None


def _orders(seen: Observed, from_s: float, until_s: float) -> Ratio | None:
    by_s = seen.run.get("orders_by_s") or [second.orders_seen for second in seen.measures.seconds]
    sold = tuple(float(by_s[t]) if t < len(by_s) else 0.0 for t in range(int(from_s), int(until_s)))
    return Ratio(sold, (1.0,) * len(sold)) if sold else None


def _goodput(pair: Pair) -> tuple[Sample, Sample] | None:
    spans = {tuple(seen.measures.overload) for seen in (pair.a, pair.b)}
    if len(spans) > 1:
        return None
    from_s, to_s = spans.pop()

    def make(seen: Observed) -> Sample | None:
        orders = _orders(seen, from_s, min(to_s, pair.until_s))
        capacity = seen.run.get("shop_capacity_per_s")
        return Ratio(orders.above, tuple(capacity * each for each in orders.below)) if orders and capacity else None

    return pair.both(make)


def _errors(seen: Observed, until_s: float) -> Sample | None:
    seconds = {second.t: second for second in seen.measures.seconds}
    inside = [seconds.get(t) for t in range(int(until_s))]
    return Ratio(
        tuple(float(second.shop_errors) if second else 0.0 for second in inside),
        tuple(float(second.shop_requests) if second else 0.0 for second in inside),
    )
