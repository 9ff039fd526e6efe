"""
That it goes on: how long nobody was called though somebody waited, a seat was free and the pace allowed it.
"""

from typing import Final

from waiting_room.core.plan import OWNER_MS
from waiting_room.core.snapshot import Snapshot

LOOK_MS: Final = 1000
"""Only after a second without a call is it asked whether anybody is there who could be called."""
_LEASE_MS: Final = OWNER_MS + 3000
"""Until another worker holds the room, and takes steps."""


class Stall:
    """
    Time since when nobody has been called or let in though it could be, and since when nobody who was there.

    *longest_ms* and *longest_live_ms* are the longest of these times.
    """

    def __init__(self, start_ms: int) -> None:
        self.longest_ms = 0
        self.longest_live_ms = 0
        self._moved_ms = start_ms
        self._live_ms = start_ms
        self._marked_ms = start_ms
        self._next_ms: int | None = None
        self._pause_ms = 0

    def mark(self, now_ms: int) -> None:
        """
        Measure anew from this moment.
        """
        self._marked_ms, self._next_ms, self._pause_ms = now_ms, None, 0

    def since_mark(self) -> tuple[int | None, int]:
        """
        Return after what time somebody was called who is there, None where nobody was, and the longest pause since.
        """
        return None if self._next_ms is None else self._next_ms - self._marked_ms, self._pause_ms

    def rest(self, now_ms: int) -> None:
        """
        Note that nobody could be called at this moment.
        """
        self._moved_ms = self._live_ms = now_ms

    def moved(self, now_ms: int, *, live: bool) -> None:
        """
        Note a call, of somebody who is there or of a ghost.
        """
        self._moved_ms = now_ms
        if live:
            self._live_ms = now_ms
            self._next_ms = now_ms if self._next_ms is None else self._next_ms

    def idle_ms(self, now_ms: int) -> int:
        """
        Return since when nobody who is there was called, in ms.
        """
        return now_ms - self._live_ms

    def over(self, snapshot: Snapshot, now_ms: int) -> str:
        """
        Note a moment at which somebody could be called; return what was exceeded, empty where all is well.

        Who was called and does not come is waited for through the claim window at most; ghosts are called for two
        presence slots at most; a slow room lets in one at a time.
        """
        pace_ms = 2 * 60_000 / max(1, snapshot.rate_per_minute)
        most_ms = int(snapshot.policy.claim_window_s * 1000 + pace_ms + _LEASE_MS)
        idle_ms, live_ms = now_ms - self._moved_ms, now_ms - self._live_ms
        self.longest_ms = max(self.longest_ms, idle_ms)
        self.longest_live_ms = max(self.longest_live_ms, live_ms)
        self._pause_ms = max(self._pause_ms, min(live_ms, now_ms - self._marked_ms))
        if idle_ms > most_ms:
            return f"nobody was called for {idle_ms / 1000:g} s"
        if live_ms > most_ms + 2 * snapshot.slot_ms:
            return f"nobody who is there was called for {live_ms / 1000:g} s"
        return ""
