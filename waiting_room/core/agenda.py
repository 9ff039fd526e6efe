"""
What the schedule and a break ask of this step: which phase, which rate, and up to when all has been carried out.

Each entry is carried out once: a step takes those whose time has come since the last step that was committed, in order,
however late that is. What an operator does by hand stands until the next entry: an entry whose time had come before is
not carried out over it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from waiting_room.core import calendar
from waiting_room.core.calendar import Appointment
from waiting_room.core.phase import Phase

NO_RATE: Final = -1
NEVER_MS: Final = 2**53 - 1
"""The largest whole number that Lua and JSON hold exactly."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """
    Hold what a room remembers of its schedule and of a break.

    *scheduled_ms*: up to when the schedule was carried out, 0 before the first step. *phase_set_ms*, *rate_set_ms*:
    when an operator set phase or rate last. *rate_step*: the rate that the schedule has set, `NO_RATE` where the
    policy's holds. *resume_at_ms*: when the break is over, 0 where there is none. *resume_to*: the phase before the
    pause. *notice*: the operator's words for this pause. Until *rest_until_ms* no idle end counts that is later than
    *rest_from_ms*.
    """

    scheduled_ms: int = 0
    phase_set_ms: int = 0
    rate_set_ms: int = 0
    rate_step: int = NO_RATE
    resume_at_ms: int = 0
    resume_to: Phase = Phase.OPEN
    notice: str = ""
    rest_from_ms: int = 0
    rest_until_ms: int = 0

    def idle_clock_ms(self, now_ms: int) -> int:
        """
        Return the instant up to which idle ends count at *now_ms*: in a break, and until every seat has had its idle
        time after it, that is the beginning of the break.
        """
        return min(now_ms, self.rest_from_ms) if now_ms < self.rest_until_ms else now_ms

    def changed(
        self, before: Phase, phase: Phase, now_ms: int, idle_ms: int, resume_at_ms: int = 0, notice: str = ""
    ) -> "Agenda":
        """
        Return what is remembered once a room that was in the phase *before* is in *phase*.
        """
        if phase is not Phase.PAUSED:
            rest_until_ms = now_ms + idle_ms if self.rest_until_ms == NEVER_MS else self.rest_until_ms
            return replace(self, resume_at_ms=0, notice="", rest_until_ms=rest_until_ms)
        agenda = replace(self, resume_at_ms=resume_at_ms, notice=notice)
        if before is not Phase.PAUSED:
            agenda = replace(agenda, resume_to=Phase.OPEN if before is Phase.CLOSED else before)
        if not resume_at_ms:
            return agenda
        rest_from_ms = now_ms if now_ms >= self.rest_until_ms else self.rest_from_ms
        return replace(agenda, rest_from_ms=rest_from_ms, rest_until_ms=NEVER_MS)


@dataclass(frozen=True, slots=True)
class Orders:
    """
    Hold what is to be changed by this step: the schedule is carried out until *scheduled_ms*.

    *phase* is None where it stays; *resume_at_ms* goes with a pause: when it ends. *done* names the entries that were
    carried out.
    """

    scheduled_ms: int
    rate_step: int = NO_RATE
    phase: Phase | None = None
    resume_at_ms: int = 0
    done: tuple[Appointment, ...] = ()


def orders(agenda: Agenda, planned: Sequence[Appointment], phase: Phase, now_ms: int) -> Orders:
    """
    Return what schedule and break ask of a room in *phase* at *now_ms*.
    """
    scheduled_ms = max(agenda.scheduled_ms, now_ms)
    # A room that was made by a version without schedules has carried out nothing, and is not to begin with last year.
    since_ms = agenda.scheduled_ms or now_ms
    wanted, resume_at_ms, rate = None, 0, agenda.rate_step
    if phase is Phase.PAUSED and 0 < agenda.resume_at_ms <= now_ms:
        wanted = agenda.resume_to
    done = calendar.due(planned, since_ms, now_ms)
    for entry in done:
        if entry.rate_per_minute is not None and entry.at_ms > agenda.rate_set_ms:
            rate = entry.rate_per_minute
        if entry.do != "rate" and entry.at_ms > agenda.phase_set_ms:
            wanted = PHASES[entry.do]
            opening_ms = calendar.next_opening_ms(planned, entry.at_ms)
            resume_at_ms = opening_ms or 0 if wanted is Phase.PAUSED else 0
    return Orders(scheduled_ms, rate, wanted if wanted is not phase or resume_at_ms else None, resume_at_ms, done)


def first_phase(planned: Sequence[Appointment], now_ms: int) -> Phase:
    """
    Return the phase in which a new room begins: as the last entry that has passed says, and closed before an opening.
    """
    phases = [entry for entry in planned if entry.do != "rate"]
    passed = calendar.due(phases, -1, now_ms)
    if passed:
        return PHASES[passed[-1].do]
    return Phase.CLOSED if phases and phases[0].do in {"prequeue", "open"} else Phase.OPEN


def first_rate(planned: Sequence[Appointment], now_ms: int) -> int:
    """
    Return the rate that the entries which have passed would have set in a new room, or `NO_RATE`.
    """
    rates = [entry.rate_per_minute for entry in calendar.due(planned, -1, now_ms)]
    return next((rate for rate in reversed(rates) if rate is not None), NO_RATE)


PHASES: Final = {
    "prequeue": Phase.PREQUEUE,
    "open": Phase.OPEN,
    "pause": Phase.PAUSED,
    "drain": Phase.DRAINING,
    "close": Phase.CLOSED,
}
"""What each kind of entry makes of the room."""

NOTHING_PLANNED: Final = Agenda()
"""What a room remembers that has never had a schedule or a break."""
