"""
What a visitor is told, from a snapshot alone.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from waiting_room.core import estimate, polling
from waiting_room.core.causes import Causes
from waiting_room.core.countdown import Countdown
from waiting_room.core.flow import Flow, Outlook
from waiting_room.core.outcomes import Called, Closed, Early, Eta, Paused, Waiting
from waiting_room.core.phase import Phase
from waiting_room.core.reasons import Reason
from waiting_room.core.snapshot import NO_LANE, Snapshot

STALE_MS: Final = 3000
"""A view older than this is told as such: three missed refreshes."""
BEYOND_POLL_MS: Final = 2000
"""As soon as a worker reaches the room again, it sees what was lost."""
_NOBODY_KNOWS: Final = estimate.Forecast(0.0, 0.0)


def _forecast(
    snapshot: Snapshot,
    lane: str,
    spread: estimate.Spread,
    flow: Flow | None,
    outlook: Outlook | None,
    causes: Causes | None,
    intervals: polling.Intervals,
) -> estimate.Forecast:
    if flow is None or outlook is None:
        pace = estimate.Pace(estimate.call_rate_per_s(snapshot, lane))
        return estimate.Forecast(pace, snapshot.leaving_per_s, spread, intervals=intervals)
    pace = estimate.pace(snapshot, lane, outlook)
    doubt = flow.by_seats() if pace.by_seats else flow.by_rate()
    leaving_per_s = flow.leaving_per_s(lane)
    longer = None if causes is None else causes.longer(lane, pace, leaving_per_s)
    return estimate.Forecast(pace, leaving_per_s, spread, doubt, longer, intervals)


class View:
    """
    Answer status polls from one snapshot; everything that is the same for all is worked out once.

    *spreads*: by how much the waits of each lane are off, *flow*: how fast seats end and people leave, *causes*: what
    has become worse lately, as far as that was measured. *breaks*: how often the crowd has become another one.
    """

    __slots__ = (
        "_countdown", "_forecasts", "_intervals", "_lanes", "_plain", "_salt", "breaks", "gathering", "snapshot",
    )  # fmt: skip

    def __init__(
        self,
        snapshot: Snapshot,
        spreads: Mapping[str, estimate.Spread] = MappingProxyType({}),
        flow: Flow | None = None,
        causes: Causes | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.breaks = 0 if flow is None else flow.breaks
        self._lanes = snapshot.lanes
        far_ms = polling.far_interval_ms(snapshot.waiting, snapshot.policy)
        longest_ms = polling.longest_ms(snapshot.slot_ms)
        self._intervals = polling.Intervals(far_ms, longest_ms, snapshot.policy, snapshot.lanes_in_use)
        outlook = None if flow is None else flow.outlook(snapshot)
        self._forecasts = {
            name: _forecast(snapshot, name, spreads.get(name, estimate.UNKNOWN), flow, outlook, causes, self._intervals)
            for name in snapshot.lanes
        }
        self._plain = snapshot.admits and not snapshot.recovering
        self._salt = snapshot.now_ms // 1000
        self._countdown = Countdown(snapshot.waiting, snapshot.policy)
        self.gathering = snapshot.gathering

    def rank_of(self, lane: str, number: int) -> int:
        """
        Return the place of *number* in the order of *lane*.
        """
        return self._lanes.get(lane, NO_LANE).rank_of(number)

    def is_early(self, lane: str, number: int) -> bool:
        """
        Return whether *number* of *lane* waits for a draw.
        """
        return self._lanes.get(lane, NO_LANE).is_early(number)

    def tell_early(self, number: int, passed_ms: int, *, stale: bool) -> Early | Closed:
        """
        Return the status of *number*, which waits for a draw, *passed_ms* after this view was taken.
        """
        snapshot = self.snapshot
        if snapshot.phase is Phase.CLOSED:
            return self.closed()
        opens_in_ms = snapshot.opens_in_ms
        if opens_in_ms is not None:
            opens_in_ms = max(0, opens_in_ms - passed_ms)
        reason = Reason.ROOM_PAUSED if snapshot.phase is Phase.PAUSED else Reason.PREQUEUE
        next_poll_ms = self._countdown.ask_in_ms(number, opens_in_ms, self._salt)
        if stale or snapshot.recovering:
            reason = Reason.STORE_AWAY if stale else Reason.RECOVERING
            next_poll_ms = max(next_poll_ms, polling.jittered_ms(polling.DEGRADED_POLL_MS, number, self._salt))
        return Early(number, opens_in_ms, next_poll_ms, reason)

    def position(self, lane: str, rank: int) -> int:
        """
        Return the place of *rank* among those of *lane* who are really there: 1 for the next one, 0 for one who is
        called, `BEYOND` where this view cannot tell.
        """
        return self._lanes.get(lane, NO_LANE).position(rank)

    def forecast(self, lane: str) -> estimate.Forecast:
        """
        Return what tells the waits of *lane*.
        """
        return self._forecasts.get(lane, _NOBODY_KNOWS)

    def interval_s(self, position: int, eta: Eta) -> float:
        """
        Return in how many seconds somebody at *position* who was told *eta* asks again, on average.
        """
        return self._intervals.at(position, eta.low_s) * (1 + polling.JITTER / 2) / 1000

    def eta(self, lane: str, position: int) -> Eta | None:
        """
        Return the range of the wait at *position* of *lane*.
        """
        return self.forecast(lane).eta(position - 1)

    def tell(self, lane: str, number: int, position: int, *, stale: bool) -> Waiting | Called | Paused | Closed:
        """
        Return the status of the ticket *number* of *lane*, which stands at *position*; *stale* while the store is away.
        """
        if position and self._plain and not stale:
            forecast = self._forecasts.get(lane, _NOBODY_KNOWS)
            eta = forecast.eta(position - 1)
            interval = self._intervals.at(position, None if eta is None else eta.low_s)
            next_poll_ms = polling.jittered_ms(interval, number, self._salt)
            if forecast.longer is None:
                return Waiting(number, position, eta, next_poll_ms)
            return Waiting(number, position, eta, next_poll_ms, Reason.QUEUE_WAIT, forecast.longer)
        snapshot = self.snapshot
        if snapshot.phase is Phase.CLOSED:
            return self.closed()
        degraded = Reason.STORE_AWAY if stale else Reason.RECOVERING if snapshot.recovering else None
        if not snapshot.admits:
            return self.paused(number, position, degraded)
        if position == 0:
            return Called(number, self._called_poll_ms(number, stale=stale), degraded or Reason.YOUR_TURN)
        eta = None if stale else self.eta(lane, position)
        next_poll_ms = self._next_poll_ms(number, position, eta.low_s if eta else None)
        if degraded:
            next_poll_ms = max(next_poll_ms, polling.jittered_ms(polling.DEGRADED_POLL_MS, number, self._salt))
        return Waiting(number, position, eta, next_poll_ms, degraded or Reason.QUEUE_WAIT)

    def paused(self, number: int, position: int, degraded: Reason | None = None) -> Paused:
        """
        Return the status of one who stands at *position* while nobody is let in, with the end of the break if known.
        """
        resumes_in_ms = self.snapshot.resumes_in_ms
        if resumes_in_ms is None:
            poll_ms = self._next_poll_ms(number, position, None)
            return Paused(number, position, poll_ms, degraded or Reason.ROOM_PAUSED)
        poll_ms = self._next_poll_ms(number, max(1, position), resumes_in_ms / 1000)
        return Paused(number, position, poll_ms, degraded or Reason.TECHNICAL_BREAK, resumes_in_ms)

    def beyond(self, number: int) -> Paused:
        """
        Return the status of *number*, which was given out after a loss that this view does not know of.
        """
        return Paused(number, 0, polling.jittered_ms(BEYOND_POLL_MS, number, self._salt), Reason.RECOVERING)

    def closed(self) -> Closed:
        """
        Return the status of everybody while the room is closed.
        """
        return Closed(self.snapshot.closing, self.snapshot.opens_in_ms)

    def _next_poll_ms(self, number: int, position: int, wait_s: float | None) -> int:
        return polling.jittered_ms(self._intervals.at(position, wait_s), number, self._salt)

    def _called_poll_ms(self, number: int, *, stale: bool) -> int:
        interval = polling.DEGRADED_POLL_MS if stale else polling.CALLED_POLL_MS
        return polling.jittered_ms(interval, number, self._salt)
