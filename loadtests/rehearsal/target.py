"""
Rehearse against a shop that is already running: the user's own staging shop, as its visitors see it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from loadtests.engine.header_file import HeaderFile
from loadtests.engine.hosts import may_load, origin_of
from loadtests.engine.plan import RunName, RunPlan
from loadtests.judging.facts import ShopCapacity
from loadtests.judging.live import Follower
from loadtests.judging.selling import capacity_of
from loadtests.judging.thresholds import Threshold, applicable
from loadtests.judging.words import Words
from loadtests.rehearsal.asking import ask_json
from loadtests.rehearsal.brief import Brief, Course
from loadtests.rehearsal.demand import planned_spans
from loadtests.rehearsal.ending import RehearsalError
from loadtests.rehearsal.play import Rehearsal
from loadtests.rehearsal.processes import Interrupts
from loadtests.rehearsal.progress import RUN_TITLES, Progress
from loadtests.rehearsal.stack import Stack
from loadtests.rehearsal.watch import Watch
from loadtests.scenario.spec import Criterion
from waiting_room.errors import Fault

ERROR_BUDGET_S = 10.0
CLOSED_SHOPPERS = 32
"""In the closed loop against a shop whose bottleneck is unknown: enough to fill some tens of workers."""
BY_FILE = "leave it out, and put a line such as Authorization: Basic … into a file for --header-file"
"""What to do about a password in an address: every process of the machine may read it, and the report repeats it."""


@dataclass(frozen=True, slots=True)
class Target:
    """
    Name a running shop.

    Args:
        url: its address.
        capacity_per_s: orders per second that it can sell, as its owner says; None where nobody does.
        room_url: the address of the waiting room in front of it; None where there is none.
        measures: whether the capacity is measured in a closed loop.
        max_error_ratio: the run ends when a larger share of the requests has failed for `ERROR_BUDGET_S`.
        hosts: which hosts beyond this machine may be loaded, wherever the shop leads.
        header_file: headers for the shop alone.
    """

    url: str
    capacity_per_s: float | None
    room_url: str | None
    measures: bool = False
    max_error_ratio: float = 0.5
    hosts: tuple[str, ...] = ()
    header_file: HeaderFile = field(default_factory=HeaderFile)

    def headers_for(self, url: str) -> Mapping[str, str]:
        """
        Return what a request there bears: the file's headers where it goes to the shop itself, else none.
        """
        try:
            same = origin_of(url) == origin_of(self.url)
        except ValueError:
            return {}
        return self.header_file.headers if same else {}

    @property
    def run(self) -> Literal["with_room", "without_room"]:
        """
        Return which of the two runs this is.
        """
        return "with_room" if self.room_url else "without_room"


def target_faults(url: str, room_url: str | None, allowed: Sequence[str]) -> Iterator[Fault]:
    """
    Yield what forbids a rehearsal against these addresses: a load is only put on hosts that were named on purpose.
    """
    for option, address in (("--target", url), ("--room-url", room_url)):
        if address is None:
            continue
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            yield Fault(option, f"{address!r} is no address", "write it as http://127.0.0.1:8081")
        elif "@" in parts.netloc:
            yield Fault(option, "has a user or a password in its address", BY_FILE)
        elif not may_load(parts.hostname, allowed):
            what = f"{parts.hostname} is not this machine, and a rehearsal may bring a shop down"
            yield Fault(option, what, f"if it is yours to load, say --allow-host {parts.hostname}")


def error_budget(target: Target) -> Criterion:
    """
    Return what ends a run before a shop that is failing is brought down any further.
    """
    return Criterion(
        name="error_budget",
        figure="error_ratio",
        comparator="<=",
        limit=target.max_error_ratio,
        why="the shop is not brought down any further",
        why_pl="sklep nie jest już dalej obciążany, gdy nie daje rady",
        abort=True,
        grace_s=ERROR_BUDGET_S,
    )


_UNSEEN: Final[Mapping[str, Words]] = {
    "orders": {
        "en": "Orders are counted as shoppers saw them confirmed: the shop's database cannot be read from here.",
        "pl": "Zamówienia liczy się tak, jak potwierdzono je kupującym: bazy sklepu nie da się stąd odczytać.",
    },
    "oversold": {
        "en": "Whether more was sold than there was: that needs the shop's database.",
        "pl": "Czy sprzedano więcej, niż było: do tego potrzebna jest baza sklepu.",
    },
    "capacity": {
        "en": "What the shop can sell: taken from --capacity, not measured.",
        "pl": "Ile sklep może sprzedać: przyjęto z --capacity, nie zmierzono.",
    },
    "share": {
        "en": "How much of what the shop can sell it sold: neither --capacity nor --measure-capacity was given.",
        "pl": "Jaką część tego, co sklep może sprzedać, sprzedano: nie podano ani --capacity, ani --measure-capacity.",
    },
    "seats": {
        "en": "Seats between two looks: they were asked for once a second.",
        "pl": "Zajęte miejsca między dwoma odczytami: pytano o nie raz na sekundę.",
    },
    "without": {
        "en": "The same crowd without the room: the shop stands behind it, and was not opened for this.",
        "pl": "Ten sam tłum bez poczekalni: sklep za nią stoi i nie otwierano go do tej próby.",
    },
    "waiting": {
        "en": "Everything about waiting: no --room-url was given, so the crowd went straight to the shop.",
        "pl": "Wszystko, co dotyczy czekania: nie podano --room-url, więc tłum poszedł prosto do sklepu.",
    },
}
"""What cannot be seen of a shop from outside."""


class TargetRehearsal(Rehearsal):
    """
    Play one run against a running shop: with its waiting room, or without one.

    Args:
        brief, show, interrupts: as for `Rehearsal`.
        target: the shop.
    """

    def __init__(self, brief: Brief, show: Progress, interrupts: Interrupts, target: Target) -> None:
        super().__init__(replace(brief, runs=(target.run,)), show, interrupts)
        self._target = target

    def _play(self, stack: Stack) -> None:
        self._story.not_measured += list(self._not_measured())
        if self._target.room_url:
            self._room_state()
        super()._play(stack)

    def _capacity(self, stack: Stack) -> ShopCapacity:
        if not self._target.measures:
            given = self._target.capacity_per_s or 0.0
            return ShopCapacity(given, given, measured=False)
        trial = self._brief.trial
        self._show.phase(RUN_TITLES["capacity"], trial.length_s)
        plan = self._bound(self._closed_plan(self._target.url, CLOSED_SHOPPERS))
        self._story.tags.append(plan.tag)
        capacity = capacity_of(stack.drive(plan, self._show.tick), None)
        if capacity.orders_per_s <= 0:
            raise RehearsalError(
                f"No order was confirmed by {self._target.url} in the closed loop. Does it have the pages of a shop "
                "(/, /product/…, /basket, /checkout, /payment/…)? See runs/capacity.measures.json for what it answered."
            )
        return capacity

    def _play_run(self, stack: Stack, name: RunName, course: Course) -> None:
        room = self._room_state() if self._target.room_url else {}
        settings: dict[str, Any] = {key: room[key] for key in ("rate_per_minute", "capacity") if key in room}
        seen = replace(course, scenario=replace(course.scenario, room={**course.scenario.room, **settings}))
        watch = Watch(
            show=self._show,
            course=seen,
            state=self._state if room else None,
            books=lambda: None,
            time_line=None,
            follower=self._follower(course),
            first=room,
        )
        self._drive(stack, self._bound(self._open_plan(name, self._target.url, course)), watch)

    def _bound(self, plan: RunPlan) -> RunPlan:
        return replace(plan, hosts=self._target.hosts, header_file=self._target.header_file.path)

    def _headers_for(self, url: str) -> Mapping[str, str]:
        return self._target.headers_for(url)

    def _follower(self, course: Course) -> Follower:
        return Follower((*course.scenario.criteria, error_budget(self._target)), planned_spans(course.scenario))

    def _outlook(self, course: Course) -> str:
        return f"The crowd will peak at {course.peak_per_s:.0f} shoppers/s."

    def _told(self, course: Course) -> dict[str, dict[str, Any]]:
        told = super()._told(course)
        told.pop("The demo shop")
        shop = {"address": self._target.url, "waiting room": self._target.room_url or "none"}
        return {"The shop": shop, **{title: values for title, values in told.items() if title != "The room"}}

    def _thresholds(self) -> tuple[Threshold, ...]:
        gated = self._target.room_url is not None
        return applicable(
            with_room=gated,
            without_room=not gated,
            ledger=False,
            own_shop=True,
            criteria=self._criteria(self._target.run),
        )

    def _state(self) -> dict[str, Any] | None:
        url = f"{str(self._target.room_url).rstrip('/')}/state.json"
        return ask_json(url, self._headers_for(url))

    def _room_state(self) -> dict[str, Any]:
        state = self._state()
        if state is None or not {"rate_per_minute", "capacity", "seats"} <= state.keys():
            raise RehearsalError(
                f"No waiting room answers at {self._target.room_url}. "
                "Give the address of the room's page as --room-url."
            )
        return state

    def _not_measured(self) -> Iterator[Words]:
        yield _UNSEEN["orders"]
        yield _UNSEEN["oversold"]
        if self._target.capacity_per_s is not None:
            yield _UNSEEN["capacity"]
        elif not self._target.measures:
            yield _UNSEEN["share"]
        if self._target.room_url:
            yield _UNSEEN["seats"]
            yield _UNSEEN["without"]
        else:
            yield _UNSEEN["waiting"]
