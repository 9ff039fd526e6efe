"""
A room's settings: one frozen value, validated as a whole.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from waiting_room.core import calendar
from waiting_room.core.lanes import DEFAULT_LANES, LANE_ORDERS, Lane, read_lanes
from waiting_room.core.newcomers import MOST_PER_MINUTE
from waiting_room.core.phase import MODES
from waiting_room.core.reading import can_be_sent, shown
from waiting_room.errors import Fault, PolicyError

OutageRule = Literal["static", "hold", "open"]
MOST_RATE: Final = 6_000_000
LEAST_POLLS_PER_S: Final = 2000
"""What a worker answers beside its other work on any machine (15,000 were measured)."""
POLLS_PER_ADMISSION: Final = 30
"""Turns are heard of in time where a fifth of the budget is 1 + ln(far / poll_min) polls for each call: with a million
waiting, a third more calls than admissions and intervals of half a minute that is 25 for each admission."""
OUTAGE_RULES: Final[tuple[str, ...]] = get_args(OutageRule)


def _setting(default: Any, low: float, high: float, unit: str, help_: str) -> Any:
    return field(default=default, metadata={"low": low, "high": high, "unit": unit, "help": help_})


@dataclass(frozen=True, slots=True)
class Policy:
    """
    Hold the settings of one room; `Policy.parse` is the only way in from outside.

    Each field's metadata bears its range, unit and help; the reference of the configuration is made from it.
    """

    capacity: int = _setting(200, 0, 10_000_000, "seats", "how many shoppers may be inside at once")
    rate_per_minute: int = _setting(
        600, 0, MOST_RATE, "admissions per minute", "how many shoppers may go in per minute, spread evenly"
    )
    adaptive: bool = field(
        default=False,
        metadata={
            "help": "the room finds the rate that the shop can bear, by what gates report; the rate is its ceiling"
        },
    )
    rate_floor_per_minute: int = _setting(
        6, 0, MOST_RATE, "admissions per minute", "an adaptive room goes no slower, unless the shop is down"
    )
    latency_target_ms: int = _setting(
        1000, 10, 60_000, "ms", "an adaptive room keeps 95 of 100 of the shop's answers quicker than this"
    )
    error_target: float = _setting(
        0.02, 0.0, 0.5, "share of answers", "an adaptive room lets in fewer where more of the shop's answers are errors"
    )
    warm_up_s: float = _setting(
        0, 0, 3600, "seconds", "after an opening the rate rises from the floor to its ceiling in this time"
    )
    stock_factor: float = _setting(
        1.0, 0.01, 100, "seats per unit", "no more are inside than this for each unit of the stock, where it is told"
    )
    idle_timeout_s: float = _setting(300, 1, 86_400, "seconds", "a seat unused for this long is given to the next one")
    max_session_s: float = _setting(3600, 10, 604_800, "seconds", "no seat is held for longer than this")
    payment_cap_s: float = _setting(
        1800, 10, 86_400, "seconds", "a visitor who pays is not put out for this long, whatever else ends a visit"
    )
    return_window_s: float = _setting(
        600, 0, 86_400, "seconds", "so long after a visit with a basket its owner may join the returning lane"
    )
    invite_only: bool = field(default=False, metadata={"help": "only those who bear an invitation may join"})
    joins_per_address: int = _setting(
        0,
        0,
        MOST_PER_MINUTE,
        "new places per minute",
        "so many new places a minute are given to one IPv4 address, or one /56 of IPv6; others ask again some seconds "
        "later, by themselves. 0: no bound. Behind a proxy it needs `server.trusted_proxies`",
    )
    claim_window_s: float = _setting(
        60, 2, 3600, "seconds", "who was called and has not come within this time is counted as a no-show"
    )
    poll_min_s: float = _setting(2.0, 0.2, 60, "seconds", "the shortest time between two status polls of a visitor")
    poll_max_s: float = _setting(
        60.0, 1, 600, "seconds", "the longest time between two polls, unless the poll budget asks for longer"
    )
    poll_budget_per_s: int = _setting(
        0,
        0,
        1_000_000,
        "polls per second",
        "all polls of the room together stay below this, however many wait; 0: what the highest rate needs, 30 for "
        "each admission a second and at least 2,000",
    )
    audit_records: int = _setting(
        20_000,
        100,
        10_000_000,
        "records",
        "so many records of the admission log are kept: one a second while it is busy",
    )
    on_redis_outage: str = field(
        default="static",
        metadata={
            "choices": OUTAGE_RULES,
            "help": "while Redis is away, nobody new is let in (static, and so far hold as well), or everybody (open)",
        },
    )
    target: str = field(default="", metadata={"help": "where an admitted visitor goes who asked for no page"})
    allowed_hosts: tuple[str, ...] = field(
        default=(),
        metadata={"help": "hosts of the shop that a visitor may be sent on to; others are refused"},
    )
    message: str = field(default="", metadata={"help": "the operator's words on the waiting page"})
    mode: str = field(
        default="queue",
        metadata={
            "choices": MODES,
            "help": "queue paces everybody; standby lets everybody pass until it is crowded, and then queues; hold "
            "lets nobody in; shadow lets everybody pass and measures what a queue would have done",
        },
    )
    standby_seats: float = _setting(
        0.8, 0, 1, "of the capacity", "in standby, the share of the seats beyond which newcomers no longer pass at once"
    )
    timezone: str = field(
        default="UTC",
        metadata={"help": "the time zone of the schedule's times, such as Europe/Warsaw"},
    )
    schedule: calendar.Schedule = field(
        default=(),
        metadata={
            "kind": "list of entries",
            "help": "what is to happen when, as a list of at, do (" + ", ".join(calendar.KINDS) + ") and, with rate or "
            "open, rate_per_minute",
        },
    )
    lanes: tuple[Lane, ...] = field(
        default=DEFAULT_LANES,
        metadata={
            "table": "a table for each lane",
            "default": "`standard` alone",
            "help": "classes of visitors, each with an order of its own; `standard` is always one of them",
        },
    )
    lane_order: str = field(
        default="weighted",
        metadata={
            "choices": LANE_ORDERS,
            "help": "lanes are called by their weights, or strictly one after the other; floors hold either way",
        },
    )

    @classmethod
    def parse(cls, values: Mapping[str, Any], where: str = "room") -> "Policy":
        """
        Return the policy that *values* describe, with defaults for what they leave out.

        Raises `PolicyError` with all faults at once: unknown names, wrong types, values out of range, contradictions.
        """
        faults = [_unknown(name, where) for name in values if name not in _FIELDS]
        known = {name: _read(name, value, where, faults) for name, value in values.items() if name in _FIELDS}
        if not faults:
            policy = cls(**known)
            faults.extend(policy.contradictions(where))
            if not faults:
                return policy
        raise PolicyError(tuple(faults))

    def contradictions(self, where: str) -> list[Fault]:
        """
        Return the faults that no single field shows.
        """
        found = []
        if self.poll_min_s > self.poll_max_s:
            found.append(Fault(f"{where}.poll_min_s", f"{self.poll_min_s:g} is above poll_max_s", "lower it"))
        if self.idle_timeout_s > self.max_session_s:
            what = f"{self.idle_timeout_s:g} is above max_session_s"
            found.append(Fault(f"{where}.idle_timeout_s", what, "lower it, or allow longer sessions"))
        if self.claim_window_s < 2 * self.poll_min_s:
            what = f"{self.claim_window_s:g} is shorter than two polls of poll_min_s"
            found.append(Fault(f"{where}.claim_window_s", what, "a called visitor must have time to hear of it"))
        if self.rate_floor_per_minute > self.rate_per_minute and (self.adaptive or self.warm_up_s):
            what = f"{self.rate_floor_per_minute} is above rate_per_minute"
            found.append(Fault(f"{where}.rate_floor_per_minute", what, "lower it, or raise the rate"))
        found.extend(calendar.conflicts(self.schedule, self.timezone, f"{where}.schedule"))
        return found

    @property
    def rate_per_s(self) -> float:
        """
        Return the rate in admissions per second.
        """
        return self.rate_per_minute / 60

    @property
    def polls_per_s(self) -> float:
        """
        Return how many polls a second the room may ask for: its budget, or what its highest rate needs.
        """
        if self.poll_budget_per_s:
            return self.poll_budget_per_s
        steps = (entry.rate_per_minute or 0 for entry in self.schedule)
        return max(LEAST_POLLS_PER_S, POLLS_PER_ADMISSION * max(self.rate_per_minute, *steps, 0) / 60)

    @property
    def planned(self) -> tuple[calendar.Appointment, ...]:
        """
        Return the schedule's instants.
        """
        return calendar.appointments(self.schedule, self.timezone)

    def seats_for(self, stock: int | None) -> int:
        """
        Return how many may be inside while *stock* units are left, None where nobody has told.
        """
        return self.capacity if stock is None else min(self.capacity, stock * round(self.stock_factor * 1000) // 1000)

    def as_dict(self) -> dict[str, Any]:
        """
        Return the settings as plain values; `parse` of them gives an equal policy.
        """
        schedule = [entry.as_dict() for entry in self.schedule]
        lanes = {lane.name: lane.as_dict() for lane in self.lanes}
        return asdict(self) | {"allowed_hosts": list(self.allowed_hosts), "schedule": schedule, "lanes": lanes}

    def to_json(self) -> str:
        """
        Return the settings as compact JSON, such that equal policies give equal text.

        What stands at its default is left out: a worker of an older version, which knows fewer settings, goes on
        reading the room while the version is changed.
        """
        values = self.as_dict()
        changed = {name: values[name] for name in sorted(values) if getattr(self, name) != _FIELDS[name].default}
        return json.dumps(changed, separators=(",", ":"))


_FIELDS: Final = {entry.name: entry for entry in fields(Policy)}


def _unknown(name: str, where: str) -> Fault:
    near = get_close_matches(name, _FIELDS, n=1)
    remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(_FIELDS)}"
    return Fault(f"{where}.{name}", "unknown setting", remedy)


def _read(name: str, value: Any, where: str, faults: list[Fault]) -> Any:
    if name in _READERS:
        return _READERS[name](value, f"{where}.{name}", faults)
    kind = _FIELDS[name].type
    if name == "timezone" and isinstance(value, str):
        faults.extend(calendar.zone_faults(value, f"{where}.{name}"))
        return value
    if kind is bool:
        return _read_flag(value, f"{where}.{name}", faults)
    if kind is str:
        return _read_text(name, value, f"{where}.{name}", faults)
    return _read_number(name, value, f"{where}.{name}", faults)


def _read_hosts(value: Any, where: str, faults: list[Fault]) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(host, str) and host for host in value):
        faults.append(Fault(where, f"{value!r} is no list of hosts", 'write ["shop.example"]'))
        return ()
    return tuple(host.lower() for host in value)


_READERS: Final[Mapping[str, Callable[[Any, str, list[Fault]], Any]]] = MappingProxyType(
    {"allowed_hosts": _read_hosts, "lanes": read_lanes, "schedule": calendar.read_schedule}
)


def _read_flag(value: Any, where: str, faults: list[Fault]) -> bool:
    if not isinstance(value, bool):
        faults.append(Fault(where, f"{value!r} is neither true nor false", "write true or false, without quotes"))
        return False
    return value


def _read_text(name: str, value: Any, where: str, faults: list[Fault]) -> str:
    choices = _FIELDS[name].metadata.get("choices")
    if not isinstance(value, str):
        faults.append(Fault(where, f"{value!r} is no text", "put it in quotes"))
    elif not can_be_sent(value):
        faults.append(Fault(where, f"{value!r} holds half a character", "write the character as it is"))
    elif choices and value not in choices:
        faults.append(Fault(where, f"{value!r} is none of the choices", f"use one of {', '.join(choices)}"))
    else:
        return value
    return ""


def _read_number(name: str, value: Any, where: str, faults: list[Fault]) -> float | int:
    meta = _FIELDS[name].metadata
    whole = _FIELDS[name].type is int
    if isinstance(value, bool) or not isinstance(value, int | float) or (whole and value % 1 != 0):
        faults.append(Fault(where, f"{value!r} is no {'whole ' if whole else ''}number", f"in {meta['unit']}"))
        return 0
    if not meta["low"] <= value <= meta["high"]:
        remedy = f"allowed are {meta['low']:,} to {meta['high']:,} {meta['unit']}"
        faults.append(Fault(where, f"{shown(value)} is out of range", remedy))
        return 0
    return int(value) if whole else float(value)
