"""
Turn what was measured into the result of a rehearsal: figures per run, checks, and one verdict.

Pure: it gets the generator's measures, the shop's books and the room's own counts, and returns plain data, the content
of `rehearsal.json`.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from loadtests.judging.thresholds import Check, Threshold, evaluate, symptoms
from loadtests.measuring import fairness
from loadtests.measuring.fairness import Announcement, Place
from loadtests.measuring.measures import Measures, Outcome, ShopperRecord

Verdict = Literal["pass", "fail", "invalid", "aborted"]
EXIT_CODES: Mapping[str, int] = {"pass": 0, "fail": 1, "invalid": 6, "aborted": 130}
PROMISED = ("without_room", "with_room")


@dataclass(frozen=True, slots=True)
class Books:
    """
    What the shop's database says it sold.

    Args:
        paid_ms: when each order was paid, ms since 1970, rising.
        oversold: pieces sold beyond the stock.
    """

    paid_ms: tuple[int, ...]
    oversold: int

    def between(self, from_ms: float, to_ms: float) -> int:
        """
        Count the orders paid from one moment until before another.
        """
        return bisect_left(self.paid_ms, to_ms) - bisect_left(self.paid_ms, from_ms)


@dataclass(frozen=True, slots=True)
class ShopCapacity:
    """
    What the shop can do at most, measured in a closed loop or given by its owner.

    Args:
        orders_per_s: orders it can sell per second.
        journeys_per_s: shoppers it can serve per second, those who only look included.
        measured: whether we measured it ourselves.
    """

    orders_per_s: float
    journeys_per_s: float
    measured: bool = True


@dataclass(frozen=True, slots=True)
class RoomFacts:
    """
    What the room says of itself after the run.

    Args:
        rate_per_s: the set rate of admissions.
        capacity: the set number of seats.
        seats_peak: the most seats that were taken at once, by the store's count; None where it could not be asked,
            and then nothing is said of over-admissions either.
        admitted_total: admissions, by the store's count.
        by_s: samples of each second: `t`, `seats`, `waiting`.
    """

    rate_per_s: float
    capacity: int
    seats_peak: int | None
    admitted_total: int | None
    by_s: tuple[Mapping[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Played:
    """
    One run with everything that is known of it.

    Args:
        measures: what the generator found out.
        capacity: what the shop can do.
        plateau_s: the seconds (from, to) during which the crowd came at its peak.
        books: the shop's books; None where they cannot be read.
        room: the room's own counts; None without a room.
    """

    measures: Measures
    capacity: ShopCapacity
    plateau_s: tuple[float, float]
    books: Books | None = None
    room: RoomFacts | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """
    What else the result tells: how it was made, so that it can be made again.

    Args:
        seed: the crowd's seed.
        started_at: when, ISO 8601.
        duration_s: how long the whole rehearsal took.
        command: the exact command line.
        settings: groups of settings, by the group's title.
        versions: of everything that took part.
        not_measured: sentences on what could not be measured, and why.
        reasons: sentences on why the rehearsal ended early, if it did.
    """

    seed: int
    started_at: str
    duration_s: float
    command: str
    settings: Mapping[str, Mapping[str, Any]]
    versions: Mapping[str, str]
    not_measured: Sequence[str] = ()
    reasons: Sequence[str] = field(default_factory=tuple)


def run_result(played: Played) -> dict[str, Any]:
    """
    Return one run's figures under the names that the result file promises.
    """
    measures, capacity = played.measures, played.capacity
    from_s, to_s = measures.overload
    orders, by_s = _orders(played)
    per_s = orders / (to_s - from_s) if to_s > from_s else 0.0
    result: dict[str, Any] = {
        "complete": not measures.interrupted,
        "arrivals": measures.arrivals,
        "demand_ratio": _demand(played),
        "orders": orders,
        "orders_total": len(played.books.paid_ms) if played.books else sum(by_s),
        "orders_from": "the shop's database" if played.books else "confirmations seen by shoppers",
        "orders_per_s": round(per_s, 4),
        "orders_by_s": by_s,
        "shop_capacity_per_s": round(capacity.orders_per_s, 4),
        "goodput_ratio": round(per_s / capacity.orders_per_s, 4) if capacity.orders_per_s > 0 else None,
        "shop_p95_ms": measures.shop_p95_ms,
        "shop_service_p95_ms": measures.shop_service_p95_ms,
        "error_ratio": measures.error_ratio,
        "oversold": played.books.oversold if played.books else None,
        "start_lag_p50_ms": measures.start_lag_p50_ms,
        "start_lag_p99_ms": measures.start_lag_p99_ms,
        "start_lag_max_ms": measures.start_lag_max_ms,
        "not_started": measures.not_started,
        "generator_cpu_share": measures.generator_cpu_share,
        "generator_cpu_peak": measures.generator_cpu_peak,
        "overload_s": [from_s, to_s],
        "duration_s": measures.duration_s,
        "outcomes": asdict(measures.outcomes),
        "problems": dict(measures.problems),
    }
    result["symptoms"] = symptoms(result)
    return result | (room_result(measures, played.room) if played.room else {})


def room_result(measures: Measures, room: RoomFacts) -> dict[str, Any]:
    """
    Return the figures that only a run behind a room has.
    """
    shoppers = measures.shoppers
    waits = [s.waited_s for s in shoppers if s.admitted_s is not None and s.waited_s is not None]
    places = list(places_of(shoppers))
    return {
        "rate_per_s": room.rate_per_s,
        "capacity": room.capacity,
        "seats_max": room.seats_peak,
        "admitted": room.admitted_total,
        "waited_p50_s": fairness.quantile(waits, 0.5),
        "waited_p95_s": fairness.quantile(waits, 0.95),
        "waited_max_s": max(waits, default=None),
        "over_admissions": None
        if room.seats_peak is None
        else fairness.over_admissions(
            passes_of(shoppers), rate_per_s=room.rate_per_s, seats_peak=room.seats_peak, capacity=room.capacity
        ),
        "order_inversions": fairness.order_inversions(places),
        "places_lost": fairness.places_lost(places),
        "position_rises": sum(shopper.position_rises for shopper in shoppers),
        "still_waiting": sum(
            1 for s in shoppers if s.outcome is Outcome.UNFINISHED and s.admitted_s is None and s.joined_s is not None
        ),
        "passes_refused": sum(shopper.passes_refused for shopper in shoppers),
        "eta_coverage": fairness.eta_coverage(announcements_of(shoppers)),
        "room_errors": measures.room_errors,
        "room_by_s": [dict(sample) for sample in room.by_s],
    }


def places_of(shoppers: Iterable[ShopperRecord]) -> Iterable[Place]:
    """
    Return the place of everybody who had a number.
    """
    for shopper in shoppers:
        if shopper.number is not None:
            yield Place(
                lane=shopper.lane or "",
                number=shopper.number,
                called_s=shopper.called_s if shopper.called_s is not None else shopper.admitted_s,
                last_waiting_s=shopper.last_waiting_s,
                number_changed=shopper.number_changed,
                vanished=shopper.vanished,
            )


def passes_of(shoppers: Iterable[ShopperRecord]) -> Iterable[int]:
    """
    Return when each pass was issued, by the store's clock.
    """
    for shopper in shoppers:
        if shopper.pass_issued_ms is not None:
            yield shopper.pass_issued_ms
        yield from shopper.later_passes_ms


def announcements_of(shoppers: Iterable[ShopperRecord]) -> Iterable[Announcement]:
    """
    Return what those who were called had been told, each at one moment drawn from the wait.
    """
    for shopper in shoppers:
        if shopper.eta is not None:
            yield Announcement(shopper.eta.low_s, shopper.eta.high_s, shopper.eta.remaining_s)


def capacity_of(measures: Measures, books: Books | None) -> ShopCapacity:
    """
    Return what the shop did in a closed loop, over the span that was meant for judging.

    The orders come from the shop's books where they can be read; the journeys are those that ended as meant.
    """
    from_s, to_s = measures.overload
    ended = {outcome: _ends(measures, outcome) for outcome in (Outcome.BOUGHT, Outcome.BROWSED)}
    zero = measures.started_at_ms
    orders = [(at_ms - zero) / 1000 for at_ms in books.paid_ms] if books else ended[Outcome.BOUGHT]
    journeys = [*ended[Outcome.BOUGHT], *ended[Outcome.BROWSED]]
    return ShopCapacity(steady_rate(orders, from_s, to_s), steady_rate(journeys, from_s, to_s))


def _ends(measures: Measures, outcome: Outcome) -> list[float]:
    return [s.ended_s for s in measures.shoppers if s.outcome is outcome and s.ended_s is not None]


def steady_rate(times_s: Iterable[float], from_s: float, to_s: float) -> float:
    """
    Return events per second as the slope of the line that fits their running count best, over a span.

    Shoppers who start a closed loop together come round in waves, and counting between two moments errs by as much as
    half a wave at either end: 5 % over 6 s where the slope erred by 1 %. By least squares over continuous time, with c
    the middle and L the length of the span: 12 / L^3 x sum of ((L/2)^2 - (t - c)^2) / 2.
    """
    length, middle = to_s - from_s, (from_s + to_s) / 2
    if length <= 0:
        return 0.0
    inside = (at_s - middle for at_s in times_s if from_s <= at_s < to_s)
    return 6 / length**3 * sum((length / 2) ** 2 - off**2 for off in inside)


def judge(checks: Sequence[Check], *, aborted: bool) -> Verdict:
    """
    Return the verdict: an aborted or dishonest run proves nothing, whatever its figures.
    """
    if aborted:
        return "aborted"
    broken = {check.threshold.kind for check in checks if not check.ok}
    if "validity" in broken:
        return "invalid"
    return "fail" if broken else "pass"


def result_of(
    runs: Mapping[str, Played],
    thresholds: tuple[Threshold, ...],
    circumstances: Circumstances,
    *,
    aborted: bool = False,
    broken: bool = False,
) -> dict[str, Any]:
    """
    Return the whole result, ready for `rehearsal.json`.

    Args:
        runs: what was played, by name; a run that is missing was not reached.
        thresholds: what the rehearsal is held to.
        circumstances: how it was made.
        aborted: whether somebody stopped it.
        broken: whether one of its programs failed, so that it proves nothing.
    """
    results = {name: run_result(runs[name]) if name in runs else None for name in PROMISED}
    checks = evaluate(results, thresholds)
    verdict = judge(checks, aborted=aborted) if not broken else "invalid"
    return {
        "verdict": verdict,
        "exit_code": EXIT_CODES[verdict],
        "seed": circumstances.seed,
        "thresholds": [check.to_json() for check in checks],
        "runs": results,
        "reasons": [*circumstances.reasons, *_reasons(checks, verdict)],
        "not_measured": list(circumstances.not_measured),
        "started_at": circumstances.started_at,
        "duration_s": round(circumstances.duration_s, 1),
        "command": circumstances.command,
        "settings": {title: dict(values) for title, values in circumstances.settings.items()},
        "versions": dict(circumstances.versions),
    }


def _reasons(checks: Sequence[Check], verdict: Verdict) -> Iterable[str]:
    dishonest = (check for check in checks if check.threshold.kind == "validity" and not check.ok)
    if verdict == "invalid" and any(check.value is not None for check in dishonest):
        yield (
            "The load generator could not keep up, so waiting times would look shorter than they are. "
            "Run the rehearsal on a machine with more free processor time, or with a smaller crowd."
        )


def _orders(played: Played) -> tuple[int, list[int]]:
    measures, books = played.measures, played.books
    length = len(measures.seconds)
    if books is None:
        return _count_orders(measures, None), [second.orders_seen for second in measures.seconds]
    zero = measures.started_at_ms
    by_s = [books.between(zero + t * 1000, zero + (t + 1) * 1000) for t in range(length)]
    return _count_orders(measures, books), by_s


def _count_orders(measures: Measures, books: Books | None) -> int:
    from_s, to_s = measures.overload
    if books is not None:
        return books.between(measures.started_at_ms + from_s * 1000, measures.started_at_ms + to_s * 1000)
    return sum(second.orders_seen for second in measures.seconds if from_s <= second.t < to_s)


def _demand(played: Played) -> float | None:
    from_s, to_s = played.plateau_s
    came = sum(1 for shopper in played.measures.shoppers if from_s <= shopper.arrival_s < to_s)
    if played.capacity.journeys_per_s <= 0 or to_s <= from_s or played.measures.duration_s < to_s:
        return None
    return round(came / (to_s - from_s) / played.capacity.journeys_per_s, 3)
