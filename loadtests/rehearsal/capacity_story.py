"""
A search for a shop's capacity from its start to its result: the demo shop or one that runs, and what is made of it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from loadtests.arrivals.rate import Rate, expected_count
from loadtests.crowd.kinds import means_well
from loadtests.crowd.streams import Stream
from loadtests.demo_shop.model import ShopModel
from loadtests.forecast.knee import Knee, Objective
from loadtests.forecast.scaling import Fit
from loadtests.judging.words import UNFINISHED
from loadtests.rehearsal.brief import DB_CONNECTIONS, shop_model, shop_settings
from loadtests.rehearsal.capacity import MOST_JUDGED_S, MOST_SHOPPERS, CapacitySearch, Found, Search
from loadtests.rehearsal.ending import Outline, to_the_end
from loadtests.rehearsal.files import forget_runs, versions, write_json
from loadtests.rehearsal.processes import Interrupts
from loadtests.rehearsal.progress import Progress
from loadtests.rehearsal.recommending import Advice, advice_of, company_of
from loadtests.rehearsal.stack import Ports, Stack
from loadtests.scenario.spec import Scenario

GENERATOR_CPU: Final = 0.75
"""A generator that takes more of its core measures itself, and not the shop."""
_OTHER_VISITS: Final = frozenset({"window", "abandoner", "no-show", "returning"})
_EVEN: Final = Rate(((0.0, 1.0), (1.0, 1.0)))


@dataclass(frozen=True, slots=True)
class Wish:
    """
    Say what somebody wants to know.

    Args:
        out: the directory for everything that is written.
        seed: which crowd.
        command: the command line, for the result.
        objective: what the shop must keep.
        target: the address of a running shop; None for the demo shop.
        scenario: who shops, and in which room and demo shop; None for the usual ones.
        most_shoppers, most_judged_s, surge, hosts, header_file: as for `Search`.
    """

    out: Path
    seed: int
    command: str
    objective: Objective
    target: str | None = None
    scenario: Scenario | None = None
    most_shoppers: int = MOST_SHOPPERS
    most_judged_s: int = MOST_JUDGED_S
    surge: bool = True
    hosts: tuple[str, ...] = ()
    header_file: str = ""

    @property
    def streams(self) -> tuple[Stream, ...]:
        """
        Return all who will come.
        """
        return self.scenario.streams if self.scenario else (Stream("crowd", _EVEN),)

    @property
    def stream(self) -> Stream:
        """
        Return those who come for the promotion: of several streams the one with the most people who mean well.
        """
        return max(self.streams, key=lambda stream: expected_count(stream.rate) * _honest(stream))

    @property
    def room(self) -> Mapping[str, Any]:
        """
        Return the room's settings so far.
        """
        return self.scenario.room if self.scenario else {}


def _honest(stream: Stream) -> float:
    meant = sum(part for kind, part in stream.journeys.items() if means_well(kind))
    return meant / sum(stream.journeys.values())


def buyers_of(stream: Stream) -> Stream:
    """
    Return the stream's plain buyers: what a shop sells is counted in their visits, and the others are weighed by it.
    """
    plain = {kind: part for kind, part in stream.journeys.items() if means_well(kind) and kind not in _OTHER_VISITS}
    journeys = {"buyer": 1.0} if "buyer" in plain or not plain else plain
    return replace(stream, journeys=journeys)


def model_of(wish: Wish, database: str, port: int) -> ShopModel:
    """
    Return the demo shop's model; raise `ConfigError` with every fault in the scenario's settings of it.
    """
    settings = shop_settings(wish.scenario) if wish.scenario else {"db_connections": DB_CONNECTIONS}
    return shop_model(settings, database, port, wish.seed)


@dataclass(slots=True)
class Searched(Outline):
    """
    Hold what is known of the whole; enough for a result at any moment.
    """

    found: Found = field(default_factory=Found)
    model_per_s: float | None = None


class CapacityStory:
    """
    Find a shop's capacity.

    Args:
        wish: what is wanted.
        show: where progress is shown.
        interrupts: Ctrl-C and signals.
    """

    def __init__(self, wish: Wish, show: Progress, interrupts: Interrupts) -> None:
        self._wish = wish
        self._show = show
        self._interrupts = interrupts
        self._ports = Ports.free()
        self._searched = Searched()

    def run(self) -> dict[str, Any]:
        """
        Return the result, whether the search came to its end or not; every program has ended by then.
        """
        return to_the_end(
            self._searched,
            self._search,
            self._finish,
            self._write,
            out=self._wish.out,
            ports=self._ports,
            interrupts=self._interrupts,
        )

    def _finish(self) -> dict[str, Any]:
        self._show.close()
        return result_of(self._wish, self._searched)

    def _write(self, result: dict[str, Any]) -> None:
        write_json(self._wish.out / "capacity.json", result)

    def _search(self, stack: Stack) -> None:
        wish = self._wish
        self._write(result_of(wish, Searched(reasons=[UNFINISHED["en"]], aborted=True)))
        forget_runs(wish.out / "runs", ("capacity", r"step-\d+", "surge"))
        self._show.begin(f"What can {wish.target or 'the demo shop'} sell? Twice as many shoppers at each step.")
        search = Search(
            shop_url=wish.target or self._ports.shop_url,
            crowd=buyers_of(wish.stream),
            objective=wish.objective,
            seed=wish.seed,
            out=wish.out,
            most_shoppers=wish.most_shoppers,
            most_judged_s=wish.most_judged_s,
            surge=wish.surge,
            hosts=wish.hosts,
            header_file=wish.header_file,
        )
        if wish.target is None:
            model = model_of(wish, str(wish.out / "runs" / "capacity.shop.sqlite"), self._ports.shop)
            self._searched.model_per_s = model.capacity_per_s
            stack.start_shop(model, gated=False)
        CapacitySearch(search, stack, self._show, self._searched.found).run()


def result_of(wish: Wish, searched: Searched) -> dict[str, Any]:
    """
    Return everything that was found, as JSON has it.
    """
    found = searched.found
    knee = found.knee(wish.objective)
    advice = None if searched.aborted or searched.broken else advised(wish, found, knee)
    reasons = [*searched.reasons, *doubts(wish, found, knee, advice)]
    return {
        "shop": wish.target or "demo",
        "scenario": wish.scenario.name if wish.scenario else None,
        "seed": wish.seed,
        "started_at": searched.started_at,
        "duration_s": round(searched.lasted_s, 1),
        "command": wish.command,
        "versions": versions(),
        "objective": asdict(wish.objective),
        "steps": [asdict(step) for step in found.steps],
        "laws": {name: law_of(fit) for name, fit in (("universal", knee.universal), ("pool", knee.pool)) if fit},
        "knee": {
            name: getattr(knee, name) for name in ("orders_per_s", "shoppers", "found", "kept_up_to", "broken_from")
        },
        "model_per_s": searched.model_per_s,
        "recovery": asdict(found.recovery) if found.recovery else None,
        "generator_cpu_peak": round(found.generator_cpu_peak, 3),
        "problems": found.problems,
        "tag": found.tag,
        "recommended": dict(advice.settings) if advice else {},
        "because": dict(advice.reasons) if advice else {},
        "reasons": reasons,
        "exit_code": exit_code(searched, advice),
    }


def law_of(fit: Fit) -> dict[str, Any]:
    """
    Return a fitted law with its quality, as JSON has it.
    """
    figures = {name: value for name, value in asdict(fit.law).items() if value != float("inf")}
    return {
        **figures,
        "knee_at": fit.law.knee,
        "r_squared": fit.r_squared,
        "worst_residual": fit.worst,
        "residuals": list(fit.residuals),
        "good": fit.good,
    }


def advised(wish: Wish, found: Found, knee: Knee) -> Advice | None:
    """
    Return what the room should be set to; None where the shop sold nothing, or the generator measured itself.
    """
    if knee.orders_per_s <= 0 or found.generator_cpu_peak > GENERATOR_CPU:
        return None
    first = found.steps[0]
    round_s = first.shoppers / first.orders_per_s if first.orders_per_s > 0 else 0.0
    return advice_of(knee.orders_per_s, company_of(wish.streams, wish.room, round_s))


def doubts(wish: Wish, found: Found, knee: Knee, advice: Advice | None) -> list[str]:
    """
    Return what somebody should know before they rely on the figures.
    """
    said = []
    if found.steps and knee.orders_per_s <= 0:
        said.append(
            f"The shop sold nothing while it was well (pages within {wish.objective.page_p95_ms:.0f} ms, at most "
            f"{wish.objective.error_ratio:.0%} failed); see the problems in capacity.json."
        )
    elif found.steps and not knee.found:
        said.append("Throughput was still rising at the last step: the shop can do more than was seen.")
    if knee.universal is not None and knee.believed is None:
        said.append("Neither law fits the steps: something else had the machine or the shop meanwhile; repeat it.")
    if found.generator_cpu_peak > GENERATOR_CPU:
        said.append(f"The load generator took {found.generator_cpu_peak:.0%} of a core: it may have measured itself.")
    if found.recovery is not None and found.recovery.after_s is None:
        said.append("The shop was not well again after the surge: it needs a restart, or more time than it was given.")
    if advice is not None and wish.scenario is None:
        said.append("All were taken to buy, thinking for 3 s a page and 6 s a form; name a --scenario with yours.")
    return said


def exit_code(searched: Searched, advice: Advice | None) -> int:
    """
    Return 0 where the room can be set by the result, 1 where the shop sold nothing or did not recover, 6 and 130.
    """
    if searched.aborted:
        return 130
    if searched.broken or searched.found.generator_cpu_peak > GENERATOR_CPU:
        return 6
    recovery = searched.found.recovery
    return 0 if advice is not None and (recovery is None or recovery.after_s is not None) else 1
