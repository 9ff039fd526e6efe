"""
Classes of visitors, each with an order of its own, and how the calls of a room are shared among them.

A lane's part of the calls follows from the weights, or from the order of the lanes; a floor is kept either way. What a
lane is owed is carried from step to step, so that over time its part is exact however few calls a step has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any, Final, Literal, get_args

from waiting_room.core.names import name_faults
from waiting_room.core.reading import shown
from waiting_room.errors import Fault

STANDARD_LANE: Final = "standard"
LaneOrder = Literal["weighted", "strict"]
LANE_ORDERS: Final[tuple[str, ...]] = get_args(LaneOrder)
Entry = Literal["anyone", "invitation", "return"]
ENTRIES: Final[tuple[str, ...]] = get_args(Entry)
MAX_LANES: Final = 8
MAX_WEIGHT: Final = 1_000_000
_ONE_BY_ONE: Final = 256
"""Up to so many calls of a step are dealt one by one; of more, all but these are dealt in one go, by the parts."""


@dataclass(frozen=True, slots=True)
class Lane:
    """
    Hold the settings of one lane.

    *weight*: its calls in relation to those of other lanes. *floor*: the least part of the calls it gets while somebody
    waits in it, 0 to 1. *entry*: who may join it.
    """

    name: str
    weight: float = 1.0
    floor: float = 0.0
    entry: str = "anyone"

    def as_dict(self) -> dict[str, Any]:
        """
        Return the settings as they stand below the lane's name.
        """
        values = asdict(self)
        del values["name"]
        return values


DEFAULT_LANES: Final = (Lane(STANDARD_LANE),)


def read_lanes(value: Any, where: str, faults: list[Fault]) -> tuple[Lane, ...]:
    """
    Return the lanes that the table *value* describes, in its order; what is wrong is added to *faults*.
    """
    if not isinstance(value, Mapping):
        faults.append(
            Fault(where, f"{value!r:.40} is no table of lanes", "write a table for each, such as lanes.loyal")
        )
        return DEFAULT_LANES
    lanes = tuple(_read_lane(str(name), table, f"{where}.{name}", faults) for name, table in value.items())
    if len(lanes) > MAX_LANES:
        faults.append(Fault(where, f"{len(lanes)} lanes are too many", f"at most {MAX_LANES} are served"))
    if STANDARD_LANE not in value:
        what = f"there is no lane {STANDARD_LANE}"
        faults.append(Fault(where, what, f"add lanes.{STANDARD_LANE}: those who have no invitation stand there"))
    floors = sum(lane.floor for lane in lanes)
    if floors > 1 + 1e-9:
        faults.append(Fault(where, f"the floors add up to {floors:g}", "lower them: together they may be 1 at most"))
    return lanes


def _read_lane(name: str, table: Any, where: str, faults: list[Fault]) -> Lane:
    faults.extend(name_faults(name, where, "lane"))
    if not isinstance(table, Mapping):
        faults.append(Fault(where, f"{table!r:.40} is no lane", "write a table, such as {weight = 3, floor = 0.1}"))
        return Lane(name)
    known = ("weight", "floor", "entry")
    for key in table:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            faults.append(Fault(f"{where}.{key}", "unknown setting of a lane", remedy))
    weight = _read_number(table.get("weight", 1.0), f"{where}.weight", MAX_WEIGHT, faults)
    if weight == 0:
        faults.append(Fault(f"{where}.weight", "a weight of 0 calls nobody", "give a number above 0"))
    floor = _read_number(table.get("floor", 0.0), f"{where}.floor", 1, faults)
    entry = table.get("entry", "anyone")
    if entry not in ENTRIES:
        faults.append(Fault(f"{where}.entry", f"{entry!r} is none of the choices", f"use one of {', '.join(ENTRIES)}"))
        entry = "anyone"
    elif name == STANDARD_LANE and entry != "anyone":
        what = f"the lane {STANDARD_LANE} is for anyone"
        faults.append(Fault(f"{where}.entry", what, "make another lane for those who are invited or come back"))
    return Lane(name, weight or 1.0, floor or 0.0, entry)


def _read_number(value: Any, where: str, most: float, faults: list[Fault]) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        faults.append(Fault(where, f"{value!r:.40} is no number", f"give one from 0 to {most:,}"))
    elif not 0 <= value <= most:
        faults.append(Fault(where, f"{shown(value)} is out of range", f"allowed are 0 to {most:,}"))
    else:
        return float(value)
    return None


def portions(lanes: Sequence[Lane], order: str) -> dict[str, float]:
    """
    Return which part of the calls each of *lanes* gets while people wait in all of them; the parts add up to 1.

    By weight, where a lane that would fall below its floor gets the floor and the others share the rest; or, in strict
    order, the floor for all but the first.
    """
    if order == "strict":
        below = {lane.name: lane.floor for lane in lanes[1:]}
        return {lanes[0].name: max(0.0, 1.0 - sum(below.values()))} | below
    floored: set[str] = set()
    while True:
        rest = 1.0 - sum(lane.floor for lane in lanes if lane.name in floored)
        weights = sum(lane.weight for lane in lanes if lane.name not in floored)
        parts = {
            lane.name: lane.floor if lane.name in floored else max(0.0, rest) * lane.weight / weights for lane in lanes
        }
        short = {lane.name for lane in lanes if lane.name not in floored and parts[lane.name] < lane.floor}
        if not short:
            return parts
        floored |= short


def share(
    due: int, lanes: Sequence[Lane], order: str, waiting: Mapping[str, int], credits_: Mapping[str, float]
) -> tuple[dict[str, int], dict[str, float]]:
    """
    Return how many of *due* calls each lane gets, and what each is owed after them, in calls.

    All of *due* are given while anybody waits. While the lanes in which people wait stay the same, what a lane has got
    differs from its part by less than one call after every step, however the steps are cut: each call goes to the lane
    that would be late first, of those that are owed enough (Tijdeman, "The chairman assignment problem", 1980). What a
    lane does not use goes to the others; where nobody waits, nothing is owed.
    """
    calls = dict.fromkeys((lane.name for lane in lanes), 0)
    left = {lane.name: waiting[lane.name] for lane in lanes if waiting.get(lane.name, 0) > 0}
    owed = {name: credits_.get(name, 0.0) for name in left}
    due = min(due, sum(left.values()))
    while due > 0:
        parts = portions([lane for lane in lanes if lane.name in left], order)
        owed = _balanced(owed, parts)
        due -= _deal(due, parts, owed, left, calls)
    return calls, {name: owed.get(name, 0.0) if name in left else 0.0 for name in calls}


def _balanced(owed: Mapping[str, float], parts: Mapping[str, float]) -> dict[str, float]:
    """
    Return what is owed to those who have a part, such that it adds up to nothing: what others leave is shared out.
    """
    kept = {name: owed.get(name, 0.0) if part else 0.0 for name, part in parts.items()}
    excess = sum(kept.values())
    return {name: credit - excess * parts[name] for name, credit in kept.items()}


def _deal(
    due: int, parts: Mapping[str, float], owed: dict[str, float], left: dict[str, int], calls: dict[str, int]
) -> int:
    """
    Deal up to *due* calls, until a lane has nobody left; return how many.
    """
    shares = [(name, part) for name, part in parts.items() if part > 0]
    dealt = _deal_at_once(due - _ONE_BY_ONE, shares, owed, left, calls)
    if len(shares) == 1:
        name = shares[0][0]
        rest = min(due - dealt, left[name])
        _give(name, rest, left, calls)
        return dealt + rest
    enough = 1 / (2 * len(shares) - 2)
    while dealt < due and len(left) == len(parts):
        for name, part in shares:
            owed[name] += part
        _, name = min(((1 - owed[name]) / part, name) for name, part in shares if owed[name] >= enough - 1e-9)
        owed[name] -= 1
        dealt += 1
        _give(name, 1, left, calls)
    return dealt


def _deal_at_once(
    count: float, shares: Sequence[tuple[str, float]], owed: dict[str, float], left: dict[str, int],
    calls: dict[str, int],
) -> int:  # fmt: skip
    """
    Deal about *count* calls by the parts, less where a lane has fewer people; return how many.
    """
    count = min(count, *(left[name] / part for name, part in shares))
    given = {name: int(count * part + 1e-9) for name, part in shares} if count > _ONE_BY_ONE else {}
    dealt = sum(given.values())
    for name, part in shares if given else ():
        owed[name] += dealt * part - given[name]
        _give(name, given[name], left, calls)
    return dealt


def _give(name: str, count: int, left: dict[str, int], calls: dict[str, int]) -> None:
    calls[name] += count
    left[name] -= count
    if left[name] <= 0:
        del left[name]
