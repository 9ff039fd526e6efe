"""
What somebody wants to have rehearsed: a scenario, made to measure or given, and how. Pure.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from loadtests.arrivals.rate import Rate
from loadtests.crowd.shoppers import Behaviour
from loadtests.crowd.streams import Stream
from loadtests.demo_shop.model import ShopModel, read_model
from loadtests.engine.plan import RunName
from loadtests.judging.facts import ShopCapacity
from loadtests.rehearsal import sizing
from loadtests.rehearsal.demand import crowd_rate, for_crowd, overload_of, plateau_of, usual
from loadtests.rehearsal.sizing import CROWD, Size
from loadtests.scenario.spec import Scenario
from loadtests.scenario.tables import CLEAN_UP

TRIAL_S = 9.0
DB_CONNECTIONS = 8
"""The demo shop's, where a scenario does not say: about 18 orders a second."""


@dataclass(frozen=True, slots=True)
class Trial:
    """
    Say how the shop's capacity is measured.

    Args:
        length_s: how long the closed loop runs, seconds; the first quarter warms up and is not judged.
        behaviour: of those who go round in it.
        shop: what differs in the demo shop's model.
    """

    length_s: float
    behaviour: Behaviour
    shop: dict[str, Any]

    @property
    def judged_s(self) -> tuple[float, float]:
        """
        Return the seconds (from, to) that count.
        """
        return self.length_s / 4, self.length_s

    def stream(self) -> Stream:
        """
        Return those who go round.
        """
        return Stream("crowd", Rate(((0.0, 1.0), (self.length_s, 1.0))), CROWD, self.behaviour)


@dataclass(frozen=True, slots=True)
class Brief:
    """
    Say what is to be rehearsed.

    Args:
        out: the directory for everything that is written.
        seed: which crowd.
        command: the command line, for the report.
        title: what it is, for people.
        scenario: returns what is played against a shop of a capacity.
        trial: how the capacity is measured.
        runs: which runs are played, in this order.
        plain: whether it is judged by the limits of every rehearsal, and not by those of a scenario.
        speed, scale: how the scenario was compressed and its crowd enlarged; both are in *scenario* already.
        workers: how many generators share the crowd.
        capacity_per_s: orders per second that the shop can sell, where they are known and need no measuring.
        max_duration_s: no run goes on for longer.
        copy: the scenario's text, to be kept beside the results; empty for none.
        fixed: the scenario where it does not depend on the capacity.
        clean_up: the address or the command that removes the orders from the shop; empty for none.
        ceiling_share: the crowd's peak as a share of what this machine can start; None where that was not measured.
    """

    out: Path
    seed: int
    command: str
    title: str
    scenario: Callable[[ShopCapacity], Scenario]
    trial: Trial
    runs: tuple[RunName, ...]
    plain: bool
    speed: float = 1.0
    scale: float = 1.0
    workers: int = 1
    capacity_per_s: float | None = None
    max_duration_s: float = 3600.0
    copy: str = ""
    fixed: Scenario | None = None
    clean_up: str = ""
    ceiling_share: float | None = None

    def told(self, scenario: Scenario | None) -> dict[str, Any]:
        """
        Return what the result tells of the scenario; None where none was reached.
        """
        shown = scenario or self.fixed
        if shown is None:
            return {}
        return {
            "name": shown.name,
            "says": dict(shown.says),
            "seed": self.seed,
            "speed": self.speed,
            "scale": self.scale,
            "workers": self.workers,
            "length_s": shown.length_s,
            "drain_s": shown.drain_s,
            "pre_queue_s": shown.pre_queue_s,
            "order_value": shown.order_value,
            "currency": shown.currency,
            "sources": dict(shown.sources),
        }


def brief_of_size(size: Size, out: Path, seed: int, command: str) -> Brief:
    """
    Return the brief of a plain rehearsal: the crowd and the room are made to the shop's measure.
    """
    return Brief(
        out=out,
        seed=seed,
        command=command,
        title=f"A {size.name} rehearsal, about {size.about_s:.0f} s. Seed {seed}.",
        scenario=partial(sizing.scenario_of, size),
        trial=Trial(size.capacity_s, size.behaviour, {"db_connections": size.db_connections}),
        runs=("without_room", "with_room"),
        plain=True,
    )


def brief_of_scenario(
    scenario: Scenario, out: Path, seed: int, command: str, *, without_room: bool = False, **more: Any
) -> Brief:
    """
    Return the brief of a scenario; *more* are further fields of `Brief`.
    """
    lasts_s = scenario.length_s + scenario.drain_s
    runs: tuple[RunName, ...] = ("without_room", "with_room") if without_room else ("with_room",)
    fields: dict[str, Any] = {
        "title": f"{scenario.name}, at most {len(runs) * lasts_s:.0f} s and the start. Seed {seed}.",
        "runs": runs,
        **more,
    }
    return Brief(
        out=out,
        seed=seed,
        command=command,
        scenario=lambda _capacity: scenario,
        trial=Trial(TRIAL_S, usual(scenario.streams), shop_settings(scenario)),
        plain=False,
        fixed=scenario,
        **fields,
    )


@dataclass(frozen=True, slots=True)
class Course:
    """
    Hold what is played once the shop's capacity is known.

    Args:
        scenario: what is played.
        capacity: what the shop can do, for this crowd.
        overload_s: the seconds (from, to) over which the shop is judged.
        plateau_s: the seconds (from, to) of the peak.
    """

    scenario: Scenario
    capacity: ShopCapacity
    overload_s: tuple[float, float]
    plateau_s: tuple[float, float]

    @property
    def peak_per_s(self) -> float:
        """
        Return how many come per second at the peak, of those who mean well.
        """
        return crowd_rate(self.scenario.streams).peak_per_s

    @property
    def behaviour(self) -> Behaviour:
        """
        Return how most of them behave.
        """
        return usual(self.scenario.streams)

    @property
    def lasts_s(self) -> float:
        """
        Return how long a run takes at most.
        """
        return self.scenario.length_s + self.scenario.drain_s


def course_of(brief: Brief, capacity: ShopCapacity) -> Course:
    """
    Return what the brief comes to against a shop of this capacity; one of 0 is unknown.
    """
    scenario = brief.scenario(capacity)
    served = for_crowd(capacity, scenario.streams)
    overload_s = overload_of(scenario, served.journeys_per_s)
    return Course(scenario, served, overload_s, plateau_of(crowd_rate(scenario.streams)))


def shop_settings(scenario: Scenario) -> dict[str, Any]:
    """
    Return what the scenario says of the demo shop, with what every rehearsal says.
    """
    model = {name: value for name, value in scenario.shop.items() if name != CLEAN_UP}
    return {"db_connections": DB_CONNECTIONS, **model}


def shop_model(settings: dict[str, Any], database: str, port: int, seed: int) -> ShopModel:
    """
    Return the demo shop's model; raise `ConfigError` with every fault in its settings.
    """
    return read_model({**settings, "database": database, "port": port, "seed": seed})
