"""
A made-up rehearsal for the tests: a small queue computed by arithmetic, in the shape that the generator measures.
"""

from typing import Any

from loadtests.arrivals.rate import Rate
from loadtests.crowd.streams import Stream
from loadtests.judging.facts import Books, Circumstances, Played, RoomFacts, ShopCapacity
from loadtests.judging.thresholds import DEFAULTS
from loadtests.judging.verdict import result_of
from loadtests.measuring.histogram import Histogram
from loadtests.measuring.measures import EtaSample, Measures, Outcome, Outcomes, Second, ShopperRecord
from loadtests.scenario.spec import Scenario

ZERO_MS = 1_800_000_000_000
CAPACITY = ShopCapacity(orders_per_s=9.0, journeys_per_s=10.0)
RATE = 10.0
LENGTH_S = 60


CROWD = Rate(((0.0, 5.0), (5.0, 5.0), (5.0, 45.0), (15.0, 45.0)))


def scenario(**changes: Any) -> Scenario:
    """
    Return the scenario of the made-up rehearsal's crowd.
    """
    usual: dict[str, Any] = {
        "name": "made-up",
        "says": {"en": "A crowd."},
        "streams": (Stream("crowd", CROWD),),
        "room": {"rate_per_minute": 600, "capacity": 60},
        "drain_s": 45.0,
    }
    return Scenario(**usual | changes)


def arrivals() -> list[float]:
    """
    Come at 5 a second, then at 45 a second from second 5 to 15, then not any more.
    """
    return [i / 5 for i in range(25)] + [5 + i / 45 for i in range(450)]


def records(*, room: bool) -> tuple[ShopperRecord, ...]:
    """
    Let the crowd be served ten a second in order; without a room, only those who are served within 4 s buy.
    """
    free, found = 0.0, []
    for i, came in enumerate(arrivals()):
        called = max(came, free)
        free = called + 1 / RATE
        wait = called - came
        ended = called + 3 if room else came + min(wait + 3, 12)
        buys = i % 10 != 0
        if ended >= LENGTH_S:
            outcome = Outcome.UNFINISHED
        elif room or wait < 4:
            outcome = Outcome.BOUGHT if buys else Outcome.BROWSED
        else:
            outcome = Outcome.GAVE_UP_SHOP
        found.append(
            record(i, came, called, outcome, ended) if room else ShopperRecord(i, came, 0.4, outcome, ended_s=ended)
        )
    return tuple(found)


def record(i: int, came: float, called: float, outcome: Outcome, ended: float) -> ShopperRecord:
    """
    Return the visit of one who waited in the room until called.
    """
    reached = called < LENGTH_S
    half = (came + called) / 2
    eta = EtaSample(half, half, (called - half) * 0.8, (called - half) * (1.2 if i % 7 else 0.9), called - half)
    return ShopperRecord(
        i=i,
        arrival_s=came,
        start_lag_ms=0.4,
        outcome=outcome,
        number=i + 1,
        lane="standard",
        joined_s=came,
        called_s=called if reached else None,
        admitted_s=called if reached else None,
        pass_issued_ms=ZERO_MS + int(called * 1000) if reached else None,
        waited_s=called - came,
        last_waiting_s=called - 0.2 if called > came + 1 and reached else None,
        eta=eta if reached and called > came + 1 else None,
        ended_s=ended,
    )


def measures(name: str, *, interrupted: bool = False) -> Measures:
    """
    Sum the crowd up as the generator does.
    """
    room = name == "with_room"
    shoppers = records(room=room)
    sold = [s.ended_s or 0.0 for s in shoppers if s.outcome is Outcome.BOUGHT]
    seconds = []
    for t in range(LENGTH_S):
        waiting = sum(1 for s in shoppers if room and s.arrival_s <= t < (s.called_s or LENGTH_S))
        inside = sum(1 for s in shoppers if (s.called_s or s.arrival_s) <= t < (s.ended_s or 0))
        crowd = min(inside, 120)
        seconds.append(
            Second(
                t=t,
                arrivals=sum(1 for s in shoppers if t <= s.arrival_s < t + 1),
                shop_requests=crowd * 2,
                shop_errors=0 if room else crowd // 2,
                shop_p50_ms=(60.0 if room else 60 + crowd * 60) if crowd else None,
                shop_p95_ms=(240.0 + t % 7 * 20 if room else 240 + crowd * 110) if crowd else None,
                orders_seen=sum(1 for end in sold if t <= end < t + 1),
                waiting=waiting,
                in_shop=inside,
                admitted=sum(1 for s in shoppers if s.admitted_s is not None and t <= s.admitted_s < t + 1),
                cpu_share=0.2,
            )
        )
    ends = [s.outcome for s in shoppers]
    return Measures(
        run="with_room" if room else "without_room",
        seed=1,
        started_at_ms=ZERO_MS,
        duration_s=float(LENGTH_S),
        interrupted=interrupted,
        overload=(8.0, 45.0),
        arrivals=len(shoppers),
        scheduled=len(shoppers),
        not_started=0,
        start_lag_p50_ms=0.4,
        start_lag_p99_ms=2.5,
        start_lag_max_ms=9.1,
        generator_cpu_share=0.2,
        generator_cpu_peak=0.4,
        outcomes=Outcomes(**{outcome.value: ends.count(outcome) for outcome in Outcome}),
        shop_p95_ms=320.0 if room else 11_800.0,
        shop_service_p95_ms=300.0 if room else 9_000.0,
        shop_requests=4000,
        shop_errors=0 if room else 1100,
        error_ratio=0.0 if room else 0.275,
        seconds=tuple(seconds),
        latency=Histogram(),
        service=Histogram(),
        shoppers=shoppers,
    )


def played(name: str, **changes: Any) -> Played:
    """
    Add what shop and room say of themselves.
    """
    found = measures(name, **changes)
    paid = sorted(ZERO_MS + int((s.ended_s or 0) * 1000) for s in found.shoppers if s.outcome is Outcome.BOUGHT)
    samples = tuple({"t": float(s.t), "seats": s.in_shop, "waiting": s.waiting} for s in found.seconds)
    room = RoomFacts(RATE, 60, 41, 500, samples) if name == "with_room" else None
    return Played(found, CAPACITY, (5.0, 15.0), Books(tuple(paid), 0), room, scenario())


CIRCUMSTANCES = Circumstances(
    seed=1,
    started_at="2026-05-04T10:00:00+00:00",
    duration_s=131.2,
    command="waiting-room rehearse --out rehearsal --quick",
    settings={"The room": {"capacity": 60, "rate_per_minute": 600}, "The crowd": {"peak_per_s": 45.0}},
    versions={"waiting-room": "0.1", "python": "3.11"},
)


def sample() -> tuple[dict[str, Any], dict[str, Measures]]:
    """
    Return a whole result and the measures behind it, as they stand in the files.
    """
    runs = {name: played(name) for name in ("without_room", "with_room")}
    result = result_of(runs, DEFAULTS, CIRCUMSTANCES)
    return result, {name: run.measures for name, run in runs.items()}
