"""
How fast seats end and those who wait leave: measured between the snapshots that a worker takes anyway.

A measure per seat outlives a change of the limits: when the seats are doubled, so are the ends. Both are sums that
forget, so that a promotion that changes is followed.
"""

from math import exp, log
from typing import Final, NamedTuple

from waiting_room.core.snapshot import LaneSnapshot, Snapshot
from waiting_room.core.stays import UNKNOWN_DOUBT, Course, Stays
from waiting_room.core.steering import follows_shop
from waiting_room.core.turnout import Turnout

_SEATS_S: Final = 240.0
"""Ends of seats are remembered for so long: some hundred of them tell the mean session to a tenth."""
_LEAVING_S: Final = 60.0
_LOOK_MS: Final = 1000
_AT_ONCE: Final = 0.2
"""A larger share that goes at one moment is an event, and tells nothing of how fast the others will leave."""
_FEW: Final = 20
"""Of fewer, one or two are a large share."""
_LIMITS_S: Final = 300.0
"""A limit that was changed may be changed back: half the way is forgotten in 208 s."""
_AGAIN: Final = 0.7
"""A limit that was halved may be set back, but also be lowered further: by seven tenths of such a step."""
_SHOP: Final = 0.32
"""By so much, as a logarithm, a shop that the room follows comes to bear less or more than it does at a moment."""
_PRIOR_SHARE: Final = 0.15
"""What is assumed of the session weighs like the ends of so many of all seats."""


class Outlook(NamedTuple):
    """
    Hold what is to come of a room's seats: how many of those in use end per second, *per_seat_s*, and in a room that
    goes by its own settings the *course* of those who come in; and the share *turnout* of those called who come, None
    where nobody has measured it.
    """

    per_seat_s: float
    course: Course | None = None
    turnout: float | None = None


class Range(NamedTuple):
    """
    Hold the least and the most that a limit has been lately, as logarithms of its relation to what it is now.
    """

    least: float = 0.0
    most: float = 0.0

    @staticmethod
    def kept(elapsed_s: float) -> float:
        """
        Return the share of a step that is not forgotten after *elapsed_s*.
        """
        return exp(-elapsed_s / _LIMITS_S)

    @property
    def higher(self) -> float:
        """
        Return by how much the limit may come to be higher, as a logarithm.
        """
        return max(self.most, -_AGAIN * self.least)

    @property
    def lower(self) -> float:
        """
        Return by how much the limit may come to be lower, as a logarithm.
        """
        return max(-self.least, _AGAIN * self.most)

    def after(self, before: float, now: float, elapsed_s: float) -> "Range":
        """
        Return the range *elapsed_s* later, when the limit that was *before* is *now*.
        """
        keep, shift = self.kept(elapsed_s), log(before / now) if before and now else 0.0
        return Range(min(0.0, keep * self.least + shift), max(0.0, keep * self.most + shift))


class Flow:
    """
    Measure the turnover of a room, and in each lane the share of those waiting who leave, openly or by falling silent.

    Until seats have ended a session is taken to last for half the idle timeout. *turnout*: who comes when called.
    *stays*: how long seats are held, None before the second look.
    """

    __slots__ = (
        "_capacity",
        "_ends",
        "_follows",
        "_gone",
        "_last",
        "_left",
        "_rate",
        "_seat_s",
        "_waited_s",
        "stays",
        "turnout",
    )

    def __init__(self) -> None:
        self._last: Snapshot | None = None
        self._ends = 0.0
        self._seat_s = 0.0
        self._gone: dict[str, float] = {}
        self._waited_s: dict[str, float] = {}
        self._capacity = Range()
        self._rate = Range()
        self._follows = False
        self._left = 0
        self.stays: Stays | None = None
        self.turnout = Turnout()

    def see(self, snapshot: Snapshot) -> None:
        """
        Learn from what has changed since the last snapshot, a second or more ago.

        A loss of state, a draw and a worker that slept begin anew: what was there before cannot be compared.
        """
        last = self._last
        if last is not None and snapshot.now_ms - last.now_ms < _LOOK_MS and snapshot.round == last.round:
            return
        self._last = snapshot
        if last is None or snapshot.recovering or last.recovering or snapshot.epoch != last.epoch:
            return
        if snapshot.round != last.round or snapshot.assumed or last.assumed:
            return
        elapsed_s = (snapshot.now_ms - last.now_ms) / 1000
        self._capacity = self._capacity.after(last.capacity, snapshot.capacity, elapsed_s)
        self.turnout.see(snapshot, elapsed_s)
        self._follows = follows_shop(snapshot)
        self._rate = self._rate.after(set_rate(last), set_rate(snapshot), elapsed_s)
        keep = exp(-elapsed_s / _SEATS_S)
        ended = max(0, (snapshot.admitted - snapshot.seats) - (last.admitted - last.seats))
        self._ends = keep * self._ends + ended
        self._seat_s = keep * self._seat_s + elapsed_s * (snapshot.seats + last.seats) / 2
        self._see_stays(snapshot, last, ended, elapsed_s)
        for name, lane in snapshot.lanes.items():
            if name in last.lanes:
                self._see_lane(name, last.lanes[name], lane, elapsed_s)

    def _see_stays(self, snapshot: Snapshot, last: Snapshot, ended: int, elapsed_s: float) -> None:
        if self.stays is None or self.stays.idle_s != snapshot.policy.idle_timeout_s:
            self.stays = Stays(snapshot.policy.idle_timeout_s)
        self.stays.see(last.seats, max(0, snapshot.admitted - last.admitted), ended, elapsed_s)

    def _see_lane(self, name: str, before: LaneSnapshot, lane: LaneSnapshot, elapsed_s: float) -> None:
        was = before.presence.total - before.presence.ahead(lane.frontier)
        still = lane.presence.ahead(before.issued + 1)
        if still < (1 - _AT_ONCE) * was and was > _FEW:
            self._left += 1
            return
        keep = exp(-elapsed_s / _LEAVING_S)
        self._gone[name] = keep * self._gone.get(name, 0.0) + was - still
        self._waited_s[name] = keep * self._waited_s.get(name, 0.0) + elapsed_s * was

    @property
    def breaks(self) -> int:
        """
        Return how often the crowd has become another one: many of it were gone at one moment, or came no more.
        """
        return self._left + self.turnout.breaks

    def per_seat_s(self, snapshot: Snapshot) -> float:
        """
        Return how many of the seats in use end per second, on average of the last minutes.
        """
        prior = max(1.0, _PRIOR_SHARE * snapshot.capacity)
        return (self._ends + prior) / (self._seat_s + prior * snapshot.policy.idle_timeout_s / 2)

    def outlook(self, snapshot: Snapshot) -> Outlook:
        """
        Return what is to come of the seats.

        In a room that follows its shop the limit and the time that visits take change together, with what the shop
        bears: of those who came in before nothing follows there.
        """
        course = None
        if not follows_shop(snapshot):
            stays = self.stays or Stays(snapshot.policy.idle_timeout_s)
            seats = snapshot.seats + snapshot.expected
            course = stays.course(seats, snapshot.capacity, snapshot.rate_per_s)
        return Outlook(self.per_seat_s(snapshot), course, self.turnout.share)

    def leaving_per_s(self, lane: str) -> float:
        """
        Return the share of those waiting in *lane* who leave per second.
        """
        waited_s = self._waited_s.get(lane, 0.0)
        return max(0.0, self._gone[lane] / waited_s) if waited_s else 0.0

    def by_rate(self) -> tuple[float, float]:
        """
        Return by how much the waits of a room that goes by its rate may be shorter and longer for what its operator or
        its shop does, as logarithms.
        """
        shop = _SHOP if self._follows else 0.0
        return shop + self._rate.higher, shop + self._rate.lower

    def by_seats(self) -> tuple[float, float]:
        """
        Return the same of a room that goes by its seats; there the time that they are held may be off as well.

        When a crowd has left silently, nearly all who are called are ghosts, and those behind them may not be.
        """
        doubt = UNKNOWN_DOUBT if self.stays is None else self.stays.doubt
        lower = self._capacity.lower + self.turnout.higher
        return doubt + self._capacity.higher, doubt + lower


def set_rate(snapshot: Snapshot) -> float:
    """
    Return the rate that somebody has set: of a room that adapts the ceiling, for what it finds in between fills gaps in
    bursts and rests, and says nothing of any wait.
    """
    adapts = snapshot.policy.adaptive and snapshot.shop.override is None
    return snapshot.rate_limit if adapts else snapshot.rate_per_minute
