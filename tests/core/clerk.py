"""
An honest clerk: keeps a small room by the rules, and writes its log as the controller does.
"""

from collections.abc import Sequence
from dataclasses import replace

from waiting_room.core.audit import Act, Event, Head, Record, digest
from waiting_room.core.phase import Phase

START_MS = 1_800_000_000_000
ADMISSION = 60_000


class Clerk:
    """
    Keep one room with one lane; what the rules forbid is not done.
    """

    def __init__(self, capacity: int = 5, rate: int = 600) -> None:
        self.now_ms = START_MS
        self.lines: list[str] = []
        self.journal: list[str] = []
        self.capacity, self.rate, self.phase = capacity, rate, Phase.OPEN
        self.issued, self.frontier = 0, 1
        self.tokens = ADMISSION
        self.held: list[str] = []
        self.used: set[int] = set()
        self.note(Act.CREATED)
        self.note(Act.LIMITS, capacity, rate)
        self.note(Act.PHASE, "open")

    @property
    def head(self) -> Head:
        """Return what the room publishes."""
        return Head(len(self.lines), digest(self.lines[-1])) if self.lines else Head()

    def note(self, act: Act, *values: object) -> None:
        """Write an act into the journal."""
        self.journal.append(str(Event(act, self.now_ms, tuple(map(str, values)))))

    def pass_time(self, ms: int) -> None:
        """Let time pass, and tokens drop into the bucket."""
        self.now_ms += ms
        self.tokens = min(max(ADMISSION, self.rate * 250), self.tokens + ms * self.rate)

    def join(self, count: int) -> None:
        """Let newcomers wait, or let them straight in."""
        for _ in range(count):
            straight = self.phase is Phase.OPEN and self.frontier > self.issued and self._free()
            self.issued += 1
            if straight:
                self.frontier = self.issued + 1
                self._admit(Act.STRAIGHT, self.issued)

    def call(self, count: int) -> None:
        """Call the next ones."""
        high = min(self.issued + 1, self.frontier + count)
        if self.phase.admits and high > self.frontier:
            self.note(Act.CALLED, "standard", self.frontier, high, high - self.frontier)
            self.frontier = high

    def claim(self, rank: int) -> None:
        """Let a called one in."""
        if self.phase.admits and rank < self.frontier and rank not in self.used and self._free():
            self._admit(Act.CLAIMED, rank)

    def _free(self) -> bool:
        return len(self.held) < self.capacity and self.tokens >= ADMISSION

    def _admit(self, act: Act, rank: int) -> None:
        self.tokens -= ADMISSION
        self.used.add(rank)
        self.held.append(f"standard.{rank}")
        self.note(act, f"standard.{rank}")

    def end(self, act: Act) -> None:
        """End the oldest seat."""
        if self.held:
            self.note(act, self.held.pop(0))

    def set_limits(self, capacity: int, rate: int) -> None:
        """Change capacity and rate."""
        self.capacity, self.rate = capacity, rate
        self.tokens = min(max(ADMISSION, rate * 250), self.tokens)
        self.note(Act.LIMITS, capacity, rate)

    def set_phase(self, phase: Phase) -> None:
        """Change the phase."""
        self.phase = phase
        self.note(Act.PHASE, phase.value)

    def write(self) -> None:
        """Write the journal down."""
        record = Record(
            room="toys",
            sequence=len(self.lines) + 1,
            at_ms=self.now_ms,
            epoch=1,
            version=len(self.lines) + 1,
            phase=self.phase.value,
            capacity=self.capacity,
            rate_per_minute=self.rate,
            seats=len(self.held),
            frontier={"standard": self.frontier},
            events=tuple(self.journal),
            previous=self.head.hash,
        )
        self.lines.append(record.text)
        self.journal.clear()


def rechained(records: Sequence[Record]) -> list[str]:
    """
    Return the lines of *records* with hashes that fit: the work of a forger who knows the form.
    """
    lines: list[str] = []
    for record in records:
        previous = digest(lines[-1]) if lines else record.previous
        lines.append(replace(record, previous=previous).text)
    return lines


def busy_day() -> Clerk:
    """
    Return a clerk who has called, let in, and seen seats end, over eight records.
    """
    clerk = Clerk()
    clerk.join(16)
    clerk.write()
    for turn in range(7):
        clerk.pass_time(250)
        clerk.call(2)
        if turn > 2:
            clerk.end(Act.RELEASED)
            clerk.end(Act.EXPIRED)
        clerk.claim(2 * turn + 2)
        clerk.claim(2 * turn + 3)
        clerk.write()
    return clerk
