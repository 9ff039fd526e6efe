"""
Who is inside a room in memory: seats, their stages and their ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush


@dataclass(slots=True)
class Held:
    """
    Hold a seat's ends, its issue and its hard end; the stage of its visit, since when, and the visitor.
    """

    end_ms: int
    issued_ms: int
    hard_end_ms: int
    visitor: str = ""
    stage: str = ""
    since_ms: int = 0


@dataclass(slots=True)
class MemorySeats:
    """
    Hold the seats that are taken; *numbers* are what the scripts must know of the room's policy.

    Each seat stands at an end that it had: never after its own, so that none is missed. Seats of one moment stand
    together, and only the moments in a heap.
    """

    held: dict[str, Held] = field(default_factory=dict)
    _ends: list[int] = field(default_factory=list)
    _ending: dict[int, list[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.held)

    def take(self, seat: str, issued_ms: int, hard_end_ms: int, visitor: str, numbers: Mapping[str, int]) -> Held:
        """
        Hold a seat until its idle end, unless it is used again, or until its hard end.
        """
        end_ms = min(issued_ms + numbers["idle_ms"], hard_end_ms)
        held = self.held[seat] = Held(end_ms, issued_ms, hard_end_ms, visitor)
        self._await(end_ms, seat)
        return held

    def _await(self, end_ms: int, seat: str) -> None:
        ending = self._ending.get(end_ms)
        if ending is None:
            self._ending[end_ms] = [seat]
            heappush(self._ends, end_ms)
        else:
            ending.append(seat)

    def keep(self, seat: str, held: Held, now_ms: int, numbers: Mapping[str, int]) -> None:
        """
        Move the end of a seat that is in use; who pays holds it for as long as a payment may last.
        """
        end_ms = min(now_ms + numbers["idle_ms"], held.hard_end_ms)
        if held.stage == "payment":
            end_ms = max(end_ms, held.since_ms + numbers["payment_ms"])
        if end_ms < held.end_ms:
            self._await(end_ms, seat)
        held.end_ms = end_ms

    def enter(self, seat: str, stage: str, since_ms: int, now_ms: int, numbers: Mapping[str, int]) -> None:
        """
        Put the visit of a seat into *stage*; a payment that lasts keeps its beginning.
        """
        held = self.held.get(seat)
        if held is None:
            return
        lasts = held.stage == "payment" and held.since_ms + numbers["payment_ms"] > now_ms
        if stage != "payment" or not lasts:
            held.stage, held.since_ms = stage, since_ms or now_ms
        self.keep(seat, held, now_ms, numbers)

    def free(self, named: Sequence[str]) -> list[str]:
        """
        Free the seats that are *named* and held; return them.
        """
        return [seat for seat in named if self.held.pop(seat, None) is not None]

    def of(self, visitor: str) -> list[str]:
        """
        Return the seats that *visitor* holds.
        """
        return sorted(seat for seat, held in self.held.items() if held.visitor == visitor)

    def expire(self, over_ms: int) -> list[tuple[str, Held]]:
        """
        Free the seats whose end is not after *over_ms*; return them in the order of their ends.
        """
        ended: list[tuple[str, Held]] = []
        while self._ends and self._ends[0] <= over_ms:
            for seat in self._ending.pop(heappop(self._ends)):
                held = self.held.get(seat)
                if held is not None and held.end_ms > over_ms:
                    self._await(held.end_ms, seat)
                elif held is not None:
                    del self.held[seat]
                    ended.append((seat, held))
        ended.sort(key=lambda entry: (entry[1].end_ms, entry[0]))
        return ended
