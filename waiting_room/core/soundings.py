"""
How far the announced waits are off, measured in the room itself.

A sounding is what somebody at a place in the queue would be told at a moment. When that place is called, it shows on
which side of the range the wait ended, if it did not lie inside: the side is widened at once, and both are narrowed a
little by each wait that lies inside, such that in the long run as many lie outside as are meant to ("adaptive conformal
inference", Gibbs and Candès, 2021: whatever the waits are like, and however they change). Soundings need no visitor and
no store: each worker takes them from the views that it has anyway.
"""

from typing import Final, NamedTuple

from waiting_room.core.estimate import CLASSES, SHORTEST_S, UNKNOWN, Spread
from waiting_room.core.outcomes import Eta
from waiting_room.core.snapshot import LaneSnapshot
from waiting_room.core.view import View

MISSES: Final = 0.1
"""The share of waits that may end before the range, and that may end after it: four of five lie inside."""
_KEPT: Final = MISSES / (1 - MISSES)
"""
In the long run eight of ten waits narrow both sides by this part of a step, for each one that widens one by the rest.
A wait that missed one side tells nothing of the other: nobody knows how it would have gone on.
"""
_STEP: Final = 0.06
"""A missed side grows by 5 %, a kept one shrinks by 0.7 %."""
_EAGER: Final = 8.0
_SETTLED: Final = 4.0
"""
The first wait of a class moves a side by seven times as much, the fourth by five times, the fortieth by twice: what is
assumed before anything is known is soon forgotten, and a promotion has few long waits to learn from.
"""
_PER_WAIT: Final = 8
"""Soundings within the length of one wait; more would tell the same thing again."""
_GOLDEN: Final = 0.618_034
_SILVER: Final = 0.414_214
"""
Multiples of these fall evenly between 0 and 1, apart from each other: an answer is looked at until the next one comes,
and a call is heard of with the next poll.
"""
_INHERITED: Final = 0.71
"""Waits that are twice as long, of as many calls more, vary by the root of a half as much."""
_NEXT: Final = Eta(0.0, 0.0)
_SHAKEN: Final = 0.6
"""While a crowd becomes another one nothing that was measured is right: waits end in half the time, or in twice it."""
_NARROWEST: Final = -0.2
_WIDEST: Final = 1.5


class _Sounding(NamedTuple):
    """
    Hold what was told at *at_ms* to somebody who stands at *rank*, looks at the answer *looks_s* after it, asks again
    *asks_s* after it, and hears of the call *hears_s* after it. Until *open_to_ms* only a call ends it. *trust*: that
    of the forecast in its two ends.
    """

    at_ms: int
    rank: int
    told: Eta
    asks_s: float
    looks_s: float
    hears_s: float
    open_to_ms: int
    trust: tuple[float, float]


class Soundings:
    """
    Learn from one lane's snapshots how wide its ranges must be; waits are classed by their length, each twice the last.
    """

    __slots__ = ("_breaks", "_early", "_late", "_next_ms", "_open", "_seen", "_taken")

    def __init__(self) -> None:
        self._breaks = 0
        self._begin()

    def _begin(self, shaken: float = 0.0) -> None:
        self._early = [side + shaken for side in UNKNOWN.early]
        self._late = [side + shaken for side in UNKNOWN.late]
        self._seen = [0] * CLASSES
        self._open: list[list[_Sounding]] = [[] for _ in range(CLASSES)]
        self._next_ms = [0] * CLASSES
        self._taken = 0

    @property
    def spread(self) -> Spread:
        """
        Return the spread as far as it is known: a class that has seen nothing yet is wider than assumed if the one
        below is.
        """
        early, late = self._early[:], self._late[:]
        for index in range(1, CLASSES):
            if not self._seen[index]:
                early[index] = max(early[index], _inherited(early, UNKNOWN.early, index))
                late[index] = max(late[index], _inherited(late, UNKNOWN.late, index))
        return Spread.of(early, late)

    def see(self, view: View, name: str) -> None:
        """
        Learn from what has been called of the lane *name* by the time of *view*, and sound anew.

        A pause ends all soundings: whoever waits is told of it. Of a crowd that is another one nothing is known yet.
        """
        snapshot, lane = view.snapshot, view.snapshot.lanes[name]
        if not snapshot.admits or snapshot.recovering:
            self._open = [[] for _ in range(CLASSES)]
            return
        if view.breaks != self._breaks:
            self._breaks = view.breaks
            self._begin(_SHAKEN)
        now_ms, frontier = snapshot.now_ms, lane.frontier
        for index in range(CLASSES):
            self._open[index] = [
                one
                for one in self._open[index]
                if (one.rank >= frontier and now_ms < one.open_to_ms) or not self._ends(index, one, now_ms, lane)
            ]
            self._sound(index, view, name, lane)

    def _ends(self, index: int, one: _Sounding, now_ms: int, lane: LaneSnapshot) -> bool:
        left_s = max((now_ms - one.at_ms) / 1000 + one.hears_s, one.asks_s) - one.looks_s
        called = one.rank < lane.frontier
        late = left_s > one.told.high_s
        if called or late:
            self._seen[index] += 1
            step = _STEP * (1 + _EAGER / (1 + self._seen[index] / _SETTLED))
            early = left_s < one.told.low_s
            if not late:
                _learn(self._early, index, step, early, one.trust[0])
            if not early:
                _learn(self._late, index, step, late, one.trust[1])
        return called or late

    def _sound(self, index: int, view: View, name: str, lane: LaneSnapshot) -> None:
        now_ms = view.snapshot.now_ms
        if now_ms < self._next_ms[index]:
            return
        wait_s, forecast = SHORTEST_S * 2**index, view.forecast(name)
        ahead = forecast.ahead_after(wait_s)
        told = forecast.eta(ahead) if ahead < lane.waiting else None
        if told is not None:
            self._next_ms[index] = now_ms + int(max(1.0, wait_s / _PER_WAIT) * 1000)
            self._taken += 1
            asks_s = view.interval_s(ahead + 1, told)
            looks_s = asks_s * (self._taken * _GOLDEN % 1)
            hears_s = (view.interval_s(1, _NEXT) + forecast.heard_late_s) * (self._taken * _SILVER % 1)
            rank = lane.presence.nth(ahead + 1)
            open_s = told.high_s + looks_s - hears_s if asks_s - looks_s <= told.high_s else 0.0
            open_to_ms = now_ms + int(1000 * open_s) - 1
            trust = forecast.trust
            self._open[index].append(_Sounding(now_ms, rank, told, asks_s, looks_s, hears_s, open_to_ms, trust))


def _learn(side: list[float], index: int, step: float, missed: bool, trust: float) -> None:
    moved = 1 - _KEPT if missed else -_KEPT * trust
    side[index] = min(_WIDEST, max(_NARROWEST, side[index] + step * moved))


def _inherited(side: list[float], assumed: tuple[float, ...], index: int) -> float:
    return assumed[index - 1] + _INHERITED * (side[index - 1] - assumed[index - 1])
