"""
Rehearse against a shop that is already running: the user's own staging shop, as its visitors see it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlsplit

from loadtests.arrivals.spike import SpikeProfile
from loadtests.judging.thresholds import Threshold, applicable
from loadtests.judging.verdict import Played, RoomFacts, ShopCapacity, capacity_of
from loadtests.measuring.measures import Measures
from loadtests.rehearsal import sizing
from loadtests.rehearsal.play import Options, Rehearsal, RehearsalError
from loadtests.rehearsal.processes import Interrupts
from loadtests.rehearsal.progress import RUN_TITLES, Progress
from loadtests.rehearsal.stack import Stack, ask_json
from waiting_room.errors import Fault

CLOSED_SHOPPERS = 32
"""In the closed loop against a shop whose bottleneck is unknown: enough to fill some tens of workers."""


@dataclass(frozen=True, slots=True)
class Target:
    """
    A running shop.

    Args:
        url: its address.
        capacity_per_s: orders per second that it can sell, as its owner says; None to measure it.
        room_url: the address of the waiting room in front of it; None where there is none.
    """

    url: str
    capacity_per_s: float | None
    room_url: str | None

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
        elif not is_loopback(parts.hostname) and parts.hostname not in allowed:
            what = f"{parts.hostname} is not this machine, and a rehearsal may bring a shop down"
            yield Fault(option, what, f"if it is yours to load, say --allow-host {parts.hostname}")


def is_loopback(host: str) -> bool:
    """
    Tell whether a host is surely this machine.
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class TargetRehearsal(Rehearsal):
    """
    Play one run against a running shop: with its waiting room, or without one.

    Args:
        options, show, interrupts: as for `Rehearsal`.
        target: the shop.
    """

    def __init__(self, options: Options, show: Progress, interrupts: Interrupts, target: Target) -> None:
        super().__init__(options, show, interrupts)
        self._target = target

    def _thresholds(self) -> tuple[Threshold, ...]:
        gated = self._target.room_url is not None
        return applicable(with_room=gated, without_room=not gated, ledger=False, own_shop=True)

    def _play(self, stack: Stack) -> None:
        size, target = self._options.size, self._target
        self._show.begin(f"A {size.name} rehearsal against {target.url}. Seed {self._options.seed}.")
        self._story.not_measured += list(self._not_measured())
        room = self._room_state() if target.room_url else None
        capacity = sizing.for_crowd(self._capacity(stack), size.behaviour)
        profile = sizing.profile_of(size, capacity)
        self._story.settings |= {
            "The shop": {"address": target.url, "waiting room": target.room_url or "none"},
            "What the shop can do": {"orders_per_s": capacity.orders_per_s, "measured": capacity.measured},
        }
        self._show.note(f"The crowd will peak at {profile.peak_per_s:.0f} shoppers/s.")
        self._play_target(stack, profile, capacity, room)

    def _capacity(self, stack: Stack) -> ShopCapacity:
        given = self._target.capacity_per_s
        if given is not None:
            return ShopCapacity(given, given, measured=False)
        self._show.phase(RUN_TITLES["capacity"], self._options.size.capacity_s)
        plan = self._closed_plan(self._target.url, CLOSED_SHOPPERS)
        capacity = capacity_of(stack.drive(plan, self._show.tick), None)
        if capacity.orders_per_s <= 0:
            raise RehearsalError(
                f"No order was confirmed by {self._target.url} in the closed loop. Does it have the pages of a shop "
                "(/, /product/…, /basket, /checkout, /payment/…)? See runs/capacity.measures.json for what it answered."
            )
        return capacity

    def _play_target(
        self, stack: Stack, profile: SpikeProfile, capacity: ShopCapacity, room: dict[str, Any] | None
    ) -> None:
        self._show.phase("The crowd comes", self._options.size.run_s)
        plan = self._open_plan(self._target.run, self._target.url, profile, capacity)
        watch = _Watch(self._show, self._target.room_url, room or {})

        def played(measures: Measures) -> Played:
            return Played(measures, capacity, sizing.plateau_of(profile), None, watch.facts())

        self._drive(stack, plan, watch.tick, played)

    def _room_state(self) -> dict[str, Any]:
        url = f"{str(self._target.room_url).rstrip('/')}/state.json"
        state = ask_json(url)
        if state is None or not {"rate_per_minute", "capacity", "seats"} <= state.keys():
            raise RehearsalError(
                f"No waiting room answers at {url}. Give the address of the room's page as --room-url."
            )
        return state

    def _not_measured(self) -> Iterator[str]:
        yield "Orders are counted as shoppers saw them confirmed: the shop's database cannot be read from here."
        yield "Whether more was sold than there was: that needs the shop's database."
        if self._target.capacity_per_s is not None:
            yield "What the shop can sell: taken from --capacity, not measured."
        if self._target.room_url:
            yield "Seats between two looks: they were asked for once a second."
            yield "The same crowd without the room: the shop stands behind it, and was not opened for this."
        else:
            yield "Everything about waiting: no --room-url was given, so the crowd went straight to the shop."


@dataclass(slots=True)
class _Watch:
    """
    Ask the room's public state once a second.
    """

    show: Progress
    room_url: str | None
    first: dict[str, Any]
    samples: list[dict[str, float]] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)

    def tick(self, line: dict[str, Any]) -> None:
        """
        Show a second's figures, and look at the room.
        """
        self.show.tick(line)
        state = ask_json(f"{self.room_url.rstrip('/')}/state.json") if self.room_url else None
        if state and "seats" in state:
            self.last = state
            self.samples.append(
                {"t": float(line["t"]) + 1, "seats": state["seats"], "waiting": state.get("waiting") or 0}
            )

    def facts(self) -> RoomFacts | None:
        """
        Return what was seen of the room.
        """
        if not self.room_url:
            return None
        admitted = int(self.last.get("admitted_total") or 0) - int(self.first.get("admitted_total") or 0)
        return RoomFacts(
            rate_per_s=float(self.first["rate_per_minute"]) / 60,
            capacity=int(self.first["capacity"]),
            seats_peak=int(max((sample["seats"] for sample in self.samples), default=0)),
            admitted_total=admitted,
            by_s=tuple(self.samples),
        )
