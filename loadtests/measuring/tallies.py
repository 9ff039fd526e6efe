"""
Counts while a run lasts: by second, and by step of the journey and result.
"""

from dataclasses import dataclass, field
from itertools import islice

from loadtests.measuring.cells import Cell, Result
from loadtests.measuring.histogram import Histogram
from loadtests.measuring.measures import Second

PEAK_S = 5


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
            latency=self.latency,
            orders_seen=self.orders,
            waiting=self.waiting,
            in_shop=self.in_shop,
            admitted=self.admitted,
            cpu_share=self.cpu_share,
        )


@dataclass(slots=True)
class CellTally:
    """
    Count the requests of one second, step and result.
    """

    requests: int = 0
    service: Histogram = field(default_factory=Histogram)
    latency: Histogram = field(default_factory=Histogram)

    def cell(self, t: int, step: str, result: Result) -> Cell:
        """
        Return the counts as those of second *t*.
        """
        return Cell(t, step, result, self.requests, self.service, self.latency)


def busiest_share(shares: list[float]) -> float:
    """
    Return the mean of *shares* over the busiest `PEAK_S` seconds, or over all if there are fewer.
    """
    windows = (
        sum(islice(shares, start, start + PEAK_S)) / min(PEAK_S, len(shares))
        for start in range(max(1, len(shares) - PEAK_S + 1))
    )
    return max(windows, default=0.0) if shares else 0.0
