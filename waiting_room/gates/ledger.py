"""
What a gate remembers between two reports: seats used and given back, the shop's health, and the room's last word.

No I/O and no clock: callers say what time it is.
"""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate, islice
from types import MappingProxyType
from typing import Any, Final

from waiting_room.core.policy import Policy
from waiting_room.core.revoked import NOTHING_REVOKED, Revoked, read_entries
from waiting_room.telemetry.catalog import SHOP_BUCKETS

LATENCY_BOUNDS_MS: Final = tuple(round(bound * 1000) for bound in SHOP_BUCKETS)
MOST_SEATS: Final = 5_000
"""Seats in one report: about 400 kB, below the megabyte that the service takes; the rest goes into the next."""
SEEN_MS: Final = 60_000
"""A seat counts as seen lately for a minute: longer than most shoppers look at one page."""
MISSES_UNTIL_DOWN: Final = 2
"""One lost report may be a hiccup; two in a row are an outage."""
PAYMENT_CAP_MS: Final = round(Policy().payment_cap_s * 1000)
"""What holds until the service has said how long a payment may last in this room."""


@dataclass(frozen=True, slots=True)
class Gone:
    """
    Remember that a seat is no longer held: since *since_ms*, until its pass ends anyway at *until_ms*.
    """

    since_ms: int
    until_ms: int
    released: bool

    def keeps_forms(self, now_ms: int, grace_ms: int) -> bool:
        """
        Tell whether a form sent at *now_ms* is still taken: the seat was idle for too long, not given back.
        """
        return not self.released and now_ms - self.since_ms < grace_ms


@dataclass(frozen=True, slots=True)
class RoomState:
    """
    Hold what the room said last.
    """

    straight: bool = False
    """a newcomer would go straight in"""
    down: bool = False
    """the service does not answer"""
    phase: str = ""
    gone: Mapping[str, Gone] = field(default_factory=lambda: MappingProxyType({}))
    opened: bool = False
    """the service has lost its store, and the room's policy says to let everybody in meanwhile"""
    revoked: Revoked = NOTHING_REVOKED
    payment_cap_ms: int = PAYMENT_CAP_MS
    """how long a payment may last, counted from its beginning"""
    shadow: bool = False
    """the room only watches, and nobody is to be kept out"""


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """
    Hold the service's answer to a report.

    *degraded* while its store is away, so that seats must be told once more; *opened* where the room's policy then
    lets everybody in; *shadow* where the room only watches. *revoked* is None where nothing has changed since the
    version that the gate has.
    """

    phase: str
    straight: bool
    gone: tuple[str, ...]
    now_ms: int
    degraded: bool = False
    opened: bool = False
    revoked: Revoked | None = None
    payment_cap_ms: int | None = None
    shadow: bool = False


@dataclass(slots=True)
class Health:
    """
    Add up how the shop fared, since *since_ms* of a clock that is never set.
    """

    since_ms: int
    requests: int = 0
    errors: int = 0
    latency_ms_sum: int = 0
    counts: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS_MS) + 1))

    def add(self, latency_ms: int, *, error: bool) -> None:
        """
        Count one request that the shop has answered, or failed to.
        """
        self.requests += 1
        self.errors += error
        self.latency_ms_sum += latency_ms
        self.counts[bisect_left(LATENCY_BOUNDS_MS, latency_ms)] += 1

    def merge(self, other: "Health") -> None:
        """
        Add what *other* counted, as if both were one.
        """
        self.since_ms = min(self.since_ms, other.since_ms)
        self.requests += other.requests
        self.errors += other.errors
        self.latency_ms_sum += other.latency_ms_sum
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]

    def as_dict(self, tick_ms: int, in_flight: int) -> dict[str, Any]:
        """
        Return the report's part on health; buckets are cumulative, *requests* is the last of them.
        """
        return {
            "window_ms": tick_ms - self.since_ms,
            "requests": self.requests,
            "errors": self.errors,
            "in_flight": in_flight,
            "latency_ms_sum": self.latency_ms_sum,
            "latency_buckets": dict(zip(map(str, LATENCY_BOUNDS_MS), accumulate(self.counts), strict=False)),
        }


@dataclass(frozen=True, slots=True)
class Batch:
    """
    Hold what one report carries, so that it can be put back if the report fails.
    """

    touched: dict[str, int]
    released: tuple[str, ...]
    health: Health
    in_flight: int
    tick_ms: int
    stages: dict[str, str] = field(default_factory=dict)
    revoked_version: str = ""
    stock: int | None = None
    sold_out: bool = False

    def body(self, gate: str) -> dict[str, Any]:
        """
        Return the report of the gate of this name, ready for JSON.
        """
        said: dict[str, Any] = {
            "gate": gate,
            "touched": self.touched,
            "released": list(self.released),
            "stages": self.stages,
            "revoked_version": self.revoked_version,
            "health": self.health.as_dict(self.tick_ms, self.in_flight),
        }
        # Told once and not again: the operator may have opened the room since.
        if self.stock is not None:
            said["stock"] = self.stock
        if self.sold_out:
            said["sold_out"] = True
        return said


def _unheard() -> None:
    return None


class Ledger:
    """
    Keep a gate's books; every seat that was used is told to the service, once a report and until it has heard.

    ``now_ms`` is of the service's clock, as in passes; ``tick_ms`` of a clock that is never set, for durations.
    """

    def __init__(self, tick_ms: int) -> None:
        self._touched: dict[str, int] = {}
        self._released: dict[str, int] = {}
        self._stages: dict[str, str] = {}
        self._gone: dict[str, Gone] = {}
        self._health = Health(tick_ms)
        self._stock: int | None = None
        self._sold_out = False
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._misses = 0
        self._answered = False
        self.in_flight = 0
        self.tell_soon: Callable[[], None] = _unheard
        self.state = RoomState(gone=MappingProxyType(self._gone))

    @property
    def pending(self) -> int:
        """
        Return how many seats wait to be told.
        """
        return len(self._touched) + len(self._released) + len(self._stages) + self._sold_out

    @property
    def seats_seen(self) -> int:
        """
        Return how many seats were used lately, as of the last `take`.
        """
        return len(self._seen)

    def touch(self, seat: str, end_ms: int) -> None:
        """
        Note that the holder of *seat*, whose pass counts until *end_ms*, used the shop.
        """
        self._touched[seat] = end_ms

    def enter(self, seat: str, stage: str) -> None:
        """
        Note that the shop has put the visit of *seat* into *stage*.
        """
        if seat not in self._gone:
            self._stages[seat] = stage

    def stock(self, units: int) -> None:
        """
        Note how many units the shop has left to sell.
        """
        self._stock = units

    def sold_out(self) -> None:
        """
        Note that the shop has nothing left to sell.
        """
        self._sold_out = True

    def release(self, seat: str, hard_end_ms: int, now_ms: int) -> None:
        """
        Note that *seat* is given back; its pass is refused from now on, and whoever reports is asked to do so soon.

        Until the service knows, it would send the visitor who comes back to the same seat, and the gate back again.
        """
        self._touched.pop(seat, None)
        self._stages.pop(seat, None)
        self._released[seat] = hard_end_ms
        self._gone[seat] = Gone(now_ms, hard_end_ms, released=True)
        self.tell_soon()

    def served(self, latency_ms: int, *, error: bool) -> None:
        """
        Note that the shop has answered a request, or failed to.
        """
        self._health.add(latency_ms, error=error)

    def take(self, tick_ms: int, most: int = MOST_SEATS) -> Batch:
        """
        Take out what the next report shall carry, *most* seats of each kind; give it back with `put_back` if nobody
        heard it.
        """
        touched = dict(islice(self._touched.items(), most))
        released = tuple(islice(self._released, most))
        stages = dict(islice(self._stages.items(), most))
        for seat in stages:
            del self._stages[seat]
        for seat in touched:
            del self._touched[seat]
        self._see(touched, tick_ms)
        version = self.state.revoked.version
        stock, sold_out = self._stock, self._sold_out
        batch = Batch(touched, released, self._health, self.in_flight, tick_ms, stages, version, stock, sold_out)
        self._health, self._stock, self._sold_out = Health(tick_ms), None, False
        return batch

    def _see(self, seats: Iterable[str], tick_ms: int) -> None:
        """
        Keep the seats in the order in which they were last used, so that only those are looked at that are forgotten.
        """
        seen = self._seen
        for seat in seats:
            seen[seat] = tick_ms
            seen.move_to_end(seat)
        while seen and tick_ms - next(iter(seen.values())) >= SEEN_MS:
            seen.popitem(last=False)

    def take_of(self, seat: str, tick_ms: int) -> Batch:
        """
        Take out what is to be told of *seat* alone, for a report that cannot wait; `put_back` and `heard` as ever.
        """
        touched = {seat: self._touched.pop(seat)} if seat in self._touched else {}
        stages = {seat: self._stages.pop(seat)} if seat in self._stages else {}
        released = (seat,) if seat in self._released else ()
        return Batch(touched, released, Health(tick_ms), self.in_flight, tick_ms, stages)

    def heard(self, batch: Batch, answer: GateAnswer, now_ms: int) -> None:
        """
        Take over what the service answered to *batch*.
        """
        if answer.degraded:
            self._keep(batch)
        else:
            for seat in batch.released:
                self._released.pop(seat, None)
        for seat in answer.gone:
            hard_end_ms = batch.touched.get(seat)
            if hard_end_ms is not None:
                self._touched.pop(seat, None)
                self._stages.pop(seat, None)
                self._gone.setdefault(seat, Gone(now_ms, hard_end_ms, released=False))
        for seat in [seat for seat, gone in self._gone.items() if gone.until_ms <= now_ms]:
            del self._gone[seat]
        self._misses = 0
        self._answered = True
        known = self.state
        self.state = RoomState(
            answer.straight,
            down=False,
            phase=answer.phase,
            gone=known.gone,
            opened=answer.opened,
            revoked=known.revoked if answer.revoked is None else known.revoked.followed_by(answer.revoked),
            payment_cap_ms=answer.payment_cap_ms or known.payment_cap_ms,
            shadow=answer.shadow,
        )

    def put_back(self, batch: Batch) -> None:
        """
        Take back a *batch* whose report failed; whether it was heard is unknown, and telling it twice does no harm.
        """
        self._keep(batch)
        self._health.merge(batch.health)
        self._misses += 1
        down = self._misses >= MISSES_UNTIL_DOWN or not self._answered
        self.state = replace(self.state, straight=False, down=down, opened=False)

    def _keep(self, batch: Batch) -> None:
        gone = self._gone
        self._touched = {seat: end for seat, end in batch.touched.items() if seat not in gone} | self._touched
        self._stages = {seat: stage for seat, stage in batch.stages.items() if seat not in gone} | self._stages
        self._stock = batch.stock if self._stock is None else self._stock
        self._sold_out |= batch.sold_out

    def crowded(self) -> None:
        """
        Note that a newcomer was not let straight in: until the next report, the others need not try.
        """
        self.state = replace(self.state, straight=False)


def read_answer(document: Any) -> GateAnswer:
    """
    Return the service's answer to a report; raises `ValueError` where *document* is none.
    """
    match document:
        case {"phase": str(phase), "straight": bool(straight), "gone": list(gone), "now_ms": int(now_ms)}:
            if all(isinstance(seat, str) for seat in gone):
                degraded = document.get("degraded") is True
                opened = degraded and document.get("on_redis_outage") == "open"
                revoked = None if degraded else _revoked(document)
                shadow = document.get("shadow") is True
                cap_ms = _cap_ms(document)
                return GateAnswer(phase, straight, tuple(gone), now_ms, degraded, opened, revoked, cap_ms, shadow)
    raise ValueError("the answer to the report lacks phase, straight, gone or now_ms")


def _revoked(document: Mapping[str, Any]) -> Revoked | None:
    version, entries = document.get("revoked_version"), document.get("revoked")
    return read_entries(version, entries) if isinstance(version, str) and isinstance(entries, list) else None


def _cap_ms(document: Mapping[str, Any]) -> int | None:
    cap_s = document.get("payment_cap_s")
    return round(cap_s * 1000) if isinstance(cap_s, int | float) and cap_s > 0 else None
