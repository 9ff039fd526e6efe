"""
What can be wrong with a time line, told before it is played: what would be refused in mid-run is refused here. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final, Literal, TypeGuard

from loadtests.arrivals.model import MOST, table_faults
from loadtests.demo_shop.model import MOST_SLOWER
from loadtests.scenario.spec import Change
from waiting_room.core.breaks import LONGEST_MS
from waiting_room.core.policy import Policy
from waiting_room.errors import Fault, PolicyError

_SETS: Final = {"rate": "rate_per_minute", "seats": "capacity"}
"""The room's setting that a deed changes, and by whose bounds it is held."""
_OF_THE_ROOM: Final = (*_SETS, "break", "sell-out", "open")
"""What an operator does, who is not heard while the room's store is away."""


@dataclass(frozen=True, slots=True)
class _Rule:
    # What a deed takes: a number from and to, and for how long it lasts.
    least: float = 0.0
    most: float = MOST
    to: bool = False
    lasts: Literal["must", "may", "no"] = "no"
    means: str = ""


RULES: Final[Mapping[str, _Rule]] = {
    "kill-redis": _Rule(lasts="must"),
    "kill-worker": _Rule(lasts="must"),
    "slow-shop": _Rule(1, MOST_SLOWER, to=True, lasts="must", means="2 for pages that take twice as long"),
    "shop-capacity": _Rule(0, 1, to=True, lasts="must", means="0.5 for half of the connections"),
    "sell-out": _Rule(),
    "break": _Rule(lasts="must"),
    "rate": _Rule(to=True, lasts="may"),
    "seats": _Rule(to=True, lasts="may"),
    "open": _Rule(),
}


def change_faults(change: Mapping[str, Any], where: str, room: Mapping[str, Any]) -> Iterator[Fault]:
    """
    Yield what is wrong with one change by itself.

    Args:
        change: what could be read of it, by the names of `Change`.
        where: what to call it.
        room: the settings of the room, where they are sound.
    """
    yield from table_faults(change, where)
    rule = RULES.get(str(change.get("do")))
    if rule is None:
        return
    do, to, for_s = change["do"], change.get("to"), change.get("for_s", 0)
    if rule.to and to is None:
        yield Fault(f"{where}.to", f"is missing: {do} needs a number", rule.means)
    elif not rule.to and to is not None:
        yield Fault(f"{where}.to", f"means nothing to {do}", "leave it out")
    elif _sound(to) and do in _SETS:
        yield from _setting_faults(room, _SETS[do], to, f"{where}.to")
    elif _sound(to) and not rule.least <= to <= rule.most:
        yield Fault(f"{where}.to", f"must be from {rule.least:g} to {rule.most:g}, is {to:g}", rule.means)
    if rule.lasts == "must" and for_s == 0:
        yield Fault(f"{where}.for_s", f"is missing: {do} needs to know for how long", "in seconds")
    elif rule.lasts == "no" and for_s != 0:
        yield Fault(f"{where}.for_s", f"means nothing to {do}", "leave it out")
    elif do == "break" and LONGEST_MS / 1000 < for_s <= MOST:
        yield Fault(f"{where}.for_s", f"is {for_s:g} s, and no break lasts longer than a week")


def order_faults(
    changes: Iterable[tuple[str, Mapping[str, Any]]], end_s: float | None, pre_queue_s: float | None
) -> Iterator[Fault]:
    """
    Yield what is wrong with changes beside each other, and beside the run that they are made to.

    Args:
        changes: what to call each, and what could be read of it.
        end_s: when the run ends; None where that could not be read.
        pre_queue_s: when a room that gathers opens, 0 where it does not gather; None where that could not be read.
    """
    placed = [(where, _planned(change)) for where, change in changes]
    timed = [(where, change) for where, change in placed if change is not None]
    for where, change in timed:
        if end_s is not None and change.at_s > end_s:
            yield Fault(f"{where}.at_s", f"is {change.at_s:g}, and the run ends at {end_s:g} s")
        if change.do == "open" and pre_queue_s is not None and not change.at_s < pre_queue_s:
            at = f"opens by itself at {pre_queue_s:g} s" if pre_queue_s else "gathers nobody, and is open"
            yield Fault(where, f"the room {at}", "open it before pre_queue_s, or leave it out")
    for (_, first), (where, later) in combinations(sorted(timed, key=lambda each: each[1].at_s), 2):
        over_s = first.at_s + first.for_s
        if first.do == later.do and later.at_s < over_s:
            what = f"{later.do} at {later.at_s:g} s begins before that of {first.at_s:g} s is over, at {over_s:g} s"
            yield Fault(where, what, "put one after the other")
    yield from _unheard(timed)


def _unheard(timed: Iterable[tuple[str, Change]]) -> Iterator[Fault]:
    away = [change for _, change in timed if change.do == "kill-redis"]
    for where, change in timed:
        if change.do not in _OF_THE_ROOM:
            continue
        ends = (change.at_s + change.for_s,) if change.do in _SETS and change.for_s else ()
        for kill in away:
            if any(kill.at_s <= at_s < kill.at_s + kill.for_s for at_s in (change.at_s, *ends)):
                what = f"{change.do} begins or ends while kill-redis has taken the room's store, from {kill.at_s:g} s"
                yield Fault(where, f"{what} to {kill.at_s + kill.for_s:g} s", "put one after the other")


def _planned(change: Mapping[str, Any]) -> Change | None:
    at_s, for_s, do = change.get("at_s"), change.get("for_s", 0), change.get("do")
    if do is None or not _sound(at_s) or not _sound(for_s):
        return None
    return Change(float(at_s), do, float(for_s))


def _sound(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and 0 <= value <= MOST


def _setting_faults(room: Mapping[str, Any], name: str, value: float, where: str) -> Iterator[Fault]:
    # As the room will judge it: by its bounds, and beside its other settings.
    try:
        Policy.parse({**room, name: round(value)})
    except PolicyError as error:
        yield from (Fault(where, f"as {fault.where}: {fault.what}", fault.remedy) for fault in error.faults)
