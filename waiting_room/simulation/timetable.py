"""
What a schedule must come to, at which instants: worked out without a time zone, and held to what the room does.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from waiting_room.core.agenda import NO_RATE, PHASES
from waiting_room.core.calendar import Appointment
from waiting_room.core.pacing import TICK_MS
from waiting_room.core.phase import Phase


@dataclass(frozen=True, slots=True)
class Kept:
    """
    Tell of an entry: what was to happen at which instant, and how late it did, None where it did not.
    """

    at_ms: int
    do: str
    rate_per_minute: int | None
    late_ms: int | None


class Timetable:
    """
    Hold what is in force at each instant by *plan*, and how late each of its entries was carried out.

    *slack_ms*: how long a step may be overdue.
    """

    def __init__(self, plan: Sequence[Appointment], slack_ms: int) -> None:
        self._plan = tuple(plan)
        self._slack_ms = slack_ms
        self._late_ms: list[int | None] = [None] * len(plan)
        first = next((entry.do for entry in plan if entry.do != "rate"), "close")
        self._in_force = [(Phase.CLOSED if first in {"prequeue", "open"} else Phase.OPEN, NO_RATE)]
        for entry in plan:
            phase, rate = self._in_force[-1]
            rate = rate if entry.rate_per_minute is None else entry.rate_per_minute
            self._in_force.append((PHASES.get(entry.do, phase), rate))

    def __bool__(self) -> bool:
        return bool(self._plan)

    def _passed(self, now_ms: int) -> int:
        return bisect_right(self._plan, now_ms, key=lambda entry: entry.at_ms)

    def stepped(self, phase: Phase, rate_step: int, now_ms: int) -> str:
        """
        Check what is in force after a step at *now_ms*; return what is wrong, empty where nothing is.
        """
        passed = self._passed(now_ms)
        if (phase, rate_step) != self._in_force[passed]:
            return f"a step made it {phase} at rate {rate_step}, and not {self._words(passed)}"
        for at in range(passed):
            if self._late_ms[at] is None:
                self._late_ms[at] = now_ms - self._plan[at].at_ms
        return ""

    def seen(self, phase: Phase, rate_step: int, now_ms: int) -> str:
        """
        Check what is in force at *now_ms*, up to a step that is due; return what is wrong, empty where nothing is.
        """
        passed = self._passed(now_ms)
        late = passed and now_ms - self._plan[passed - 1].at_ms > TICK_MS + self._slack_ms
        allowed = self._in_force[passed : passed + 1] if late else self._in_force[max(0, passed - 1) : passed + 1]
        return (
            "" if (phase, rate_step) in allowed else f"it is {phase} at rate {rate_step}: {self._words(passed)} is due"
        )

    def _words(self, passed: int) -> str:
        phase, rate = self._in_force[passed]
        return f"{phase} at rate {rate}"

    def kept(self) -> tuple[Kept, ...]:
        """
        Return how each entry was kept.
        """
        return tuple(
            Kept(entry.at_ms, entry.do, entry.rate_per_minute, late_ms)
            for entry, late_ms in zip(self._plan, self._late_ms, strict=True)
        )
