"""
Made-up runs for comparisons: a seeded crowd at a shop whose pages scatter as real ones do, with stalls in between.

The latencies of neighbours are alike: a slow drift (an autoregressive process over the seconds) and, now and then, a
second in which the machine is busy with something else, multiply every page of their time. Both differ from run to run,
as they do between two real runs of the same thing.
"""

import math
import random
from dataclasses import replace
from typing import Any

from loadtests.compare.difference import Comparison, compare
from loadtests.compare.figures import Observed
from loadtests.measuring.histogram import Histogram
from loadtests.measuring.measures import Measures, Outcome, Outcomes, Second, ShopperRecord

PAGE_MS = 45.0
JITTER = 0.25
"""As the demo shop's: the standard deviation of the logarithm of a page's time."""
DRIFT, PERSISTS = 0.004, 0.8
STALL_SHARE, STALL = 0.01, 1.3


def run(
    noise: int, *, slower: float = 1.0, seed: int = 1, shoppers: int = 800, length_s: int = 60, waits_s: float = 0.0
) -> Observed:
    """
    Return a run of the crowd *seed*, with everything that no seed fixes drawn from *noise*.

    Args:
        noise: which of the runs that might have been.
        slower: by what each page's time is multiplied.
        seed: the crowd.
        shoppers: how many come.
        length_s: for how long.
        waits_s: how long they wait in a room at the end of the run, rising from none; 0 for no room.
    """
    crowd, chance = random.Random(f"crowd:{seed}"), random.Random(f"noise:{noise}:{slower}")
    weather = _weather(chance, length_s + 30)
    records, latencies, orders = [], [Histogram() for _ in weather], [0] * len(weather)
    for i, came in enumerate(sorted(crowd.random() * length_s for _ in range(shoppers))):
        buys = crowd.random() < 0.7
        pages, served, at_s = (9 if buys else 3), 0.0, came
        waited = waits_s * came / length_s + chance.random() * 0.25 if waits_s else None
        for _ in range(pages):
            page_ms = PAGE_MS * slower * weather[int(at_s)] * math.exp(chance.gauss(0, JITTER))
            latencies[int(at_s)].record(page_ms)
            served += page_ms
            at_s = min(at_s + page_ms / 1000 + 1.0, length_s + 29)
        orders[int(at_s)] += buys
        outcome = Outcome.BOUGHT if buys else Outcome.BROWSED
        records.append(
            ShopperRecord(
                i=i, arrival_s=came, start_lag_ms=0.4, outcome=outcome, pages=pages, served_ms=served, waited_s=waited,
                admitted_s=None if waited is None else came + waited, ended_s=at_s,
            )
        )  # fmt: skip
    return Observed({"shop_capacity_per_s": 20.0, "orders_by_s": orders}, _measures(records, latencies, orders, seed))


def _weather(chance: random.Random, seconds: int) -> list[float]:
    drift, found = 0.0, []
    for _ in range(seconds):
        drift = PERSISTS * drift + chance.gauss(0, DRIFT)
        found.append(math.exp(drift) * (STALL if chance.random() < STALL_SHARE else 1.0))
    return found


def _measures(records: list[ShopperRecord], latencies: list[Histogram], orders: list[int], seed: int) -> Measures:
    seconds = tuple(
        Second(t, 0, latency.count, 0, None, None, orders[t], 0, 0, 0, 0.1, latency)
        for t, latency in enumerate(latencies)
    )
    ends = [record.outcome for record in records]
    return Measures(
        run="with_room", seed=seed, started_at_ms=0, duration_s=float(len(seconds)), interrupted=False,
        overload=(10.0, 50.0), arrivals=len(records), scheduled=len(records), not_started=0, start_lag_p50_ms=0.4,
        start_lag_p99_ms=2.0, start_lag_max_ms=3.0, generator_cpu_share=0.1, generator_cpu_peak=0.2,
        outcomes=Outcomes(bought=ends.count(Outcome.BOUGHT), browsed=ends.count(Outcome.BROWSED)),
        shop_p95_ms=80.0, shop_service_p95_ms=80.0, shop_requests=1, shop_errors=0, error_ratio=0.0,
        seconds=seconds, shoppers=tuple(records),
    )  # fmt: skip


def stopped(seen: Observed, at_s: float) -> Observed:
    """
    Return the run as it would have been if it had been stopped then.
    """
    measures = seen.measures
    records = tuple(
        record if (record.ended_s or 0) <= at_s else replace(record, outcome=Outcome.UNFINISHED, ended_s=at_s)
        for record in measures.shoppers
        if record.arrival_s < at_s
    )
    seconds = tuple(second for second in measures.seconds if second.t < at_s)
    return replace(
        seen, measures=replace(measures, interrupted=True, duration_s=at_s, shoppers=records, seconds=seconds)
    )


def compared(a: Observed, b: Observed, one: Any = None, other: Any = None) -> Comparison:
    """
    Hold two runs against each other.
    """
    return compare(one or {"seed": 1}, other or {"seed": 1}, {"with_room": a}, {"with_room": b})
