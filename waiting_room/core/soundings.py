"""
How far the announced waits are off, measured in the room itself.

A sounding is what somebody at a place in the queue would be told at a moment. When that place is called, it shows on
which side of the range the wait ended, if it did not lie inside: the side is widened at once, and narrowed a little by
each wait that kept to it, such that in the long run as many lie outside as are meant to ("adaptive conformal
inference", Gibbs and Candès, 2021: whatever the waits are like, and however they change). Soundings need no visitor and
no store: each worker takes them from the views that it has anyway.
"""

from typing import Final, NamedTuple

from waiting_room.core.estimate import CLASSES, SHORTEST_S, UNKNOWN, Forecast, Spread
from waiting_room.core.outcomes import Eta
from waiting_room.core.snapshot import LaneSnapshot, Snapshot

MISSES: Final = 0.1
"""The share of waits that may end before the range, and that may end after it: four of five lie inside."""
_STEP: Final = 0.06
"""A missed side grows by 5 %, a kept one shrinks by 0.6 %."""
_PER_WAIT: Final = 8
"""Soundings within the length of one wait; more would tell the same thing again."""
_NARROWEST: Final = -0.2
_WIDEST: Final = 1.5


class _Sounding(NamedTuple):
    at_ms: int
    rank: int
    told: Eta


class Soundings:
    """
    Learn from one lane's snapshots how wide its ranges must be; waits are classed by their length, each twice the last.
    """

    __slots__ = ("_early", "_known", "_late", "_next_ms", "_open")

    def __init__(self) -> None:
        self._early = list(UNKNOWN.early)
        self._late = list(UNKNOWN.late)
        self._known = [False] * CLASSES
        self._open: list[list[_Sounding]] = [[] for _ in range(CLASSES)]
        self._next_ms = [0] * CLASSES

    @property
    def spread(self) -> Spread:
        """
        Return the spread as far as it is known: a class that has seen nothing yet is at least as wide as the one below.
        """
        early, late = self._early[:], self._late[:]
        for index in range(1, CLASSES):
            if not self._known[index]:
                early[index] = max(early[index], early[index - 1])
                late[index] = max(late[index], late[index - 1])
        return Spread.of(early, late)

    def see(self, snapshot: Snapshot, lane: LaneSnapshot, forecast: Forecast, lead_s: float) -> None:
        """
        Learn from what has been called of *lane* by now, and sound anew.

        A call is heard of *lead_s* after it on average. A pause ends all soundings: whoever waits is told of it.
        """
        if not snapshot.phase.admits or snapshot.recovering:
            self._open = [[] for _ in range(CLASSES)]
            return
        for index in range(CLASSES):
            still = [one for one in self._open[index] if not self._ends(index, one, snapshot.now_ms, lane, lead_s)]
            self._open[index] = still
            self._sound(index, snapshot.now_ms, lane, forecast)

    def _ends(self, index: int, one: _Sounding, now_ms: int, lane: LaneSnapshot, lead_s: float) -> bool:
        waited_s = (now_ms - one.at_ms) / 1000
        called = one.rank < lane.frontier
        late = waited_s + lead_s > one.told.high_s
        if called or late:
            self._known[index] = True
            self._learn(self._early, index, missed=waited_s + lead_s / 2 < one.told.low_s)
            self._learn(self._late, index, missed=late)
        return called or late

    def _learn(self, side: list[float], index: int, *, missed: bool) -> None:
        side[index] = min(_WIDEST, max(_NARROWEST, side[index] + _STEP * (missed - MISSES)))

    def _sound(self, index: int, now_ms: int, lane: LaneSnapshot, forecast: Forecast) -> None:
        if now_ms < self._next_ms[index]:
            return
        wait_s = SHORTEST_S * 2**index
        ahead = forecast.ahead_after(wait_s)
        told = forecast.eta(ahead) if ahead < lane.waiting else None
        if told is not None:
            self._next_ms[index] = now_ms + int(max(1.0, wait_s / _PER_WAIT) * 1000)
            self._open[index].append(_Sounding(now_ms, lane.presence.nth(ahead + 1), told))
