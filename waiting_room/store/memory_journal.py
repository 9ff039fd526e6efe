"""
The journal of a room in memory, and the admission log that it is written down in.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from waiting_room.core.audit import NO_HEAD, Act, Event, Head
from waiting_room.core.recording import EVENTS_KEPT, RECORD_EVENTS, RECORD_MS, Link


@dataclass(slots=True)
class MemoryJournal:
    """
    Hold the acts that are not written down yet, how many were not kept, and the records with the head of their chain.
    """

    events: list[str] = field(default_factory=list)
    lost: int = 0
    head: Head = NO_HEAD
    records: deque[tuple[int, str]] = field(default_factory=deque)

    def note(self, act: Act, now_ms: int, values: Sequence[object]) -> None:
        """
        Note an act; while too many are there, those that come are counted and not kept.
        """
        if not values and act is not Act.CREATED:
            return
        if len(self.events) >= EVENTS_KEPT:
            self.lost += 1
        else:
            self.events.append(str(Event(act, now_ms, tuple(map(str, values)))))

    def due(self, now_ms: int) -> tuple[str, ...] | None:
        """
        Return what a record is to tell, None where none is due.
        """
        if now_ms - self.head.at_ms >= RECORD_MS or len(self.events) >= RECORD_EVENTS:
            return tuple(self.events)
        return None

    def write_down(self, link: Link, keep: int) -> None:
        """
        Chain a record to the log, which keeps its last *keep*, and take from the journal what it tells.
        """
        self.records.append((link.sequence, link.text))
        while len(self.records) > keep:
            self.records.popleft()
        del self.events[: link.drained]
        self.lost -= link.lost
        self.head = Head(link.sequence, link.hash, link.at_ms)
