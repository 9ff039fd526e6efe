"""
A scenario as a value: everything that a forecast, a simulation and a real run must agree on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from loadtests.arrivals.rate import Rate
from loadtests.crowd.kinds import means_well
from loadtests.crowd.streams import Stream
from loadtests.documents import STRICT

Deed = Literal["kill-redis", "kill-worker", "slow-shop", "shop-capacity", "sell-out", "break", "rate", "seats", "open"]
Unsure = Literal["arrivals", "patience", "rate"]
Comparator = Literal[">=", "<=", "==", ">", "<"]


@dataclass(frozen=True, slots=True)
class Change:
    """
    Say what happens on the time line.

    Args:
        at_s: when, in seconds from the run's zero.
        do: what. `kill-redis` and `kill-worker` end a process with SIGKILL and start it again after *for_s*;
            `slow-shop` makes pages *to* times as slow, `shop-capacity` leaves the share *to* of its connections,
            both for *for_s*; `sell-out` sells all that is left; `break` is a technical break of *for_s*; `rate` and
            `seats` set the room's rate per minute and capacity to *to*; `open` opens a room that gathers in its
            pre-queue before that ends.
        for_s: how long it lasts, where it ends.
        to: the number that *do* speaks of.
    """

    at_s: float
    do: Deed
    for_s: float = 0.0
    to: float | None = None

    __pydantic_config__: ClassVar = STRICT

    @property
    def as_written(self) -> str:
        """
        Return what happens by the names of its file, as in `slow-shop, to 2, for_s 10`.
        """
        to = "" if self.to is None else f", to {self.to:g}"
        lasts = f", for_s {self.for_s:.3g}" if self.for_s else ""
        return f"{self.do}{to}{lasts}"


@dataclass(frozen=True, slots=True)
class Criterion:
    """
    Demand something of a figure.

    Args:
        name: what the verdict calls it; unique.
        figure: the figure, by its name in the run's result.
        comparator, limit: how it must stand to which number, in the figure's unit.
        phase: over which phase of the run; empty for the whole of it.
        why, why_pl: one sentence for people, in English and in Polish: what it means when it holds.
        abort: whether the run ends as soon as it fails.
        grace_s: for how long it may fail before that.
    """

    name: str
    figure: str
    comparator: Comparator
    limit: float
    phase: str = ""
    why: str = ""
    why_pl: str = ""
    abort: bool = False
    grace_s: float = 10.0

    __pydantic_config__: ClassVar = STRICT


@dataclass(frozen=True, slots=True)
class Scenario:
    """
    Describe a rehearsal completely: with the same seed, the same people do the same.

    Args:
        name: what commands and reports call it.
        says: what it rehearses, in a sentence each by language (`en`, `pl`).
        streams: who comes when.
        room: the room's settings, by their names in a configuration file; rate and seats among them.
        shop: what differs in the demo shop's model, by its names; empty against a shop of one's own.
        changes: what happens on the time line.
        criteria: what must hold, beside what every rehearsal is held to.
        speed: how many times as fast its time line is played unless somebody asks for another speed.
        pre_queue_s: for how long the room gathers before it opens by a draw; 0 for a room that is open.
        drain_s: how long those inside may finish after the last arrival.
        order_value: what an order is worth, in *currency*, for the losses in the report.
        sources: where the numbers come from, by what they are about.
        unsure: how far numbers may be off, as shares of themselves: how many come, how long they wait, how many the
            room lets in per second. It widens the band of the forecast.
    """

    name: str
    says: Mapping[str, str]
    streams: tuple[Stream, ...]
    room: Mapping[str, Any] = field(default_factory=dict)
    shop: Mapping[str, Any] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    speed: float = 1.0
    pre_queue_s: float = 0.0
    drain_s: float = 30.0
    order_value: float = 120.0
    currency: str = "PLN"
    sources: Mapping[str, str] = field(default_factory=dict)
    unsure: Mapping[Unsure, float] = field(default_factory=dict)

    __pydantic_config__: ClassVar = STRICT

    @property
    def length_s(self) -> float:
        """
        Return for how long shoppers come.
        """
        return max((stream.rate.length_s for stream in self.streams), default=0.0)

    @property
    def opens_s(self) -> float:
        """
        Return when a room that gathers opens: with its pre-queue, or by a change before that; 0 where it is open.
        """
        return min((change.at_s for change in self.changes if change.do == "open"), default=self.pre_queue_s)

    @property
    def tells_addresses(self) -> bool:
        """
        Return whether it matters from which network address somebody comes.
        """
        return bool(self.room.get("joins_per_address")) or any(stream.addresses for stream in self.streams)

    def faster(self, speed: float | None = None) -> "Scenario":
        """
        Return the scenario with its time line compressed: all happens *speed* times as soon, to so many fewer people.

        Rates, pages and think times stay, since the shop is as quick as it is; the patience in the room, and how long
        a hidden tab sleeps, shrink with the waits. None is the scenario's own speed; the result is to be played as it
        stands, so its speed is 1.
        """
        by = self.speed if speed is None else speed
        if by == 1:
            return replace(self, speed=1.0)
        return replace(
            self,
            streams=tuple(_faster(stream, by) for stream in self.streams),
            changes=tuple(replace(c, at_s=c.at_s / by, for_s=c.for_s / by) for c in self.changes),
            speed=1.0,
            pre_queue_s=self.pre_queue_s / by,
        )

    def scaled(self, factor: float) -> "Scenario":
        """
        Return the scenario with *factor* times as many shoppers at every moment, in the same room and shop.
        """
        return replace(self, streams=tuple(replace(each, rate=each.rate.scaled(factor)) for each in self.streams))

    def bigger(self, times: float) -> "Scenario":
        """
        Return the scenario with everything *times* as big: people, rate, seats, the shop, and changes of these.

        Waits stay as they are, so that a small run stands for a large one.
        """
        if times == 1:
            return self
        sizes = {"capacity", "rate_per_minute", "rate_floor_per_minute", "poll_budget_per_s"}
        room = {name: max(1, round(times * value)) if name in sizes and value else value
                for name, value in self.room.items()}  # fmt: skip
        shop = {name: max(1, round(times * value)) if name in {"db_connections", "stock"} else value
                for name, value in self.shop.items()}  # fmt: skip
        changes = (replace(each, to=times * each.to) if each.do in {"rate", "seats"} and each.to else each
                   for each in self.changes)  # fmt: skip
        return replace(self.scaled(times), room=room, shop=shop, changes=tuple(changes))

    def honest_only(self) -> "Scenario":
        """
        Return the scenario without those who mean no good; who comes else is the same, and comes at the same instants.

        In a stream of both sorts the share of those who mean no good is left out of its rate, and the others come at
        other instants than before.
        """
        return replace(self, streams=tuple(each for each in map(_honest, self.streams) if each is not None))


def _honest(stream: Stream) -> Stream | None:
    parts = {kind: part for kind, part in stream.journeys.items() if means_well(kind)}
    share = sum(parts.values()) / sum(stream.journeys.values())
    if share == 1:
        return stream
    return replace(stream, rate=stream.rate.scaled(share), journeys=parts) if share else None


def _faster(stream: Stream, speed: float) -> Stream:
    was = stream.behaviour
    behaviour = replace(was, room_patience_s=was.room_patience_s / speed, hidden_poll_s=was.hidden_poll_s / speed)
    rate = Rate(tuple((at_s / speed, per_s) for at_s, per_s in stream.rate.corners))
    return replace(stream, rate=rate, behaviour=behaviour)
