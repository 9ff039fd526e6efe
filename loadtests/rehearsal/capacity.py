"""
Find a shop's capacity: a closed loop with twice as many shoppers at each step, up to the knee and a step beyond; then
more than the shop can serve for some seconds, to see that it recovers.

Steps run in a closed loop, for it asks no more than is answered, and so each settles, on a busy machine as well. What
breaks a shop is a crowd that comes by the clock, so the last part does: two and a half times as many as the
shop can serve, and then few. Nobody thinks: the shop is measured, not the people.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from loadtests.arrivals.rate import Rate
from loadtests.crowd.streams import Stream
from loadtests.engine.plan import RunPlan
from loadtests.forecast.knee import Knee, Objective, Step, knee_of, next_shoppers, orders_per_s, settled
from loadtests.measuring.histogram import Histogram
from loadtests.measuring.measures import Measures, Second
from loadtests.rehearsal.cleanup import fresh_run_id
from loadtests.rehearsal.progress import Progress
from loadtests.rehearsal.stack import Stack

LEAST_ROUNDS: Final = 2
"""A step ends no sooner than when each shopper has gone round so often."""
LEAST_ORDERS: Final = 8
MOST_WARM_S: Final = 5
MOST_SHOPPERS: Final = 512
MOST_JUDGED_S: Final = 5
"""Enough for the demo shop, whose orders take less than half a second."""
SURGE: Final = 2.5
"""The surge, in multiples of what the shop can serve."""
SURGE_S: Final = 6
CALM: Final = 0.3
CALM_S: Final = 20
WELL_S: Final = 3
"""So many good seconds one after another are a recovery."""


@dataclass(frozen=True, slots=True)
class Search:
    """
    Say what is searched, and how.

    Args:
        shop_url: the shop's address.
        crowd: who goes round; the rate does not count.
        objective: what the shop must keep.
        seed: which crowd.
        out: the directory for everything that is written.
        most_shoppers: no step has more.
        most_judged_s: no step is judged for longer, settled or not, seconds.
        surge: whether the shop is overrun in the end, to see it recover.
        hosts: which hosts beyond this machine may be loaded, wherever the shop leads.
        header_file: where headers for the shop alone stand; empty for none.
    """

    shop_url: str
    crowd: Stream
    objective: Objective
    seed: int
    out: Path
    most_shoppers: int = MOST_SHOPPERS
    most_judged_s: int = MOST_JUDGED_S
    surge: bool = True
    hosts: tuple[str, ...] = ()
    header_file: str = ""


@dataclass(frozen=True, slots=True)
class Recovery:
    """
    Hold what became of the shop after the surge.

    Args:
        offered_per_s: how many came per second in it.
        worst_p95_ms: of its worst second; None where no page came.
        failed: how many requests failed in it and after it.
        after_s: how long after its end the shop was well again, and stayed so; None where it was not.
    """

    offered_per_s: float
    worst_p95_ms: float | None
    failed: int
    after_s: int | None


@dataclass(slots=True)
class Found:
    """
    Hold what is known so far; enough for a report at any moment.
    """

    steps: list[Step] = field(default_factory=list)
    recovery: Recovery | None = None
    generator_cpu_peak: float = 0.0
    problems: dict[str, int] = field(default_factory=dict)
    tag: str = ""

    def knee(self, objective: Objective) -> Knee:
        """
        Return what the steps say together.
        """
        return knee_of(self.steps, objective)


class Enough(Exception):  # noqa: N818 - a run that has told enough is no error
    """
    End a run of the generator: it has told what it was asked.
    """


class CapacitySearch:
    """
    Load a running shop step by step.

    Args:
        search: what to do.
        stack: starts and ends the generator.
        show: where progress is shown.
        found: where what was found is put, at once.
    """

    def __init__(self, search: Search, stack: Stack, show: Progress, found: Found) -> None:
        self._search = search
        self._stack = stack
        self._show = show
        self._found = found
        self._run_id = fresh_run_id()

    def run(self) -> None:
        """
        Take all steps, and overrun the shop in the end.
        """
        search, found = self._search, self._found
        while (shoppers := next_shoppers(found.steps, search.objective, search.most_shoppers)) is not None:
            found.steps.append(self._step(shoppers))
            self._show.note(step_words(found.steps[-1]))
        capacity = found.knee(search.objective).orders_per_s
        if search.surge and capacity > 0:
            found.recovery = self._surge(capacity)

    def _step(self, shoppers: int) -> Step:
        most_s = self._search.most_judged_s
        warm_s = warm_up_s(self._found.steps)
        self._show.phase(f"{shoppers} at one time" if shoppers > 1 else "One shopper alone", warm_s + most_s)
        stop = Stopping(shoppers, warm_s, most_s)
        plan = self._plan(
            f"step-{shoppers:03}", mode="closed", closed_shoppers=shoppers, duration_s=float(warm_s + most_s + 1)
        )
        return step_of(shoppers, self._drive(plan, stop.heard), stop)

    def _surge(self, capacity: float) -> Recovery:
        offered, calm = SURGE * capacity, CALM * capacity
        rate = Rate(((0.0, offered), (SURGE_S, offered), (SURGE_S, calm), (SURGE_S + CALM_S, calm)))
        self._show.phase(f"{offered:.0f} come a second, and then {calm:.0f}: does it recover?", SURGE_S + CALM_S)
        behaviour = replace(self._search.crowd.behaviour, browse_think_s=0.0, form_think_s=0.0)
        stream = replace(self._search.crowd, rate=rate, behaviour=behaviour)
        watch = Recovering(self._search.objective)
        plan = self._plan("surge", mode="open", streams=(stream,), duration_s=float(SURGE_S + CALM_S))
        measures = self._drive(plan, watch.heard)
        return recovery_of(measures.seconds, offered, watch.well_at_s)

    def _plan(self, name: str, **parts: Any) -> RunPlan:
        search = self._search
        crowd = replace(search.crowd, rate=Rate(((0.0, 1.0), (1.0, 1.0))))
        values = {"streams": (crowd,), "drain_s": 0.0, **parts}
        return RunPlan(
            name="capacity",
            shop_url=search.shop_url,
            seed=search.seed,
            hosts=search.hosts,
            header_file=search.header_file,
            run_id=self._run_id,
            out=str(search.out / "runs" / f"{name}.measures.json"),
            **values,
        )

    def _drive(self, plan: RunPlan, heard: Callable[[dict[str, Any]], None]) -> Measures:
        self._found.tag = plan.tag

        def on_line(line: dict[str, Any]) -> None:
            self._show.tick(line)
            heard(line)

        try:
            measures = self._stack.drive(plan, on_line)
        except Enough:
            measures = Measures.from_file(Path(plan.out))
        found = self._found
        found.generator_cpu_peak = max(found.generator_cpu_peak, measures.generator_cpu_peak)
        for problem, count in measures.problems.items():
            found.problems[problem] = found.problems.get(problem, 0) + count
        return measures


def warm_up_s(steps: list[Step]) -> int:
    """
    Return for how many seconds a step is not judged: about one round, which is at most twice as long as the last one's.
    """
    if not steps or steps[-1].orders_per_s <= 0:
        return 1
    round_s = 2 * steps[-1].shoppers / steps[-1].orders_per_s
    return min(MOST_WARM_S, max(1, math.ceil(round_s - 0.5)))


@dataclass(slots=True)
class Stopping:
    """
    Hear a step's seconds, and end it when the throughput has settled.

    Args:
        shoppers: how many go round.
        warm_s: how many seconds are not judged.
        most_s: no more are judged.
    """

    shoppers: int
    warm_s: int
    most_s: int
    pages: list[int] = field(default_factory=list)
    orders: int = 0
    settled: bool = False

    @property
    def until_s(self) -> int:
        """
        Return the end of the last second heard.
        """
        return self.warm_s + len(self.pages)

    def heard(self, line: dict[str, Any]) -> None:
        """
        Note a second; raise `Enough` when there is nothing more to learn, or no more time.
        """
        if line["t"] < self.warm_s:
            return
        self.pages.append(line["shop_requests"] - line["shop_errors"])
        self.orders += line["orders_seen"]
        rounds = self.orders >= max(LEAST_ORDERS, LEAST_ROUNDS * self.shoppers)
        self.settled = rounds and settled(self.pages)
        if self.settled or len(self.pages) >= self.most_s:
            raise Enough


def step_of(shoppers: int, measures: Measures, stop: Stopping) -> Step:
    """
    Return what a step's measures come to over the seconds that are judged.
    """
    from_s, to_s = stop.warm_s, stop.until_s
    judged = [second for second in measures.seconds if from_s <= second.t < to_s]
    latency = summed(second.latency for second in judged)
    asked = sum(second.shop_requests for second in judged)
    failed = sum(second.shop_errors for second in judged)
    return Step(
        shoppers=shoppers,
        orders_per_s=orders_per_s(measures, from_s, to_s) if judged else 0.0,
        page_p50_ms=latency.percentile_ms(50),
        page_p95_ms=latency.percentile_ms(95),
        error_ratio=failed / asked if asked else 0.0,
        judged_s=float(len(judged)),
        settled=stop.settled,
    )


@dataclass(slots=True)
class Recovering:
    """
    Hear the seconds after a surge, and end the run when the shop is well again.
    """

    objective: Objective
    good: int = 0
    well_at_s: int | None = None

    def heard(self, line: dict[str, Any]) -> None:
        """
        Note a second; raise `Enough` when enough good ones followed one another.
        """
        if line["t"] < SURGE_S:
            return
        p95_ms = line["shop_p95_ms"]
        well = p95_ms is not None and p95_ms <= self.objective.page_p95_ms and not line["shop_errors"]
        self.good = self.good + 1 if well else 0
        if self.good == WELL_S:
            self.well_at_s = line["t"] + 1 - WELL_S
            raise Enough


def recovery_of(seconds: Iterable[Second], offered_per_s: float, well_at_s: int | None) -> Recovery:
    """
    Return what the seconds of the surge and after it say.
    """
    told = list(seconds)
    return Recovery(
        offered_per_s=offered_per_s,
        worst_p95_ms=max((second.shop_p95_ms for second in told if second.shop_p95_ms is not None), default=None),
        failed=sum(second.shop_errors for second in told),
        after_s=None if well_at_s is None else well_at_s - SURGE_S,
    )


def summed(parts: Iterable[Histogram]) -> Histogram:
    """
    Return one histogram of all.
    """
    whole = Histogram()
    for part in parts:
        whole.merge(part)
    return whole


def step_words(step: Step) -> str:
    """
    Return a step in a line for people.
    """
    p95 = "no page" if step.page_p95_ms is None else f"pages within {step.page_p95_ms:.0f} ms (95 %)"
    return f"{step.orders_per_s:.2f} orders/s, {p95}, {step.error_ratio:.1%} failed, judged over {step.judged_s:.0f} s"
