"""
What one run of the load generator found out, as plain values with a JSON form.

All times are seconds since the run's zero (the instant from which arrivals are counted) unless a name says otherwise.
"""

from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Self

from loadtests import documents
from loadtests.documents import STRICT
from loadtests.engine.plan import RunName
from loadtests.measuring.cells import Cell
from loadtests.measuring.histogram import Histogram
from loadtests.measuring.walks import Walked


class Outcome(StrEnum):
    """
    Name how a shopper's visit ended; each shopper has exactly one.
    """

    BOUGHT = "bought"
    BROWSED = "browsed"
    GAVE_UP_SHOP = "gave_up_shop"
    GAVE_UP_WAITING = "gave_up_waiting"
    REFUSED = "refused"
    SOLD_OUT = "sold_out"
    LEFT_BASKET = "left_basket"
    NO_SHOW = "no_show"
    EXPIRED = "expired"
    TURNED_AWAY = "turned_away"
    SLIPPED_BY = "slipped_by"
    ERROR = "error"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Outcomes:
    """
    Count shoppers by how their visit ended.

    Args:
        bought: saw the order's confirmation.
        browsed: only looked, as they meant to.
        gave_up_shop: the shop's pages were too slow or failed, reloads included.
        gave_up_waiting: had enough of the waiting room.
        refused: the room sent them away.
        sold_out: the shop had none left.
        left_basket: left a full basket, as they meant to.
        no_show: were called and did not come, as they meant to.
        expired: their time in the shop ended before they were done.
        turned_away: meant no good, and gained nothing by it.
        slipped_by: meant no good, and got what was not theirs.
        error: something that is no overload: an unknown page, an unreadable answer.
        unfinished: were still inside when the run ended.
    """

    bought: int = 0
    browsed: int = 0
    gave_up_shop: int = 0
    gave_up_waiting: int = 0
    refused: int = 0
    sold_out: int = 0
    left_basket: int = 0
    no_show: int = 0
    expired: int = 0
    turned_away: int = 0
    slipped_by: int = 0
    error: int = 0
    unfinished: int = 0

    __pydantic_config__: ClassVar = STRICT

    @property
    def total(self) -> int:
        """
        Return the sum; it equals the arrivals.
        """
        return sum(getattr(self, item.name) for item in fields(self))


@dataclass(frozen=True, slots=True)
class Second:
    """
    Sum up one second of the run.

    Args:
        t: the second, from 0.
        arrivals: shoppers whose intended start lies in it.
        shop_requests: requests to the shop that ended in it, those sent to the waiting room included.
        shop_errors: of those, the failed and the abandoned.
        shop_p50_ms, shop_p95_ms: of the shop's pages that came in it, from the intended start; None when there were
            none. What is judged by the moment for which a request was meant stands in the cells.
        orders_seen: confirmations that shoppers saw.
        waiting: shoppers in the waiting room at its end.
        in_shop: shoppers on their visit and not in the waiting room at its end.
        admitted: shoppers whom the room let in.
        cpu_share: the generator's processor time in it, as a share of one core; of several, that of the busiest.
        latency: the distribution behind the two percentiles.
    """

    t: int
    arrivals: int
    shop_requests: int
    shop_errors: int
    shop_p50_ms: float | None
    shop_p95_ms: float | None
    orders_seen: int
    waiting: int
    in_shop: int
    admitted: int
    cpu_share: float
    latency: Histogram = field(default_factory=Histogram)

    __pydantic_config__: ClassVar = STRICT


@dataclass(frozen=True, slots=True)
class EtaSample:
    """
    Compare what a shopper was told about the remaining wait with what came, at one moment drawn evenly from the wait.

    Args:
        at_s: the moment.
        told_s: when the answer that was on the screen then had arrived.
        low_s, high_s: the range it showed.
        remaining_s: how long it took from the moment until the shopper was called.
    """

    at_s: float
    told_s: float
    low_s: float
    high_s: float
    remaining_s: float

    __pydantic_config__: ClassVar = STRICT


@dataclass(frozen=True, slots=True)
class ShopperRecord:
    """
    Tell one shopper's visit.

    Args:
        i: the place in the order of arrival.
        arrival_s: the intended start.
        start_lag_ms: how much later the first request was sent.
        outcome: how the visit ended.
        stream, kind: with whom the shopper came, and which kind of shopper it was.
        number, lane: the first place in the waiting room, None without one.
        joined_s: when the answer to the join had arrived.
        called_s: when the first answer `called` or `admitted` had arrived.
        admitted_s: when the pass had arrived.
        pass_issued_ms: the issue time that the pass bears, in ms since 1970 by the room's clock.
        later_passes_ms: likewise of further passes, got after a pass was refused.
        passes_refused: how often the shop sent a shopper with a pass back to the room.
        waited_s: from first asking for a place until the pass, or until giving up or the end of the run.
        put_off_s: how much of that passed before the room gave a place, for it had said to come again.
        last_waiting_s: when the last request was sent that was answered with `waiting` or `paused`.
        number_changed: whether an answer bore another number though its holder polled as told.
        vanished: whether the room no longer knew the place though its holder polled as told.
        polls: how many status answers were got.
        pages: how many of the shop's pages came.
        served_ms: how long those took together, from sending to the last byte.
        position_rises: how often a position was higher than the one shown before.
        eta: one comparison of announced and true wait; None when never called or nothing was announced.
        ended_s: when the visit ended.
        tried: for one who means no good: how often it was tried to get what is not theirs.
        gained: likewise, what was got by it beyond what one honest visitor would have got: admissions, pages, places.
    """

    i: int
    arrival_s: float
    start_lag_ms: float
    outcome: Outcome
    stream: str = "crowd"
    kind: str = "buyer"
    number: int | None = None
    lane: str | None = None
    joined_s: float | None = None
    called_s: float | None = None
    admitted_s: float | None = None
    pass_issued_ms: int | None = None
    later_passes_ms: tuple[int, ...] = ()
    passes_refused: int = 0
    waited_s: float | None = None
    put_off_s: float = 0.0
    last_waiting_s: float | None = None
    number_changed: bool = False
    vanished: bool = False
    polls: int = 0
    pages: int = 0
    served_ms: float = 0.0
    position_rises: int = 0
    eta: EtaSample | None = None
    ended_s: float | None = None
    tried: int = 0
    gained: int = 0

    __pydantic_config__: ClassVar = STRICT

    @property
    def in_line_s(self) -> float | None:
        """
        Return how long the place was held before the pass, the end of the visit or that of the run.
        """
        return None if self.waited_s is None else self.waited_s - self.put_off_s


@dataclass(frozen=True, slots=True)
class PageMeasure:
    """
    Sum up the requests to one kind of page over the whole run.

    Args:
        requests: how many were sent and ended.
        to_room: of those, how many were answered with the way to the waiting room.
        errors: of those, how many failed.
        abandoned: of those, how many were given up by the shopper.
        p50_ms, p95_ms: service time, from sending to the last byte; None when there was no answer.
    """

    requests: int
    to_room: int
    errors: int
    abandoned: int
    p50_ms: float | None
    p95_ms: float | None

    __pydantic_config__: ClassVar = STRICT


@dataclass(frozen=True, slots=True)
class Measures:
    """
    Hold everything that one run found out.

    Args:
        run, seed: which run of which crowd.
        started_at_ms: the run's zero in ms since 1970.
        duration_s: from zero to the end of the last shopper, the drain included.
        interrupted: whether it was ended before its time.
        overload: the seconds (from, to) over which *latency* and *service* count.
        arrivals: shoppers who started.
        scheduled: shoppers in the list; those not due yet at an interruption included.
        not_started: shoppers who were due and could not be started.
        unsent: requests that could not be sent, for want of open files or ports where the generator runs.
        start_lag_p50_ms, start_lag_p99_ms, start_lag_max_ms: between intended and true start.
        generator_cpu_share: the generator's processor time as a share of one core, over the run; of several processes
            that of the busiest.
        generator_cpu_peak: likewise over the busiest 5 seconds.
        outcomes: how visits ended; they sum to *arrivals*.
        seconds: the run, second by second.
        shop_p95_ms: of the shop's pages over the overload, from the intended start. Requests that a shopper abandoned
            count with the time until then, so the true value is at least this.
        shop_service_p95_ms: likewise, but from the moment the request was sent.
        shop_requests, shop_errors: over the whole run; a request abandoned by its shopper is an error, one that was
            sent to the waiting room is none.
        error_ratio: errors per request.
        latency, service: the distributions behind the two percentiles.
        pages: the shop's pages by kind.
        room: service times of the room's answers: page, join, status, claim, leave.
        room_errors: answers of the room that were failures.
        problems: what went wrong, in words, with how often; at most 50 different ones of each process.
        shoppers: every visit.
        lag: the distribution of the start lag.
        cells: requests to the shop by the second for which they were meant, step and result; the pages are their sums.
        gains: what those who mean no good got that was not theirs: kind -> what -> how often.
        walks: by kind of shopper, which ways they went from page to page.
    """

    run: RunName
    seed: int
    started_at_ms: int
    duration_s: float
    interrupted: bool
    overload: tuple[float, float]
    arrivals: int
    scheduled: int
    not_started: int
    start_lag_p50_ms: float | None
    start_lag_p99_ms: float | None
    start_lag_max_ms: float | None
    generator_cpu_share: float
    generator_cpu_peak: float
    outcomes: Outcomes
    shop_p95_ms: float | None
    shop_service_p95_ms: float | None
    shop_requests: int
    shop_errors: int
    error_ratio: float
    seconds: tuple[Second, ...] = ()
    latency: Histogram = field(default_factory=Histogram)
    service: Histogram = field(default_factory=Histogram)
    pages: dict[str, PageMeasure] = field(default_factory=dict)
    room: dict[str, Histogram] = field(default_factory=dict)
    room_errors: int = 0
    problems: dict[str, int] = field(default_factory=dict)
    shoppers: tuple[ShopperRecord, ...] = ()
    lag: Histogram = field(default_factory=Histogram)
    cells: tuple[Cell, ...] = ()
    gains: dict[str, dict[str, int]] = field(default_factory=dict)
    walks: dict[str, Walked] = field(default_factory=dict)
    unsent: int = 0

    __pydantic_config__: ClassVar = STRICT

    def to_json(self) -> str:
        """
        Return the measures as JSON; `from_json` gives back equal ones.
        """
        return documents.encode(self)

    @classmethod
    def from_json(cls, text: str | bytes, where: str = "measures") -> Self:
        """
        Return the measures that *text* describes.

        Raises:
            DocumentError: it is no JSON or not of this shape; every fault is told with its place.
        """
        return documents.decode(cls, text, where)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """
        Return the measures that the file holds; see `from_json`.
        """
        return documents.read(cls, path)
