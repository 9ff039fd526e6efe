"""
What a visitor is told, from a snapshot alone.
"""

from typing import Final

from waiting_room.core import estimate, polling
from waiting_room.core.outcomes import Called, Closed, Eta, Paused, Waiting
from waiting_room.core.phase import Phase
from waiting_room.core.reasons import Reason
from waiting_room.core.snapshot import Snapshot

STALE_MS: Final = 3000
"""A view older than this is told as such: three missed refreshes."""


class View:
    """
    Answer status polls from one snapshot; everything that is the same for all is worked out once.
    """

    __slots__ = ("_forecast", "_intervals", "_plain", "_salt", "snapshot")

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        far_ms = polling.far_interval_ms(snapshot.waiting, snapshot.policy)
        self._intervals = polling.Intervals(far_ms, polling.longest_ms(snapshot.slot_ms), snapshot.policy)
        self._forecast = estimate.Forecast(estimate.call_rate_per_s(snapshot), snapshot.leaving_per_s)
        self._plain = snapshot.phase.admits and not snapshot.recovering
        self._salt = snapshot.now_ms // 1000

    def position(self, rank: int) -> int:
        """
        Return the place of *rank* among those who are really there: 1 for the next one, 0 for one who is called.

        Who joined after the snapshot stands behind all that it holds, and behind all who joined in between.
        """
        snapshot = self.snapshot
        if rank < snapshot.frontier:
            return 0
        if rank > snapshot.issued:
            return snapshot.presence.total + rank - max(snapshot.issued, snapshot.frontier - 1)
        return snapshot.presence.ahead(rank) + 1

    def eta(self, position: int) -> Eta | None:
        """
        Return the range of the wait at *position*.
        """
        return self._forecast.eta(position - 1)

    def tell(self, rank: int, position: int, *, stale: bool) -> Waiting | Called | Paused | Closed:
        """
        Return the status of *rank*, which stands at *position*; *stale* while the store is away.
        """
        if position and self._plain and not stale:
            eta = self._forecast.eta(position - 1)
            interval = self._intervals.at(position, None if eta is None else eta.low_s)
            return Waiting(rank, position, eta, polling.jittered_ms(interval, rank, self._salt))
        snapshot = self.snapshot
        phase = snapshot.phase
        if phase is Phase.CLOSED:
            return Closed()
        degraded = Reason.STORE_AWAY if stale else Reason.RECOVERING if snapshot.recovering else None
        if phase is Phase.PAUSED:
            return Paused(rank, position, self._next_poll_ms(rank, position, None), degraded or Reason.ROOM_PAUSED)
        if position == 0:
            return Called(rank, self._called_poll_ms(rank, stale=stale), degraded or Reason.YOUR_TURN)
        eta = None if stale else self._forecast.eta(position - 1)
        next_poll_ms = self._next_poll_ms(rank, position, eta.low_s if eta else None)
        if degraded:
            next_poll_ms = max(next_poll_ms, polling.jittered_ms(polling.DEGRADED_POLL_MS, rank, self._salt))
        return Waiting(rank, position, eta, next_poll_ms, degraded or Reason.QUEUE_WAIT)

    def _next_poll_ms(self, rank: int, position: int, wait_s: float | None) -> int:
        return polling.jittered_ms(self._intervals.at(position, wait_s), rank, self._salt)

    def _called_poll_ms(self, rank: int, *, stale: bool) -> int:
        interval = polling.DEGRADED_POLL_MS if stale else polling.CALLED_POLL_MS
        return polling.jittered_ms(interval, rank, self._salt)
