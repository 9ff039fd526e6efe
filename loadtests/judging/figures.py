"""
The figures that criteria may speak of, over a whole run and over each of its phases. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from loadtests.arrivals.rate import together
from loadtests.crowd.kinds import KINDS
from loadtests.judging.facts import Books, Played
from loadtests.judging.gains import gained, human_share
from loadtests.measuring.cells import due_within, summed
from loadtests.measuring.fairness import quantile
from loadtests.measuring.measures import Measures, Outcome, ShopperRecord
from loadtests.scenario.phases import Phase, phases_of

Spans = Sequence[tuple[float, float]]

STEADY_S: Final = 3
"""A shop has recovered when it stays quick for so many seconds: one quick second may be chance."""
AS_BEFORE: Final = 1.5
AS_BEFORE_MS: Final = 100.0
"""It is as quick as before where 95 % of its pages take so many times as long as in the calm, or so much longer."""


@dataclass(frozen=True, slots=True)
class Figure:
    """
    Describe a figure.

    Args:
        says: what it is, for people.
        by_phase: whether it can be taken over a phase.
        needs: what it cannot be measured without: `room`, `books` (the shop's database) or `capacity`.
    """

    says: str
    by_phase: bool = True
    needs: str = ""


FIGURES: Final[Mapping[str, Figure]] = {
    "arrivals": Figure("shoppers who came"),
    "arrivals_per_s": Figure("shoppers who came, per second"),
    "orders": Figure("orders paid; of the whole run, over the overload"),
    "orders_per_s": Figure("orders paid per second; of the whole run, over the overload"),
    "orders_total": Figure("orders paid over the whole run", by_phase=False),
    "goodput_ratio": Figure("orders per second, of what the shop can sell", needs="capacity"),
    "shop_p50_ms": Figure("half of the shop's pages came within so many ms"),
    "shop_p95_ms": Figure("95 % of the shop's pages came within so many ms, from the intended moment"),
    "shop_p99_ms": Figure("99 % of the shop's pages came within so many ms"),
    "shop_service_p95_ms": Figure("likewise 95 %, but from the moment of sending"),
    "error_ratio": Figure("share of the requests to the shop that failed or were given up"),
    "visit_error_ratio": Figure("share of the visits of those who mean well that ended in an error", by_phase=False),
    "bought_ratio": Figure("share of those who came who bought"),
    "human_share": Figure("share of the passes that went to those who mean well", needs="room"),
    "admitted_per_s": Figure("passes per second", needs="room"),
    "abandoned_ratio": Figure("share of those who joined the queue who gave up", needs="room"),
    "waited_p50_s": Figure("half of those who were let in had waited up to so many s", needs="room"),
    "waited_p95_s": Figure("95 % of those who were let in had waited up to so many s", needs="room"),
    "waited_max_s": Figure("the longest wait of one who was let in, s", needs="room"),
    "recovery_s": Figure("how long after the peak the shop took to be as quick as in the calm", by_phase=False),
    "oversold": Figure("pieces sold beyond the stock", by_phase=False, needs="books"),
    "seats_max": Figure("most seats taken at once", by_phase=False, needs="room"),
    "over_admissions": Figure("let in beyond rate or seats", by_phase=False, needs="room"),
    "order_inversions": Figure("overtaken in the queue", by_phase=False, needs="room"),
    "places_lost": Figure("places that changed or vanished", by_phase=False, needs="room"),
    "position_rises": Figure("how often a shown position rose", by_phase=False, needs="room"),
    "passes_refused": Figure("passes that the shop did not take", by_phase=False, needs="room"),
    "eta_coverage": Figure("share of announced waits that came true", by_phase=False, needs="room"),
    "room_errors": Figure("answers of the room that were failures", by_phase=False, needs="room"),
    "still_waiting": Figure("in the queue when the run ended", by_phase=False, needs="room"),
    "hostile_gained": Figure("what those who mean no good got that was not theirs", by_phase=False, needs="room"),
    **{
        f"gained_{kind}": Figure(f"likewise those of the kind {kind} alone", by_phase=False, needs="room")
        for kind, described in KINDS.items() if not described.honest
    },
    "demand_ratio": Figure("who came at the peak, in multiples of what the shop can serve", by_phase=False,
                           needs="capacity"),
    "start_lag_p99_ms": Figure("99 % of the shoppers started within so many ms of their moment", by_phase=False),
    "not_started": Figure("shoppers who could not be started", by_phase=False),
    "unsent": Figure("requests for which the generator had no open file or port left", by_phase=False),
    "generator_cpu_peak": Figure("the generator's share of a core in its busiest 5 s", by_phase=False),
}  # fmt: skip


def phases_in(played: Played) -> tuple[Phase, ...]:
    """
    Return the phases of a run as it went; none where no scenario says who was to come.
    """
    if played.scenario is None or not played.scenario.streams:
        return ()
    waiting = [float(second.waiting) for second in played.measures.seconds] if played.room else []
    return phases_of(together(stream.rate for stream in played.scenario.streams), waiting, played.measures.duration_s)


def figures_of(played: Played) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """
    Return the figures of the whole run, and those of each phase by its name.
    """
    phases = phases_in(played)
    whole = figures_over(played, [(0.0, played.measures.duration_s + 1.0)])
    whole["recovery_s"] = recovery_s(played, phases)
    if played.room:
        whole |= gained(played.measures.shoppers)
    names = dict.fromkeys(phase.name for phase in phases)
    spans = {name: [(phase.from_s, phase.to_s) for phase in phases if phase.name == name] for name in names}
    return whole, {name: figures_over(played, parts) for name, parts in spans.items()}


def figures_over(played: Played, spans: Spans) -> dict[str, Any]:
    """
    Return the figures over some parts of a run.

    A request counts where it was due, a shopper where they came, an order and a pass when it was given.
    """
    measures, length_s = played.measures, sum(to_s - from_s for from_s, to_s in spans)
    length_s = min(length_s, measures.duration_s) or 1.0
    asked = summed(cell for from_s, to_s in spans for cell in due_within(measures.cells, from_s, to_s))
    came = [shopper for shopper in measures.shoppers if _within(shopper.arrival_s, spans)]
    orders = orders_of(played, spans)
    capacity = played.capacity.orders_per_s
    return {
        "arrivals": len(came),
        "arrivals_per_s": _ratio(len(came), length_s),
        "orders": orders,
        "orders_per_s": _ratio(orders, length_s),
        "goodput_ratio": _ratio(orders / length_s, capacity),
        "shop_p50_ms": asked.latency.percentile_ms(50),
        "shop_p95_ms": asked.latency.percentile_ms(95),
        "shop_p99_ms": asked.latency.percentile_ms(99),
        "shop_service_p95_ms": asked.service.percentile_ms(95),
        "error_ratio": asked.error_ratio,
        "bought_ratio": _ratio(sum(shopper.outcome is Outcome.BOUGHT for shopper in came), len(came)),
        **(_room_figures(measures, came, spans, length_s) if played.room else {}),
    }


def _room_figures(measures: Measures, came: Sequence[ShopperRecord], spans: Spans, length_s: float) -> dict[str, Any]:
    let_in = [s for s in measures.shoppers if s.admitted_s is not None and _within(s.admitted_s, spans)]
    joined = [shopper for shopper in came if shopper.joined_s is not None]
    waits = [shopper.waited_s for shopper in came if shopper.admitted_s is not None and shopper.waited_s is not None]
    gave_up = sum(shopper.outcome is Outcome.GAVE_UP_WAITING for shopper in joined)
    return {
        "admitted_per_s": _ratio(len(let_in), length_s),
        "human_share": human_share(let_in),
        "abandoned_ratio": _ratio(gave_up, len(joined)),
        "waited_p50_s": quantile(waits, 0.5),
        "waited_p95_s": quantile(waits, 0.95),
        "waited_max_s": max(waits, default=None),
    }


def recovery_s(played: Played, phases: Sequence[Phase]) -> float | None:
    """
    Return how long after the peak, or after the last change that ended, the shop took to be as quick as in the calm.

    None where there was no calm before it, or where it did not recover.
    """
    peak_to = max((phase.to_s for phase in phases if phase.name == "peak"), default=None)
    first = phases[0] if phases else None
    if first is None or first.name != "calm":
        return None
    ends = [float(change["until_s"]) for change in played.changes if change.get("until_s") is not None]
    after_s = max([*ends, peak_to if peak_to is not None else 0.0])
    times = {second.t: second.shop_p95_ms for second in played.measures.seconds}
    until_s = min([first.to_s, *(float(change["at_s"]) for change in played.changes if change.get("at_s"))])
    calm = [p95 for t, p95 in times.items() if p95 is not None and t + 1 <= until_s]
    if not calm:
        return None
    limit_ms = max(median(calm) * AS_BEFORE, median(calm) + AS_BEFORE_MS)
    quick = [t for t, p95 in sorted(times.items()) if t >= after_s and (p95 is None or p95 <= limit_ms)]
    for t in quick:
        if all(next_t in quick or next_t not in times for next_t in range(t, t + STEADY_S)):
            return round(max(0.0, t - after_s), 1)
    return None


def orders_of(played: Played, spans: Spans) -> int:
    """
    Count the orders over some parts of a run: by the shop's books, or else by the confirmations that shoppers saw.
    """
    measures, books = played.measures, played.books
    if books is None:
        return sum(second.orders_seen for second in measures.seconds if _within(second.t, spans))
    return sum(_booked(books, measures, from_s, to_s) for from_s, to_s in spans)


def orders_by_s(played: Played) -> list[int]:
    """
    Count the orders of each second.
    """
    return [orders_of(played, [(second.t, second.t + 1)]) for second in played.measures.seconds]


def _booked(books: Books, measures: Measures, from_s: float, to_s: float) -> int:
    return books.between(measures.started_at_ms + from_s * 1000, measures.started_at_ms + to_s * 1000)


def _within(at_s: float, spans: Iterable[tuple[float, float]]) -> bool:
    return any(from_s <= at_s < to_s for from_s, to_s in spans)


def _ratio(part: float, of: float) -> float | None:
    return round(part / of, 4) if of > 0 else None
