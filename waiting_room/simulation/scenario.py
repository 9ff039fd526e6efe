"""
What is played: a room's policy, a spike of visitors with their habits, faults, and changes by the operator.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from waiting_room.core.calendar import Appointment
from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.core.reading import shown
from waiting_room.errors import Fault, FaultsError
from waiting_room.simulation.shop import Weather

MOST_VISITORS: Final = 10_000_000
MOST_WORKERS: Final = 64
BULK_VISITORS: Final = 50_000
"""Crowds from this size on are played in bulk where nobody says otherwise."""


class ScenarioError(FaultsError):
    """
    Refuse a scenario, with everything that is wrong with it.
    """


@dataclass(frozen=True, slots=True)
class Spike:
    """
    Say when visitors come: calm, rise, plateau and decay, all in seconds; the calm is a share of the plateau's rate.

    An opening with everybody at the door has no calm and no rise.
    """

    calm_s: float = 30
    rise_s: float = 30
    plateau_s: float = 120
    decay_s: float = 120
    calm_share: float = 0.05

    @property
    def length_s(self) -> float:
        """
        Return how long visitors come.
        """
        return self.calm_s + self.rise_s + self.plateau_s + self.decay_s

    def corners(self) -> tuple[tuple[float, float], ...]:
        """
        Return the corners of the rate as (second, share of the plateau's rate).
        """
        rise = self.calm_s
        full = rise + self.rise_s
        fall = full + self.plateau_s
        return ((0.0, self.calm_share), (rise, self.calm_share), (full, 1.0), (fall, 1.0), (fall + self.decay_s, 0.0))


def steady(length_s: float) -> Spike:
    """
    Return arrivals that keep to one rate.
    """
    return Spike(calm_s=0, rise_s=0, plateau_s=length_s, decay_s=0)


@dataclass(frozen=True, slots=True)
class People:
    """
    Say what visitors are like, in shares of all.

    *leaving_per_minute* of those who wait give up each minute (exponential patience); *goodbye* of them tell the room.
    *no_shows* vanish when they are called. *hidden* have the page in a tab that polls
    every *hidden_s* at most, for browsers wake one once a minute. *doubles* join twice at once. *lost_replies* of all
    answers do not arrive, and are asked for again. A session lasts lognormally around its mean of *session_s*;
    *releases* of all give their seat back, the others leave it to its idle end. A page of the shop is looked at every
    *page_s*. *lanes*: the share of all that joins each lane; the others join the standard lane.
    """

    no_shows: float = 0.0
    leaving_per_minute: float = 0.0
    goodbye: float = 0.5
    hidden: float = 0.0
    hidden_s: float = 60.0
    doubles: float = 0.0
    lost_replies: float = 0.0
    session_s: float = 120.0
    session_sigma: float = 0.6
    releases: float = 0.8
    page_s: float = 30.0
    lanes: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Faults:
    """
    Say how much goes wrong: clocks of workers that are off by up to *skew_s*, so many *deaths* of workers (kill -9),
    *partitions* between a worker and the store, *timeouts* (a share of the workers' commands whose reply is lost,
    though they ran), *promotions* (a replica without the last *lag_s* of writes takes over) and *wipes* (the store is
    empty).
    """

    skew_s: float = 0.0
    deaths: int = 0
    partitions: int = 0
    timeouts: float = 0.0
    promotions: int = 0
    wipes: int = 0
    lag_s: float = 2.0


CALM: Final = Faults()


@dataclass(frozen=True, slots=True)
class Change:
    """
    Say what happens at *at_s*: new *settings* of the room, another *phase*, until *until_s* where that is said, and
    which share of those who wait *vanishes* without a word.
    """

    at_s: float
    settings: Mapping[str, Any] = field(default_factory=dict)
    phase: Phase | None = None
    until_s: float = 0.0
    vanishes: float = 0.0


@dataclass(frozen=True, slots=True)
class Links:
    """
    Say which invitations to *lane* are about: the i-th is for *uses[i]* visitors; a *share* of all bear one of them,
    drawn by chance. Half of these show it when they come, the others while they wait in the standard lane already.
    """

    lane: str
    uses: tuple[int, ...]
    share: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """
    Hold everything that decides a run; two equal ones are played alike.

    *limit_s* ends a run whose visitors do not. *bulk*: whether the crowd is played in bulk, None to choose by its size.
    *weather*: how the shop behind the room fares, whose gates tell of it; none is played where it is empty. *lifelike*:
    whether programs keep time as on a machine: gates report at once when a seat is given back, and a worker's step is
    late now and then, so that what it does once a second comes a little later each time. *idle_s*: for how long before
    the start gates have told of a shop in which nobody was.
    *start_ms*: the instant at which it begins, in whole seconds. *plan*: what the policy's schedule must come to.
    """

    policy: Policy = field(default_factory=Policy)
    visitors: int = 1000
    seed: int = 1
    spike: Spike = field(default_factory=Spike)
    people: People = field(default_factory=People)
    faults: Faults = CALM
    changes: tuple[Change, ...] = ()
    workers: int = 2
    limit_s: float = 86_400.0
    bulk: bool | None = None
    weather: tuple[Weather, ...] = ()
    lifelike: bool = False
    idle_s: float = 0.0
    links: Links | None = None
    start_ms: int = 1_000_000
    plan: tuple[Appointment, ...] = ()

    @property
    def in_bulk(self) -> bool:
        """
        Return whether the crowd is played in bulk: as asked, or where it is large and nothing forbids it.
        """
        return self.bulk or (self.bulk is None and self.visitors >= BULK_VISITORS and not self._singly())

    def _singly(self) -> str:
        """
        Return why the visitors must be played one by one, empty where they need not.
        """
        if self.faults != CALM:
            return "faults"
        if self.weather:
            return "a shop"
        if any(change.phase is not None for change in self.changes) or self.policy.planned:
            return "changes of the phase"
        if self.links is not None:
            return "invitations"
        return "" if self.policy.mode == "queue" else f"mode {self.policy.mode}"

    def faults_found(self) -> Iterator[Fault]:
        """
        Yield everything that makes the scenario senseless.
        """
        yield from _within("visitors", self.visitors, 1, MOST_VISITORS, "visitors")
        yield from _within("workers", self.workers, 1, MOST_WORKERS, "workers")
        yield from _within("session_s", self.people.session_s, 1, 86_400, "seconds")
        yield from _within("hidden_s", self.people.hidden_s, 1, 3600, "seconds")
        yield from _within("leaving", self.people.leaving_per_minute, 0, 0.99, "of those who wait, each minute")
        for name in ("no_shows", "goodbye", "hidden", "doubles", "lost_replies", "releases"):
            yield from _within(name, getattr(self.people, name), 0, 1, "of all")
        named = {lane.name for lane in self.policy.lanes}
        for lane, share in self.people.lanes.items():
            yield from _within("lanes", share, 0, 1, f"of all in lane {lane}")
            if lane not in named:
                yield Fault("lanes", f"{lane} is no lane of the room", f"known are {', '.join(sorted(named))}")
        if sum(self.people.lanes.values()) > 1 + 1e-9:
            yield Fault("lanes", "the shares add up to more than 1", "lower them")
        if self.links is not None and self.links.lane not in named:
            yield Fault("links", f"{self.links.lane} is no lane of the room", f"known are {', '.join(sorted(named))}")
        if self.start_ms % 1000:
            yield Fault("start_ms", f"{self.start_ms} is no whole second", "begin at one")
        if self.bulk and (reason := self._singly()):
            yield Fault("bulk", f"does not play {reason}", "play the visitors one by one")
        if not 0 < self.spike.length_s <= self.limit_s:
            yield Fault(
                "spike_s", f"lasts {self.spike.length_s:g} s", f"say more than 0 and at most {self.limit_s:g} seconds"
            )

    def checked(self) -> "Scenario":
        """
        Return the scenario, or raise `ScenarioError` with all its faults.
        """
        found = tuple(self.faults_found())
        if found:
            raise ScenarioError(found)
        return self


def _within(name: str, value: float, low: float, high: float, unit: str) -> Iterator[Fault]:
    if not low <= value <= high:
        yield Fault(name, f"{shown(value)} is out of range", f"allowed are {low:,} to {high:,} {unit}")
