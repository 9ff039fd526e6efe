"""
How the shop fares, as its gates report it: sums that can be added up, over gates, workers and seconds, and the time
that they cover, which cannot: two gates that report of the same second tell of one second.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from operator import add
from typing import Any, Final, NamedTuple

from waiting_room.errors import Fault

BOUNDS_MS: Final = (10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000)
"""Upper bounds of the latency buckets; one more holds what took longer. A test holds the gates to them."""
LEAST_MS: Final = 3000
"""As much as is looked back at least: three reports of each gate."""
MOST_MS: Final = 10_000
ENOUGH: Final = 200
"""With so many answers a 95th percentile rests on ten; a small shop is looked back at for longer."""
KEPT: Final = 400
"""Records that the store keeps: ten seconds of forty workers."""
MOST_COUNTED: Final = 10**12
"""More than any gate counts between two reports, in requests or in ms."""


class Health(NamedTuple):
    """
    Hold what was seen of the shop in the *window_ms* up to *at_ms*: sums over all gates, which are merged by adding.

    *in_flight_ms* is the time that all requests together have spent inside the shop, by looking now and then;
    *latency_ms* the sum over those that were answered; *counts* how many fell into each bucket.
    """

    at_ms: int = 0
    window_ms: int = 0
    requests: int = 0
    errors: int = 0
    in_flight_ms: int = 0
    latency_ms: int = 0
    counts: tuple[int, ...] = (0,) * (len(BOUNDS_MS) + 1)

    def merge(self, other: "Health") -> "Health":
        """
        Return both as if they were one, from the beginning of the earlier one to the end of the later one.
        """
        since_ms = min(self.at_ms - self.window_ms, other.at_ms - other.window_ms)
        at_ms = max(self.at_ms, other.at_ms)
        return Health(
            at_ms,
            at_ms - since_ms,
            self.requests + other.requests,
            self.errors + other.errors,
            self.in_flight_ms + other.in_flight_ms,
            self.latency_ms + other.latency_ms,
            tuple(map(add, self.counts, other.counts)),
        )

    @property
    def error_share(self) -> float:
        """
        Return the share of answers that were errors, 0 where there were none.
        """
        return self.errors / self.requests if self.requests else 0.0

    def quantile_ms(self, share: float) -> float:
        """
        Return the latency that *share* of the answers stayed below, even within its bucket; 0 without answers.
        """
        wanted, below = share * sum(self.counts), 0
        edges = (0, *BOUNDS_MS, 2 * BOUNDS_MS[-1])
        for (low, high), count in zip(pairwise(edges), self.counts, strict=True):
            if count and below + count >= wanted:
                return low + (high - low) * (wanted - below) / count
            below += count
        return 0.0

    @property
    def p95_ms(self) -> float:
        """
        Return what 95 of 100 requests stay below.

        Where requests pile up inside, answers tell too little and too late: by Little's law a request then takes as
        long as all have spent inside, divided by how many came out.
        """
        return max(self.quantile_ms(0.95), self.in_flight_ms / max(1, self.requests))

    def encode(self) -> str:
        """
        Return the sums as text, without the time, which is the store's to say.
        """
        return ":".join(map(str, (*self[1:6], *self.counts)))


def decode(text: str) -> Health:
    """
    Return what the store kept: its time, and what `Health.encode` wrote.
    """
    at_ms, window_ms, requests, errors, in_flight_ms, latency_ms, *counts = map(int, text.split(":"))
    return Health(at_ms, window_ms, requests, errors, in_flight_ms, latency_ms, tuple(counts))


def gathered(reports: Sequence[Health], since_ms: int) -> Health | None:
    """
    Return what gates have reported to a worker within *since_ms*, as one; None where none has.

    All reports together cover that time, whichever gates they come from: each tells of what was before it, by as much
    as others leave out. But no less than the longest of them, for gates that report seldom, and no more than all of
    them one after the other, for a first report after a silence.
    """
    if not reports:
        return None
    windows = [report.window_ms for report in reports]
    return reduce(Health.merge, reports)._replace(window_ms=max(*windows, min(since_ms, sum(windows))))


def recent(records: Iterable[Health], now_ms: int) -> Health | None:
    """
    Return the last seconds as one: at least `LEAST_MS`, more until there are `ENOUGH` answers, and None in silence.
    """
    found = None
    for record in sorted(records, reverse=True):
        age_ms = now_ms - record.at_ms
        if age_ms > MOST_MS or (age_ms > LEAST_MS and found is not None and found.requests >= ENOUGH):
            break
        found = record if found is None else found.merge(record)
    return found


def read_health(document: Mapping[str, Any]) -> tuple[Health | None, list[Fault]]:
    """
    Return the health in a gate's report, None where it bears none, and all that is wrong with it.
    """
    if not document:
        return None, []
    names = ("window_ms", "requests", "errors", "in_flight", "latency_ms_sum")
    faults = [_not_whole(name) for name in names if not _is_whole(document.get(name))]
    given = document.get("latency_buckets")
    buckets: dict[str, Any] = given if isinstance(given, dict) else {}
    known = tuple(map(str, BOUNDS_MS))
    if set(buckets) != set(known) or not all(map(_is_whole, buckets.values())):
        faults.append(Fault("health.latency_buckets", "are not as expected", f"count up to each of {', '.join(known)}"))
    if faults:
        return None, faults
    window_ms, requests, errors, in_flight, latency_ms = (document[name] for name in names)
    edges = (0, *(buckets[bound] for bound in known), requests)
    if any(high < low for low, high in pairwise(edges)) or errors > requests:
        return None, [Fault("health", "counts what cannot be", "buckets rise up to requests; errors are among them")]
    counts = tuple(high - low for low, high in pairwise(edges))
    return Health(0, window_ms, requests, errors, in_flight * window_ms, latency_ms, counts), []


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_COUNTED


def _not_whole(name: str) -> Fault:
    return Fault(f"health.{name}", "is no whole number from 0", "send what was counted since the last report")
