"""
What a visitor has been told so far, kept in a cookie of theirs, so that no later answer contradicts it silently.

It is for display alone: whoever alters it changes what they see themselves, and nothing else.
"""

import re
from dataclasses import dataclass
from typing import Final

GREW_SHOWN_S: Final = 180
"""How long the page explains a wait that has become longer."""
_TOLERANCE_S: Final = 30
_TOLERANCE: Final = 0.25
"""A promise may slip by a quarter, or half a minute, before we say that it was wrong: the estimate's own noise."""
_WRITTEN: Final = re.compile(r"\d{1,15}(?:-\d{1,15}){4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Journey:
    """
    Remember for ticket *number* the first position, the last one, the promised end and when that was put off.

    *due_s* and *grew_s* are in seconds since the epoch, 0 where there is none.
    """

    number: int
    start: int
    last: int
    due_s: int = 0
    grew_s: int = 0

    @property
    def progress(self) -> float:
        """
        Return the share of this visitor's own wait that is done, from 0 to below 1.
        """
        return max(0.0, 1 - self.last / self.start) if self.start else 0.0

    def tells_growth(self, now_s: float) -> bool:
        """
        Tell whether the page still has to explain that the wait has become longer.
        """
        return self.grew_s > 0 and now_s - self.grew_s < GREW_SHOWN_S

    def encode(self) -> str:
        """
        Return the journey as a cookie's value; `read` of it gives an equal one.
        """
        return f"{self.number}-{self.start}-{self.last}-{self.due_s}-{self.grew_s}"


def cookie(room: str) -> str:
    """
    Return the name of the cookie that holds the journey in *room*.
    """
    return f"wr_seen_{room}"


def read(text: str | None, number: int) -> Journey | None:
    """
    Return the journey that *text* tells of ticket *number*; None for another ticket's and for what makes no sense.
    """
    if not text or not _WRITTEN.fullmatch(text):
        return None
    journey = Journey(*map(int, text.split("-")))
    return journey if journey.number == number and 0 < journey.last <= journey.start else None


def go_on(before: Journey | None, number: int, position: int, high_s: float | None, now_s: float) -> Journey:
    """
    Return the journey with the news added: the position never goes up, and a later end is noted as told at *now_s*.
    """
    now = int(now_s)
    if before is None:
        due = 0 if high_s is None else int(now_s + high_s)
        return Journey(number, max(1, position), max(1, position), due)
    last = max(1, min(before.last, position))
    if high_s is None:
        return Journey(number, before.start, last, before.due_s, before.grew_s)
    end = int(now_s + high_s)
    slack = max(_TOLERANCE_S, _TOLERANCE * (before.due_s - now))
    if before.due_s and end > before.due_s + slack:
        return Journey(number, before.start, last, end, now)
    due = min(before.due_s, end) if before.due_s else end
    return Journey(number, before.start, last, due, before.grew_s)


def shown_wait(journey: Journey, low_s: float, high_s: float, now_s: float) -> tuple[float, float]:
    """
    Return the range to show: within the tolerance it keeps to the promise, so that it never creeps up.
    """
    high = max(1.0, min(high_s, journey.due_s - now_s)) if journey.due_s else high_s
    return min(low_s, high), high
