"""
The laws of adaptive admission, compared in a closed loop with a shop as a model.

Somebody always waits: what a law lets in, comes. It sees what gates report, once a second, and its word takes a while:
who is called comes to the door a poll later.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import mean
from types import MappingProxyType
from typing import Final

from waiting_room.core import adaptation
from waiting_room.core.adaptation import Adaptation, Limits, Reading, adapt
from waiting_room.core.health import MOST_MS, Health, recent
from waiting_room.simulation import laws
from waiting_room.simulation.shop import CONNECTIONS, LOOKERS, ORDER_MS, Shop, Weather, health_of

Law = Callable[[Adaptation, Reading, Limits], Adaptation]
LAWS: Final = MappingProxyType(
    {
        "fixed rate": laws.fixed,
        "AIMD on the rate": laws.aimd,
        "Gradient2 on those inside": laws.gradient2,
        "gradient to the target": laws.gradient,
        "answers (ours)": adapt,
    }
)
SHIPPED: Final = "answers (ours)"
TOLD: Final = "told the capacity"
"""No law: knows at each moment what the shop bears, and lets in 95 % of it. Who orders came half a minute ago, so even
that cannot sell all that the database has time for after a change."""
TOLD_SHARE: Final = 0.95
LIMITS: Final = Limits(
    floor=6.0, ceiling=1500.0, capacity=2000, latency_target_ms=1000.0, error_target=0.02, warm_up_ms=60_000.0
)
"""The ceiling is twice what the shop can bear, the capacity six times: the operator has not measured."""
LEAD_S: Final = 2
"""From the call to the door: a poll and the way."""
CALM_S: Final = 180
"""The shop is filled and the law has settled before anything is measured."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """
    Name what happens to the shop, when it turns for better or worse, and when it ends.
    """

    name: str
    weather: tuple[Weather, ...]
    turns_s: tuple[float, ...]
    until_s: int
    steady_s: tuple[int, int] = (CALM_S, 300)


def law_of(name: str, scenario: Scenario) -> Law:
    """
    Return the law of that name; the one that is `TOLD` knows the *scenario* beforehand.
    """
    return LAWS[name] if name in LAWS else partial(_told, scenario.weather)


def _told(weather: Sequence[Weather], state: Adaptation, reading: Reading, limits: Limits) -> Adaptation:
    now = next(each for each in reversed(weather) if 1000 * each.from_s <= reading.now_ms)
    shoppers_per_s = now.connections * 1000 / ORDER_MS / now.slower / (1 - LOOKERS)
    state = replace(adaptation.measured(state, reading), rate=60 * TOLD_SHARE * shoppers_per_s)
    return replace(state, rate=min(state.rate, adaptation.warmed_up(state, reading.now_ms, limits)))


HALF: Final = CONNECTIONS // 2
SCENARIOS: Final = (
    Scenario("halves and recovers", (Weather(0), Weather(300, HALF), Weather(540)), (300, 540), 720),
    Scenario("doubles", (Weather(0, HALF), Weather(300)), (300,), 480),
    Scenario("leaks", (Weather(0), *(Weather(300 + 5 * i, slower=1 + i / 60) for i in range(61))), (300,), 660),
    Scenario("down for a minute", (Weather(0), Weather(300, 0), Weather(360)), (360,), 540),
    Scenario("gates silent", (Weather(0), Weather(300, reports=False), Weather(390)), (300,), 480),
)


@dataclass(frozen=True, slots=True)
class Second:
    """
    Hold what happened within a second, and how it stood at its end.
    """

    at_s: int
    latencies_ms: tuple[float, ...]
    failures: int
    orders: int
    inside: int
    rate: float
    possible: float


@dataclass(frozen=True, slots=True)
class Result:
    """
    Hold the figures of one law in one scenario.

    *goodput*: orders as a share of what the database had time for. *back_s*: seconds after each turn until the 95th
    percentile of ten seconds is within the target and stays so for ten more, None where it never is. *swing*: by how
    much those inside, as a mean of ten seconds, departed from their mean while nothing happened. *errors*: share of
    answers that a shopper did not get.
    """

    law: str
    scenario: str
    goodput: float
    back_s: tuple[int | None, ...]
    swing: float
    errors: float


def run(law: Law, scenario: Scenario, seed: int = 1, limits: Limits = LIMITS) -> list[Second]:
    """
    Return what happened in each second of *scenario* under *law*.
    """
    shop = Shop(scenario.weather, seed)
    state = adaptation.begin(Reading(0, 0, 0, None), limits)
    records: deque[Health] = deque()
    coming: deque[float] = deque([0.0] * LEAD_S)
    seen: list[Second] = []
    admitted, door, tokens, told_ms = 0, 0.0, 0.0, 0
    for second in range(scenario.until_s):
        marks = len(shop.answers), len(shop.failures), len(shop.orders)
        in_flight_ms = 0
        # As the room does: as many are called as the door can let in when they are there, and a second longer.
        coming.append(max(0.0, state.rate / 60 * (LEAD_S + 1) - door - sum(coming)))
        door += coming.popleft()
        for quarter in range(4):
            tokens = min(1.0 + state.rate / 240, tokens + state.rate / 240)
            while tokens >= 1 and door >= 1 and len(shop.seats) < limits.capacity:
                tokens, door, admitted = tokens - 1, door - 1, admitted + 1
                shop.enter()
            shop.run_to(second + (quarter + 1) / 4)
            in_flight_ms += 250 * shop.in_flight
        now_ms = 1000 * (second + 1)
        if shop.reports:
            records.append(health_of(shop.answers[marks[0] :], in_flight_ms, now_ms - told_ms, now_ms))
        told_ms = now_ms
        while records and now_ms - records[0].at_ms > MOST_MS:
            records.popleft()
        state = law(state, Reading(now_ms, len(shop.seats), admitted, recent(records, now_ms)), limits)
        latencies = tuple(latency for _, latency, _ in shop.answers[marks[0] :])
        failures, orders = len(shop.failures) - marks[1], len(shop.orders) - marks[2]
        seen.append(Second(second, latencies, failures, orders, len(shop.seats), state.rate, shop.possible_per_s))
    return seen


def judge(law: str, scenario: Scenario, seconds: Sequence[Second], target_ms: float) -> Result:
    """
    Return the figures of a run, from the end of the calm.
    """
    measured = seconds[CALM_S:]
    possible = sum(second.possible for second in measured)
    answers = sum(len(second.latencies_ms) for second in measured)
    failures = sum(second.failures for second in measured)
    back = tuple(_back_s(seconds, turn_s, target_ms) for turn_s in scenario.turns_s)
    orders = sum(second.orders for second in measured)
    errors = failures / max(1, answers + failures)
    return Result(law, scenario.name, orders / possible, back, _swing(seconds, *scenario.steady_s), errors)


def _back_s(seconds: Sequence[Second], turn_s: float, target_ms: float) -> int | None:
    for at in range(int(turn_s), len(seconds) - 10):
        if p95(seconds[at : at + 10]) <= target_ms:
            return at - int(turn_s)
    return None


def _swing(seconds: Sequence[Second], from_s: int, until_s: int) -> float:
    inside = [mean(second.inside for second in seconds[at - 10 : at]) for at in range(from_s + 10, until_s)]
    middle = mean(inside)
    return max(abs(value - middle) for value in inside) / middle if middle else 0.0


def p95(seconds: Sequence[Second]) -> float:
    """
    Return the 95th percentile of all answers within *seconds*, 0 where there were none.
    """
    latencies = sorted(latency for second in seconds for latency in second.latencies_ms)
    return latencies[int(0.95 * (len(latencies) - 1))] if latencies else 0.0


SEEDS: Final = (1, 2, 3, 4, 5, 6)


def figures(name: str, scenario: Scenario, seeds: Sequence[int] = SEEDS) -> Result:
    """
    Return the figures of a law over several runs: mean goodput and errors, and the worst of the others.
    """
    law = law_of(name, scenario)
    runs = [judge(name, scenario, run(law, scenario, seed), LIMITS.latency_target_ms) for seed in seeds]
    back = tuple(_worst(turns) for turns in zip(*(each.back_s for each in runs), strict=True))
    goodput, errors = mean(each.goodput for each in runs), mean(each.errors for each in runs)
    return Result(name, scenario.name, goodput, back, max(each.swing for each in runs), errors)


def _worst(turns: Sequence[int | None]) -> int | None:
    known = [turn for turn in turns if turn is not None]
    return max(known) if len(known) == len(turns) else None


def row(result: Result) -> str:
    """
    Return the figures as a row of the table in the documentation.
    """
    back = ", ".join("never" if seconds is None else f"{seconds} s" for seconds in result.back_s)
    name = f"**{result.law}**" if result.law == SHIPPED else result.law
    figures_ = f"{result.goodput:.0%} | {back} | ±{result.swing:.0%} | {result.errors:.1%}"
    return f"| {result.scenario} | {name} | {figures_} |"


def table() -> str:
    """
    Return the comparison of all laws in all scenarios, for the documentation; takes about two minutes.
    """
    head = "| what happens | law | goodput | p95 back within its target | swing | errors |"
    rows = [row(figures(name, scenario)) for scenario in SCENARIOS for name in (TOLD, *LAWS)]
    return "\n".join([head, "| --- | --- | --- | --- | --- | --- |", *rows])
