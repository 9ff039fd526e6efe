"""
Why waits have become longer: what has changed for the worse lately, as far as snapshots tell.

Each limit of a wait is remembered as a `Range`: by how much it was better within the last minutes. The one that has
lost most is the reason. Whether the wait of one visitor has grown is for the client to say, which knows what it showed.
"""

from math import log
from typing import Final, NamedTuple

from waiting_room.core.adaptation import Mode
from waiting_room.core.estimate import Pace, part_of
from waiting_room.core.flow import Flow, Range, set_rate
from waiting_room.core.phase import Phase
from waiting_room.core.reasons import Longer
from waiting_room.core.snapshot import Snapshot
from waiting_room.core.steering import follows_shop
from waiting_room.core.turnout import WANDERS

WORTH: Final = 0.15
"""A loss of less, as a logarithm, is within every range."""
LEAST_STOP_MS: Final = 20_000
"""So is a shorter stop."""
TOLD_MS: Final = 180_000
"""A stop is told for so long after its end: as long as the page explains a wait that has grown."""
_LOOK_MS: Final = 1000
_LEAST_PART: Final = 0.01
"""A lane that has to wait for another one goes on at some time."""


class _Stop(NamedTuple):
    """
    Hold why nobody was called from *from_ms* to *to_ms*.
    """

    cause: Longer
    from_ms: int
    to_ms: int


class Causes:
    """
    Learn from a room's snapshots which of its limits have become worse.
    """

    __slots__ = (
        "_last",
        "_leaving",
        "_live",
        "_parts",
        "_per_seat_s",
        "_rate",
        "_seats",
        "_shop",
        "_stock",
        "_stop",
        "_visits",
    )

    def __init__(self) -> None:
        self._last: Snapshot | None = None
        self._stop: _Stop | None = None
        self._per_seat_s = 0.0
        self._forget()

    def _forget(self) -> None:
        self._seats = self._stock = self._rate = self._shop = self._visits = self._live = Range()
        self._parts: dict[str, Range] = {}
        self._leaving: dict[str, float] = {}

    def see(self, snapshot: Snapshot, flow: Flow) -> None:
        """
        Learn from what has changed since the last snapshot, a second or more ago; *flow* has seen it already.

        A draw begins anew: nobody was told of a wait before it.
        """
        last = self._last
        if last is not None and snapshot.now_ms - last.now_ms < _LOOK_MS and snapshot.round == last.round:
            return
        self._last = snapshot
        per_seat_s, self._per_seat_s = self._per_seat_s, flow.per_seat_s(snapshot)
        if last is None:
            return
        if snapshot.round != last.round:
            self._stop = None
            self._forget()
            return
        self._see_stop(snapshot, last)
        if snapshot.recovering or last.recovering or snapshot.epoch != last.epoch:
            return
        elapsed_s = (snapshot.now_ms - last.now_ms) / 1000
        self._seats = self._seats.after(last.policy.capacity, snapshot.policy.capacity, elapsed_s)
        self._stock = self._stock.after(_for_sale(last), _for_sale(snapshot), elapsed_s)
        self._rate = self._rate.after(set_rate(last), set_rate(snapshot), elapsed_s)
        self._shop = self._shop.after(_borne(last), _borne(snapshot), elapsed_s)
        self._visits = self._visits.after(per_seat_s, self._per_seat_s, elapsed_s)
        self._live = self._live.after(1 - snapshot.no_show, 1 - last.no_show, elapsed_s)
        for lane in snapshot.lanes.keys() & last.lanes.keys():
            part, was = max(_LEAST_PART, part_of(snapshot, lane)), max(_LEAST_PART, part_of(last, lane))
            self._parts[lane] = self._parts.get(lane, Range()).after(was, part, elapsed_s)
            leaving = self._leaving.get(lane, 0.0) * Range.kept(elapsed_s)
            self._leaving[lane] = max(leaving, flow.leaving_per_s(lane))

    def _see_stop(self, snapshot: Snapshot, last: Snapshot) -> None:
        cause = _stops(snapshot, last)
        if cause is None:
            return
        before = self._stop
        goes_on = before is not None and before.cause is cause and before.to_ms == last.now_ms
        self._stop = _Stop(cause, before.from_ms if goes_on and before else last.now_ms, snapshot.now_ms)

    def longer(self, lane: str, pace: Pace, leaving_per_s: float) -> Longer | None:
        """
        Return why waits of *lane*, which is called at *pace*, have become longer lately; None where nothing tells that.
        """
        last, stop = self._last, self._stop
        if last is None or lane not in self._parts:
            return None
        if stop is not None and last.now_ms - stop.to_ms < TOLD_MS and stop.to_ms - stop.from_ms >= LEAST_STOP_MS:
            return stop.cause
        lost = {
            Longer.LANES_AHEAD: self._parts[lane].most,
            Longer.FEWER_LEAVE: self._stay(lane, pace, leaving_per_s) + max(0.0, self._live.most - WANDERS),
        }
        if pace.by_seats:
            lost |= {
                Longer.SEATS_LOWERED: self._seats.most,
                Longer.STOCK_LOW: self._stock.most,
                Longer.VISITS_LONGER: self._visits.most,
            }
        else:
            lost |= {Longer.RATE_LOWERED: self._rate.most, Longer.SHOP_SLOW: self._shop.most}
        cause = max(lost, key=lost.__getitem__)
        return cause if lost[cause] >= WORTH else None

    def _stay(self, lane: str, pace: Pace, leaving_per_s: float) -> float:
        """
        Return by how much the wait in the middle of *lane* is longer than if as many left as lately, as a logarithm.
        """
        assert self._last is not None
        ahead = self._last.lanes[lane].waiting / 2
        if pace.rate_per_s <= 0 or ahead < 1:
            return 0.0
        most = max(leaving_per_s, self._leaving[lane])
        return log(pace.reach(leaving_per_s).wait_s(ahead) / pace.reach(most).wait_s(ahead))


def _stops(snapshot: Snapshot, last: Snapshot) -> Longer | None:
    """
    Return why nobody is called at this moment though people wait, None where they are.
    """
    if snapshot.recovering or snapshot.epoch != last.epoch:
        return Longer.INTERRUPTED
    if snapshot.phase is Phase.PAUSED or (snapshot.phase.admits and snapshot.policy.mode == "hold"):
        return Longer.WAS_PAUSED
    state = snapshot.shop.adaptation
    if snapshot.policy.adaptive and state is not None and state.mode is Mode.HOLDING and not snapshot.rate_per_minute:
        return Longer.SHOP_DOWN
    return None


def _for_sale(snapshot: Snapshot) -> float:
    """
    Return the share of the seats that the stock bears.
    """
    return snapshot.capacity / snapshot.policy.capacity if snapshot.policy.capacity else 1.0


def _borne(snapshot: Snapshot) -> float:
    """
    Return the share of the seats that the shop bears.
    """
    state = snapshot.shop.adaptation
    return state.limit / snapshot.capacity if state is not None and follows_shop(snapshot) else 1.0
