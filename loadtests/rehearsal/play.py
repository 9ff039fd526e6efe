"""
Rehearse a promotion: what the shop can sell, then the crowd, without the room or with it, then the verdict.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from loadtests.engine.plan import RunName, RunPlan
from loadtests.judging.criteria import thresholds_of
from loadtests.judging.facts import Circumstances, Played, ShopCapacity
from loadtests.judging.gains import criteria_of
from loadtests.judging.live import Follower
from loadtests.judging.selling import capacity_of
from loadtests.judging.thresholds import Threshold, applicable
from loadtests.judging.verdict import result_of
from loadtests.judging.words import UNFINISHED, Words
from loadtests.measuring.measures import Measures
from loadtests.measuring.salvage import salvaged
from loadtests.rehearsal.brief import Brief, Course, course_of, shop_model, shop_settings
from loadtests.rehearsal.changes import TimeLine
from loadtests.rehearsal.cleanup import clean_up, fresh_run_id
from loadtests.rehearsal.demand import planned_spans
from loadtests.rehearsal.ending import Outline, RehearsalError, to_the_end
from loadtests.rehearsal.files import forget_runs, versions, write_json, write_results
from loadtests.rehearsal.hands import WORKERS, OwnHands
from loadtests.rehearsal.outlook import outlook_of
from loadtests.rehearsal.processes import Interrupts, ProcessError
from loadtests.rehearsal.progress import RUN_TITLES, Progress
from loadtests.rehearsal.stack import Ports, Stack, books_of
from loadtests.rehearsal.watch import Watch
from loadtests.scenario.outline import time_line
from loadtests.scenario.spec import Change, Scenario

CLOSED_PER_CONNECTION = 3
"""Shoppers in the closed loop per database connection: always enough in line, never so many that they lose patience."""
STORE_UNREACHABLE = 4
CLEAN_UP_S = 20.0
LATE_S = 30.0
"""A generator that goes on for longer beyond its plan hangs."""
SHOP_ONLY = frozenset({"slow-shop", "shop-capacity"})
"""What of a time line happens without a room as well."""


@dataclass(slots=True)
class Story(Outline):
    """
    Hold what is known so far; enough for a report at any moment.
    """

    scenario: Scenario | None = None
    played: dict[str, Played] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    not_measured: list[Words] = field(default_factory=list)
    storeless: bool = False
    tags: list[str] = field(default_factory=list)
    cleaned_up: dict[str, Any] | None = None


class Rehearsal:
    """
    Play the whole story against the demo shop.

    Args:
        brief: what to do.
        show: where progress is shown.
        interrupts: Ctrl-C and signals.
    """

    def __init__(self, brief: Brief, show: Progress, interrupts: Interrupts) -> None:
        self._brief = brief
        self._show = show
        self._interrupts = interrupts
        self._ports = Ports.free()
        self._story = Story()
        self._run_id = fresh_run_id()

    def run(self) -> dict[str, Any]:
        """
        Return the result, whether the rehearsal came to its end or not; every program has ended by then.
        """
        return to_the_end(
            self._story,
            self._begin,
            self._finish,
            self._write,
            out=self._brief.out,
            ports=self._ports,
            interrupts=self._interrupts,
        )

    def _begin(self, stack: Stack) -> None:
        brief = self._brief
        # Who is killed says no more: what an earlier rehearsal left here would be taken for this one's.
        write_results(brief.out, self._result(Story(reasons=[UNFINISHED["en"]], aborted=True)), {})
        forget_runs(brief.out / "runs", get_args(RunName))
        write_json(brief.out / "prometheus-targets.json", self._ports.prometheus_targets(brief.workers))
        if brief.copy:
            (brief.out / "scenario.toml").write_text(brief.copy, encoding="utf-8")
        self._play(stack)

    def _play(self, stack: Stack) -> None:
        self._show.begin(self._brief.title)
        course = course_of(self._brief, self._capacity(stack))
        self._story.scenario = course.scenario
        self._story.settings |= self._told(course)
        self._show.note(self._outlook(course))
        for name in self._brief.runs:
            self._show.phase(RUN_TITLES[name], course.lasts_s)
            self._play_run(stack, name, course)

    def _capacity(self, stack: Stack) -> ShopCapacity:
        given = self._brief.capacity_per_s
        if given is not None:
            return ShopCapacity(given, given, measured=False)
        trial = self._brief.trial
        self._show.phase(RUN_TITLES["capacity"], trial.length_s)
        model = shop_model(trial.shop, self._file("capacity.shop.sqlite"), self._ports.shop, self._brief.seed)
        plan = self._closed_plan(self._ports.shop_url, CLOSED_PER_CONNECTION * model.db_connections)
        with_shop = stack.start_shop(model, gated=False)
        measures = stack.drive(plan, self._show.tick)
        stack.end(with_shop)
        found = capacity_of(measures, books_of(model.database))
        if found.orders_per_s <= 0:
            raise RehearsalError("The shop sold nothing in the closed loop; see the logs for what it answered.")
        return found

    def _play_run(self, stack: Stack, name: RunName, course: Course) -> None:
        scenario, gated = course.scenario, name == "with_room"
        model = shop_model(
            shop_settings(scenario), self._file(f"{name}.shop.sqlite"), self._ports.shop, self._brief.seed
        )
        changes = changes_of(scenario, gated=gated)
        hands = None
        if gated:
            kills = {change.do for change in changes}
            try:
                store = stack.start_store(durable="kill-redis" in kills)
            except ProcessError:
                self._story.storeless = True
                raise
            workers = WORKERS if "kill-worker" in kills else 1
            room = stack.start_room(scenario.room, workers=workers)
            books = Path(model.database)
            hands = OwnHands(stack, store, room, workers, scenario.room, model.db_connections, books)
            if scenario.pre_queue_s > 0:
                stack.operate("POST", "prequeue")
        shop = stack.start_shop(model, gated=gated)
        watch = Watch(
            show=self._show,
            course=course,
            state=stack.admin_facts if gated else None,
            books=lambda: books_of(model.database),
            time_line=TimeLine(changes, hands) if hands else None,
            follower=self._follower(course),
        )
        plan = self._open_plan(name, self._ports.shop_url, course)
        if gated:
            plan = replace(plan, invitations=invitations_for(plan, stack.invitations))
        self._drive(stack, plan, watch)
        stack.end(shop)

    def _follower(self, course: Course) -> Follower:
        return Follower(course.scenario.criteria, planned_spans(course.scenario))

    def _closed_plan(self, shop_url: str, shoppers: int) -> RunPlan:
        trial = self._brief.trial
        return RunPlan(
            name="capacity",
            mode="closed",
            shop_url=shop_url,
            seed=self._brief.seed,
            streams=(trial.stream(),),
            closed_shoppers=shoppers,
            duration_s=trial.length_s,
            drain_s=0,
            metrics_port=self._ports.generator,
            out=self._file("capacity.measures.json"),
            overload_s=trial.judged_s,
            run_id=self._run_id,
        )

    def _open_plan(self, name: RunName, shop_url: str, course: Course) -> RunPlan:
        return RunPlan(
            name=name,
            mode="open",
            shop_url=shop_url,
            seed=self._brief.seed,
            streams=course.scenario.streams,
            duration_s=course.scenario.length_s,
            drain_s=course.scenario.drain_s,
            metrics_port=self._ports.generator,
            out=self._file(f"{name}.measures.json"),
            overload_s=course.overload_s,
            tells_addresses=name == "with_room" and course.scenario.tells_addresses,
            workers=self._brief.workers,
            run_id=self._run_id,
        )

    def _drive(self, stack: Stack, plan: RunPlan, watch: Watch) -> None:
        self._story.tags.append(plan.tag)
        try:
            stack.drive(plan, watch.tick, watch.beat, plan.duration_s + plan.drain_s + LATE_S)
        finally:
            # What an interrupted generator wrote down belongs into the report as well.
            with self._interrupts.shield():
                out = Path(plan.out)
                found = Measures.from_file(out) if out.exists() else salvaged(plan, watch.lines, watch.zero_ms)
                if found is not None:
                    played = watch.played(found)
                    self._story.played[plan.name] = replace(played, ceiling_share=self._brief.ceiling_share)
                self._story.reasons += watch.failures()

    def _clean_up(self) -> None:
        # A rehearsal that was stopped has left orders as well.
        if not self._brief.clean_up or not self._story.tags:
            return
        done = clean_up(self._brief.clean_up, self._story.tags, CLEAN_UP_S, self._headers_for(self._brief.clean_up))
        self._story.cleaned_up = asdict(done)
        if not done.ok:
            self._story.reasons.append(f"The orders of the rehearsal are still in the shop: {done.what}.")

    def _headers_for(self, url: str) -> Mapping[str, str]:
        del url
        return {}

    def _file(self, name: str) -> str:
        return str(self._brief.out / "runs" / name)

    def _outlook(self, course: Course) -> str:
        rate = float(course.scenario.room["rate_per_minute"]) / 60
        return (
            f"It sells {course.capacity.orders_per_s:.1f} orders/s. The crowd will peak at {course.peak_per_s:.0f} "
            f"shoppers/s, the room lets in {rate:.1f}/s on {course.scenario.room['capacity']} seats."
        )

    def _told(self, course: Course) -> dict[str, dict[str, Any]]:
        scenario = course.scenario
        model = shop_model(shop_settings(scenario), self._file("shop.sqlite"), 0, self._brief.seed).to_json()
        served = course.capacity.journeys_per_s
        peak_over = round(course.peak_per_s / served, 2) if served else None
        streams = {
            stream.name: ", ".join(f"{kind} {part:g}" for kind, part in stream.journeys.items())
            for stream in scenario.streams
        }
        return {
            "What the shop can do": {**asdict(course.capacity), "peak_over_capacity": peak_over},
            "The crowd": {"peak_per_s": round(course.peak_per_s, 3), **streams},
            **({"The time line": time_line(scenario)} if scenario.changes else {}),
            "The shoppers": asdict(course.behaviour),
            "The room": dict(scenario.room),
            "The demo shop": {key: model[key] for key in ("db_connections", "costs", "jitter", "time_out_s", "stock")},
        }

    def _thresholds(self) -> tuple[Threshold, ...]:
        return applicable(
            with_room="with_room" in self._brief.runs,
            without_room="without_room" in self._brief.runs,
            ledger=True,
            own_shop=False,
            criteria=self._criteria("with_room"),
        )

    def _criteria(self, run: RunName) -> tuple[Threshold, ...] | None:
        scenario = self._story.scenario or self._brief.fixed
        if scenario is None or self._brief.plain:
            return None
        return thresholds_of(criteria_of(scenario) if run == "with_room" else scenario.criteria, run)

    def _finish(self) -> dict[str, Any]:
        story = self._story
        self._clean_up()
        self._show.close()
        result = self._result(story)
        for name, played in story.played.items():
            result["runs"][name] |= outlook_of(played)
        result["tags"] = story.tags
        if story.cleaned_up is not None:
            result["clean_up"] = story.cleaned_up
        if story.storeless:
            result["exit_code"] = STORE_UNREACHABLE
        return result

    def _write(self, result: dict[str, Any]) -> None:
        write_results(self._brief.out, result, {name: played.measures for name, played in self._story.played.items()})

    def _result(self, story: Story) -> dict[str, Any]:
        brief = self._brief
        return result_of(
            story.played,
            self._thresholds(),
            Circumstances(
                seed=brief.seed,
                started_at=story.started_at,
                duration_s=story.lasted_s,
                command=brief.command,
                settings=story.settings,
                versions=versions(),
                not_measured=story.not_measured,
                reasons=story.reasons,
                scenario=brief.told(story.scenario),
            ),
            aborted=story.aborted,
            broken=story.broken,
            failed=story.failed,
        )


def invitations_for(plan: RunPlan, made: Callable[[int], tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """
    Return a link for each of those who are invited, by their streams; *made* returns so many new ones.
    """
    if not any(stream.invited for stream in plan.streams):
        return {}
    came = Counter(plan.streams[arrival.stream].name for arrival in plan.arrivals())
    return {stream.name: made(came[stream.name]) for stream in plan.streams if stream.invited}


def changes_of(scenario: Scenario, *, gated: bool) -> tuple[Change, ...]:
    """
    Return what happens on the time line of a run; a room that gathers is opened by one more change.
    """
    opens = scenario.opens_s > 0 and all(change.do != "open" for change in scenario.changes)
    opening = (Change(scenario.opens_s, "open"),) if opens else ()
    return tuple(change for change in (*opening, *scenario.changes) if gated or change.do in SHOP_ONLY)
