"""
Each lane's part of the calls, by the simulator's books.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from waiting_room.core.lanes import Lane
from waiting_room.core.plan import Advance
from waiting_room.core.policy import Policy
from waiting_room.core.snapshot import Snapshot

_OWED: Final = 2.0
"""Less than a call is owed to a lane before a step, and less than one after it."""


class Parts:
    """
    Count the calls of each lane while people wait in the same ones, and what part of all each must have got.

    *behind*: by how many calls a lane has been behind its part at most.
    """

    def __init__(self) -> None:
        self.behind = 0.0
        self._since: tuple[object, ...] = ()
        self._calls: Counter[str] = Counter()
        self._together: Counter[str] = Counter()
        self._least: Mapping[str, float] = {}

    def dealt(self, snapshot: Snapshot, step: Advance) -> str:
        """
        Count the calls of a step; return what is wrong, empty where nothing is.
        """
        if len(snapshot.lanes) < 2:
            return ""
        waiting = [lane for lane in snapshot.line_up if snapshot.lanes[lane.name].waiting > 0]
        if len(waiting) < 2:
            self._since = ()
            return ""
        since = (snapshot.policy, snapshot.epoch, snapshot.round, tuple(waiting))
        if since != self._since:
            self._since, self._calls = since, Counter()
            self._least = least_parts(snapshot.policy, waiting)
        presences = {lane.name: snapshot.lanes[lane.name].presence for lane in waiting}
        called = {name: presence.ahead(step.lanes[name].frontier) for name, presence in presences.items()}
        self._calls.update(called)
        emptied = {name for name, presence in presences.items() if called[name] >= presence.total}
        if emptied:
            self._since = ()
        elif len(waiting) == len(snapshot.lanes):
            self._together.update(called)
        total = self._calls.total()
        for name, part in self._least.items():
            behind = 0.0 if name in emptied else part * total - self._calls[name]
            self.behind = max(self.behind, behind)
            if behind >= _OWED:
                return f"lane {name} got {self._calls[name]} of {total} calls, and its part is {part:.3f}"
        return ""

    def shares(self) -> dict[str, float]:
        """
        Return each lane's part of the calls of the steps in which people waited in all of them, before and after.
        """
        total = self._together.total()
        return {name: count / total for name, count in self._together.items()} if total else {}


def least_parts(policy: Policy, waiting: list[Lane]) -> dict[str, float]:
    """
    Return which part of the calls each of the lanes in which people wait gets at least.

    In strict order the first one gets what the floors leave. By weight, a lane that is not at its floor gets at least
    its weight's part of what all the floors together leave.
    """
    floors = sum(lane.floor for lane in waiting)
    if policy.lane_order == "strict":
        first = waiting[0]
        return {lane.name: lane.floor for lane in waiting} | {first.name: 1 - floors + first.floor}
    weights = sum(lane.weight for lane in waiting)
    return {lane.name: max(lane.floor, (1 - floors) * lane.weight / weights) for lane in waiting}
