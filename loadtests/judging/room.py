"""
The figures of a run that only a waiting room gives it. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from loadtests.crowd.kinds import means_well
from loadtests.judging.facts import RoomFacts
from loadtests.measuring import fairness
from loadtests.measuring.fairness import Announcement, Place
from loadtests.measuring.measures import Measures, Outcome, ShopperRecord
from waiting_room.core.draw import Draw, Order

Spans = Sequence[tuple[float, float]]
BLIND: Final = frozenset({"break", "kill-redis"})


def room_result(measures: Measures, room: RoomFacts, changes: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """
    Return the figures that only a run behind a room has; *changes* are those that were made during it.
    """
    shoppers = credible(measures.shoppers, changes)
    waits = [s.waited_s for s in shoppers if s.admitted_s is not None and s.waited_s is not None]
    everybody = [shopper for shopper in measures.shoppers if means_well(shopper.kind)]
    return {
        "rate_per_s": room.rate_per_s,
        "capacity": room.capacity,
        "seats_max": room.seats_peak,
        "admitted": room.admitted_total,
        "waited_p50_s": fairness.quantile(waits, 0.5),
        "waited_p95_s": fairness.quantile(waits, 0.95),
        "waited_max_s": max(waits, default=None),
        "put_off": sum(shopper.put_off_s > 0 for shopper in everybody),
        "put_off_max_s": max((shopper.put_off_s for shopper in everybody), default=0.0),
        "over_admissions": None
        if room.seats_peak is None
        else fairness.over_admissions(
            passes_of(shoppers),
            rate_per_s=room.rate_per_s,
            seats_peak=room.seats_peak,
            capacity=room.capacity,
            later_rates=room.rates_per_s,
        ),
        "order_inversions": fairness.order_inversions(places_of(shoppers, room.draws)),
        "places_lost": fairness.places_lost(places_of(everybody, room.draws)),
        "position_rises": sum(shopper.position_rises for shopper in shoppers),
        "still_waiting": sum(
            1 for s in shoppers if s.outcome is Outcome.UNFINISHED and s.admitted_s is None and s.joined_s is not None
        ),
        "passes_refused": sum(shopper.passes_refused for shopper in shoppers),
        "eta_coverage": fairness.eta_coverage(announcements_of(shoppers)),
        "draws": [asdict(draw) for draw in room.draws],
        "room_errors": measures.room_errors,
        "room_by_s": [dict(sample) for sample in room.by_s],
    }


def credible(shoppers: Iterable[ShopperRecord], changes: Iterable[Mapping[str, Any]]) -> tuple[ShopperRecord, ...]:
    """
    Return what shoppers were told without what is no evidence of the order.

    In a break everybody is told to wait, and while the store is away each worker answers from the last picture it had:
    those too who were called before and had not asked yet. Who means no good, and who came back to the queue, has
    the number of one place and the call of another under one record.
    """
    blind = [(float(c["at_s"]), float(c["until_s"])) for c in changes if c["do"] in BLIND and c["until_s"]]
    return tuple(
        replace(shopper, last_waiting_s=_before(blind, shopper.last_waiting_s))
        if means_well(shopper.kind) and not _several_places(shopper)
        else replace(shopper, number=None, last_waiting_s=None)
        for shopper in shoppers
    )


def _several_places(shopper: ShopperRecord) -> bool:
    called_s = shopper.called_s if shopper.called_s is not None else shopper.admitted_s
    before = called_s is not None and shopper.joined_s is not None and called_s < shopper.joined_s
    return bool(shopper.later_passes_ms) or before


def places_of(shoppers: Iterable[ShopperRecord], draws: Iterable[Draw] = ()) -> Iterable[Place]:
    """
    Return the place of everybody who had a number; a draw has put the numbers of those who came early in another order.
    """
    drawn = [(draw, Order(draw)) for draw in draws if draw.size]
    for shopper in shoppers:
        if shopper.number is not None:
            number, lane = shopper.number, shopper.lane or ""
            orders = (order for draw, order in drawn if draw.lane == lane and draw.holds(number))
            order = next(orders, None)
            yield Place(
                lane=lane,
                number=order.rank_of(number) if order else number,
                called_s=shopper.called_s if shopper.called_s is not None else shopper.admitted_s,
                last_waiting_s=shopper.last_waiting_s,
                number_changed=shopper.number_changed,
                vanished=shopper.vanished,
            )


def _before(blind: Spans, at_s: float | None) -> float | None:
    for from_s, to_s in blind:
        if at_s is not None and from_s <= at_s <= to_s + fairness.SNAPSHOT_SLACK_S:
            return from_s
    return at_s


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
