"""
What one core of a machine can start at most, and which share of it a plan asks for. Pure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from loadtests.arrivals.rate import together
from loadtests.crowd.streams import Stream
from loadtests.documents import STRICT
from waiting_room.errors import Fault

REFUSED_BEYOND: Final = 0.75
"""Beyond this share of its ceiling a generator comes late now and then, and its runs turn out invalid."""
REQUESTS_PER_SHOPPER: Final = 12.0
"""What a shopper is taken to send: a buyer's ten pages, and two requests of the waiting room."""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """
    Say what one process of the load generator can do on a machine.

    Args:
        shoppers_per_s: fresh shoppers per second, each with a connection and a few requests, when there is no pause.
        requests_per_s: requests per second in the same loop.
        start_lag_p99_ms: how late shoppers started at `REFUSED_BEYOND` of it; None where nobody came.
    """

    shoppers_per_s: float
    requests_per_s: float
    start_lag_p99_ms: float | None

    __pydantic_config__: ClassVar = STRICT


@dataclass(frozen=True, slots=True)
class Calibration:
    """
    Say what a machine can do as a load generator.

    Args:
        made_at: when it was measured, ISO 8601.
        cores: how many cores may be used.
        plain: over plain HTTP.
        tls: over TLS; None where it could not be measured.
    """

    made_at: str
    cores: int
    plain: Ceiling
    tls: Ceiling | None = None

    __pydantic_config__: ClassVar = STRICT


def share_of(streams: Iterable[Stream], calibration: Calibration, *, workers: int, tls: bool) -> float | None:
    """
    Return the peak of streams as a share of what so many workers can do on the machine.

    More workers than cores share the cores. Every shopper is taken to send all requests in the second of the arrival,
    which is more than ever comes at once.
    """
    ceiling = calibration.tls if tls else calibration.plain
    if ceiling is None:
        return None
    processes = min(workers, calibration.cores)
    peak_per_s = max((per_s for _, per_s in together(stream.rate for stream in streams).corners), default=0.0)
    by_shoppers = peak_per_s / ceiling.shoppers_per_s
    by_requests = peak_per_s * REQUESTS_PER_SHOPPER / ceiling.requests_per_s
    return max(by_shoppers, by_requests) / processes


def refusal(share: float | None, where: str) -> Iterator[Fault]:
    """
    Yield why a run of such a share is not to be tried on this machine.
    """
    if share is None or share <= REFUSED_BEYOND:
        return
    what = f"asks for {share:.0%} of what this machine can start; beyond {REFUSED_BEYOND:.0%} a run turns out invalid"
    yield Fault(where, what, "more --workers on free cores, a smaller --scale, or a stronger machine")
