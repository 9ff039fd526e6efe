"""
Counts while a run lasts: by second, and by kind of page.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from loadtests.measuring.histogram import Histogram
from loadtests.measuring.measures import PageMeasure, Second

PEAK_S = 5


class Result(StrEnum):
    """
    Name what came of a request to the shop.
    """

    FINE = "fine"
    TO_ROOM = "to_room"
    ERROR = "error"
    ABANDONED = "abandoned"


@dataclass(slots=True)
class SecondTally:
    """
    Count what happens in one second.
    """

    arrivals: int = 0
    requests: int = 0
    errors: int = 0
    orders: int = 0
    admitted: int = 0
    waiting: int = 0
    in_shop: int = 0
    cpu_share: float = 0.0
    latency: Histogram = field(default_factory=Histogram)

    def second(self, t: int) -> Second:
        """
        Return the counts as those of second *t*.
        """
        return Second(
            t=t,
            arrivals=self.arrivals,
            shop_requests=self.requests,
            shop_errors=self.errors,
            shop_p50_ms=self.latency.percentile_ms(50),
            shop_p95_ms=self.latency.percentile_ms(95),
            orders_seen=self.orders,
            waiting=self.waiting,
            in_shop=self.in_shop,
            admitted=self.admitted,
            cpu_share=self.cpu_share,
        )


@dataclass(slots=True)
class PageTally:
    """
    Count the requests to one kind of page.
    """

    results: Counter[Result] = field(default_factory=Counter)
    service: Histogram = field(default_factory=Histogram)

    def measure(self) -> PageMeasure:
        """
        Return the counts with their percentiles.
        """
        return PageMeasure(
            requests=self.results.total(),
            to_room=self.results[Result.TO_ROOM],
            errors=self.results[Result.ERROR],
            abandoned=self.results[Result.ABANDONED],
            p50_ms=self.service.percentile_ms(50),
            p95_ms=self.service.percentile_ms(95),
        )


def busiest_share(shares: list[float]) -> float:
    """
    Return the mean of *shares* over the busiest `PEAK_S` seconds, or over all if there are fewer.
    """
    windows = (
        sum(islice(shares, start, start + PEAK_S)) / min(PEAK_S, len(shares))
        for start in range(max(1, len(shares) - PEAK_S + 1))
    )
    return max(windows, default=0.0) if shares else 0.0
